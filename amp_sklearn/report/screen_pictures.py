"""Pictures of the page about a screen."""

import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit

from ..screening.score_meaning import EDGES


def _axes(x_label, y_label):
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    ax = figure.add_subplot()
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.spines[["top", "right"]].set_visible(False)
    return figure, ax


def _by_log_odds(ax, histogram):
    """Limit an axis of log-odds to the scores that occur, and label it with probabilities."""
    filled = np.flatnonzero(histogram.counts)
    low, high = EDGES[filled[0]], EDGES[filled[-1] + 1]
    ax.set_xlim(low, high)
    marks = np.array([1e-6, 1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999, 1 - 1e-6])
    odds = np.log(marks / (1 - marks))
    inside = (odds >= low) & (odds <= high)
    if inside.sum() < 2:  # all scores are close to each other
        odds = np.linspace(low, high, 5)
        marks, inside = expit(odds), np.ones(5, dtype=bool)
    ax.set_xticks(odds[inside], [f"{mark:.6g}" for mark in marks[inside]])


def score_picture(histogram):
    """Number of scored pairs by score.

    Parameters
    ----------
    histogram : ScoreHistogram

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, ax = _axes("score (probability, on the scale of log-odds)", "pairs in 0.05 of log-odds")
    ax.stairs(histogram.counts, EDGES, fill=True)
    ax.set_yscale("log")
    _by_log_odds(ax, histogram)
    return figure


def precision_picture(histogram, prevalence, training_prevalence):
    """Expected precision of the pairs that reach a score.

    Parameters
    ----------
    histogram : ScoreHistogram
    prevalence, training_prevalence : float

    Returns
    -------
    matplotlib.figure.Figure
    """
    filled = np.flatnonzero(histogram.counts)
    odds = EDGES[filled[0] : filled[-1] + 1]
    expected = [histogram.expected_precision(expit(at), prevalence, training_prevalence) for at in odds]
    figure, ax = _axes("lowest score", f"expected precision\n(share of true pairs {prevalence:g})")
    ax.plot(odds, expected)
    ax.set_ylim(0, 1)
    _by_log_odds(ax, histogram)
    return figure


def degree_picture(degrees, n_without):
    """Number of proteins by number of kept partners, both on a logarithmic scale.

    Parameters
    ----------
    degrees : dict of int to int
    n_without : int
        Proteins without any.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, ax = _axes("kept partners", "proteins")
    if degrees:
        ax.plot(list(degrees), list(degrees.values()), "o", markersize=4)
        ax.set_xscale("log")
        ax.set_yscale("log")
    ax.set_title(f"{n_without:,} proteins have none", fontsize="medium")
    return figure
