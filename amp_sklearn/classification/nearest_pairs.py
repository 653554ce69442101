"""NearestPairsClassifier: the labels of the training pairs whose proteins lie closest."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import pairwise_distances
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from ..cpu.compilation import compiled
from ..data.pair_matrix import PairMatrix, check_pair_matrix, layout_of

_PAIRS_AT_ONCE = 4096  # pairs whose proteins are compared with all training proteins in one matrix


@compiled()
def nearest_pairs(distance, query, train, k):
    """The ``k`` training pairs nearest to each query pair, both orders of its proteins tried.

    Parameters
    ----------
    distance : ndarray of float of shape (n_query_proteins, n_train_proteins)
    query : ndarray of int of shape (n_query, 2)
        Rows of ``distance``.
    train : ndarray of int of shape (n_train, 2)
        Columns of ``distance``.
    k : int
        At most ``n_train``.

    Returns
    -------
    rows : ndarray of int of shape (n_query, k)
        Training pairs, nearest first; of equally near ones the earlier.
    distances : ndarray of float of shape (n_query, k)
    """
    rows = np.zeros((len(query), k), dtype=np.intp)
    best = np.full((len(query), k), np.inf)
    for q in range(len(query)):
        from_a, from_b = distance[query[q, 0]], distance[query[q, 1]]
        for t in range(len(train)):
            a, b = train[t, 0], train[t, 1]
            d = min(from_a[a] + from_b[b], from_a[b] + from_b[a])
            if d >= best[q, k - 1]:
                continue
            place = k - 1
            while place > 0 and best[q, place - 1] > d:
                best[q, place], rows[q, place] = best[q, place - 1], rows[q, place - 1]
                place -= 1
            best[q, place], rows[q, place] = d, t
    return rows, best


class NearestPairsClassifier(ClassifierMixin, BaseEstimator):
    """Predict the label that prevails among the nearest training pairs.

    The distance of the pairs (A, B) and (C, D) is the smaller of ``d(A, C) + d(B, D)`` and ``d(A, D) + d(B, C)``, so
    that the order of the proteins in a pair does not matter. Proteins are compared once each: distances of pairs are
    sums of two numbers out of a matrix of proteins by proteins. As a baseline it tells how much of a model's success
    is looking up similar proteins.

    Parameters
    ----------
    n_neighbors : int, default=5
        Training pairs that vote.
    weights : {"uniform", "distance"}, default="uniform"
        Weight of a vote: 1, or the inverse of the distance (pairs at distance 0 then decide alone).
    metric : str or callable, default="euclidean"
        Distance of two proteins' features, as `sklearn.metrics.pairwise_distances` takes it.
    n_jobs : int, default=None
        Threads; None is 1, -1 is all cores.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    features_ : ndarray of shape (n_proteins, n_protein_features)
        Features of the training proteins.
    index_ : ndarray of int of shape (n_pairs, 2)
        Proteins of each training pair.
    labels_ : ndarray of int of shape (n_pairs,)
        Number of each training pair's class.
    layout_ : FeatureLayout or None
        Tokens of a protein; None for an ordinary array.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame.

    Notes
    -----
    Of a PairMatrix the features of the proteins count, whatever blocks its rows are made of. Rows of an ordinary
    array say nothing about proteins and are compared as they are, which is `sklearn.neighbors.KNeighborsClassifier`.
    Features are not scaled. Many tokens are slow and no better: put ``PairConcatenator("mean")`` before it.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.classification import NearestPairsClassifier
    >>> from amp_sklearn.data import PairMatrix
    >>> proteins = np.array([[0.0], [1.0], [5.0], [6.0]])
    >>> X = PairMatrix(proteins, [[0, 2], [1, 3], [0, 1], [2, 3]])
    >>> model = NearestPairsClassifier(n_neighbors=1).fit(X, [1, 1, 0, 0])
    >>> model.predict(PairMatrix(np.array([[5.2], [0.3]]), [[0, 1], [1, 1]]))
    array([1, 0])
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "weights": [StrOptions({"uniform", "distance"})],
        "n_jobs": [Integral, None],
    }

    def __init__(self, n_neighbors=5, *, weights="uniform", metric="euclidean", n_jobs=None):
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.metric = metric
        self.n_jobs = n_jobs

    def fit(self, X, y):
        """Keep the training pairs.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)
            Features of pairs.
        y : array-like of shape (n_pairs,)
            Labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, X or y cannot be used, or there are fewer pairs than neighbours.
        """
        self._validate_params()
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        pairs, y = self._pairs(X, reset=True), column_or_1d(y, warn=True)
        check_consistent_length(pairs, y)
        check_classification_targets(y)
        if self.n_neighbors > len(pairs):
            raise ValueError(
                f"n_neighbors={self.n_neighbors} is more than there are training pairs (n_samples={len(pairs)})"
            )
        self.classes_, self.labels_ = np.unique(y, return_inverse=True)
        self.features_, self.index_ = pairs.features, pairs.index
        return self

    def predict_proba(self, X):
        """Share of each class among the votes of the nearest training pairs.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs, n_classes)
        """
        rows, distances = self.neighbors(X)
        votes = np.ones_like(distances)
        if self.weights == "distance":
            same = distances == 0
            with np.errstate(divide="ignore"):
                votes = np.where(same.any(axis=1, keepdims=True), same, 1 / distances)
        labels = self.labels_[rows]
        share = np.stack([(votes * (labels == c)).sum(axis=1) for c in range(len(self.classes_))], axis=1)
        return share / share.sum(axis=1, keepdims=True)

    def predict(self, X):
        """Label of each pair; of equally voted ones the first in ``classes_``.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def neighbors(self, X):
        """The nearest training pairs.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        rows : ndarray of int of shape (n_pairs, n_neighbors)
            Row numbers in the training pairs, nearest first.
        distances : ndarray of shape (n_pairs, n_neighbors)
        """
        check_is_fitted(self)
        # the compiled loop follows these numbers without looking, and a model file may hold any
        train = PairMatrix(self.features_, self.index_)
        if not 1 <= self.n_neighbors <= len(train):
            raise ValueError(f"n_neighbors must lie in 1 to {len(train)}, got {self.n_neighbors!r}")
        pairs = self._pairs(X, reset=False)
        parts = [
            self._neighbors_of(pairs[start : start + _PAIRS_AT_ONCE].without_unused_proteins())
            for start in range(0, len(pairs), _PAIRS_AT_ONCE)
        ]
        rows, distances = (np.concatenate(part) for part in zip(*parts, strict=True))
        return rows, distances if self.layout_ is not None else distances / 2  # a row was both proteins

    def _neighbors_of(self, pairs):
        distance = pairwise_distances(pairs.features, self.features_, metric=self.metric, n_jobs=self.n_jobs)
        distance = np.ascontiguousarray(distance, dtype=np.float64)
        shares = np.array_split(pairs.index, min(effective_n_jobs(self.n_jobs), len(pairs)))
        found = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(nearest_pairs)(distance, share, self.index_, self.n_neighbors) for share in shares
        )
        return [np.concatenate(part) for part in zip(*found, strict=True)]

    def _pairs(self, X, reset):
        """Proteins in use and pairs of them; a row of an ordinary array is a protein, paired with itself."""
        if not isinstance(X, PairMatrix):
            layout = layout_of(X)
            X = validate_data(self, X, dtype=(np.float64, np.float32), reset=reset)
            if layout is None or layout.blocks != ("A", "B"):
                rows = np.arange(len(X))
                pairs, layout = PairMatrix(X, np.column_stack([rows, rows])), None
            else:
                pairs = PairMatrix.from_halves(X, layout)
        else:
            pairs, layout = check_pair_matrix(self, X, reset=reset).without_unused_proteins(), X.layout
        tokens = None if layout is None else layout.tokens
        if reset:
            self.layout_ = layout
        elif tokens != (None if self.layout_ is None else self.layout_.tokens):
            raise ValueError(
                f"{type(self).__name__} was fitted on tokens "
                f"{None if self.layout_ is None else list(self.layout_.tokens)}, got {tokens and list(tokens)}"
            )
        return pairs
