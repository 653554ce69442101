"""What skorch's events cost: a fit without callbacks beside fits with them, interleaved.

``python benchmarks/training/callbacks.py`` writes ``benchmarks/results/callbacks.json`` and the table of the documentation.
The pairs have the number and the proteins of the published yeast set, features are random ones of the width of esm2-mini.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import torch
from skorch.callbacks import Callback, EpochScoring, LRScheduler, ProgressBar

from amp_sklearn.classification import AMPSClassifier, LateInteractionClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.data.segments import SEGMENT_TOKENS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evaluation.tables import list_table
from speed.machine import describe

RESULTS = Path(__file__).resolve().parents[1] / "results" / "callbacks.json"
TABLE = Path(__file__).resolve().parents[2] / "docs" / "performance_callbacks.inc"
N_PAIRS, N_PROTEINS, WIDTH = 11_188, 2_497, 64
MODELS = {
    "AMPS-small": lambda **settings: AMPSClassifier(
        d_model=64,
        n_layers=2,
        n_heads=4,
        dim_feedforward=128,
        hidden1=128,
        hidden2=64,
        dropout=0.2,
        **settings,
    ),
    "late interaction": lambda **settings: LateInteractionClassifier(**settings),
}
CALLBACKS = {
    "no callbacks: the fast loop": lambda: None,
    "LRScheduler": lambda: [LRScheduler("StepLR", step_size=1)],
    "a callback that does nothing": lambda: [Callback()],
    "ProgressBar": lambda: [ProgressBar(detect_notebook=False)],
    "EpochScoring of the training pairs": lambda: [EpochScoring("roc_auc", on_train=True, name="area")],
}


def pairs(n_pairs):
    """Random features of random pairs, and labels."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_PROTEINS, 10 * WIDTH)).astype(np.float32)
    index = rng.integers(0, N_PROTEINS, size=(n_pairs, 2))
    return PairMatrix(features, index, FeatureLayout(SEGMENT_TOKENS, WIDTH)), rng.integers(0, 2, n_pairs)


def seconds(make, name, X, y, epochs):
    """Processor time of a fit: other programs on the machine count less than in elapsed time."""
    settings = {"max_epochs": epochs, "batch_size": 128, "random_state": 0, "device": "cpu"}
    model = make(callbacks=CALLBACKS[name](), **settings)
    start = process_time()
    model.fit(X, y)
    return process_time() - start


def table(result):
    """The rows as a table in reStructuredText."""
    rows = [
        [row["model"], row["callbacks"], f"{row['seconds']:.1f}", f"{row['ratio']:.2f}"]
        for row in result["rows"]
    ]
    machine = result["machine"]
    made = (
        f"Measured on: {machine['cpu']}, {result['threads']} thread(s); {result['pairs']:,} pairs, {result['epochs']} epochs, "
        f"medians of {result['rounds']} rounds.\n\n"
    )
    return made + list_table(["model", "callbacks", "processor seconds of a fit", "ratio"], rows)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--pairs", type=int, default=N_PAIRS)
    given = options.parse_args()
    X, y = pairs(given.pairs)
    found = {model: {name: [] for name in CALLBACKS} for model in MODELS}
    for model, make in MODELS.items():
        seconds(make, next(iter(CALLBACKS)), X, y, 1)  # compiles and warms up
        for _ in range(given.rounds):
            for name in CALLBACKS:
                found[model][name].append(seconds(make, name, X, y, given.epochs))
    first = next(iter(CALLBACKS))
    rows = [
        {
            "model": model,
            "callbacks": name,
            "seconds": statistics.median(times),
            "ratio": statistics.median(t / f for t, f in zip(times, by_name[first], strict=True)),
        }
        for model, by_name in found.items()
        for name, times in by_name.items()
    ]
    result = {"machine": describe(), "threads": torch.get_num_threads(), "pairs": given.pairs}
    result |= {"epochs": given.epochs, "rounds": given.rounds, "rows": rows}
    if given.pairs == N_PAIRS:
        with tempfile.NamedTemporaryFile("w", dir=RESULTS.parent, delete=False) as file:
            json.dump(result, file, indent=1)
        os.replace(file.name, RESULTS)
        TABLE.write_text(table(result))
    for row in rows:
        print(f"{row['model']:18} {row['callbacks']:52} {row['seconds']:8.2f} s  {row['ratio']:.3f}")


if __name__ == "__main__":
    main()
