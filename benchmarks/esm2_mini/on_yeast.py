"""What a language model is worth to pair models: ROC AUC on Guo's yeast pairs, five protein-disjoint folds.

    python benchmarks/esm2_mini/on_yeast.py <folder or name of an ESM-2 model>

AMPS, in the small size of the benchmark tables, and late interaction, on segments that are scaled per training protein; seed 0.
"""

import argparse
import json

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from amp_sklearn import (
    AMPSClassifier,
    ESM2Embedder,
    LateInteractionClassifier,
    PairConcatenator,
    ProteinDisjointKFold,
    ProteinScaler,
    load_yeast_ppi,
)

MODELS = {
    "late interaction": LateInteractionClassifier(random_state=0),
    "AMPS": AMPSClassifier(
        d_model=64, n_layers=2, n_heads=4, dim_feedforward=128, hidden1=128, hidden2=64, dropout=0.2, lr=1e-3,
        batch_size=128, max_epochs=5, random_state=0,
    ),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    X, y = load_yeast_ppi()
    embedder = ESM2Embedder(arguments.model, store=None, max_length=2000, long_proteins="window", verbose=1)
    segments = PairConcatenator("segments").fit_transform(embedder.fit_transform(X))
    found = {name: [] for name in MODELS}
    for train, test in ProteinDisjointKFold(5, random_state=0).split(X, y):
        scaler = ProteinScaler().fit(segments[train])
        for name, model in MODELS.items():
            logits = model.fit(scaler.transform(segments[train]), y[train]).decision_function(
                scaler.transform(segments[test])
            )
            found[name].append(
                {"n": len(test), "positives": int(y[test].sum()), "roc_auc": roc_auc_score(y[test], logits)}
            )
    for name, folds in found.items():
        areas = [fold["roc_auc"] for fold in folds]
        print(
            json.dumps(
                {
                    "model": name,
                    "mean": np.mean(areas).round(4),
                    "sd": np.std(areas, ddof=1).round(4),
                    "folds": folds,
                }
            )
        )


if __name__ == "__main__":
    main()
