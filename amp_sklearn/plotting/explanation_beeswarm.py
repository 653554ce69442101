"""Beeswarm of token values: one dot per pair and token."""

import numpy as np
from matplotlib.colors import Normalize

from .style import LABEL, TICK, draw_on, tidy, token_color, value_name

_BINS = 60


def draw_beeswarm(explanation, k, ax):
    """Tokens from top to bottom by mean magnitude; dots pile up where values are frequent, coloured by prediction."""
    order = np.argsort(-np.abs(explanation.values).mean(axis=0), kind="stable")[:k]
    figure, ax = draw_on(ax, (6.2, 0.3 * len(order) + 1.3))
    span = explanation.values.min(), explanation.values.max()
    edges = np.linspace(*span, _BINS + 1) if span[0] < span[1] else np.array([span[0] - 0.5, span[0] + 0.5])
    coloured = explanation.predictions is not None
    dots = None
    for place, token in enumerate(order):
        values = explanation.values[:, token]
        offsets = pile_up(np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2))
        dots = ax.scatter(
            values,
            place + offsets,
            s=7,
            linewidths=0,
            c=explanation.predictions if coloured else "#333333",
            cmap="viridis" if coloured else None,
            norm=Normalize(0, 1) if coloured else None,
            rasterized=len(explanation) > 500,
        )
    ax.set_yticks(np.arange(len(order)), [explanation.layout.token_labels[token] for token in order])
    ax.set_ylim(len(order) - 0.4, -0.6)
    tidy(ax, title=f"{len(explanation)} pairs", xlabel=value_name(explanation))
    for text in ax.get_yticklabels():
        text.set_color(token_color(text.get_text()))
    ax.grid(axis="y", linewidth=0.4, color="#dddddd")
    ax.set_axisbelow(True)
    if span[0] <= 0 <= span[1]:
        ax.axvline(0, color="black", linewidth=0.8)
    if coloured:
        bar = figure.colorbar(dots, ax=ax, shrink=0.7, pad=0.02)
        bar.set_label("predicted probability", fontsize=LABEL)
        bar.ax.tick_params(labelsize=TICK)
    return figure, ax


def pile_up(bins):
    """Vertical offsets that spread the dots of one bin around the middle, at most 0.4 away from it.

    Parameters
    ----------
    bins : ndarray of int of shape (n,)
        Bin of each dot.

    Returns
    -------
    ndarray of shape (n,)
    """
    place = np.empty(len(bins))
    counts = np.bincount(bins)
    for number in np.flatnonzero(counts):
        inside = np.flatnonzero(bins == number)
        rank = np.arange(len(inside))
        place[inside] = (rank + 1) // 2 * np.where(rank % 2, 1, -1)
    # dots are 0.06 apart until the fullest bin would leave its row
    return place * min(0.06, 0.4 / max(1, counts.max() // 2))
