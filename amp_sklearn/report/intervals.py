"""Metrics of groups of pairs with bootstrap intervals."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

METRICS = ("roc_auc", "average_precision", "accuracy", "mcc")


def metrics_with_intervals(y, probability, groups, *, n_resamples=200, random_state=0):
    """Metrics of all pairs and of each group, with the middle 95 % of their bootstrap distribution.

    Pairs are drawn with replacement. Pairs that share proteins are not independent, so that the true intervals are
    somewhat wider.

    Parameters
    ----------
    y : ndarray of int of shape (n_pairs,)
        1 for interacting.
    probability : ndarray of shape (n_pairs,)
    groups : ndarray of str of shape (n_pairs,) or None
        Group of each pair, such as C1, C2, C3.
    n_resamples : int, default=200
    random_state : int, default=0

    Returns
    -------
    DataFrame
        One row for all pairs and for each group: ``pairs``, ``n_pairs``, ``n_positive``; text ``value (low to high)`` for
        each metric, a dash where one class is missing.
    """
    parts = {"all": np.ones(len(y), dtype=bool)}
    if groups is not None:
        parts |= {str(name): np.asarray(groups) == name for name in sorted(set(groups))}
    rng = np.random.default_rng(random_state)
    rows = []
    for name, chosen in parts.items():
        y_part, p_part = y[chosen], probability[chosen]
        row = {"pairs": name, "n_pairs": len(y_part), "n_positive": int(y_part.sum())}
        if 0 < y_part.sum() < len(y_part):
            draws = []
            for _ in range(n_resamples):
                drawn = rng.integers(len(y_part), size=len(y_part))
                if 0 < y_part[drawn].sum() < len(drawn):
                    draws.append(_metrics(y_part[drawn], p_part[drawn]))
            low, high = np.percentile(np.array(draws), [2.5, 97.5], axis=0)
            for metric, value, a, b in zip(METRICS, _metrics(y_part, p_part), low, high, strict=True):
                row[metric] = f"{value:.3f} ({a:.3f} to {b:.3f})"
        else:
            row |= dict.fromkeys(METRICS, "–")
        rows.append(row)
    return pd.DataFrame(rows)


def _metrics(y, p):
    predicted = p > 0.5
    tp, tn = (predicted & (y == 1)).sum(), (~predicted & (y == 0)).sum()
    fp, fn = (predicted & (y == 0)).sum(), (~predicted & (y == 1)).sum()
    below = np.sqrt(float(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    mcc = (float(tp) * tn - float(fp) * fn) / below if below else 0.0
    return roc_auc_score(y, p), average_precision_score(y, p), (tp + tn) / len(y), mcc
