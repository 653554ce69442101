"""Predictions for pairs whose proteins the predicting model has not seen: what calibration and thresholds learn from."""

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from ..model_selection import ProteinDisjointKFold, evaluate_folds


def two_classes(estimator, X, y):
    """Pairs that can be divided into folds, labels as an array, and their two classes.

    Parameters
    ----------
    estimator : estimator
        For the message.
    X : array-like or PairMatrix of shape (n_pairs, n_features)
    y : array-like of shape (n_pairs,)

    Returns
    -------
    X : as given, or an array
    y : ndarray of shape (n_pairs,)
    classes : ndarray of shape (2,)

    Raises
    ------
    ValueError
        If there are not two classes, no pairs, or not one label per pair.
    """
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    X, y = indexable(X, column_or_1d(y, warn=True))
    if not len(y):
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required")
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) > 2:
        raise ValueError(f"Only binary classification is supported, got {len(classes)} classes")
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs two classes, the data contain one class: {classes[0]!r}"
        )
    return X, y, classes


def held_out_probabilities(model, X, y, cv):
    """Probability of the second class for pairs that the model which predicts them was not fitted on.

    Parameters
    ----------
    model : classifier
        Cloned and fitted on every training part; a ``FrozenEstimator`` predicts all pairs as it is.
    X, y
        Pairs and labels.
    cv : splitter, iterable of (train, test), int or None
        None is ``ProteinDisjointKFold(5, random_state=0)``, an int that with so many folds.

    Returns
    -------
    rows : ndarray of int of shape (n,)
        Rows of ``X``; those that no test part holds are missing.
    probability : ndarray of float of shape (n,)
    """
    if isinstance(model, FrozenEstimator):
        return np.arange(len(y)), model.predict_proba(X)[:, 1].astype(float)
    if cv is None or isinstance(cv, int | np.integer):
        cv = ProteinDisjointKFold(5 if cv is None else cv, random_state=0)
    second = np.unique(y)[
        -1
    ]  # whatever the labels mean: a calibrator learns the probability of the second class
    _, predictions = evaluate_folds(model, X, y, cv, pos_label=second)
    return predictions["row"].to_numpy(), predictions["probability"].to_numpy(dtype=float)


def fitted_on_all(model, X, y):
    """A clone fitted on all pairs; a frozen model as it is."""
    return clone(model).fit(X, y)
