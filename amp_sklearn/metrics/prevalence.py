"""Precision where interactions are rare: among all pairs of a proteome they are one in hundreds or thousands."""

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from ._labels import checked

RATIOS = (10, 100, 1000)
"""Negatives per positive that reports give: 1:10, 1:100, 1:1000."""


def _weighted(y_true, probability, ratio, pos_label=None):
    """Labels, probabilities, and weights that make the negatives ``ratio`` times the positives."""
    y, probability = checked(y_true, probability, pos_label)
    if not ratio > 0:
        raise ValueError(f"ratio, negatives per positive, must be positive, got {ratio!r}")
    if y.all() or not y.any():
        raise ValueError(f"both classes must occur to weigh them; all {len(y)} pairs have one label")
    return y, probability, np.where(y, 1.0, ratio * y.sum() / (~y).sum())


def precision_at_ratio(y_true, probability, ratio, *, threshold=0.5, recall=None, pos_label=None):
    """Precision to expect where there are ``ratio`` negatives for each positive.

    Recall and false positive rate of a threshold do not depend on how many negatives a test set holds, precision
    does: ``recall / (recall + ratio * false positive rate)``. A model with precision 0.9 on a balanced test set has
    0.08 at 1:100.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; which is the positive one, ``pos_label`` says.
    probability : array-like of shape (n_pairs,) or (n_pairs, 2)
        Predicted probability of the positive class, or of both.
    ratio : float
        Negatives per positive, such as 100.
    threshold : float, default=0.5
        A pair is predicted positive above it.
    recall : float, default=None
        Instead of ``threshold``: the best precision of all thresholds that reach this recall.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.

    Returns
    -------
    float
        0 if no pair is predicted positive.

    Raises
    ------
    ValueError
        If a parameter, labels or probabilities cannot be used, or a class is missing.

    Notes
    -----
    The rate of false positives is known as finely as there are negatives: with 500 of them none above the threshold
    still allows for 3 in 500 (rule of three), which at 1:1000 is 6 false positives for each positive.

    Examples
    --------
    >>> from amp_sklearn.metrics import precision_at_ratio
    >>> y, p = [1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1]
    >>> [round(precision_at_ratio(y, p, ratio), 3) for ratio in (1, 10, 100)]
    [0.667, 0.167, 0.02]
    >>> precision_at_ratio(y, p, 100, recall=0.5)
    1.0
    """
    y, probability, weight = _weighted(y_true, probability, ratio, pos_label)
    if recall is None:
        predicted = probability > threshold
        total = weight[predicted].sum()
        return float(weight[predicted & y].sum() / total) if total else 0.0
    if not 0 < recall <= 1:
        raise ValueError(f"recall must lie in 0 to 1, got {recall!r}")
    precision, reached, _ = precision_recall_curve(y, probability, sample_weight=weight)
    return float(precision[reached >= recall - 1e-12].max())


def average_precision_at_ratio(y_true, probability, ratio, *, pos_label=None, score=None):
    """Average precision to expect where there are ``ratio`` negatives for each positive.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; which is the positive one, ``pos_label`` says.
    probability : array-like of shape (n_pairs,) or (n_pairs, 2)
        Predicted probability of the positive class, or of both.
    ratio : float
        Negatives per positive. A random order of pairs reaches ``1 / (1 + ratio)``.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.
    score : array-like of shape (n_pairs,), default=None
        What orders the pairs instead of the probability, such as logits, which do not saturate.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``ratio``, labels or probabilities cannot be used, or a class is missing.

    Examples
    --------
    >>> from amp_sklearn.metrics import average_precision_at_ratio
    >>> y, p = [1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1]
    >>> [round(average_precision_at_ratio(y, p, ratio), 3) for ratio in (1, 100)]
    [0.833, 0.51]
    """
    y, probability, weight = _weighted(y_true, probability, ratio, pos_label)
    order = probability if score is None else np.asarray(score, dtype=float)
    return float(average_precision_score(y, order, sample_weight=weight))
