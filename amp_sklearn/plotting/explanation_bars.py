"""Sorted bars of tokens, and the heat map of pairs by tokens."""

import numpy as np
from matplotlib.patches import Patch

from .style import (
    DIVERGING,
    LABEL,
    PROTEIN_COLORS,
    SEQUENTIAL,
    TICK,
    block_of,
    draw_on,
    label_tokens,
    pair_title,
    tidy,
    token_color,
    value_name,
)


def draw_bars(explanation, pair, k, ax):
    """Bars of one pair's values, or of mean magnitudes over all pairs with normal 95 % intervals."""
    labels = np.array(explanation.layout.token_labels)
    interval = None
    if pair is None:
        magnitudes = np.abs(explanation.values)
        values = magnitudes.mean(axis=0)
        if len(explanation) > 1:
            interval = 1.96 * magnitudes.std(axis=0, ddof=1) / np.sqrt(len(explanation))
        signed = "magnitude of " if explanation.signed else ""
        title, xlabel = f"{len(explanation)} pairs", f"mean {signed}{value_name(explanation)}"
        if interval is not None:
            title += ", with 95 % interval of the mean"
    else:
        values = explanation.values[pair]
        title, xlabel = pair_title(explanation, pair), value_name(explanation)
        if explanation.signed:
            xlabel += "\n← against, → for an interaction"
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    own_figure = ax is None
    figure, ax = draw_on(ax, (5.2, 0.21 * len(order) + 1.6))
    ax.barh(
        np.arange(len(order)),
        values[order],
        xerr=None if interval is None else interval[order],
        color=[token_color(label) for label in labels[order]],
        height=0.75,
        error_kw={"elinewidth": 1, "ecolor": "black", "capsize": 1.5},
    )
    ax.set_yticks(np.arange(len(order)), labels[order])
    ax.invert_yaxis()
    ax.set_ylim(len(order) - 0.4, -0.6)
    if (values < 0).any():
        ax.axvline(0, color="black", linewidth=0.8)
    tidy(ax, title=title, xlabel=xlabel)
    present = [block for block in PROTEIN_COLORS if any(block_of(label) == block for label in labels[order])]
    if len(present) > 1:
        handles = [Patch(color=PROTEIN_COLORS[block], label=f"protein {block}") for block in present]
        if own_figure:  # below the axes, where it hides no bar
            figure.legend(handles=handles, fontsize=TICK, frameon=False, loc="outside lower center", ncols=2)
        else:
            ax.legend(handles=handles, fontsize=TICK, frameon=False, loc="lower right")
    return figure, ax


def draw_heatmap(explanation, n_pairs, ax):
    """Values of pairs (rows, most confident prediction first) by tokens (columns)."""
    rows = np.arange(len(explanation))
    if explanation.predictions is not None:
        rows = np.argsort(-explanation.predictions, kind="stable")
    shown = rows
    if len(rows) > n_pairs:  # evenly spread over the order, so that all kinds of predictions are seen
        shown = rows[np.linspace(0, len(rows) - 1, n_pairs).round().astype(int)]
    values = explanation.values[shown]
    height = 0.16 * len(shown) + 1.8
    figure, ax = draw_on(ax, (0.24 * explanation.layout.n_tokens + 3.4, height))
    if explanation.signed:
        bound = np.abs(values).max() or 1.0
        image = ax.imshow(
            values, cmap=DIVERGING, vmin=-bound, vmax=bound, aspect="auto", interpolation="nearest"
        )
    else:
        image = ax.imshow(values, cmap=SEQUENTIAL, aspect="auto", interpolation="nearest")
    label_tokens(ax, explanation.layout, "x", line="black" if explanation.signed else "white")
    names = ["{} – {}".format(*explanation.pair_ids[row]) for row in shown]
    if explanation.predictions is not None:
        names = [f"{n}   {explanation.predictions[r]:.2f}" for n, r in zip(names, shown, strict=True)]
    ax.set_yticks(np.arange(len(shown)), names, fontsize=TICK - 1.5)
    left_out = "" if len(shown) == len(rows) else f" of {len(rows)}"
    probability = "" if explanation.predictions is None else ", with predicted probability"
    ax.set_title(f"{len(shown)}{left_out} pairs{probability}", fontsize=LABEL, loc="left")
    ax.tick_params(axis="y", length=0)
    bar = figure.colorbar(image, ax=ax, shrink=0.7, pad=0.02)
    bar.set_label(value_name(explanation), fontsize=LABEL)
    bar.ax.tick_params(labelsize=TICK)
    return figure, ax
