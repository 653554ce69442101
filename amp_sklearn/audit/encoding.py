"""Pairs as numbers: what every check of an audit works on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..data.pair_matrix import PairMatrix
from ..data.sequence_pairs import common_protein_numbers, pair_ids, sequence_cells
from ..metrics import positive_label


@dataclass(frozen=True)
class EncodedPairs:
    """One table of pairs.

    Parameters
    ----------
    proteins : ndarray of int of shape (n_pairs, 2)
        Numbers of the proteins; identical sequences have one number, in training and test.
    positive : ndarray of bool of shape (n_pairs,) or None
        Whether the label is the positive one.
    ids : ndarray of object of shape (n_pairs, 2) or None
        Names of the proteins.
    sequences : ndarray of object of shape (n_proteins,)
        Sequence of each number, over all tables.
    """

    proteins: np.ndarray
    positive: np.ndarray | None
    ids: np.ndarray | None
    sequences: np.ndarray

    def __len__(self):
        return len(self.proteins)

    def unordered(self):
        """One number per row, the same for a pair and the swapped pair."""
        low, high = self.proteins.min(axis=1), self.proteins.max(axis=1)
        return low.astype(np.int64) * len(self.sequences) + high

    def ordered(self):
        """One number per row, the same for repeated pairs only."""
        return self.proteins[:, 0].astype(np.int64) * len(self.sequences) + self.proteins[:, 1]

    def names(self, rows):
        """Proteins of some rows by number, as text: shorter than sequences to compare."""
        return np.array([str(number) for number in range(len(self.sequences))], dtype=object)[
            self.proteins[rows]
        ]

    def used(self):
        """Numbers of the proteins that occur."""
        return np.unique(self.proteins)

    def distinct_rows(self):
        """First row of each unordered pair whose rows agree on the label."""
        table = pd.DataFrame({"pair": self.unordered(), "positive": self.positive})
        agreed = table.groupby("pair")["positive"].transform("nunique") == 1
        return np.flatnonzero(agreed & ~table["pair"].duplicated())

    def rows(self, rows):
        """These rows only."""
        ids = None if self.ids is None else self.ids[rows]
        positive = None if self.positive is None else self.positive[rows]
        return EncodedPairs(self.proteins[rows], positive, ids, self.sequences)

    def listed(self, rows):
        """Table of some rows: row, names (ids, or numbers where there are none) and label."""
        names = (self.proteins if self.ids is None else self.ids)[rows]
        table = pd.DataFrame({"row": rows, "protein_a": names[:, 0], "protein_b": names[:, 1]})
        return table if self.positive is None else table.assign(positive=self.positive[rows])


def encode(X, y, X_test=None, y_test=None, pos_label=None):
    """Encode training pairs, and test pairs where there are any.

    Parameters
    ----------
    X, X_test : DataFrame or array-like of shape (n_pairs, 2)
    y, y_test : array-like of shape (n_pairs,)
    pos_label : object, default=None
        The positive label; see ``positive_label``.

    Returns
    -------
    train : EncodedPairs
    test : EncodedPairs or None

    Raises
    ------
    TypeError
        If a table is a pair matrix.
    ValueError
        If there are no pairs, labels do not fit to pairs, there are not two classes, or nobody can tell which is
        the positive one.
    """
    tables = [X] if X_test is None else [X, X_test]
    if any(isinstance(table, PairMatrix) for table in tables):
        raise TypeError("an audit reads sequences; pass the table of sequences, not a PairMatrix")
    if X_test is None and y_test is not None:
        raise ValueError("y_test was given without X_test")
    numbers = common_protein_numbers(*tables)
    if not all(len(of_table) for of_table in numbers):
        raise ValueError("there are no pairs to audit")
    cells = np.concatenate([sequence_cells(table).ravel() for table in tables])
    codes = np.concatenate([of_table.ravel() for of_table in numbers])
    sequences = np.empty(codes.max() + 1, dtype=object)
    sequences[codes] = cells
    classes = np.unique(np.asarray(y))
    if len(classes) != 2:
        raise ValueError(f"y must have two classes, got {len(classes)}: {classes[:5].tolist()}")
    positive = positive_label(classes, pos_label)
    encoded = [
        EncodedPairs(
            of_table, _positive(labels, classes, positive, len(of_table), name), _ids(table), sequences
        )
        for of_table, labels, table, name in zip(numbers, (y, y_test), tables, ("y", "y_test"), strict=False)
    ]
    return encoded[0], encoded[1] if len(encoded) == 2 else None


def _positive(y, classes, positive, n_pairs, name):
    if y is None:
        return None
    y = np.asarray(y)
    if y.shape != (n_pairs,):
        raise ValueError(f"{name} must hold one label for each of the {n_pairs} pairs, got shape {y.shape}")
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(f"{name} has labels that y has not: {unknown[:5].tolist()}")
    return y == positive


def _ids(X):
    ids = pair_ids(X)
    return None if ids is None else ids.astype(str).astype(object)
