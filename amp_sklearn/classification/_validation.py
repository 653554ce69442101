"""Validation data within a fit: which rows are held out, and how an epoch is judged."""

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from ..data import PairMatrix
from ..metrics import pair_metrics
from ._prediction import predict_logits


def probabilities(logits):
    """Class probabilities in double precision: logits ``(n,)`` or ``(n, n_classes)`` to ``(n, n_classes)``."""
    logits = np.asarray(logits, dtype=np.float64)
    return np.column_stack([expit(-logits), expit(logits)]) if logits.ndim == 1 else softmax(logits, axis=1)


def split_rows(X, y, how, fraction, random):
    """Rows to train on and rows to validate on.

    Parameters
    ----------
    X : ndarray or PairMatrix of shape (n, n_features)
    y : ndarray of int of shape (n,)
        Number of each row's class.
    how : {"share", "protein"}
        ``"share"``: a stratified random share of the rows. ``"protein"``: rows whose proteins both belong to
        a random set of proteins; training keeps the rows with no protein of that set, and rows with one are
        in neither.
    fraction : float
        Share of all rows to validate on; ``"protein"`` takes the smallest set of proteins that reaches it.
    random : numpy.random.RandomState

    Returns
    -------
    train, valid : ndarray of int

    Raises
    ------
    ValueError
        If X does not say which proteins a row holds, or a part would miss a class.
    """
    if how == "share":
        train, valid = train_test_split(
            np.arange(len(y)), test_size=fraction, stratify=y, random_state=random
        )
        return np.sort(train), np.sort(valid)
    if not isinstance(X, PairMatrix):
        raise ValueError(
            "validation='protein' needs to know the proteins of each pair: give a PairMatrix (as "
            f"PairConcatenator returns), got {type(X).__name__}; or use validation='share', or X_val and y_val"
        )
    # a pair is inside the first k proteins of a random order if both its ranks are below k
    rank = random.permutation(len(X.features))[X.index]
    first, last = rank.min(axis=1), rank.max(axis=1)
    k = np.sort(last)[max(int(np.ceil(fraction * len(y))), 1) - 1] + 1
    train, valid = np.flatnonzero(first >= k), np.flatnonzero(last < k)
    for name, rows in (("training", train), ("validation", valid)):
        missing = np.setdiff1d(y, y[rows])
        if len(missing):
            raise ValueError(
                f"validation='protein' with validation_fraction={fraction} leaves {len(rows)} of {len(y)} pairs "
                f"for {name}, none of class number {missing[0]}; change validation_fraction or random_state, or "
                "use validation='share'"
            )
    return train, valid


class _Predicted(ClassifierMixin, BaseEstimator):
    """Predictions already made, for scorers that want to ask an estimator."""

    def __init__(self, classes, logits):
        self.classes_, self.logits = classes, logits

    def __sklearn_is_fitted__(self):
        return True

    def decision_function(self, X):
        return self.logits

    def predict_proba(self, X):
        return probabilities(self.logits)

    def predict(self, X):
        if self.logits.ndim == 1:
            return self.classes_[(self.logits > 0).astype(int)]
        return self.classes_[self.logits.argmax(axis=1)]


class Validator:
    """Judges a net on validation rows.

    Parameters
    ----------
    rows : Rows
    y : ndarray of int of shape (n,)
        Number of each row's class.
    classes : ndarray
        Labels, by number.
    monitor : str or callable
        A scikit-learn scorer; greater is better.
    batch_size : int
    symmetric : bool
    """

    def __init__(self, rows, y, classes, monitor, batch_size, symmetric):
        self.rows, self.y, self.classes = rows, y.astype(int), classes
        self.scorer = get_scorer(monitor)
        self.batch_size, self.symmetric = batch_size, symmetric
        self.logits = None

    def predict(self, net):
        """Keep the net's logits of the validation rows in ``logits``."""
        self.logits = predict_logits(net, self.rows, self.batch_size, self.symmetric)

    def __call__(self):
        """Metrics of what was last predicted, and its score: higher is better, equal scores are told apart by the loss.

        Returns
        -------
        metrics : dict of str to float
        score : tuple of float
        """
        metrics = pair_metrics(self.y, probabilities(self.logits))
        score = float(self.scorer(_Predicted(self.classes, self.logits), self.rows.X, self.classes[self.y]))
        table = {f"valid_{name}": value for name, value in metrics.items()}
        table["valid_score"] = score
        return table, (score if score == score else -np.inf, -metrics["loss"])
