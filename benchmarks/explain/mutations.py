"""A mutation scan of a protein of 300 residues: time, bits against each variant alone, and what a first look by gradients says of it.

    python benchmarks/explain/mutations.py --encoder FOLDER --name "ESM-2 8M, a fine-tuned copy"
    python benchmarks/explain/mutations.py --page-only

Two models are trained on yeast pairs: the late-interaction head and the small Transformer. The protein is the first of the pairs of
known structure with 300 residues, or nearest to it, with its partner. The scan is kept in ``build/mutations`` and goes on where it was
interrupted; the times written down, of the clock and of the processor, are sums over all runs.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from interfaces import load_complexes, training_pairs

from amp_sklearn.explanation import MutationScan, mutation_scan
from amp_sklearn.persistence import load_model, save_model
from amp_sklearn.plotting import MutationScanDisplay
from amp_sklearn.presets import make_preset

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "mutations"
RESULTS = ROOT / "benchmarks" / "results" / "mutation_scan.json"
MODELS = ("late-interaction", "amps-small")


def chosen_pair(complexes, length):
    """The pair whose protein A is nearest to a length."""
    lengths = complexes["sequence_a"].str.len().to_numpy()
    return complexes.iloc[[int(np.argmin(np.abs(lengths - length)))]]


def fitted(name, arguments, complexes):
    """The model, trained once and kept."""
    path = arguments.kept / f"{name}.amp"
    if not path.exists():
        X, y, _ = training_pairs(complexes)
        model = make_preset(name, model=arguments.encoder, device="cpu", random_state=0).fit(X, y)
        save_model(model, path)
    return load_model(path)


def alone(model, pair, variants):
    """The logit of each variant, asked of the model as one pair that is embedded by itself, without a store."""
    model[0].set_params(store=None)
    found = []
    for side, position, letter in variants.to_numpy():
        table = pair.copy()
        sequence = table.iloc[0, "AB".index(side)]
        table.iloc[0, "AB".index(side)] = sequence[: position - 1] + letter + sequence[position:]
        found.append(float(model.decision_function(table)[0]))
    return np.array(found)


def measure(name, arguments, complexes, pair):
    model, length = fitted(name, arguments, complexes), len(pair.iloc[0, 0])
    chosen, part = None, name
    if arguments.positions is not None:
        chosen = np.random.default_rng(0).choice(length, arguments.positions, replace=False) + 1
        part = f"{name}.{arguments.positions}"
    path, clock = arguments.kept / f"{part}.npz", arguments.kept / f"{part}.seconds.json"
    seconds = json.loads(clock.read_text()) if clock.exists() else {"clock": 0.0, "processor": 0.0}
    start = time.perf_counter(), time.process_time()
    try:
        scan = mutation_scan(model, pair, chosen, path=path)
    finally:
        seconds["clock"] += time.perf_counter() - start[0]
        seconds["processor"] += time.process_time() - start[1]
        clock.write_text(json.dumps(seconds))
    start = time.perf_counter()
    look = mutation_scan(model, pair, method="gradient", verbose=0)
    seconds_look = time.perf_counter() - start
    rows = np.random.default_rng(0).choice(len(scan), min(arguments.alone, len(scan)), replace=False)
    start = time.perf_counter()
    differing = int((alone(model, pair, scan.variants.iloc[rows]) != scan.outputs[rows]).sum())
    seconds_alone = time.perf_counter() - start
    look.save(path.with_suffix(".look.npz"))
    by = scan.by_position()
    return {
        "encoder": arguments.name,
        "pair": list(scan.pair_id),
        "residues": list(map(len, scan.sequences)),
        "variants": len(scan),
        "of_all_variants": len(look),
        "threads": torch.get_num_threads(),
        "seconds": seconds,
        "alone": {"variants": len(rows), "differing": differing, "seconds": seconds_alone},
        "first_look": {"seconds": seconds_look, **look.agreement(scan)},
        "logit": scan.wild_output,
        "change": dict(zip(("lowest", "median_size", "highest"), _spread(scan.changes), strict=True)),
        "first_positions": by[["position", "residue", "mean"]].head(5).to_dict("list"),
    }


def _spread(changes):
    return float(changes.min()), float(np.median(np.abs(changes))), float(changes.max())


def write_page(found, docs, kept):
    """``docs/mutation_scan_results.inc`` and the picture of the first model."""
    header = [
        "model", "variants scanned", "processor time of the scan", "time by the clock", "variants embedded alone that differ in any bit", "time of the first look",
        "Spearman: variants", "Spearman: positions", "top tenth of positions shared", "logit", "changes: lowest, highest",
    ]  # fmt: skip
    lines = []
    for name, row in found.items():
        look, one = row["first_look"], row["alone"]
        lines.append(
            [
                name,
                f"{row['variants']:,} of {row['of_all_variants']:,}",
                f"{row['seconds']['processor']:.0f} s",
                f"{row['seconds']['clock']:.0f} s",
                f"{one['differing']} of {one['variants']:,}",
                f"{look['seconds']:.1f} s",
                f"{look['variants']:.2f}",
                f"{look['positions']:.2f}",
                f"{look['top_positions']:.0%}",
                f"{row['logit']:+.2f}",
                f"{row['change']['lowest']:+.3f}, {row['change']['highest']:+.3f}",
            ]
        )
    first = next(iter(found.values()))
    text = (
        f"{first['pair'][0]} ({first['residues'][0]} residues) with {first['pair'][1]} ({first['residues'][1]}), "
        f"{first['encoder']}, {first['threads']} thread(s) of a machine that others used at the same time:"
    )
    if first["variants"] < first["of_all_variants"]:
        whole = first["seconds"]["processor"] * first["of_all_variants"] / first["variants"]
        text = f"At this rate all {first['of_all_variants']:,} variants take {whole:.0f} s of processor time. {text}"
    table = [".. list-table::", "   :header-rows: 1", ""]
    for line in [header, *lines]:
        table += [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(line)]
    parts = [text, "\n".join(table)]
    scan = kept / f"{next(iter(found))}.npz"
    if scan.exists():
        MutationScanDisplay.from_scan(MutationScan.load(scan)).save(
            docs / "_static" / "explanations" / "mutation_scan.png", dpi=80
        )
    if (docs / "_static" / "explanations" / "mutation_scan.png").exists():
        parts.append(
            ".. image:: _static/explanations/mutation_scan.png\n"
            "   :alt: heat map of the change of the logit by residue and position"
        )
    (docs / "mutation_scan_results.inc").write_text("\n\n".join(parts) + "\n")


def main():
    warnings.filterwarnings("ignore", category=PendingDeprecationWarning)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--name", help="what the tables call it")
    parser.add_argument("--models", nargs="*", choices=MODELS, default=MODELS, metavar="MODEL")
    parser.add_argument("--length", type=int, default=300, help="residues of the protein, about")
    parser.add_argument("--alone", type=int, default=200, help="variants to embed alone, drawn at random")
    parser.add_argument("--positions", type=int, help="scan only so many positions, drawn at random")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=KEPT)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    parser.add_argument("--page-only", action="store_true", help="from the results that are written")
    arguments = parser.parse_args()
    arguments.name = arguments.name or Path(arguments.encoder).name
    torch.set_num_threads(arguments.threads)
    found = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    if not arguments.page_only:
        arguments.kept.mkdir(parents=True, exist_ok=True)
        complexes, _ = load_complexes()
        pair = chosen_pair(complexes, arguments.length)
        for name in arguments.models:
            found[name] = measure(name, arguments, complexes, pair)
            arguments.results.write_text(json.dumps(found, indent=1) + "\n")
            print(name, json.dumps(found[name]), flush=True)
    write_page(found, arguments.docs, arguments.kept)


if __name__ == "__main__":
    main()
