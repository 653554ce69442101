"""SideDisjointKFold: new proteins on one of two sides, such as viral proteins that training has not seen."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import check_random_state

from ..data.sequence_pairs import protein_numbers
from ..data.sides import sides_of_pairs
from .label_balance import is_positive, share, warn_of_balance


def required_sides(X, pairs, sides):
    """Side of each protein, as ``sides_of_pairs`` finds it.

    Parameters
    ----------
    X, pairs, sides
        See ``sides_of_pairs``.

    Returns
    -------
    ndarray of int of shape (n_proteins,)

    Raises
    ------
    ValueError
        If the pairs show no two kinds of protein.
    """
    side = sides_of_pairs(X, pairs, sides)
    if side is None:
        raise ValueError(
            f"the {len(pairs):,} pairs show no two kinds of protein, of which each pair has one of either; name the kind of "
            "each protein with sides={protein: kind}, and leave out pairs within one kind"
        )
    return side


def check_kinds(kind, n_splits):
    """Raise where a kind of protein has fewer members than there are splits, and say what is possible.

    Parameters
    ----------
    kind : ndarray of int of shape (n_proteins,) or None
        0 or 1.
    n_splits : int

    Raises
    ------
    ValueError
        If one kind has too few proteins.
    """
    if kind is None:
        return
    counts = np.bincount(kind, minlength=2)
    if counts.min() >= n_splits:
        return
    few, many = ("a", "b") if counts[0] < counts[1] else ("b", "a")
    possible = [f"up to {counts.min()} splits in which both proteins are new"] if counts.min() > 1 else []
    possible += [
        f"SideDisjointKFold(n, side={side!r}), new proteins of side {side.upper()} only, with n up to {n:,}"
        for side, n in ((few, int(counts.min())), (many, int(counts.max())))
        if n > 1
    ]
    raise ValueError(
        f"side A has {counts[0]:,} proteins and side B {counts[1]:,}: those of side {few.upper()} cannot be divided into "
        f"{n_splits} groups. Possible: {'; '.join(possible) or 'no split into new and known proteins'}"
    )


class SideDisjointKFold:
    """K folds whose test pairs have a new protein on one side and a known one on the other.

    For pairs of two kinds of protein, such as virus and host, receptor and ligand, drug and target: the proteins of one
    side are divided into ``n_splits`` groups, those of the other are in training and test alike. No training pair is
    dropped. A test pair whose other protein occurs in this group alone would be new on both sides; it is left out.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at most the number of proteins of that side, which leaves each of them out once.
    side : {"a", "b"}, default="a"
        Which proteins are new: ``"a"`` those of the first column (class C2a), ``"b"`` those of the second (C2b). Where
        the kinds mix in the columns, side A is the kind that most first columns hold.
    sides : "auto", dict or Series, default="auto"
        ``"auto"`` finds the kinds in the pairs, see `amp_sklearn.data.find_sides`; a mapping names the kind of each
        protein, by sequence or id.
    random_state : int, RandomState instance or None, default=None
        Seed of the groups.

    See Also
    --------
    ProteinDisjointKFold : New proteins on both sides (C3).
    PairClassKFold : Tests of every class on the same training pairs.
    sklearn.model_selection.StratifiedGroupKFold : Makes the groups.

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`, for the classes of test pairs.

    Examples
    --------
    >>> from amp_sklearn.model_selection import SideDisjointKFold, pair_classes
    >>> viral, human = ["MKA", "MKC", "MKD"], ["MRV", "MRL", "MRI"]
    >>> X = [[one, other] for one in viral for other in human]
    >>> sides = dict.fromkeys(viral, "virus") | dict.fromkeys(human, "human")
    >>> train, test = next(SideDisjointKFold(3, side="a", sides=sides, random_state=0).split(X))
    >>> len(train), len(test)
    (6, 3)
    >>> pair_classes([X[row] for row in train], [X[row] for row in test], sides=sides).tolist()
    ['C2a', 'C2a', 'C2a']
    """

    def __init__(self, n_splits=5, *, side="a", sides="auto", random_state=None):
        self.n_splits = n_splits
        self.side = side
        self.sides = sides
        self.random_state = random_state

    def __repr__(self):
        return f"SideDisjointKFold(n_splits={self.n_splits}, side={self.side!r}, random_state={self.random_state})"

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of folds.

        Parameters
        ----------
        X, y, groups : ignored

        Returns
        -------
        int
        """
        return self.n_splits

    def split(self, X, y=None, groups=None):
        """Training and test rows of each fold.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, 2)
            Pairs of sequences.
        y : array-like of shape (n_pairs,), default=None
            Labels; with them the share of positive pairs is kept where the proteins allow.
        groups : ignored

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If the pairs show no two sides, the side has fewer proteins than folds, or a fold would have no test pair.

        Warns
        -----
        FoldWarning
            If the pairs do not allow test folds with about the share of positive pairs that all pairs have.
        """
        folds = self._folds(X, y)
        warn_of_balance({f"fold {number}": test for number, (_, test) in enumerate(folds)}, y)
        yield from folds

    def summary(self, X, y=None, *, pos_label=None):
        """Sizes of the folds.

        Parameters
        ----------
        X, y
            As in ``split``.
        pos_label : object, default=None
            The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as
            "interacts"; other texts are refused.

        Returns
        -------
        DataFrame
            One row per fold: ``n_train``, ``n_test``, ``n_dropped``, ``n_new`` (proteins that only the test has), and
            with ``y`` (two classes) the share of positive pairs in both parts.
        """
        positive = None if y is None else is_positive(y, pos_label)
        pairs = protein_numbers(X)
        rows = []
        for train, test in self._folds(X, y):
            row = {"n_train": len(train), "n_test": len(test), "n_dropped": len(X) - len(train) - len(test)}
            row["n_new"] = len(np.setdiff1d(pairs[test], pairs[train]))
            if positive is not None:
                row |= {"train_positive": share(positive, train), "test_positive": share(positive, test)}
            rows.append(row)
        return pd.DataFrame(rows).rename_axis("fold")

    def _folds(self, X, y):
        if self.side not in ("a", "b"):
            raise ValueError(f"side must be 'a' (new proteins of the first column) or 'b', got {self.side!r}")
        if not isinstance(self.n_splits, int | np.integer) or self.n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2, got {self.n_splits!r}")
        pairs = protein_numbers(X)
        side = required_sides(X, pairs, self.sides)
        new = np.where(side[pairs[:, 0]] == (0 if self.side == "a" else 1), *pairs.T)
        other = pairs.sum(axis=1) - new
        n_new = len(np.unique(new))
        if n_new < self.n_splits:
            raise ValueError(
                f"side {self.side.upper()} has {n_new:,} proteins, which cannot be divided into {self.n_splits} groups; possible: "
                f"n_splits up to {n_new:,}, or new proteins of the other side, of which there are {len(np.unique(other)):,}"
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        labels = np.zeros(len(pairs), dtype=int) if y is None else np.asarray(y)
        divided = StratifiedGroupKFold(self.n_splits, shuffle=True, random_state=seed)
        folds = []
        for fold, (train, test) in enumerate(divided.split(np.zeros((len(pairs), 1)), labels, new)):
            test = test[np.isin(other[test], other[train])]
            if not len(test):
                raise ValueError(
                    f"fold {fold} of {self.n_splits} has no test pair whose protein of the other side occurs in training; use "
                    "fewer splits"
                )
            folds.append((train, test))
        return folds
