"""Metrics of a set of predicted pairs, as reported by the published method."""

import warnings

import numpy as np
from sklearn.metrics import (
    auc,
    average_precision_score,
    matthews_corrcoef,
    precision_recall_curve,
    roc_auc_score,
)

from ._labels import positives

PAIR_METRICS = (
    "loss",
    "accuracy",
    "recall",
    "f1",
    "precision",
    "mcc",
    "roc_auc",
    "average_precision",
    "pr_auc_trapezoid",
    "specificity",
    "balanced_accuracy",
)


def _share(part, whole):
    return part / whole if whole else 0.0


def pair_metrics(y_true, probability, *, names=PAIR_METRICS, pos_label=None, score=None):
    """Loss, accuracy, recall, F1, precision, MCC, areas, specificity, balanced accuracy.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        1 for interacting, 0 for not, or two other labels of which ``pos_label`` names the positive one; with several
        classes their number, 0 to n_classes - 1.
    probability : array-like of shape (n_pairs,) or (n_pairs, n_classes)
        Predicted probability of the positive class, or of each class (the positive one last). A pair counts as
        predicted positive above 0.5.
    names : sequence of str, default=PAIR_METRICS
        Metrics to compute.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.
    score : array-like of shape (n_pairs,), default=None
        What orders the pairs for ROC AUC, average precision and the trapezoid area instead of the probability, such as
        logits: probabilities of large logits round to the same number, which makes ties.

    Returns
    -------
    dict of str to float
        Keys as in ``names``. Loss is the mean cross-entropy over all pairs. ``average_precision`` is
        the number to compare models by. ``pr_auc_trapezoid`` is the area under the precision-recall curve by the
        trapezoidal rule, as published; it interpolates over ties, so that a constant prediction on balanced labels
        reaches 0.75 where its average precision is 0.5. With one class in ``y_true``, areas, specificity and balanced accuracy that
        need the other are NaN. With more than two classes only ``loss``, ``accuracy``, ``mcc`` and
        ``balanced_accuracy`` are defined; the others are NaN.

    Raises
    ------
    ValueError
        If the shapes do not fit together, there is no pair, or a metric is unknown.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> from amp_sklearn.metrics import pair_metrics
    >>> metrics = pair_metrics([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.3])
    >>> metrics["accuracy"], metrics["recall"], metrics["roc_auc"]
    (0.75, 0.5, 1.0)
    """
    probability = np.asarray(probability, dtype=float)
    several = probability.ndim == 2 and probability.shape[1] != 2
    y = np.asarray(y_true)
    if len(y) and not several and (pos_label is not None or not np.isin(y, (0, 1)).all()):
        y = positives(y, pos_label)
    y = y.astype(int)
    if not len(y) or len(y) != len(probability):
        raise ValueError(
            f"expected one probability per pair and at least one pair, got {len(probability)} for {len(y)}"
        )
    if probability.ndim == 2:
        of_true = probability[np.arange(len(y)), y]
        predicted = probability.argmax(axis=1) if several else (probability[:, 1] > 0.5).astype(int)
    else:
        of_true = np.where(y == 1, probability, 1 - probability)
        predicted = (probability > 0.5).astype(int)
    unknown = [name for name in names if name not in PAIR_METRICS]
    if "pr_auc" in unknown:
        raise ValueError(
            "there is no metric 'pr_auc': 'average_precision' is the headline, 'pr_auc_trapezoid' the published area"
        )
    if unknown:
        raise ValueError(f"unknown metrics {unknown}; there are {list(PAIR_METRICS)}")
    result = dict.fromkeys(PAIR_METRICS, np.nan)
    result["loss"] = float(-np.log(np.maximum(of_true, np.finfo(float).tiny)).mean())
    result["accuracy"] = float((predicted == y).mean())
    recalls = [float((predicted[y == label] == label).mean()) for label in np.unique(y)]
    if "mcc" in names:
        with warnings.catch_warnings():  # one class only: the value is 0, and that is what is reported
            warnings.simplefilter("ignore")
            result["mcc"] = float(matthews_corrcoef(y, predicted))
    if several:
        result["balanced_accuracy"] = float(np.mean(recalls))
        return {name: result[name] for name in names}
    true_positives = int(((predicted == 1) & (y == 1)).sum())
    n_positive, n_predicted = int((y == 1).sum()), int((predicted == 1).sum())
    result["recall"] = _share(true_positives, n_positive)
    result["precision"] = _share(true_positives, n_predicted)
    result["f1"] = _share(2 * true_positives, n_positive + n_predicted)
    if n_positive < len(y):
        result["specificity"] = float((predicted[y == 0] == 0).mean())
    positive = probability[:, 1] if probability.ndim == 2 else probability
    if score is not None:
        positive = np.asarray(score, dtype=float)
        if positive.shape != y.shape:
            raise ValueError(f"expected one score for each of {len(y)} pairs, got shape {positive.shape}")
    if n_positive and "average_precision" in names:
        result["average_precision"] = float(average_precision_score(y, positive))
    if n_positive and "pr_auc_trapezoid" in names:
        precision, recall, _ = precision_recall_curve(y, positive)
        result["pr_auc_trapezoid"] = float(auc(recall, precision))
    if 0 < n_positive < len(y):
        result["balanced_accuracy"] = float(np.mean(recalls))
        if "roc_auc" in names:
            result["roc_auc"] = float(roc_auc_score(y, positive))
    return {name: result[name] for name in names}
