"""Test pairs by what training has seen of them: both proteins, one, or none."""

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils import check_random_state

from ..data.pair_matrix import PairMatrix
from ..data.sequence_pairs import common_protein_numbers, pair_ids, protein_numbers, sequence_cells
from ..data.sides import sides_of_pairs
from .label_balance import is_positive, share, warn_of_balance
from .protein_groups import divide
from .side_disjoint import check_kinds, required_sides

PAIR_CLASSES = ("C1", "C2", "C3")
"""Both proteins of a test pair occur in training, exactly one does, or none."""

SIDE_CLASSES = ("C1", "C2a", "C2b", "C3")
"""Of two kinds of protein: both occur in training, that of side A (the first column) is new, that of side B is, or both."""


def pair_classes(X_train, X_test, *, sides=None):
    """Class of each test pair: how many of its proteins occur in the training pairs.

    Parameters
    ----------
    X_train : PairMatrix, DataFrame or array-like of shape (n_train, 2)
        Training pairs of sequences. Identical sequences are one protein, whatever their ids.
    X_test : PairMatrix, DataFrame or array-like of shape (n_test, 2)
        Test pairs.
    sides : None, "auto", dict or Series, default=None
        Two kinds of protein, such as virus and host, tell two classes C2 apart. ``"auto"`` finds them in all pairs, see
        `amp_sklearn.data.find_sides`; a mapping names the kind of each protein, by sequence or id.

    Returns
    -------
    ndarray of str of shape (n_test,)
        ``"C1"`` (both proteins seen), ``"C2"`` (exactly one) or ``"C3"`` (none); with two kinds ``"C2a"`` (the protein of
        side A is new, that is the side of the first column) and ``"C2b"`` instead of ``"C2"``.

    Raises
    ------
    ValueError
        If a table does not have two columns of sequences, or ``sides`` does not fit to the pairs.

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`.

    Examples
    --------
    >>> from amp_sklearn.model_selection import pair_classes
    >>> pair_classes([["MKA", "MKC"]], [["MKC", "MKA"], ["MKA", "MRV"], ["MRV", "MRV"]])
    array(['C1', 'C2', 'C3'], dtype='<U2')
    >>> sides = {"MKA": "virus", "MKC": "host", "MRV": "host", "MRC": "virus"}
    >>> pair_classes([["MKA", "MKC"]], [["MRC", "MKC"], ["MKA", "MRV"]], sides=sides)
    array(['C2a', 'C2b'], dtype='<U3')
    """
    train, test = common_protein_numbers(X_train, X_test)
    numbers = np.unique(np.concatenate([train, test]), return_inverse=True)[1].reshape(-1, 2)
    side = None if sides is None else sides_of_pairs(_one_table(X_train, X_test), numbers, sides)
    if side is None:
        return classes_of_numbers(train, test)
    return classes_by_side(numbers[: len(train)], numbers[len(train) :], side)


def _one_table(*tables):
    """Rows of both tables, with ids where both have them."""
    if isinstance(tables[0], PairMatrix):
        return tables[0]
    ids = [pair_ids(table) for table in tables]
    index = None
    if all(of_table is not None for of_table in ids):
        index = pd.MultiIndex.from_arrays(list(np.concatenate(ids).T))
    return pd.DataFrame(np.concatenate([sequence_cells(table) for table in tables]), index=index)


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


def classes_by_side(train, test, side):
    """Class of each test pair, of numbered proteins of two kinds.

    Parameters
    ----------
    train, test : ndarray of int of shape (n_pairs, 2)
    side : ndarray of int of shape (n_proteins,)
        0 is side A, 1 side B; -1, unknown, leaves a pair in ``"C2"``.

    Returns
    -------
    ndarray of str of shape (n_test,)
        Of ``SIDE_CLASSES``.
    """
    classes = classes_of_numbers(train, test).astype("U3")
    one = np.flatnonzero(classes == "C2")
    first, second = test[one].T
    new = np.where(np.isin(first, train), second, first)
    classes[one] = np.array(["C2a", "C2b", "C2"])[side[new]]  # -1 takes the last
    return classes


class PairClassKFold:
    """K folds whose test pairs are all of one class: both proteins seen in training (C1), one (C2) or none (C3).

    The proteins are divided into ``n_splits`` groups, as ``ProteinDisjointKFold`` does, and the pairs into
    ``n_splits`` parts. A fold trains on the pairs that have no protein in its group and do not lie in its part. Its
    C3 tests have both proteins in its group, its C2 tests one there and one seen in training, and its C1 tests are
    the pairs of its part whose proteins were both seen. A fold has the same training pairs for all three classes, so
    that differences between the classes are differences between the tests. Repeated and swapped pairs stay together.
    With two kinds of protein, such as virus and host, each kind is divided by itself, and C2 falls into two classes.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    test_class : {"C1", "C2", "C2a", "C2b", "C3"}, default="C3"
        Class of the test pairs that ``split`` yields. Of two kinds of protein ``"C2a"`` is new on side A (the one that most
        first columns hold) and known on side B, ``"C2b"`` the reverse, and ``"C2"`` either.
    sides : "auto", None, dict or Series, default="auto"
        Two kinds of protein: ``"auto"`` finds them in the pairs, see `amp_sklearn.data.find_sides`; a mapping names the
        kind of each protein, by sequence or id; None takes all proteins as one kind.
    n_passes : int, default=30
        Improvement passes over the groups of proteins; see ``ProteinDisjointKFold``.
    random_state : int, RandomState instance or None, default=None
        Seed of groups and parts. Folds of different classes correspond only where it is an integer.

    See Also
    --------
    pair_classes : Class of each pair of a given test set.
    ProteinDisjointKFold : C3 tests with larger training sets.
    SideDisjointKFold : C2a or C2b tests with larger training sets.

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

    def __init__(self, n_splits=5, *, test_class="C3", sides="auto", n_passes=30, random_state=None):
        self.n_splits = n_splits
        self.test_class = test_class
        self.sides = sides
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
        if self.test_class not in (*PAIR_CLASSES, *SIDE_CLASSES):
            known = ", ".join(sorted({*PAIR_CLASSES, *SIDE_CLASSES}))
            raise ValueError(f"test_class must be one of {known}, got {self.test_class!r}")
        if self.test_class in ("C2a", "C2b"):
            required_sides(X, protein_numbers(X), self.sides)
        folds = [
            (
                train,
                np.sort(
                    np.concatenate([of for name, of in tests.items() if name.startswith(self.test_class)])
                ),
            )
            for train, tests in self._folds(X, y)
        ]
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
            Rows by class, ``"C1"``, ``"C2"`` and ``"C3"``, or with two kinds of protein ``"C1"``, ``"C2a"``, ``"C2b"`` and
            ``"C3"``; an array may be empty.

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
        side = sides_of_pairs(X, pairs, self.sides)
        check_kinds(side, self.n_splits)
        rng = check_random_state(self.random_state)
        settings = {"kind": side, "n_passes": self.n_passes, "random_state": rng}
        group = divide(pairs, y, self.n_splits, **settings)[pairs]
        part = self._parts(pairs, y, rng)
        for fold in range(self.n_splits):
            inside = (group == fold).sum(axis=1)
            candidate = (inside == 0) & (part == fold)
            train = (inside == 0) & ~candidate
            # a candidate with a protein that only candidates have is no test of a seen pair: it trains
            seen = np.isin(pairs, pairs[train]).all(axis=1)
            train |= candidate & ~seen
            seen_proteins = np.isin(pairs, pairs[train]).sum(axis=1)
            one = (inside == 1) & (seen_proteins == 1)
            of_two = {"C2": one}
            if side is not None:
                new = side[np.where(group[:, 0] == fold, *pairs.T)]
                of_two = {"C2a": one & (new == 0), "C2b": one & (new == 1)}
            of_class = {"C1": candidate & seen, **of_two, "C3": inside == 2}
            tests = {name: np.flatnonzero(mask) for name, mask in of_class.items()}
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
            One row per fold: ``n_train``, ``n_C1``, ``n_C2`` (or ``n_C2a`` and ``n_C2b``), ``n_C3``, ``n_dropped`` (in none
            of them), and with ``y`` (two classes) the share of positive pairs in each part.
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
