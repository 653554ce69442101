"""Values of one pair along both sequences, with annotated regions."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from ..data.segments import SEGMENT_TOKENS, segment_bounds
from .style import (
    LABEL,
    OTHER_COLOR,
    PROTEIN_COLORS,
    REGION_COLORS,
    TICK,
    TITLE,
    pair_title,
    tidy,
    value_name,
)

REGION_COLUMNS = ("protein", "type", "start", "end")


def draw_tracks(explanation, pair, regions, axes):
    """Two stacked panels, protein A above protein B, residues from left to right on one scale.

    Without residue-resolved values each residue is drawn at the value of its segment, because that is what
    is known.
    """
    resolved = explanation.residue_values is not None
    sides = explanation.residues(pair, spread="value") if not resolved else explanation.residues(pair)
    types = _types(explanation, pair, regions)
    colors = dict(zip(types, REGION_COLORS * len(types), strict=False))
    if axes is None:
        figure = Figure(figsize=(8, 3.6 + (0.5 if len(types) else 0)), layout="constrained")
        axes = figure.subplots(2, 1, sharex=True, sharey=True)
    else:
        figure = np.asarray(axes).ravel()[0].figure
    axes = np.asarray(axes).ravel()
    if len(axes) != 2:
        raise ValueError(f"a track needs two Axes, one per protein, got {len(axes)}")
    every = np.concatenate([*sides, np.zeros(1)])
    low, high = float(every.min()), float(every.max())
    room = (high - low) or 1.0
    for position, (ax, values, block) in enumerate(zip(axes, sides, "AB", strict=True)):
        name = explanation.pair_ids[pair][position]
        length = len(values)
        ax.stairs(values, np.arange(length + 1) + 0.5, fill=True, color=PROTEIN_COLORS[block], alpha=0.75)
        for start, end in segment_bounds(length):
            if start < end < length:
                ax.axvline(
                    end + 0.5, ymin=0.24 if len(types) else 0.0, color="black", linewidth=0.4, alpha=0.35
                )
        _label_segments(ax, explanation.layout, length)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_ylim(low - (0.32 if len(types) else 0.06) * room, high + 0.14 * room)
        _draw_regions(ax, regions, name, colors, low - 0.28 * room, 0.18 * room)
        ticks = ax.get_yticks()
        ax.set_yticks(ticks[(ticks >= low - 0.02 * room) & (ticks <= high + 0.12 * room)])
        tidy(ax)
        ax.text(
            1.0,
            1.0,
            f"{name} (protein {block}, {length} residues)",
            transform=ax.transAxes,
            ha="right",
            va="bottom",
            fontsize=LABEL,
            color=PROTEIN_COLORS[block],
        )
    axes[0].set_title(pair_title(explanation, pair), fontsize=TITLE, loc="left")
    axes[0].set_xlim(0.5, max(len(side) for side in sides) + 0.5)
    axes[1].set_xlabel("residue", fontsize=LABEL)
    label = value_name(explanation) + ("\nper residue" if resolved else "\nof the segment")
    figure.supylabel(label, fontsize=LABEL)
    if len(types):
        axes[1].legend(
            handles=[Patch(color=colors[kind], label=kind) for kind in types],
            fontsize=TICK,
            frameon=False,
            ncols=min(6, len(types)),
            loc="upper center",
            bbox_to_anchor=(0.5, -0.28),
        )
    return figure, axes


def _label_segments(ax, layout, length):
    """Numbers of the segments above the track, where they are wide enough to hold one."""
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


def _types(explanation, pair, regions):
    if regions is None:
        return []
    missing = [column for column in REGION_COLUMNS if column not in regions.columns]
    if missing:
        raise ValueError(f"regions need the columns {list(REGION_COLUMNS)}, missing: {missing}")
    here = regions[regions["protein"].isin(list(explanation.pair_ids[pair]))]
    return sorted(here["type"].unique())


def _draw_regions(ax, regions, protein, colors, bottom, height):
    """One lane per region type, so that overlapping types stay visible."""
    if regions is None or not colors:
        return
    lane = height / len(colors)
    known = regions.dropna(subset=["start", "end"])  # a region without both ends has no place on the track
    for row in known[known["protein"] == protein].itertuples():
        number = list(colors).index(row.type)
        ax.add_patch(
            Rectangle(
                (row.start - 0.5, bottom + height - (number + 1) * lane),
                row.end - row.start + 1,
                lane * 0.85,
                facecolor=colors[row.type],
                edgecolor="none",
            )
        )
