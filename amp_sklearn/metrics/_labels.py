"""Validation of labels and probabilities of two-class predictions, shared by all metrics of this package."""

import numpy as np


def positives(y_true):
    """Which labels are the positive class, the larger of the two.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        0 and 1, -1 and 1, booleans, or any two values. Where one value only occurs it must be 0, 1 or -1: of others
        nobody can tell whether they are the positive ones.

    Returns
    -------
    ndarray of bool of shape (n,)

    Raises
    ------
    ValueError
        If there are more than two labels, or the positive one is unknown.
    """
    y = np.asarray(y_true)
    if y.ndim != 1:
        raise ValueError(f"expected one label per pair, got an array of shape {y.shape}")
    values = np.unique(y)
    if len(values) == 2:
        return y == values[1]
    if len(values) == 1 and values[0] in (-1, 0, 1):
        return y == 1
    raise ValueError(f"expected two classes, got {len(values)}: {values[:5].tolist()}")


def checked(y_true, probability):
    """Labels as booleans and probabilities of the positive class as floats, of one length.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels; see ``positives``.
    probability : array-like of shape (n,) or (n, 2)
        Of the positive class, or of both.

    Returns
    -------
    y : ndarray of bool of shape (n,)
    probability : ndarray of float of shape (n,)

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no pair, or a probability lies outside of 0 to 1.
    """
    probability = np.asarray(probability, dtype=float)
    if probability.ndim == 2 and probability.shape[1] == 2:
        probability = probability[:, 1]
    if probability.ndim != 1 or not len(probability) or len(probability) != len(y_true):
        raise ValueError(
            f"expected one probability per pair and at least one pair, got shape {probability.shape} for {len(y_true)}"
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        wrong = int(np.flatnonzero(~((probability >= 0) & (probability <= 1)))[0])
        raise ValueError(f"probabilities must lie in 0 to 1, got {probability[wrong]} for pair {wrong}")
    return positives(y_true), probability
