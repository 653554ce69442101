"""Families of protein language models: largest difference to transformers, and residues per second beside it.

Random weights of one size for every family. "transformers" is the usual loop: its own tokenizer on batches of eight proteins
in the order given, padded, ``last_hidden_state``, means over the residues. Both run in turn, several rounds, on the same
proteins; of both the median is given, and the ratio is the median over rounds. Seconds are those of processor time, so that other
programs on the machine change little.

    python benchmarks/embedding/families.py --out benchmarks/results/families.json --docs docs/language_models_families.inc
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from amp_sklearn import ProteinLanguageModelEmbedder, load_yeast_ppi
from amp_sklearn.writing import write_atomically

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "embedding"))
from tiny_models import FAMILIES, Size, save

BATCH = 8


def yeast_proteins(n, longest):
    """Distinct proteins of the bundled yeast pairs, drawn at random, up to a length."""
    pairs, _ = load_yeast_ppi()
    distinct = sorted(
        {sequence for column in pairs.to_numpy().T for sequence in column if len(sequence) <= longest}
    )
    return [distinct[k] for k in np.random.default_rng(0).choice(len(distinct), n, replace=False)]


def by_transformers(name, model, tokenizer, sequences):
    """Mean vector of each protein, in padded batches."""
    _, write, before, _ = FAMILIES[name]
    found = []
    for start in range(0, len(sequences), BATCH):
        members = sequences[start : start + BATCH]
        if name == "Ankh":
            inputs = tokenizer(
                [list(s) for s in members], is_split_into_words=True, return_tensors="pt", padding=True
            )
        else:
            inputs = tokenizer([write(s) for s in members], return_tensors="pt", padding=True)
        with torch.inference_mode():
            hidden = model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
            ).last_hidden_state
        found += [state[before : before + len(s)].mean(0) for state, s in zip(hidden, members, strict=True)]
    return torch.stack(found).numpy()


def measure(name, sequences, rounds):
    """One row of the table."""
    n_residues = sum(map(len, sequences))
    with tempfile.TemporaryDirectory() as folder:
        model, tokenizer = save(name, Path(folder) / "model")
        embedder = ProteinLanguageModelEmbedder(Path(folder) / "model", store=None, device="cpu")
        model_type = embedder.language_model().family.model_type
        ways = {
            "ours": lambda: embedder.embed(sequences)[:, -1],
            "transformers": lambda: by_transformers(name, model, tokenizer, sequences),
        }
        found = {way: function() for way, function in ways.items()}  # and everything is warm
        rates: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds):
            for way in sorted(ways, reverse=bool(number % 2)):
                start = time.process_time()
                ways[way]()
                rates[way].append(n_residues / (time.process_time() - start))
    ratios = [ours / theirs for ours, theirs in zip(rates["ours"], rates["transformers"], strict=True)]
    return {
        "family": name,
        "model_type": model_type,
        "difference": float(np.abs(found["ours"] - found["transformers"]).max()),
        "ours": statistics.median(rates["ours"]),
        "transformers": statistics.median(rates["transformers"]),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON file of the results")
    parser.add_argument("--docs", type=Path, help="file of the table for the documentation")
    parser.add_argument("--proteins", type=int, default=16)
    parser.add_argument("--longest", type=int, default=1000, help="residues of a protein at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--heads", type=int, default=20)
    parser.add_argument("--layers", type=int, default=6)
    arguments = parser.parse_args()
    Size.width, Size.heads, Size.layers = arguments.width, arguments.heads, arguments.layers
    sequences = yeast_proteins(arguments.proteins, arguments.longest)
    rows = []
    for name in FAMILIES:
        rows.append(measure(name, sequences, arguments.rounds))
        print(json.dumps(rows[-1]), flush=True)
    result = {
        "weights": f"random, width {Size.width}, {Size.heads} heads, {Size.layers} layers",
        "proteins": len(sequences),
        "longest": arguments.longest,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rounds": arguments.rounds,
        "rows": rows,
    }
    with write_atomically(arguments.out) as unfinished:
        unfinished.write_text(json.dumps(result, indent=1) + "\n")
    if arguments.docs:
        arguments.docs.write_text(table(result))


def table(result):
    """The rows as a table of the documentation."""
    columns = "family", "``model_type``", "largest difference", "ours", "transformers", "ratio (rounds)"
    lines = [".. list-table::", "   :header-rows: 1", ""]
    rows = [columns]
    for row in result["rows"]:
        spread = f"{min(row['ratios']):.2f} to {max(row['ratios']):.2f}"
        rows.append(
            (
                row["family"],
                f"``{row['model_type']}``",
                f"{row['difference']:.1e}",
                f"{row['ours']:,.0f}",
                f"{row['transformers']:,.0f}",
                f"{row['ratio']:.2f} ({spread})",
            )
        )
    for row in rows:
        lines += [f"   {'* -' if k == 0 else '  -'} {cell}" for k, cell in enumerate(row)]
    about = (
        f"Residues per second of processor time on {result['proteins']} yeast proteins of at most {result['longest']} residues, float32, "
        f"{result['threads']} CPU thread(s), checkpoints of {result['weights']}; medians of {result['rounds']} paired rounds."
    )
    return "\n".join([*lines, "", about, ""])


if __name__ == "__main__":
    main()
