"""Pictures of coverage: nested donuts in ten bins, and hit rates of top against low."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..regions import ALL_TYPES, COVERAGE_BINS, coverage_bins
from ..regions.hit_rates import NO_ANNOTATION
from .style import LABEL, TICK, TITLE, Display, tidy

WHICH_COLORS = {"top": "#0072B2", "low": "#D55E00"}
WHICH_MARKERS = {"top": "o", "low": "s"}
_DODGE = {"top": 0.12, "low": -0.12}
WHICH_LABELS = {"top": "Top", "low": "Low"}


def axes_for(ax, n, figsize, **options):
    """The given ``n`` axes, or new ones in one row, with their figure."""
    if ax is None:
        figure = Figure(figsize=figsize, layout="constrained")
        return figure, np.atleast_1d(figure.subplots(1, n, **options))
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) != n:
        raise ValueError(f"expected {n} Axes, got {len(axes)}")
    return axes[0].figure, axes


class CoverageDonutDisplay(Display):
    """Nested donuts: one ring per rank, the share of pairs in each of ten bins of coverage; top beside low.

    Parameters
    ----------
    counts : DataFrame
        From ``amp_sklearn.regions.coverage_bins``, of one group and one type.
    title : str, default=""

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes
        One per value of ``which``.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.plotting import CoverageDonutDisplay
    >>> table = pd.DataFrame({"pair": [0, 1], "which": "top", "rank": 1, "type": "all types",
    ...                       "coverage": [0.0, 95.0]})
    >>> display = CoverageDonutDisplay.from_coverage(table)
    >>> len(display.ax_)
    1
    """

    ax_: np.ndarray

    def __init__(self, counts, title=""):
        self.counts, self.title = counts, title

    @classmethod
    def from_coverage(cls, coverage, *, type=ALL_TYPES, pairs=None, annotated=None, title="", ax=None):
        """Count coverage in bins and draw.

        Parameters
        ----------
        coverage : DataFrame
            From ``amp_sklearn.regions.coverage``; tables of top and low may be joined.
        type : str, default="all types"
        pairs : array-like of bool of shape (n_pairs,), default=None
            Pairs to count, such as ``outcomes == "TP"``.
        annotated : collection of str, default=None
            Ids of the proteins of which regions are known; segments of the others are drawn in grey, apart from those
            of which 0 to 10 % are covered. By default all proteins count as annotated.
        title : str, default=""
        ax : matplotlib Axes or a sequence of them, default=None
            One per value of ``which``.

        Returns
        -------
        CoverageDonutDisplay

        Raises
        ------
        ValueError
            If no row of the table is of that type and those pairs.
        """
        rows = (coverage["type"] == type).to_numpy()
        if pairs is not None:
            rows = rows & np.asarray(pairs, dtype=bool)[coverage["pair"].to_numpy()]
        if not rows.any():
            known = sorted(map(str, coverage["type"].unique()))
            raise ValueError(f"no row of type {type!r} for these pairs; the table has {', '.join(known)}")
        return cls(coverage_bins(coverage[rows], annotated=annotated), title or type).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw; ``ax`` as in ``from_coverage``.

        Returns
        -------
        CoverageDonutDisplay
        """
        present = set(self.counts["which"].astype(str))
        whiches = [w for w in WHICH_LABELS if w in present]
        self.figure_, self.ax_ = axes_for(ax, len(whiches), (3.3 * len(whiches) + 1.1, 3.9))
        colors = mpl.colormaps["viridis_r"](np.linspace(0.02, 1.0, len(COVERAGE_BINS)))
        names = list(COVERAGE_BINS)
        if NO_ANNOTATION in self.counts:
            colors, names = np.vstack([colors, mpl.colors.to_rgba("#CCCCCC")]), [*names, NO_ANNOTATION]
        for axes, which in zip(self.ax_, whiches, strict=True):
            rows = self.counts[self.counts["which"].astype(str) == which].sort_values("rank")
            self._rings(axes, rows, names, colors, WHICH_LABELS[which])
        handles = [
            Patch(facecolor=c, edgecolor="#555555", linewidth=0.4, label=b.replace("-", "–"))
            for b, c in zip(names, colors, strict=True)
        ]
        self.ax_[-1].legend(
            handles=handles,
            title="covered residues (%)",
            title_fontsize=TICK,
            fontsize=TICK,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(0.98, 0.5),
            labelspacing=0.3,
        )
        self.ax_[0].set_title(self.title, fontsize=TITLE, loc="left")
        return self

    @staticmethod
    def _rings(ax, rows, names, colors, name):
        """Rank 1 innermost; a share of 6 % or more carries its number."""
        width = 0.68 / len(rows)
        for ring, counts in enumerate(rows[names].to_numpy(float)):
            shares = counts / counts.sum()
            radius = 0.32 + width * (ring + 1)
            wedges, _ = ax.pie(
                shares,
                radius=radius,
                colors=colors,
                startangle=90,
                counterclock=False,
                wedgeprops={"width": width, "edgecolor": "white", "linewidth": 0.7},
            )
            for wedge, share, color in zip(wedges, shares, colors, strict=True):
                if share < 0.06:
                    continue
                angle = np.deg2rad((wedge.theta1 + wedge.theta2) / 2)
                dark = mpl.colors.rgb_to_hsv(color[:3])[2] < 0.62
                ax.text(
                    (radius - width / 2) * np.cos(angle),
                    (radius - width / 2) * np.sin(angle),
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    fontsize=TICK - 0.5,
                    color="white" if dark else "black",
                )
        ranks = rows["rank"].tolist()
        inner = (
            f"{name}\n{ranks[0]} (inner)\nto {ranks[-1]} (outer)" if len(ranks) > 1 else f"{name} {ranks[0]}"
        )
        ax.text(0, 0, inner, ha="center", va="center", fontsize=TICK)
        ax.set(xlim=(-1.03, 1.03), ylim=(-1.03, 1.03), aspect="equal")


class HitRateDisplay(Display):
    """Hit rates of top against low, by type; one panel per group of pairs.

    Parameters
    ----------
    hit_rates : DataFrame
        From ``amp_sklearn.regions.hit_rate``; or from ``hit_rate_by_chance``, then the interval of chance is
        drawn behind each marker.
    threshold : float, default=50
        Percent; a threshold of the table.
    rank : str, default="any"
        A rank of the table.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes
        One per group.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.plotting import HitRateDisplay
    >>> from amp_sklearn.regions import hit_rate
    >>> table = pd.DataFrame({"pair": [0, 1] * 2, "which": ["top", "top", "low", "low"], "rank": 1,
    ...                       "type": "Domain", "coverage": [80.0, 60.0, 0.0, 55.0]})
    >>> display = HitRateDisplay.from_hit_rates(hit_rate(table))
    >>> display.ax_[0].get_xlabel()
    'share of pairs (%) with a segment covered to ≥ 50 %'
    """

    ax_: np.ndarray

    def __init__(self, hit_rates, threshold=50, rank="any"):
        self.hit_rates, self.threshold, self.rank = hit_rates, threshold, rank

    @classmethod
    def from_hit_rates(cls, hit_rates, *, threshold=50, rank="any", ax=None):
        """Draw a table of hit rates; parameters as for the class, ``ax``: one Axes per group.

        Returns
        -------
        HitRateDisplay

        Raises
        ------
        ValueError
            If the table has no such threshold and rank.
        """
        return cls(hit_rates, threshold, rank).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Returns
        -------
        HitRateDisplay
        """
        table = self.hit_rates
        table = table[(table["threshold"] == self.threshold) & (table["rank"].astype(str) == str(self.rank))]
        if table.empty:
            raise ValueError(f"the table has no threshold {self.threshold} with rank {self.rank!r}")
        groups, types = list(table["group"].unique()), list(table["type"].unique())
        size = (3.1 * len(groups) + 1.4, 0.42 * len(types) + 1.5)
        self.figure_, self.ax_ = axes_for(ax, len(groups), size, sharex=True, sharey=True)
        places = {type_: len(types) - 1 - i for i, type_ in enumerate(types)}
        for axes, group in zip(self.ax_, groups, strict=True):
            rows = table[table["group"] == group]
            if (
                "expected" not in rows
            ):  # a line between top and low; with chance drawn it would be one too many
                for type_, pair in rows.groupby("type", observed=True):
                    heights = [places[type_] + _DODGE[which] for which in pair["which"].astype(str)]
                    axes.plot(pair["hit_rate"], heights, color="#999999", linewidth=2, zorder=1)
            for which, points in rows.groupby(rows["which"].astype(str)):
                axes.plot(
                    points["hit_rate"],
                    points["type"].map(places).astype(float) + _DODGE[which],
                    WHICH_MARKERS[which],
                    color=WHICH_COLORS[which],
                    markersize=7,
                    label=WHICH_LABELS[which],
                    zorder=2,
                )
            self._draw_chance(axes, rows, places)
            title = f"{group} (n = {rows['n_pairs'].max():,} pairs)"
            tidy(axes, title)
            axes.set_xlim(-3, 103)
            axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
            axes.set_axisbelow(True)
        label = f"share of pairs (%) with a segment covered to ≥ {self.threshold:g} %"
        if ax is None and len(groups) > 1:
            self.figure_.supxlabel(label, fontsize=LABEL)
        else:
            for axes in self.ax_:
                axes.set_xlabel(label, fontsize=LABEL)
        self.ax_[0].set_yticks(list(places.values()), list(places), fontsize=LABEL)
        handles, labels = self.ax_[-1].get_legend_handles_labels()
        order = np.argsort([label != "Top" for label in labels], kind="stable")
        self.ax_[-1].legend(
            [handles[i] for i in order],
            [labels[i] for i in order],
            fontsize=TICK,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )
        return self

    @staticmethod
    def _draw_chance(axes, rows, places):
        """A grey bar from the lower to the upper end of what chance gives, where the table tells it."""
        if "expected_low" not in rows:
            return
        for number, row in enumerate(rows.itertuples()):
            axes.plot(
                [row.expected_low, row.expected_high],
                [places[row.type] + _DODGE[str(row.which)]] * 2,
                color="black",
                linewidth=1.6,
                marker="|",
                markersize=9,
                zorder=3,
                label="chance (95 %)" if number == 0 else None,
            )
