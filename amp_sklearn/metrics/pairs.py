"""Metrics of a set of predicted pairs, as reported by the published method."""

import warnings

import numpy as np
from sklearn.metrics import auc, matthews_corrcoef, precision_recall_curve, roc_auc_score

PAIR_METRICS = (
    "loss",
    "accuracy",
    "recall",
    "f1",
    "precision",
    "mcc",
    "roc_auc",
    "pr_auc",
    "specificity",
    "balanced_accuracy",
)


def _share(part, whole):
    return part / whole if whole else 0.0


def pair_metrics(y_true, probability, *, names=PAIR_METRICS):
    """Loss, accuracy, recall, F1, precision, MCC, areas under both curves, specificity, balanced accuracy.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        1 for interacting, 0 for not; with several classes their number, 0 to n_classes - 1.
    probability : array-like of shape (n_pairs,) or (n_pairs, n_classes)
        Predicted probability of class 1, or of each class. A pair counts as predicted 1 above 0.5.
    names : sequence of str, default=PAIR_METRICS
        Metrics to compute.

    Returns
    -------
    dict of str to float
        Keys as in ``names``. Loss is the mean cross-entropy over all pairs. ``pr_auc`` is the area
        under the precision-recall curve by the trapezoidal rule, which is the published number (average
        precision is another). With one class in ``y_true``, areas, specificity and balanced accuracy that
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
    y, probability = np.asarray(y_true).astype(int), np.asarray(probability, dtype=float)
    if not len(y) or len(y) != len(probability):
        raise ValueError(
            f"expected one probability per pair and at least one pair, got {len(probability)} for {len(y)}"
        )
    several = probability.ndim == 2 and probability.shape[1] != 2
    if probability.ndim == 2:
        of_true = probability[np.arange(len(y)), y]
        predicted = probability.argmax(axis=1) if several else (probability[:, 1] > 0.5).astype(int)
    else:
        of_true = np.where(y == 1, probability, 1 - probability)
        predicted = (probability > 0.5).astype(int)
    unknown = [name for name in names if name not in PAIR_METRICS]
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
    if n_positive and "pr_auc" in names:
        precision, recall, _ = precision_recall_curve(y, positive)
        result["pr_auc"] = float(auc(recall, precision))
    if 0 < n_positive < len(y):
        result["balanced_accuracy"] = float(np.mean(recalls))
        if "roc_auc" in names:
            result["roc_auc"] = float(roc_auc_score(y, positive))
    return {name: result[name] for name in names}
