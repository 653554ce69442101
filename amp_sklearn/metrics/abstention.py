"""How much more accurate a model is when it gives no answer for its least confident pairs."""

import numpy as np
import pandas as pd

from ._labels import checked


def risk_coverage_curve(y_true, probability, *, confidence=None, pos_label=None):
    """Error rate among the most confident pairs, for every number of pairs answered.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; which is the positive one, ``pos_label`` says.
    probability : array-like of shape (n_pairs,) or (n_pairs, 2)
        Predicted probability of the positive class, or of both; above 0.5 is predicted positive.
    confidence : array-like of shape (n_pairs,), default=None
        What decides which pairs are answered first; None is the distance of the probability from 0.5.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.

    Returns
    -------
    DataFrame
        One row per distinct confidence, falling: ``confidence``, ``coverage`` (share of pairs answered, those at
        least as confident) and ``risk`` (share of them that is answered wrongly).

    Raises
    ------
    ValueError
        If labels, probabilities or confidences cannot be used.

    References
    ----------
    El-Yaniv and Wiener, Journal of Machine Learning Research 2010, 11:1605-1641.

    Examples
    --------
    >>> from amp_sklearn.metrics import risk_coverage_curve
    >>> risk_coverage_curve([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.55])[["coverage", "risk"]].round(2)
       coverage  risk
    0      0.25  0.00
    1      0.50  0.00
    2      0.75  0.33
    3      1.00  0.50
    """
    y, probability = checked(y_true, probability, pos_label)
    confidence = np.abs(probability - 0.5) if confidence is None else np.asarray(confidence, dtype=float)
    if confidence.shape != probability.shape or np.isnan(confidence).any():
        raise ValueError(
            f"expected one confidence for each of {len(y)} pairs, none of them NaN, got shape {confidence.shape}"
        )
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(((probability > 0.5) != y)[order])
    answered = np.arange(1, len(y) + 1)
    last = np.append(
        confidence[order][1:] != confidence[order][:-1], True
    )  # equal ones are answered together
    return pd.DataFrame(
        {
            "confidence": confidence[order][last],
            "coverage": answered[last] / len(y),
            "risk": wrong[last] / answered[last],
        }
    )


def area_under_risk_coverage(y_true, probability, *, confidence=None, pos_label=None):
    """Mean error rate over all coverages (AURC); lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; which is the positive one, ``pos_label`` says.
    probability : array-like of shape (n_pairs,) or (n_pairs, 2)
        Predicted probability of the positive class, or of both.
    confidence : array-like of shape (n_pairs,), default=None
        As in ``risk_coverage_curve``.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.

    Returns
    -------
    float
        The error rate itself if the confidence knows nothing.

    Raises
    ------
    ValueError
        If labels, probabilities or confidences cannot be used.

    Examples
    --------
    >>> from amp_sklearn.metrics import area_under_risk_coverage
    >>> round(area_under_risk_coverage([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.55]), 3)
    0.208
    """
    curve = risk_coverage_curve(y_true, probability, confidence=confidence, pos_label=pos_label)
    return float(np.average(curve["risk"], weights=np.diff(curve["coverage"], prepend=0)))
