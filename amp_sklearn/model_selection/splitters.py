"""Cross-validation splitters that keep proteins, or clusters of similar proteins, apart."""

from abc import ABC, abstractmethod

import numpy as np
import pandas as pd

from ..data.sequence_pairs import common_protein_numbers, protein_numbers, sequence_cells
from ..data.sides import sides_of_pairs
from .clusters import cluster_sequences, clusters_of_pairs
from .label_balance import is_positive, share, warn_of_balance
from .protein_groups import divide
from .side_disjoint import check_kinds

__all__ = ["ClusterDisjointKFold", "ProteinDisjointKFold", "common_protein_numbers", "protein_numbers"]


class _DisjointKFold(ABC):
    """K folds over units that must not stand on both sides; what a unit is, a subclass says."""

    unit = "proteins"
    n_splits: int
    n_passes: int
    random_state: object

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

    @abstractmethod
    def _units(self, X):
        """Units of each pair (n_pairs, 2), numbered from 0, and the number of proteins in each unit."""

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
            If there are fewer units than folds, or a fold would have no training or no test pair.

        Warns
        -----
        FoldWarning
            If the pairs do not allow test folds with about the share of positive pairs that all pairs have.
        """
        folds = self._folds(X, y)
        warn_of_balance({f"fold {number}": test for number, (_, test) in enumerate(folds)}, y)
        yield from folds

    def _folds(self, X, y):
        group = self._groups(X, y)
        folds = []
        for fold in range(self.n_splits):
            inside = group == fold
            train, test = np.flatnonzero(~inside.any(axis=1)), np.flatnonzero(inside.all(axis=1))
            if not len(train) or not len(test):
                raise ValueError(
                    f"fold {fold} of {self.n_splits} has {len(train)} training and {len(test)} test pairs: these pairs "
                    f"share too few {self.unit} to be divided; use fewer splits"
                )
            folds.append((train, test))
        return folds

    def summary(self, X, y=None, *, pos_label=None):
        """Sizes of the folds: what each keeps and what it must drop.

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
            One row per fold: ``n_train``, ``n_test``, ``n_dropped``, and with ``y`` (two classes) the share of
            positive pairs in both parts.
        """
        n_pairs = len(X)
        positive = None if y is None else is_positive(y, pos_label)
        rows = []
        for train, test in self._folds(X, y):
            row = {"n_train": len(train), "n_test": len(test), "n_dropped": n_pairs - len(train) - len(test)}
            if positive is not None:
                row |= {"train_positive": share(positive, train), "test_positive": share(positive, test)}
            rows.append(row)
        return pd.DataFrame(rows).rename_axis("fold")

    def _groups(self, X, y):
        """Group of both proteins of each pair."""
        if not isinstance(self.n_splits, int | np.integer) or self.n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2, got {self.n_splits!r}")
        units, weights = self._units(X)
        if len(weights) < self.n_splits:
            raise ValueError(
                f"{len(weights)} distinct {self.unit} cannot be divided into {self.n_splits} groups"
            )
        kind = self._kinds(X, units)
        check_kinds(kind, self.n_splits)
        settings = {"kind": kind, "n_passes": self.n_passes, "random_state": self.random_state}
        return divide(units, y, self.n_splits, weights=weights, **settings)[units]

    def _kinds(self, X, units):
        """Kind of each unit, or None."""
        return None


class ProteinDisjointKFold(_DisjointKFold):
    """K folds in which no protein of the test pairs occurs in any training pair.

    Proteins, not pairs, are divided into ``n_splits`` groups. The test pairs of a fold have both proteins in its
    group, its training pairs have none there; pairs with one protein on either side can serve neither and are
    dropped from that fold. Groups start at random and are then improved by moving one protein at a time where that
    drops fewer pairs of the label that is scarcer in the test fold than among all pairs. Test folds thus become as large
    as the data allow, with the share of positive pairs that the whole set has, be it one half or one in eleven.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    sides : "auto", None, dict or Series, default="auto"
        Two kinds of protein, such as host and virus: each kind is then divided into groups of about the same size.
        ``"auto"`` finds them in the pairs, see `amp_sklearn.data.find_sides`; a mapping names the kind of each protein, by
        sequence or id; None takes all proteins as one kind.
    n_passes : int, default=30
        Improvement passes over all proteins; 0 keeps the random groups.
    random_state : int, RandomState instance or None, default=None
        Seed of the groups.

    See Also
    --------
    ClusterDisjointKFold : Keeps similar proteins apart as well.
    SideDisjointKFold : New proteins on one of two sides, such as viral proteins that training has not seen.
    PairClassKFold : Tests on pairs of which both proteins, one, or none was seen.
    sklearn.model_selection.StratifiedKFold : Random folds, which let a model recognise proteins.

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`.

    Examples
    --------
    >>> from amp_sklearn.model_selection import ProteinDisjointKFold
    >>> X = [["MKA", "MKC"], ["MKC", "MKA"], ["MRV", "MRV"], ["MKA", "MRV"]]
    >>> for train, test in ProteinDisjointKFold(2, random_state=0).split(X):
    ...     print(len(train), len(test))
    2 1
    1 2
    """

    def __init__(self, n_splits=5, *, sides="auto", n_passes=30, random_state=None):
        self.n_splits = n_splits
        self.sides = sides
        self.n_passes = n_passes
        self.random_state = random_state

    def __repr__(self):
        return f"ProteinDisjointKFold(n_splits={self.n_splits}, random_state={self.random_state})"

    def _units(self, X):
        pairs = protein_numbers(X)
        return pairs, np.ones(pairs.max(initial=-1) + 1, dtype=int)

    def _kinds(self, X, units):
        return sides_of_pairs(X, units, self.sides)


class ClusterDisjointKFold(_DisjointKFold):
    """K folds in which no test protein has a member of its sequence cluster in any training pair.

    As ``ProteinDisjointKFold``, but whole clusters of similar sequences are divided, so that a test protein has no
    close homologue in training. Clusters are made by MMseqs2 or CD-HIT where one of them is installed, or given.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    clusters : mapping, Series, DataFrame or array-like of shape (n_pairs, 2), default=None
        Clusters made before. A mapping or Series gives the cluster of each sequence, or of each protein id (the
        index of ``X``); a table has two columns, cluster and member, as MMseqs2 writes them; an array holds the
        clusters of both proteins of each pair. Identical sequences are one protein: the clusters they stand in
        count as one. None: make them with ``program``.
    identity : float, default=0.4
        Share of identical residues above which two sequences belong together.
    coverage : float, default=0.8
        Share of both sequences that an alignment must cover.
    program : {"auto", "mmseqs", "cd-hit"}, default="auto"
        What makes the clusters; ``"auto"`` is MMseqs2, or else CD-HIT.
    n_passes : int, default=30
        Improvement passes over all clusters; 0 keeps the random groups.
    random_state : int, RandomState instance or None, default=None
        Seed of the groups.

    See Also
    --------
    cluster_sequences : The clusters themselves; make them once and pass them on where many splits are made.

    References
    ----------
    Steinegger and Söding, Nature Biotechnology 2017, :doi:`10.1038/nbt.3988`.
    Fu et al., Bioinformatics 2012, :doi:`10.1093/bioinformatics/bts565`.

    Examples
    --------
    >>> from amp_sklearn.model_selection import ClusterDisjointKFold
    >>> X = [["MKA", "MKC"], ["MKC", "MKA"], ["MRV", "MRV"], ["MRA", "MRV"]]
    >>> clusters = {"MKA": 0, "MKC": 0, "MRV": 1, "MRA": 1}
    >>> for train, test in ClusterDisjointKFold(2, clusters=clusters, random_state=0).split(X):
    ...     print(train, test)
    [0 1] [2 3]
    [2 3] [0 1]
    """

    unit = "clusters"

    def __init__(
        self,
        n_splits=5,
        *,
        clusters=None,
        identity=0.4,
        coverage=0.8,
        program="auto",
        n_passes=30,
        random_state=None,
    ):
        self.n_splits = n_splits
        self.clusters = clusters
        self.identity = identity
        self.coverage = coverage
        self.program = program
        self.n_passes = n_passes
        self.random_state = random_state

    def __repr__(self):
        made = f"identity={self.identity}" if self.clusters is None else "clusters=given"
        return f"ClusterDisjointKFold(n_splits={self.n_splits}, {made}, random_state={self.random_state})"

    def _units(self, X):
        clusters = self.clusters
        if clusters is None:
            distinct = list(dict.fromkeys(sequence_cells(X).ravel()))
            settings = {"identity": self.identity, "coverage": self.coverage, "program": self.program}
            clusters = cluster_sequences(distinct, **settings)
        return clusters_of_pairs(X, clusters)
