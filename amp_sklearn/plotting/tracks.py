"""Values of one pair along both sequences: the panel of one protein, and the plain picture of both."""

import numpy as np
from matplotlib.figure import Figure

from ..data.segments import SEGMENT_TOKENS, segment_bounds
from .style import LABEL, OTHER_COLOR, PROTEIN_COLORS, TICK, TITLE, pair_title, tidy, value_name


def residue_values(explanation, pair):
    """Values to draw for both proteins, and what one value stands for.

    Where nothing finer is known each residue is drawn at the value of its segment, because that is what is known.

    Returns
    -------
    (ndarray, ndarray), str
        Values of protein A and of protein B; ``"per residue"`` or ``"of the segment"``.
    """
    if explanation.residue_values is not None:
        return explanation.residues(pair), "per residue"
    return explanation.residues(pair, spread="value"), "of the segment"


def draw_values(ax, values, color):
    """The panel of one protein: a value per residue, and a line where a segment ends."""
    ax.stairs(values, np.arange(len(values) + 1) + 0.5, fill=True, color=color)
    ax.axhline(0, color="black", linewidth=0.7)
    mark_segments(ax, len(values))


def mark_segments(ax, length):
    """A line where each segment of a protein ends."""
    for start, end in segment_bounds(length):
        if start < end:
            ax.axvline(end + 0.5, color="black", linewidth=0.4, alpha=0.3)


def draw_tracks(explanation, pair, axes):
    """Two stacked panels, protein A above protein B, residues from left to right on one scale."""
    sides, stands_for = residue_values(explanation, pair)
    if axes is None:
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.subplots(2, 1, sharex=True, sharey=True)
    axes = np.asarray(axes).ravel()
    if len(axes) != 2:
        raise ValueError(f"a track without regions needs two Axes, one per protein, got {len(axes)}")
    every = np.concatenate([*sides, np.zeros(1)])
    room = float(np.ptp(every)) or 1.0
    for position, (ax, values, block) in enumerate(zip(axes, sides, "AB", strict=True)):
        draw_values(ax, values, PROTEIN_COLORS[block])
        _number_segments(ax, explanation.layout, len(values))
        ax.set_ylim(every.min() - 0.06 * room, every.max() + 0.14 * room)
        tidy(ax)
        name = explanation.pair_ids[pair][position]
        ax.text(
            1.0,
            1.0,
            f"{name} (protein {block}, {len(values)} residues)",
            transform=ax.transAxes,
            ha="right",
            va="bottom",
            fontsize=LABEL,
            color=PROTEIN_COLORS[block],
        )
    axes[0].set_title(pair_title(explanation, pair), fontsize=TITLE, loc="left")
    axes[0].set_xlim(0.5, max(len(side) for side in sides) + 0.5)
    axes[1].set_xlabel("residue", fontsize=LABEL)
    axes[0].figure.supylabel(f"{value_name(explanation)}\n{stands_for}", fontsize=LABEL)
    return axes[0].figure, axes


def _number_segments(ax, layout, length):
    """Numbers of the segments above the track, where the model reads segments."""
    if not set(SEGMENT_TOKENS) & set(layout.tokens):
        return
    for number, (start, end) in enumerate(segment_bounds(length)):
        if end > start:
            ax.text(
                (start + end + 1) / 2,
                0.985,
                str(number),
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="top",
                fontsize=TICK - 1,
                color=OTHER_COLOR,
            )
