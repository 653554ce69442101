"""Do explanations find interfaces? 199 complexes of known structure, every affordable method, on models trained on yeast pairs.

    python benchmarks/explain/interfaces.py                                                       # esm2-mini
    python benchmarks/explain/interfaces.py --encoder FOLDER --name "ESM-2 8M, a fine-tuned copy" \
        --kept build/interfaces_8m --results benchmarks/results/interfaces_8m.tsv
    (as before, with) --models late-interaction --seeds 5
    (as before, with) --models ESM2_GRU AE_RF_segments AE_DNN_segments
    python benchmarks/explain/interfaces.py --tables-only

Models are trained on all of Guo's yeast pairs but those with a protein that resembles one of the complexes (containment of
words of five residues). Each is explained as it is and with shuffled weights, which is what a model that has learned
nothing points at. ``--seeds`` trains each model with several seeds and averages their explanations. Every explanation is
kept in ``build/interfaces`` as soon as it is made: a run that was killed goes on with the missing ones. Tables, page and picture are written anew from all that is kept.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from interface_attempts import ATTEMPTS, averaged
from interfaces_page import write_page

from amp_sklearn.audit.similarity import similar_proteins
from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.explanation import (
    Explanation,
    RefusedExplanation,
    evaluate_against_residues,
    make_explainer,
    read_model,
)
from amp_sklearn.explanation.sanity import randomised
from amp_sklearn.presets import make_preset

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "benchmarks" / "data" / "interface_residues"
KEPT = ROOT / "build" / "interfaces"
RESULTS = ROOT / "benchmarks" / "results" / "interfaces.tsv"
# published systems with fewer epochs than published, which a small machine can train
MODELS = {
    "amps-small": {},
    "late-interaction": {},
    "ESM2_GRU": {"classify__max_epochs": 4},
    "AE_RF_segments": {"reduce__max_epochs": 10},
    "AE_DNN_segments": {"reduce__max_epochs": 10, "classify__max_epochs": 10},
}
DEFAULT_MODELS = ("amps-small", "late-interaction")
METHODS = {
    "attention": {},
    "interaction_map": {},
    "residue_gradients": {},
    "integrated_gradients": {"aggregate": "sum", "n_steps": 16},
    "gradient_shap": {"aggregate": "sum", "n_samples": 64},
    "occlusion": {},
    "permutation": {},
    "deep_shap": {"aggregate": "sum"},
    "tree_shap": {"aggregate": "sum"},
    **{name: {} for name in ATTEMPTS},
}


def load_complexes():
    """Sequences and truth of the 199 pairs.

    Returns
    -------
    sequences : DataFrame with the columns sequence_a and sequence_b, indexed by both chains
    truth : list of (ndarray, ndarray)
    """
    chains = pd.read_csv(DATA / "chains.tsv.gz", sep="\t", dtype=str, keep_default_na=False)
    of_chain = chains.set_index(["pdb", "chain"])
    pairs = pd.read_csv(DATA / "pairs.tsv.gz", sep="\t", dtype=str, keep_default_na=False)
    sides = [
        of_chain.loc[list(zip(pairs["pdb"], pairs[column], strict=True))] for column in ("chain_a", "chain_b")
    ]
    ids = [[f"{pdb}_{chain}" for pdb, chain in side.index] for side in sides]
    sequences = pd.DataFrame(
        {"sequence_a": sides[0]["sequence"].to_numpy(), "sequence_b": sides[1]["sequence"].to_numpy()},
        index=pd.MultiIndex.from_arrays(ids, names=["protein_a", "protein_b"]),
    )
    marks = [[np.array(list(text), dtype=int) for text in side["interface"]] for side in sides]
    return sequences, list(zip(*marks, strict=True))


def training_pairs(complexes):
    """Guo's pairs without those that hold a protein similar to a chain of the complexes."""
    X, y = load_yeast_ppi()
    known, chains = pd.unique(X.to_numpy().ravel()), pd.unique(complexes.to_numpy().ravel())
    everything = np.array([*known, *chains], dtype=object)
    found = similar_proteins(
        everything, np.arange(len(known)), len(known) + np.arange(len(chains)), k=5, threshold=0.1
    )
    similar = set(everything[found["protein"]]) | (set(known) & set(chains))
    keep = ~X.isin(similar).any(axis=1).to_numpy()
    return X[keep], np.asarray(y)[keep], len(similar)


def fitted(name, encoder, X, y, seed=0):
    """The preset trained on the pairs."""
    pipeline = make_preset(name, model=encoder, device="cpu", random_state=seed, **MODELS[name])
    start = time.perf_counter()
    pipeline.fit(X, y)
    print(f"{name}: trained on {len(X)} pairs in {time.perf_counter() - start:.0f} s", flush=True)
    return pipeline


def keep_explanations(arguments, complexes):
    X, y, n_similar = training_pairs(complexes)
    print(f"{n_similar} training proteins resemble the complexes; {len(X)} pairs are left", flush=True)
    if arguments.pairs:
        chosen = np.random.default_rng(0).choice(len(X), arguments.pairs, replace=False)
        X, y = X.iloc[chosen], y[chosen]
    facts = {"similar_proteins": n_similar, "training_pairs": len(X)}
    for name in arguments.models:
        folder = arguments.kept / f"{arguments.name.replace('/', ' ')}+{name}"
        if arguments.seeds is None:
            keep_explanations_of(folder, name, 0, ("trained", "shuffled"), arguments, complexes, X, y, facts)
            continue
        mean = folder.with_name(f"{folder.name}, mean of {arguments.seeds} seeds")
        for seed in range(arguments.seeds):
            keep_explanations_of(
                mean / "seeds" / str(seed), name, seed, ("trained",), arguments, complexes, X, y, facts
            )
        for method in arguments.methods:
            paths = [mean / "seeds" / str(seed) / f"trained.{method}.npz" for seed in range(arguments.seeds)]
            if all(path.exists() for path in paths):
                save(averaged([Explanation.load(path) for path in paths]), mean / f"trained.{method}.npz")
        of_seeds = [json.loads(path.read_text()) for path in mean.glob("seeds/*/facts.json")]
        probability = float(np.mean([fact["mean_probability"] for fact in of_seeds]))
        (mean / "facts.json").write_text(json.dumps(facts | {"mean_probability": probability}))


def keep_explanations_of(folder, name, seed, kinds, arguments, complexes, X, y, facts):
    """Explain the complexes by each method whose explanation is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [
        (weights, method)
        for weights in kinds
        for method in arguments.methods
        if not any((folder / f"{weights}.{method}{end}").exists() for end in (".npz", ".refused"))
    ]
    if not missing:
        return
    pipeline = fitted(name, arguments.encoder, X, y, seed)
    background = X.iloc[np.random.default_rng(0).choice(len(X), min(200, len(X)), replace=False)]
    model = read_model(pipeline, complexes, background=background)
    facts = facts | {"mean_probability": float(model.probability().mean())}
    (folder / "facts.json").write_text(json.dumps(facts))
    models = {"trained": model, "shuffled": randomised(model, 0)}
    for weights, method in missing:
        start = time.perf_counter()
        try:
            if method in ATTEMPTS:
                explanation = ATTEMPTS[method](models[weights])
            else:
                explanation = slim(make_explainer(method, **METHODS[method]).explain_model(models[weights]))
        except RefusedExplanation as reason:
            (folder / f"{weights}.{method}.refused").write_text(str(reason))
            continue
        save(explanation, folder / f"{weights}.{method}.npz")
        print(f"{folder.name} {weights} {method}: {time.perf_counter() - start:.0f} s", flush=True)


def save(explanation, path):
    partial = path.with_suffix(".partial")
    explanation.save(partial)
    partial.rename(path)


def slim(explanation):
    """Without what the comparison does not read."""
    return Explanation(
        explanation.values,
        explanation.layout,
        explanation.method,
        pair_ids=explanation.pair_ids,
        predictions=explanation.predictions,
        residue_values=explanation.residue_values,
        lengths=explanation.lengths,
    )


def tables(arguments, complexes, truth):
    """The report of everything that is kept, as one table; rules and chance once."""
    explanations = {}
    for folder in sorted(path for path in arguments.kept.glob("*+*") if path.is_dir()):
        for path in sorted(folder.glob("*.npz"), key=lambda path: path.name.startswith("shuffled")):
            weights, method = path.name.removesuffix(".npz").split(".")
            encoder, model = folder.name.split("+")
            explanations[f"{method} | {model} | {encoder} | {weights}"] = Explanation.load(path)
    report = evaluate_against_residues(explanations, truth, complexes.to_numpy(), random_state=0)
    table = report.summary.copy()
    table.index.name = "ranking"
    table.to_csv(arguments.results, sep="\t", float_format="%.4g")
    facts = {
        folder.name: json.loads((folder / "facts.json").read_text())
        for folder in sorted(arguments.kept.glob("*+*"))
        if (folder / "facts.json").exists()
    }
    arguments.results.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    write_page(arguments.results, arguments.docs)


def main():
    warnings.filterwarnings("ignore", category=PendingDeprecationWarning)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--name", help="what the tables call it")
    parser.add_argument("--models", nargs="*", choices=MODELS, default=DEFAULT_MODELS, metavar="MODEL")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--pairs", type=int, help="training pairs to draw; by default all")
    parser.add_argument("--seeds", type=int, help="average the explanations of so many models")
    parser.add_argument("--complexes", type=int, help="take only the first so many")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=KEPT, help="folder of the explanations")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    parser.add_argument("--tables-only", action="store_true", help="from the explanations that are kept")
    arguments = parser.parse_args()
    arguments.name = arguments.name or Path(arguments.encoder).name
    torch.set_num_threads(arguments.threads)
    complexes, truth = load_complexes()
    complexes, truth = complexes[: arguments.complexes], truth[: arguments.complexes]
    if not arguments.tables_only:
        keep_explanations(arguments, complexes)
    tables(arguments, complexes, truth)


if __name__ == "__main__":
    main()
