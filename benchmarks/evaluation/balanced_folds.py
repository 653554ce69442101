"""Folds of sets with ten negatives for each positive pair: share of positive pairs, pairs kept, AUROC of composition.

Run: python benchmarks/evaluation/balanced_folds.py
Writes benchmarks/results/balanced_folds.json and .md. "before" divides the proteins as if both labels were as frequent and,
where there are two kinds of protein, as if there were one.
"""

import json
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from generated_sets import scale_free_set, two_sided_set
from sklearn.metrics import roc_auc_score

from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.exceptions import FoldWarning
from amp_sklearn.model_selection import (
    PairClassKFold,
    ProteinDisjointKFold,
    SideDisjointKFold,
    make_baseline,
    protein_groups,
)
from amp_sklearn.preprocessing import CompositionEncoder

RESULTS = Path(__file__).resolve().parents[1] / "results"
SEED = 0


@contextmanager
def as_before():
    """Groups that keep the label with fewer pairs, whatever the proportion of the labels in the whole set."""
    now = protein_groups._worth
    protein_groups._worth = lambda kept, usual: np.sqrt(kept.min(axis=0)) + 0.01 * np.sqrt(kept.sum(axis=0))
    try:
        yield
    finally:
        protein_groups._worth = now


def sets():
    """Name, pairs and labels."""
    yield "scale-free 1:10", *scale_free_set(seed=SEED)
    yield "scale-free 1:10, strong modules", *scale_free_set(within=0.8, seed=SEED + 1)
    yield "host-virus 1:10", *two_sided_set(seed=SEED)
    yield "Guo, yeast, 1:1", *load_yeast_ppi()


def divisions(name, X, y):
    """Name, and training and test rows of each fold."""
    with as_before():
        before = list(ProteinDisjointKFold(5, sides=None, random_state=SEED).split(X, y))
        classes_before = list(PairClassKFold(5, sides=None, random_state=SEED).split_classes(X, y))
    classes = list(PairClassKFold(5, random_state=SEED).split_classes(X, y))
    yield "ProteinDisjointKFold, before", before
    yield "ProteinDisjointKFold", list(ProteinDisjointKFold(5, random_state=SEED).split(X, y))
    for kept, of_class in (("before", classes_before), ("", classes)):
        for one in of_class[0][1]:
            title = f"PairClassKFold {one}" + (f", {kept}" if kept else "")
            yield title, [(train, tests[one]) for train, tests in of_class]
    if name.startswith("host"):
        for side in ("a", "b"):
            title = f"SideDisjointKFold {side} (C2{side})"
            yield title, list(SideDisjointKFold(5, side=side, random_state=SEED).split(X, y))


def measure(features, y, folds):
    """Pairs, positive share and AUROC of composition in each fold."""
    scores = []
    for train, test in folds:
        model = make_baseline("composition_logistic")[1:].fit(features[train], y[train])
        scores.append(float(roc_auc_score(y[test], model.decision_function(features[test]))))
    return {
        "n_train": [len(train) for train, _ in folds],
        "n_test": [len(test) for _, test in folds],
        "n_positive": [int(y[test].sum()) for _, test in folds],
        "auroc": scores,
    }


def row(name, division, found):
    share = np.array(found["n_positive"]) / np.array(found["n_test"])
    shares = " ".join(f"{of_fold:.3f}" for of_fold in share)
    auroc = np.array(found["auroc"])
    return (
        f"| {name} | {division} | {shares} | {sum(found['n_test']):,} | {sum(found['n_positive']):,} | "
        f"{sum(found['n_train']):,} | {auroc.mean():.3f} ± {auroc.std():.3f} |"
    )


def main():
    lines = [
        "| set | folds | share of positive pairs in each test fold | test pairs | positive | training pairs | AUROC of composition |",
        "|---|---|---|---|---|---|---|",
    ]
    result = {}
    for name, X, y in sets():
        features = CompositionEncoder().fit_transform(X)
        result[name] = {"n_pairs": len(y), "n_positive": int(y.sum()), "divisions": {}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FoldWarning)  # the table shows what it says
            for division, folds in divisions(name, X, y):
                found = result[name]["divisions"][division] = measure(features, y, folds)
                lines.append(row(f"{name} ({y.mean():.3f} of {len(y):,} positive)", division, found))
                print(lines[-1], flush=True)
    (RESULTS / "balanced_folds.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS / "balanced_folds.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
