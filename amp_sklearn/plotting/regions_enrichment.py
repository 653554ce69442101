"""Forest plot of enrichment: observed over expected coverage, by type, with confidence intervals."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .regions_coverage import WHICH_COLORS, WHICH_LABELS, WHICH_MARKERS, axes_for
from .style import LABEL, TICK, Display, tidy

_TICKS = (0.1, 0.25, 0.5, 0.7, 1, 1.4, 2, 4, 10)


class EnrichmentForestDisplay(Display):
    """Forest plot: fold enrichment of each type with its confidence interval; one panel per group of pairs.

    A filled marker has a Benjamini-Hochberg adjusted p-value below ``alpha``, an open one has not. Lines are the bootstrap
    intervals of the table. Where one single protein offered a choice (``n_informative`` is 1), the p-value is followed by
    an asterisk, which the legend explains: neither test nor interval says anything beyond that protein.

    Parameters
    ----------
    table : DataFrame
        From ``amp_sklearn.regions.enrichment``.
    alpha : float, default=0.05

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes
        One per group.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.plotting import EnrichmentForestDisplay
    >>> table = pd.DataFrame({"group": "TP", "which": ["top", "low"], "type": "Domain", "n_pairs": 90,
    ...                       "fold": [1.2, 0.8], "fold_low": [1.1, 0.6], "fold_high": [1.3, 1.1],
    ...                       "p_adjusted": [0.01, 0.2]})
    >>> EnrichmentForestDisplay.from_enrichment(table).ax_[0].get_title(loc="left")
    'TP (n = 90 pairs)'
    """

    ax_: np.ndarray

    def __init__(self, table, alpha=0.05):
        self.table, self.alpha = table, alpha

    @classmethod
    def from_enrichment(cls, table, *, alpha=0.05, ax=None):
        """Draw a table of enrichment; parameters as for the class, ``ax``: one Axes per group.

        Returns
        -------
        EnrichmentForestDisplay

        Raises
        ------
        ValueError
            If nothing in the table could be tested.
        """
        return cls(table, alpha).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Returns
        -------
        EnrichmentForestDisplay
        """
        table = self.table[self.table["fold"].notna()]
        if table.empty:
            raise ValueError("no fold enrichment to draw: no region of these types in the selected proteins")
        groups = list(table["group"].unique())
        types = list(table["type"].unique())
        whiches = [w for w in WHICH_LABELS if w in set(table["which"])]
        size = (3.9 * len(groups) + 1.8, max(0.34 * len(types) * len(whiches) + 1.4, 2.2))
        self.figure_, self.ax_ = axes_for(ax, len(groups), size, sharex=True, sharey=True)
        shift = dict(
            zip(whiches, np.linspace(0.19, -0.19, len(whiches)) if len(whiches) > 1 else [0], strict=True)
        )
        places = {type_: len(types) - 1 - i for i, type_ in enumerate(types)}
        limits = self._limits(table)
        for axes, group in zip(self.ax_, groups, strict=True):
            rows = table[table["group"] == group]
            axes.axvline(1, color="black", linewidth=0.9)
            for y in list(places.values())[:-1]:
                axes.axhline(y - 0.5, color="#E5E5E5", linewidth=0.6)
            for row in rows.itertuples():
                self._draw_row(axes, row, places[row.type] + shift[row.which])
            axes.set_xscale("log")
            axes.set_xlim(limits)
            ticks = [tick for tick in _TICKS if limits[0] <= tick <= limits[1]]
            axes.xaxis.set_major_locator(FixedLocator(ticks))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            tidy(axes, f"{group} (n = {rows['n_pairs'].max():,} pairs)")
            axes.set_ylim(-0.6, len(types) - 0.4)
            axes.text(1.01, 1.0, "adjusted", transform=axes.transAxes, fontsize=TICK, va="bottom")
        label = "fold enrichment (observed / expected coverage)"
        if ax is None and len(groups) > 1:
            self.figure_.supxlabel(label, fontsize=LABEL)
        else:
            for axes in self.ax_:
                axes.set_xlabel(label, fontsize=LABEL)
        self.ax_[0].set_yticks(list(places.values()), list(places), fontsize=LABEL)
        self._legend(whiches, alone=_of_one_protein(table).any(), inside=ax is not None)
        return self

    def _draw_row(self, axes, row, y):
        color, significant = WHICH_COLORS[row.which], row.p_adjusted < self.alpha
        if row.fold_low == row.fold_low and row.fold_low > 0:
            axes.hlines(y, row.fold_low, row.fold_high, color=color, linewidth=1.8)
        if row.fold > 0:
            axes.plot(
                row.fold,
                y,
                WHICH_MARKERS[row.which],
                color=color,
                markerfacecolor=color if significant else "white",
                markersize=6.5,
                markeredgewidth=1.5,
            )
        text = "n/a" if row.p_adjusted != row.p_adjusted else _p_text(row.p_adjusted)
        if getattr(row, "n_informative", None) == 1:
            text += " *"
        axes.text(
            1.01, y, text, transform=axes.get_yaxis_transform(), fontsize=TICK, va="center", color=color
        )

    @staticmethod
    def _limits(table):
        """The same distance to both sides of 1, up to a tenfold change."""
        ends = np.concatenate([table[c].to_numpy(float) for c in ("fold", "fold_low", "fold_high")])
        ends = ends[np.isfinite(ends) & (ends > 0)]
        reach = min(np.exp(np.abs(np.log(ends)).max(initial=0.0)) * 1.12, 11.0)
        return 1 / max(reach, 1.3), max(reach, 1.3)

    def _legend(self, whiches, alone, inside):
        """Beside all panels, where the layout makes room for it; on given axes beside the last one."""
        handles = [
            Line2D(
                [], [], color=WHICH_COLORS[w], marker=WHICH_MARKERS[w], linewidth=1.8, label=WHICH_LABELS[w]
            )
            for w in whiches
        ]
        for fill, sign in (("#444444", "<"), ("white", "≥")):
            label = f"adjusted p {sign} {self.alpha:g}"
            handles.append(
                Line2D([], [], color="#444444", marker="o", linestyle="", markerfacecolor=fill, label=label)
            )
        handles.append(Line2D([], [], color="#444444", linewidth=1.8, label="bootstrap interval"))
        if alone:
            handles.append(Line2D([], [], linestyle="", label="* of one protein only"))
        if inside:
            place = {"loc": "center left", "bbox_to_anchor": (1.24, 0.5)}
            self.ax_[-1].legend(handles=handles, fontsize=TICK, frameon=False, **place)
        else:
            self.figure_.legend(handles=handles, fontsize=TICK, frameon=False, loc="outside right center")


def _of_one_protein(table):
    """Rows where a single protein offers a choice of segments."""
    return table["n_informative"] == 1 if "n_informative" in table else np.zeros(len(table), dtype=bool)


def _p_text(p):
    return f"p = {p:.2f}" if p >= 0.1 else (f"p = {p:.3f}" if p >= 0.001 else "p < 0.001")
