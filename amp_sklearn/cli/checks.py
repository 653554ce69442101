"""Warnings that keep results from misleading: small folds, constant predictions, long proteins, sizes beside scores."""

import json
import time
from pathlib import Path

import numpy as np

LONG = 2500
"""Residues from which embedding a protein whole is announced: attention grows with the square of the length."""

FEWEST_TEST_PAIRS = 100

_SHAPES = {"t6_8M": (6, 320), "t12_35M": (12, 480), "t30_150M": (30, 640), "t33_650M": (33, 1280), "esm2-mini": (5, 192)}  # fmt: skip


def count_text(pairs, X, y):
    """Words for the size of a set of pairs."""
    n_proteins = len(set(X.to_numpy().ravel()))
    text = f"{pairs}: {len(X):,} pairs of {n_proteins:,} proteins"
    if y is None:
        return text
    positive = int((np.asarray(y).astype(int) == 1).sum())
    return f"{text}, {positive:,} interacting and {len(y) - positive:,} not"


def warn_of_few_pairs(run, y, folds):
    """Say what cannot be learned from, or divided into folds; refuse what cannot be divided."""
    y = np.asarray(y).astype(int)
    fewest = int(min((y == 1).sum(), (y == 0).sum()))
    if fewest < folds:
        raise ValueError(
            f"there are {int((y == 1).sum())} pairs with label 1 and {int((y == 0).sum())} with 0; {folds} folds need at "
            f"least {folds} of either: give a smaller --folds, or more pairs"
        )
    if len(y) / folds < FEWEST_TEST_PAIRS:
        run.warn(
            f"{len(y):,} pairs in {folds} folds leave about {len(y) // folds:,} test pairs in each; scores of fewer than "
            f"{FEWEST_TEST_PAIRS} pairs vary widely by chance"
        )


def count_parameters(model):
    """Parameters of a fitted network; None for another kind of model."""
    module = getattr(model[-1] if hasattr(model, "steps") else model, "module_", None)
    return None if module is None else sum(parameter.numel() for parameter in module.parameters())


def warn_of_constant(run, probability, what="the predictions"):
    """Warn where a model says nearly the same of every pair."""
    probability = np.asarray(probability, dtype=float)
    mean = float(probability.mean())
    spread = float(probability.std())
    if len(probability) > 1 and spread <= 0.01 * max(np.sqrt(mean * (1 - mean)), 1e-6):
        run.warn(
            f"{what} are nearly constant ({probability.min():.4f} to {probability.max():.4f}): the model does not tell "
            "these pairs apart"
        )


def warn_of_long_proteins(run, X, esm2, max_length):
    """Say before embedding begins that very long proteins take long, how long about, and what to do."""
    names: dict[str, str] = {}
    for side in range(2):
        ids = X.index.get_level_values(side)
        names.update(zip(X.iloc[:, side], map(str, ids), strict=True))
    warn_of_long_sequences(run, names, esm2, max_length)


def warn_of_long_sequences(run, names, esm2, max_length):
    """The same for sequences; ``names`` gives the id of each."""
    long = {sequence: name for sequence, name in names.items() if len(sequence) > LONG}
    if not long or max_length is not None:
        return
    longest = max(long, key=len)
    text = f"{len(long):,} protein(s) are longer than {LONG:,} residues, the longest, {long[longest]}, has {len(longest):,}"
    seconds = embedding_seconds([len(sequence) for sequence in long], esm2)
    if seconds is not None:
        text += f"; embedding them whole takes about {duration_text(seconds)} on this processor, unless they were embedded before"
    how = (
        "--max-length 1022 embeds"
        if "--max-length" in run.options
        else "a model trained with --max-length 1022 embeds"
    )
    run.warn(f"{text}. {how} them in overlapping windows, which is much faster")


def embedding_seconds(lengths, esm2):
    """Estimate of the time that a CPU takes to embed proteins, from a measured matrix product; None if unknown."""
    shape = next((shape for name, shape in _SHAPES.items() if name in str(esm2)), None)
    config = Path(str(esm2)) / "config.json"
    if config.is_file():
        content = json.loads(config.read_text())
        shape = (content.get("num_hidden_layers", 0), content.get("hidden_size", 0))
    if shape is None:
        return None
    layers, width = shape
    lengths = np.asarray(lengths, dtype=float)
    operations = (layers * (24 * lengths * width**2 + 4 * lengths**2 * width)).sum()
    side, fastest = np.ones((512, 512), dtype=np.float32), np.inf
    for _ in range(8):  # the fastest of several: another program may be in the way
        begin = time.perf_counter()
        side @ side
        fastest = min(fastest, time.perf_counter() - begin)
    rate = 2 * 512**3 / fastest
    return operations / (0.5 * rate)  # attention reaches about half of the rate of a plain product


def duration_text(seconds):
    """Seconds as people say them."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
