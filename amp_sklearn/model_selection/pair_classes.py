"""Test pairs by what training has seen of them: both proteins, one, or none."""

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils import check_random_state

from ..data.sequence_pairs import common_protein_numbers, protein_numbers
from .label_balance import is_positive, share, warn_of_balance
from .protein_groups import divide

PAIR_CLASSES = ("C1", "C2", "C3")
"""Both proteins of a test pair occur in training, exactly one does, or none."""


def pair_classes(X_train, X_test):
    """Class of each test pair: how many of its proteins occur in the training pairs.

    Parameters
    ----------
    X_train : PairMatrix, DataFrame or array-like of shape (n_train, 2)
        Training pairs of sequences. Identical sequences are one protein, whatever their ids.
    X_test : PairMatrix, DataFrame or array-like of shape (n_test, 2)
        Test pairs.

    Returns
    -------
    ndarray of str of shape (n_test,)
        ``"C1"`` (both proteins seen), ``"C2"`` (exactly one) or ``"C3"`` (none).

    Raises
    ------
    ValueError
        If a table does not have two columns of sequences.

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`.

    Examples
    --------
    >>> from amp_sklearn.model_selection import pair_classes
    >>> pair_classes([["MKA", "MKC"]], [["MKC", "MKA"], ["MKA", "MRV"], ["MRV", "MRV"]])
    array(['C1', 'C2', 'C3'], dtype='<U2')
    """
    train, test = common_protein_numbers(X_train, X_test)
    return classes_of_numbers(train, test)


def classes_of_numbers(train, test):
    """Class of each test pair, of pairs whose proteins are numbered.

    Parameters
    ----------
    train, test : ndarray of int of shape (n_pairs, 2)

    Returns
    -------
    ndarray of str of shape (n_test,)
    """
    return np.array(PAIR_CLASSES)[2 - np.isin(test, train).sum(axis=1)]


class PairClassKFold:
    """K folds whose test pairs are all of one class: both proteins seen in training (C1), one (C2) or none (C3).

    The proteins are divided into ``n_splits`` groups, as ``ProteinDisjointKFold`` does, and the pairs into
    ``n_splits`` parts. A fold trains on the pairs that have no protein in its group and do not lie in its part. Its
    C3 tests have both proteins in its group, its C2 tests one there and one seen in training, and its C1 tests are
    the pairs of its part whose proteins were both seen. A fold has the same training pairs for all three classes, so
    that differences between the classes are differences between the tests. Repeated and swapped pairs stay together.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    test_class : {"C1", "C2", "C3"}, default="C3"
        Class of the test pairs that ``split`` yields.
    n_passes : int, default=30
        Improvement passes over the groups of proteins; see ``ProteinDisjointKFold``.
    random_state : int, RandomState instance or None, default=None
        Seed of groups and parts. Folds of different classes correspond only where it is an integer.

    See Also
    --------
    pair_classes : Class of each pair of a given test set.
    ProteinDisjointKFold : C3 tests with larger training sets.

    Notes
    -----
    A C1 or C3 pair is tested in one fold at most, a C2 pair in two at most (one for either protein).

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`.

    Examples
    --------
    >>> from amp_sklearn.data import load_yeast_ppi
    >>> from amp_sklearn.model_selection import PairClassKFold, pair_classes
    >>> X, y = load_yeast_ppi()
    >>> train, test = next(PairClassKFold(test_class="C2", random_state=0).split(X, y))
    >>> set(pair_classes(X.iloc[train], X.iloc[test]).tolist())
    {'C2'}
    """

    def __init__(self, n_splits=5, *, test_class="C3", n_passes=30, random_state=None):
        self.n_splits = n_splits
        self.test_class = test_class
        self.n_passes = n_passes
        self.random_state = random_state

    def __repr__(self):
        return (
            f"PairClassKFold(n_splits={self.n_splits}, test_class={self.test_class!r}, "
            f"random_state={self.random_state})"
        )

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
            Labels; with them both labels are kept in balance.
        groups : ignored

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If a fold would have no training or no test pair, or ``test_class`` is unknown.

        Warns
        -----
        FoldWarning
            If the pairs do not allow test folds with about the share of positive pairs that all pairs have.
        """
        if self.test_class not in PAIR_CLASSES:
            raise ValueError(f"test_class must be one of {', '.join(PAIR_CLASSES)}, got {self.test_class!r}")
        folds = [(train, tests[self.test_class]) for train, tests in self._folds(X, y)]
        for fold, (train, test) in enumerate(folds):
            if not len(train) or not len(test):
                raise ValueError(
                    f"fold {fold} of {self.n_splits} has {len(train)} training and {len(test)} test pairs of "
                    f"class {self.test_class}; use fewer splits"
                )
        warn_of_balance({f"fold {number}": test for number, (_, test) in enumerate(folds)}, y)
        yield from folds

    def split_classes(self, X, y=None):
        """Training rows of each fold, and its test rows of all three classes.

        Parameters
        ----------
        X, y
            As in ``split``.

        Yields
        ------
        train : ndarray of int
        tests : dict of str to ndarray of int
            Rows by class; an array may be empty.

        Raises
        ------
        ValueError
            If there are fewer proteins or pairs than folds.

        Warns
        -----
        FoldWarning
            If the pairs do not allow test parts with about the share of positive pairs that all pairs have.
        """
        folds = list(self._folds(X, y))
        parts = {
            f"{name} of fold {k}": test for k, (_, tests) in enumerate(folds) for name, test in tests.items()
        }
        warn_of_balance({name: test for name, test in parts.items() if len(test)}, y)
        yield from folds

    def _folds(self, X, y):
        pairs = protein_numbers(X)
        if not isinstance(self.n_splits, int | np.integer) or self.n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2, got {self.n_splits!r}")
        n_proteins = pairs.max(initial=-1) + 1
        if n_proteins < self.n_splits:
            raise ValueError(f"{n_proteins} distinct proteins cannot be divided into {self.n_splits} groups")
        rng = check_random_state(self.random_state)
        group = divide(pairs, y, self.n_splits, n_passes=self.n_passes, random_state=rng)[pairs]
        part = self._parts(pairs, y, rng)
        for fold in range(self.n_splits):
            inside = (group == fold).sum(axis=1)
            candidate = (inside == 0) & (part == fold)
            train = (inside == 0) & ~candidate
            # a candidate with a protein that only candidates have is no test of a seen pair: it trains
            seen = np.isin(pairs, pairs[train]).all(axis=1)
            train |= candidate & ~seen
            seen_proteins = np.isin(pairs, pairs[train]).sum(axis=1)
            tests = {
                "C1": np.flatnonzero(candidate & seen),
                "C2": np.flatnonzero((inside == 1) & (seen_proteins == 1)),
                "C3": np.flatnonzero(inside == 2),
            }
            yield np.flatnonzero(train), tests

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
            One row per fold: ``n_train``, ``n_C1``, ``n_C2``, ``n_C3``, ``n_dropped`` (in none of them), and with
            ``y`` (two classes) the share of positive pairs in each part.
        """
        positive = None if y is None else is_positive(y, pos_label)
        rows = []
        for train, tests in self._folds(X, y):
            parts = {"train": train, **tests}
            row: dict[str, float] = {f"n_{name}": len(of_part) for name, of_part in parts.items()}
            row["n_dropped"] = len(X) - sum(row.values())
            if positive is not None:
                row |= {f"{name}_positive": share(positive, of_part) for name, of_part in parts.items()}
            rows.append(row)
        return pd.DataFrame(rows).rename_axis("fold")

    def _parts(self, pairs, y, rng):
        """Part of each pair; rows of one unordered pair share theirs."""
        ordered = np.sort(pairs, axis=1)
        first, of_row = np.unique(
            ordered @ [ordered.max(initial=0) + 1, 1], return_index=True, return_inverse=True
        )[1:]
        labels = np.zeros(len(first), dtype=int) if y is None else pd.factorize(np.asarray(y)[first])[0]
        if len(first) < self.n_splits:
            raise ValueError(f"{len(first)} distinct pairs cannot be divided into {self.n_splits} parts")
        counts = np.bincount(labels)
        kind = StratifiedKFold if counts.min() >= self.n_splits else KFold
        part = np.empty(len(first), dtype=int)
        folds = kind(self.n_splits, shuffle=True, random_state=rng).split(np.zeros((len(first), 1)), labels)
        for fold, (_, test) in enumerate(folds):
            part[test] = fold
        return part[of_row]
