"""Whether a probability of 0.7 means that 7 of 10 such pairs interact."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from ._labels import checked

STRATEGIES = ("uniform", "quantile")


def _bins(probability, n_bins, strategy):
    """Edges of the bins, and the bin of each pair."""
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {STRATEGIES}, got {strategy!r}")
    if not isinstance(n_bins, int | np.integer) or n_bins < 1:
        raise ValueError(f"n_bins must be a positive integer, got {n_bins!r}")
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":  # equal probabilities stay together, so that there may be fewer bins
        edges = np.unique(np.quantile(probability, edges))
        if len(edges) == 1:
            edges = np.repeat(edges, 2)
    inner = edges[1:-1]
    return edges, np.searchsorted(inner, probability, side="right")


def reliability_curve(y_true, probability, *, n_bins=10, strategy="uniform", confidence=0.95, pos_label=None):
    """Predicted probability and observed share of positives, bin by bin.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; which is the positive one, ``pos_label`` says.
    probability : array-like of shape (n_pairs,) or (n_pairs, 2)
        Predicted probability of the positive class, or of both.
    n_bins : int, default=10
        Number of bins.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width, or of equal numbers of pairs (equal mass).
    confidence : float, default=0.95
        Of the interval of the observed share (Wilson's).
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.

    Returns
    -------
    DataFrame
        One row per bin that holds a pair: ``lower`` and ``upper`` edge, ``n`` pairs, mean ``predicted`` probability,
        ``observed`` share of positives, and its interval ``observed_low``, ``observed_high``.

    Raises
    ------
    ValueError
        If a parameter, labels or probabilities cannot be used.

    Examples
    --------
    >>> from amp_sklearn.metrics import reliability_curve
    >>> reliability_curve([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9], n_bins=2)[["n", "predicted", "observed"]]
       n  predicted  observed
    0  2       0.15       0.0
    1  2       0.75       1.0
    """
    y, probability = checked(y_true, probability, pos_label)
    edges, place = _bins(probability, n_bins, strategy)
    n = np.bincount(place, minlength=len(edges) - 1)
    used = n > 0
    n = n[used]
    predicted = np.bincount(place, weights=probability, minlength=len(edges) - 1)[used] / n
    observed = np.bincount(place, weights=y, minlength=len(edges) - 1)[used] / n
    z = norm.ppf((1 + confidence) / 2)
    centre = (observed + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(observed * (1 - observed) / n + z**2 / (4 * n**2))
    return pd.DataFrame(
        {
            "lower": edges[:-1][used],
            "upper": edges[1:][used],
            "n": n,
            "predicted": predicted,
            "observed": observed,
            "observed_low": np.clip(centre - half, 0, 1),
            "observed_high": np.clip(centre + half, 0, 1),
        }
    )


def expected_calibration_error(y_true, probability, *, n_bins=10, strategy="uniform", pos_label=None):
    """Mean distance of predicted probability and observed share of positives, over bins weighted by their pairs (ECE).

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; which is the positive one, ``pos_label`` says.
    probability : array-like of shape (n_pairs,) or (n_pairs, 2)
        Predicted probability of the positive class, or of both.
    n_bins : int, default=10
        Number of bins; more bins give larger values on the same predictions.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width, or of equal numbers of pairs (equal mass).
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.

    Returns
    -------
    float
        0 is perfect; few pairs per bin give a positive value even to a perfect model.

    Raises
    ------
    ValueError
        If a parameter, labels or probabilities cannot be used.

    References
    ----------
    Naeini, Cooper and Hauskrecht, AAAI 2015, :doi:`10.1609/aaai.v29i1.9602`.

    Examples
    --------
    >>> from amp_sklearn.metrics import expected_calibration_error
    >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9], n_bins=2), 3)
    0.2
    """
    curve = reliability_curve(y_true, probability, n_bins=n_bins, strategy=strategy, pos_label=pos_label)
    return float(np.average(np.abs(curve["predicted"] - curve["observed"]), weights=curve["n"]))
