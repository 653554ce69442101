"""Validation of what users give to `fit` and `predict`: arrays, DataFrames and pair matrices."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from ..data.pair_matrix import PairMatrix, check_pair_matrix, layout_of


def check_X(estimator, X, reset=False):
    """X as an array of the estimator's precision, or the PairMatrix as it is; both checked."""
    if not isinstance(X, PairMatrix):
        return validate_data(estimator, X, dtype=np.dtype(estimator.dtype), reset=reset)
    return check_pair_matrix(estimator, X, reset=reset)


def check_X_y(estimator, X, y, reset):
    """Checked X and y of equal length."""
    if not isinstance(X, PairMatrix):
        return validate_data(estimator, X, y, dtype=np.dtype(estimator.dtype), reset=reset)
    X, y = check_X(estimator, X, reset), column_or_1d(y, warn=True)
    if len(y) != len(X):
        raise ValueError(f"X and y must have one row per pair, got {len(X)} rows of X and {len(y)} of y")
    return X, y


def class_numbers(estimator, y, name="y"):
    """Number of each label's class; a ValueError lists labels that are not among the classes."""
    unknown = np.setdiff1d(y, estimator.classes_)
    if len(unknown):
        raise ValueError(f"{name} has labels {unknown} that are not among the classes {estimator.classes_}")
    return np.searchsorted(estimator.classes_, y)


def training_data(estimator, X, y, sample_weight, reset, classes=None):
    """Checked pairs with positive weight; sets ``classes_`` and ``layout_`` where ``reset``.

    Returns
    -------
    X : ndarray or PairMatrix of shape (n, n_features)
    y : ndarray of int of shape (n,)
        Numbers of the classes.
    weight : ndarray of float of shape (n,)
        Weights of pairs times weights of classes.
    """
    layout = layout_of(X)  # a DataFrame may have come out of the steps before
    X, y = check_X_y(estimator, X, y, reset)
    check_classification_targets(y)
    weight = _check_sample_weight(
        sample_weight, y if isinstance(X, PairMatrix) else X, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError("sample_weight is 0 for every pair; give at least one pair a positive weight")
    if not weight.all():  # a pair of weight 0 is an absent pair, also for the held-out share
        keep = np.flatnonzero(weight)
        X, y, weight = X[keep], y[keep], weight[keep]
    if reset:
        estimator.classes_ = np.unique(y if classes is None else classes)
        estimator.layout_ = layout
    if len(estimator.classes_) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least 2 classes; y has 1 class: {estimator.classes_[0]!r}"
        )
    numbers = class_numbers(estimator, y)
    if estimator.class_weight is not None:
        of_class = compute_class_weight(
            estimator.class_weight, classes=estimator.classes_, y=y, sample_weight=weight
        )
        weight = weight * of_class[numbers]
    with np.errstate(over="ignore", under="ignore"):
        total, smallest = weight.sum().astype(np.float32), weight.min().astype(np.float32)
    if not np.isfinite(total) or smallest == 0:  # the loss would be NaN, or leave pairs out in silence
        raise ValueError(
            f"sample_weight (times class_weight) ranges from {weight.min():g} to {weight.max():g}, beyond what the loss can "
            "be computed with; only their ratios matter: divide them by their mean, and give 0 to pairs to leave out"
        )
    return X, numbers, weight


def validation_data(estimator, X_val, y_val):
    """Checked validation pairs and the numbers of their classes."""
    if y_val is None:
        raise ValueError("X_val was given without y_val; give both")
    X, y = check_X_y(estimator, X_val, y_val, reset=False)
    return X, class_numbers(estimator, y, "y_val")
