"""Cross-validation splitters that keep proteins apart."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import check_random_state

from ..data.pair_matrix import PairMatrix


def protein_numbers(X):
    """Number of each pair's proteins; identical sequences are one protein, whatever their ids.

    Parameters
    ----------
    X : PairMatrix, DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences, or a pair matrix made from them.

    Returns
    -------
    ndarray of int of shape (n_pairs, 2)

    Raises
    ------
    ValueError
        If ``X`` does not have two columns of sequences.
    """
    if isinstance(X, PairMatrix):
        return X.index
    cells = X.to_numpy(dtype=object) if isinstance(X, pd.DataFrame) else np.asarray(X, dtype=object)
    if cells.ndim != 2 or cells.shape[1] != 2:
        raise ValueError(f"X must hold two sequences a row (n_pairs, 2), got an array of shape {cells.shape}")
    return pd.factorize(cells.ravel())[0].reshape(-1, 2)


class ProteinDisjointKFold:
    """K folds in which no protein of the test pairs occurs in any training pair.

    Proteins, not pairs, are divided into ``n_splits`` groups. The test pairs of a fold have both proteins in its
    group, its training pairs have none there; pairs with one protein on either side can serve neither and are
    dropped from that fold. Groups start at random and are then improved by moving one protein at a time where that
    drops fewer pairs of the scarcer label, so that test folds stay as large and as balanced as the data allow.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    n_passes : int, default=30
        Improvement passes over all proteins; 0 keeps the random groups.
    random_state : int, RandomState instance or None, default=None
        Seed of the groups.

    See Also
    --------
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

    def __init__(self, n_splits=5, *, n_passes=30, random_state=None):
        self.n_splits = n_splits
        self.n_passes = n_passes
        self.random_state = random_state

    def __repr__(self):
        return f"ProteinDisjointKFold(n_splits={self.n_splits}, random_state={self.random_state})"

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of folds."""
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
            If there are fewer proteins than folds, or a fold would have no training or no test pair.
        """
        pairs = protein_numbers(X)
        group = self._protein_groups(pairs, y)[pairs]
        for fold in range(self.n_splits):
            inside = group == fold
            train, test = np.flatnonzero(~inside.any(axis=1)), np.flatnonzero(inside.all(axis=1))
            if not len(train) or not len(test):
                raise ValueError(
                    f"fold {fold} of {self.n_splits} has {len(train)} training and {len(test)} test pairs: these pairs "
                    "share too few proteins to be divided; use fewer splits"
                )
            yield train, test

    def summary(self, X, y=None):
        """Sizes of the folds: what each keeps and what it must drop.

        Parameters
        ----------
        X, y
            As in ``split``.

        Returns
        -------
        DataFrame
            One row per fold: ``n_train``, ``n_test``, ``n_dropped``, and with ``y`` (two classes) the share of the
            last class (label 1 of 0 and 1) in both parts.
        """
        n_pairs = len(X)
        rows = []
        for train, test in self.split(X, y):
            row = {"n_train": len(train), "n_test": len(test), "n_dropped": n_pairs - len(train) - len(test)}
            if y is not None:
                positive = np.asarray(y) == np.unique(y)[-1]
                row |= {"train_positive": positive[train].mean(), "test_positive": positive[test].mean()}
            rows.append(row)
        return pd.DataFrame(rows).rename_axis("fold")

    def _protein_groups(self, pairs, y):
        """Group of each protein."""
        n_proteins = pairs.max() + 1 if len(pairs) else 0
        if not isinstance(self.n_splits, int | np.integer) or self.n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2, got {self.n_splits!r}")
        if n_proteins < self.n_splits:
            raise ValueError(f"{n_proteins} distinct proteins cannot be divided into {self.n_splits} groups")
        rng = check_random_state(self.random_state)
        labels = np.zeros(len(pairs), dtype=int) if y is None else pd.factorize(np.asarray(y))[0]
        group = np.empty(n_proteins, dtype=int)
        group[rng.permutation(n_proteins)] = np.arange(n_proteins) % self.n_splits
        graphs = [_graph(pairs[labels == label], n_proteins) for label in np.unique(labels)]
        size = np.bincount(group, minlength=self.n_splits)
        largest = int(np.ceil(1.05 * n_proteins / self.n_splits))
        for _ in range(self.n_passes):
            if not self._improve(group, size, largest, graphs, rng):
                break
        return group

    def _improve(self, group, size, largest, graphs, rng):
        """One pass of single moves; returns whether any protein moved."""
        moved = False
        kept = np.array([_pairs_within(graph, group, self.n_splits) for graph in graphs])  # label x fold
        for protein in rng.permutation(len(group)):
            own = group[protein]
            links = np.array(
                [
                    np.bincount(
                        group[graph.indices[graph.indptr[protein] : graph.indptr[protein + 1]]],
                        weights=graph.data[graph.indptr[protein] : graph.indptr[protein + 1]],
                        minlength=self.n_splits,
                    )
                    for graph in graphs
                ]
            )
            without = kept[:, own] - links[:, own]
            gain = _worth(kept + links) - _worth(kept) - (_worth(kept[:, own]) - _worth(without))
            gain[(size >= largest) | (np.arange(self.n_splits) == own)] = -np.inf
            target = int(gain.argmax())
            if gain[target] > 1e-9 and size[own] > 1:
                kept[:, own], kept[:, target] = without, kept[:, target] + links[:, target]
                size[own], size[target] = size[own] - 1, size[target] + 1
                group[protein], moved = target, True
        return moved


def _worth(kept):
    """Worth of folds that keep so many pairs of each label (labels x folds).

    The scarcer label counts, because more of the other would only tilt the class balance of the test; the root makes
    a pair worth more to a small fold; all pairs count a little, so that moves do not stop where one label is absent.
    """
    return np.sqrt(kept.min(axis=0)) + 0.01 * np.sqrt(kept.sum(axis=0))


def _graph(pairs, n_proteins):
    """Symmetric count of pairs between different proteins."""
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    return sparse.csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_proteins, n_proteins))


def _pairs_within(graph, group, n_groups):
    """Pairs inside each group."""
    edges = graph.tocoo()
    same = group[edges.row] == group[edges.col]
    return np.bincount(group[edges.row[same]], weights=edges.data[same] / 2, minlength=n_groups)
