"""ComparisonDisplay: several models on the same folds, with the intervals that their overlap allows."""

import numpy as np
from matplotlib.figure import Figure

from .folds import METRIC_LABELS, chance
from .style import OTHER_COLOR, SERIES_COLORS, TICK, TITLE, Display, tidy


class ComparisonDisplay(Display):
    """One panel per metric, one line per model: folds and seeds as points, their mean with its confidence interval.

    Parameters
    ----------
    comparison : Comparison
        From ``amp_sklearn.model_selection.compare``.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes

    Examples
    --------
    >>> from amp_sklearn.data import load_bernett_mini
    >>> from amp_sklearn.model_selection import ProteinDisjointKFold, compare
    >>> from amp_sklearn.plotting import ComparisonDisplay
    >>> X, y = load_bernett_mini("val")
    >>> result = compare({}, X, y, ProteinDisjointKFold(2), baselines=["protein_share", "protein_counts"])
    >>> ComparisonDisplay.from_comparison(result, names=["roc_auc"]).ax_.shape
    (1,)
    """

    def __init__(self, comparison):
        self.comparison = comparison

    @classmethod
    def from_comparison(
        cls, comparison, *, names=("accuracy", "mcc", "roc_auc", "average_precision"), confidence=0.95
    ):
        """Draw a comparison.

        Parameters
        ----------
        comparison : Comparison
        names : sequence of str, default=("accuracy", "mcc", "roc_auc", "average_precision")
            Metrics to draw, one panel each.
        confidence : float, default=0.95
            Of the intervals.

        Returns
        -------
        ComparisonDisplay
        """
        return cls(comparison).plot(names=names, confidence=confidence)

    def plot(self, *, names=("accuracy", "mcc", "roc_auc", "average_precision"), confidence=0.95):
        """Draw; parameters as for ``from_comparison``.

        Returns
        -------
        ComparisonDisplay
        """
        models = self.comparison.models
        table = self.comparison.table(*names, confidence=confidence).set_index(["metric", "model"])
        self.figure_ = Figure(figsize=(2 + 2.4 * len(names), 0.9 + 0.42 * len(models)), layout="constrained")
        self.ax_ = self.figure_.subplots(1, len(names), squeeze=False, sharey=True)[0]
        for ax, name in zip(self.ax_, names, strict=True):
            for place, model in enumerate(models):
                row = table.loc[(name, model)]
                values = self.comparison.metrics.query("model == @model")[name].to_numpy()
                ax.scatter(values, np.full(len(values), place), s=14, color=OTHER_COLOR, alpha=0.5)
                if row["n"] > 1:
                    ax.plot([row["low"], row["high"]], [place, place], color=SERIES_COLORS[0], linewidth=1.6)
                ax.plot(row["mean"], place, "D", color=SERIES_COLORS[0], markersize=6)
            if chance(name, self.comparison.metrics) is not None:
                ax.axvline(chance(name, self.comparison.metrics), color="black", linewidth=0.8, linestyle=":")
            tidy(ax, METRIC_LABELS.get(name, name))
        self.ax_[0].set_yticks(range(len(models)), models, fontsize=TICK + 1)
        self.ax_[0].set_ylim(len(models) - 0.5, -0.5)
        self.figure_.suptitle(
            f"Points: folds and seeds. Diamonds: mean, {confidence:.0%} interval. Dotted: chance.",
            fontsize=TITLE - 1,
            x=0.01,
            ha="left",
        )
        return self
