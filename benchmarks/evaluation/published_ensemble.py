"""The mean of four published models on Bernett's test pairs, from the predictions that their authors published.

    python benchmarks/evaluation/published_ensemble.py

Reads ``benchmarks/data/bernett_published_predictions`` and writes ``benchmarks/results/published_ensemble.md``: each model by
itself and the plain mean of their probabilities, on all 52,048 test pairs. Nothing is fitted and nothing is chosen, so this
is what averaging alone gains. It takes seconds.
"""

from pathlib import Path

import pandas as pd
from sklearn.metrics import accuracy_score, average_precision_score, matthews_corrcoef, roc_auc_score
from tables import markdown_table

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "benchmarks" / "data" / "bernett_published_predictions" / "predictions.tsv.gz"
RESULTS = ROOT / "benchmarks" / "results" / "published_ensemble.md"
MODELS = {"tuna": "TUnA", "esm2_mlp": "ESM2-MLP", "esm2_gp": "ESM2-GP", "t_fc": "T-FC"}


def metrics(label, probability):
    """ROC AUC, average precision, MCC and accuracy; a pair counts as an interaction above one half."""
    predicted = probability > 0.5
    return {
        "ROC AUC": roc_auc_score(label, probability),
        "average precision": average_precision_score(label, probability),
        "MCC": matthews_corrcoef(label, predicted),
        "accuracy": accuracy_score(label, predicted),
    }


def table(predictions):
    """One row per model and one for their mean."""
    found = {name: metrics(predictions["label"], predictions[column]) for column, name in MODELS.items()}
    found["mean of the four"] = metrics(predictions["label"], predictions[list(MODELS)].mean(axis=1))
    return pd.DataFrame(found).T


def main():
    predictions = pd.read_csv(DATA, sep="\t")
    found = table(predictions)
    rows = [
        [name, *(f"{value:.3f}" for value in row)]
        for name, row in zip(found.index, found.to_numpy(), strict=True)
    ]
    text = markdown_table(["model", *found.columns], rows)
    RESULTS.write_text(f"Bernett's test part, {len(predictions):,} pairs, published predictions\n\n{text}")
    print(text)


if __name__ == "__main__":
    main()
