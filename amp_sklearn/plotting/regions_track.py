"""One pair: attribution along both proteins, its top and low segments, and the annotated regions below."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from ..data.segments import SEGMENT_TOKENS, segment_bounds
from ..explanation import Explanation
from ..regions import UNIPROT_TYPES, AnnotatedResidues, protein_lengths
from ..regions.ranking import rank_pairs
from .regions_coverage import WHICH_COLORS
from .style import (
    LABEL,
    OTHER_COLOR,
    REGION_COLORS,
    TICK,
    Display,
    pair_title,
    tidy,
    value_name,
)
from .tracks import draw_values, mark_segments, residue_values

_VALUE_COLOR = "#A0A0A0"  # no colour of a rank or a region type


def _one_pair(explanation, pair, lengths):
    """What the track needs of one pair, as an explanation of its own, with the lengths of the given sequences."""
    resolved = explanation.residue_values
    return Explanation(
        explanation.values[pair : pair + 1],
        explanation.layout,
        explanation.method,
        pair_ids=explanation.pair_ids[pair : pair + 1],
        residue_values=None if resolved is None else resolved[pair : pair + 1],
        lengths=lengths[None],
    )


class RegionTrackDisplay(Display):
    """Sequence track of one pair: for each protein its attribution, and a lane of regions per type.

    Top and low segments are marked. Overlapping regions of a type are drawn as their union, which is what
    coverage counts.

    Parameters
    ----------
    explanation : Explanation
    annotations : DataFrame
        Annotation table, see ``amp_sklearn.regions.read_annotations``.
    sequences : mapping, Series or DataFrame
        Sequence or length of each protein.
    pair : int, default=0
        Row of the explanation.
    types : sequence of str or "any", default=UNIPROT_TYPES
    k : int, default=3
        Top and low segments to mark.
    fuzzy, outside : str
        See ``amp_sklearn.regions.AnnotatedResidues``.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes
        Attribution and regions of protein A, then of protein B.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout
    >>> from amp_sklearn.explanation import Explanation
    >>> from amp_sklearn.plotting import RegionTrackDisplay
    >>> from amp_sklearn.regions import annotation_table
    >>> values = np.linspace(0, 1, 20)[None]
    >>> layout = FeatureLayout(SEGMENT_TOKENS, 4)
    >>> explanation = Explanation(values, layout, "attention", pair_ids=[("P1", "P2")])
    >>> regions = annotation_table([("P1", "Domain", 5, 60), ("P2", "Motif", 10, 14)])
    >>> display = RegionTrackDisplay.from_explanation(explanation, regions, {"P1": 80, "P2": 120})
    >>> len(display.ax_)
    4
    """

    ax_: np.ndarray

    def __init__(
        self,
        explanation,
        annotations,
        sequences,
        pair=0,
        types=UNIPROT_TYPES,
        k=3,
        fuzzy="use",
        outside="raise",
    ):
        self.explanation, self.annotations, self.sequences = explanation, annotations, sequences
        self.pair, self.types, self.k, self.fuzzy, self.outside = pair, types, k, fuzzy, outside

    @classmethod
    def from_explanation(cls, explanation, annotations, sequences, *, pair=0, ax=None, **options):
        """Draw one pair.

        Parameters
        ----------
        explanation, annotations, sequences, pair
            As for the class.
        ax : sequence of four matplotlib Axes, default=None
        **options
            ``types``, ``k``, ``fuzzy``, ``outside`` of the class.

        Returns
        -------
        RegionTrackDisplay

        Raises
        ------
        IndexError
            If there is no such pair.
        KeyError
            If a protein of the pair has no sequence.
        """
        return cls(explanation, annotations, sequences, pair, **options).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw; ``ax``: four Axes, attribution and regions of protein A, then of protein B.

        Returns
        -------
        RegionTrackDisplay
        """
        explanation = self.explanation
        if not 0 <= self.pair < len(explanation):
            raise IndexError(f"pair must lie in 0..{len(explanation) - 1}, got {self.pair}")
        pair_ids = explanation.pair_ids[self.pair : self.pair + 1]
        lengths = protein_lengths(self.sequences)
        ids = [i for i in dict.fromkeys(pair_ids[0]) if i in lengths.index]
        annotated = AnnotatedResidues(
            self.annotations, lengths.loc[ids], self.types, self.fuzzy, self.outside
        )
        rows = annotated.rows(pair_ids)
        one = _one_pair(explanation, self.pair, annotated.lengths[rows[0]])
        everything = annotated.count(rows[0], [0, 0], annotated.lengths[rows[0]])
        types = [t for t, count in zip(annotated.types, everything[:, :-1].T, strict=False) if count.any()]
        self.figure_, self.ax_ = self._axes(ax, max(len(types), 1))
        bounds = [segment_bounds(int(annotated.lengths[row])) for row in rows[0]]
        values, stands_for = residue_values(one, 0)
        every = np.concatenate([*values, [0.0]])
        room = 0.08 * (np.ptp(every) or 1.0)
        selections = {}
        if set(SEGMENT_TOKENS) <= set(one.layout.tokens):
            selections = {
                which: rank_pairs(one, self.k, which, "segment", rows, annotated.lengths)
                for which in ("top", "low")
            }
        width = int(annotated.lengths[rows].max())
        for side, block in enumerate("AB"):
            top, bottom = self.ax_[2 * side], self.ax_[2 * side + 1]
            name, length = one.pair_ids[0, side], int(annotated.lengths[rows[0, side]])
            draw_values(top, values[side], _VALUE_COLOR)
            top.set_ylim(every.min() - room, every.max() + 3 * room)
            self._mark(top, selections, side, bounds[side], every.max() + room)
            tidy(top)
            top.tick_params(labelbottom=False)
            top.set_title(
                f"{block}: {name}, {length} residues",
                fontsize=LABEL,
                loc="left",
                pad=3,
            )
            self._lanes(bottom, annotated.mask(int(rows[0, side])), annotated.types, types)
            mark_segments(bottom, length)
            for axes in (top, bottom):
                axes.set_xlim(0.5, width + 0.5)
        self.ax_[3].set_xlabel("residue", fontsize=LABEL)
        label = f"{value_name(explanation)} {stands_for}"
        if ax is None:
            self.figure_.supylabel(label, fontsize=LABEL)
            self.figure_.suptitle(pair_title(explanation, self.pair), fontsize=LABEL + 1, x=0.01, ha="left")
            if selections:
                handles = [
                    Patch(facecolor=WHICH_COLORS["top"], label=f"top {self.k} segments"),
                    Patch(facecolor="white", edgecolor=WHICH_COLORS["low"], label=f"low {self.k} segments"),
                ]
                self.figure_.legend(handles=handles, loc="upper right", ncols=2, fontsize=TICK, frameon=False)
        else:
            for axes in (self.ax_[0], self.ax_[2]):
                axes.set_ylabel(label, fontsize=TICK)
        return self

    @staticmethod
    def _axes(ax, n_lanes):
        if ax is not None:
            axes = np.asarray(ax, dtype=object).ravel()
            if len(axes) != 4:
                raise ValueError(f"a region track needs four Axes, got {len(axes)}")
            return axes[0].figure, axes
        lanes = 0.24 * n_lanes
        figure = Figure(figsize=(8.6, 2 * (1.15 + lanes) + 1.1), layout="constrained")
        axes = figure.subplots(4, 1, height_ratios=[1.15, lanes, 1.15, lanes], sharex=True)
        return figure, axes

    @staticmethod
    def _mark(ax, selections, side, bounds, y):
        """Numbered bars over the top segments, open ones over the low segments."""
        height = 0.09 * np.ptp(ax.get_ylim())
        for which, selection in selections.items():
            for rank, (s, number) in enumerate(
                zip(selection.side[0], selection.number[0], strict=True), start=1
            ):
                start, end = bounds[number]
                if s != side or start == end:
                    continue
                color = WHICH_COLORS[which]
                filled = which == "top"
                ax.add_patch(
                    Rectangle(
                        (start + 0.5, y),
                        end - start,
                        height,
                        facecolor=color if filled else "white",
                        edgecolor=color,
                        linewidth=1.2,
                    )
                )
                ax.text(
                    (start + end + 1) / 2,
                    y + height / 2,
                    str(rank),
                    ha="center",
                    va="center",
                    fontsize=TICK - 1,
                    color="white" if filled else color,
                )

    @staticmethod
    def _lanes(ax, mask, all_types, types):
        """The union of the regions of each type, one lane per type."""
        for lane, type_ in enumerate(reversed(types)):
            covered = np.concatenate([[False], mask[:, all_types.index(type_)], [False]])
            changes = np.flatnonzero(np.diff(covered))
            stretches = [(s + 0.5, e - s) for s, e in zip(changes[::2], changes[1::2], strict=True)]
            color = REGION_COLORS[(len(types) - 1 - lane) % len(REGION_COLORS)]
            ax.broken_barh(
                stretches, (lane + 0.15, 0.7), facecolors=color, edgecolor="#444444", linewidth=0.4
            )
        tidy(ax)
        ax.set_ylim(0, max(len(types), 1))
        ax.set_yticks(np.arange(len(types)) + 0.5, list(reversed(types)), fontsize=TICK)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        if not types:
            ax.text(
                0.5,
                0.5,
                "no annotated region",
                transform=ax.transAxes,
                ha="center",
                va="center",
                fontsize=TICK,
                color=OTHER_COLOR,
            )
