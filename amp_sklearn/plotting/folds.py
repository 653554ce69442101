"""FoldsDisplay: cross-validated metrics of several models under several schemes."""

import numpy as np
from matplotlib.figure import Figure

from .style import SERIES_COLORS, TICK, TITLE, Display, tidy

METRIC_LABELS = {
    "accuracy": "accuracy",
    "mcc": "MCC",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "pr_auc_trapezoid": "PR AUC (trapezoid)",
    "balanced_accuracy": "balanced accuracy",
}
CHANCE = {"accuracy": 0.5, "balanced_accuracy": 0.5, "mcc": 0.0, "roc_auc": 0.5}


def chance(name, metrics):
    """What a random order of pairs reaches: of average precision the share of positive test pairs; None if unknown.

    Parameters
    ----------
    name : str
        Metric.
    metrics : DataFrame
        One row per fold; ``n_positive`` and ``n_test`` where known.

    Returns
    -------
    float or None
    """
    if name == "average_precision" and {"n_positive", "n_test"} <= set(metrics.columns):
        return float(metrics["n_positive"].sum() / metrics["n_test"].sum())
    return CHANCE.get(name)


class FoldsDisplay(Display):
    """One panel per metric; in it each fold as a point and the mean as a bar, by scheme and model.

    Parameters
    ----------
    metrics : DataFrame
        One row per fold with columns ``scheme``, ``model`` and the metrics, as from
        ``amp_sklearn.workflows.evaluate_schemes``.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.plotting import FoldsDisplay
    >>> metrics = pd.DataFrame({"scheme": "random", "model": ["a", "b"], "mcc": [0.2, 0.4]})
    >>> FoldsDisplay.from_metrics(metrics, names=["mcc"]).ax_.shape
    (1,)
    """

    def __init__(self, metrics):
        self.metrics = metrics

    @classmethod
    def from_metrics(cls, metrics, *, names=("accuracy", "mcc", "roc_auc", "average_precision")):
        """Draw a table of folds.

        Parameters
        ----------
        metrics : DataFrame
            One row per fold with columns ``scheme``, ``model`` and the metrics.
        names : sequence of str, default=("accuracy", "mcc", "roc_auc", "average_precision")
            Metrics to draw, one panel each.

        Returns
        -------
        FoldsDisplay

        Raises
        ------
        ValueError
            If a column is missing.
        """
        missing = [name for name in ("scheme", "model", *names) if name not in metrics.columns]
        if missing:
            raise ValueError(f"metrics lack the columns {missing}; there are {list(metrics.columns)}")
        return cls(metrics).plot(names=names)

    def plot(self, *, names=("accuracy", "mcc", "roc_auc", "average_precision")):
        """Draw; parameters as for ``from_metrics``.

        Returns
        -------
        FoldsDisplay
        """
        drawn = [name for name in names if self.metrics[name].notna().any()]  # tiny folds may lack a class
        names = drawn or list(names)
        schemes, models = self.metrics["scheme"].unique(), self.metrics["model"].unique()
        width = 0.8 / len(models)
        self.figure_ = Figure(figsize=(2.6 * len(names), 3.6), layout="constrained")
        self.ax_ = self.figure_.subplots(1, len(names), squeeze=False)[0]
        for ax, name in zip(self.ax_, names, strict=True):
            for k, model in enumerate(models):
                for at, scheme in enumerate(schemes):
                    chosen = (self.metrics["model"] == model) & (self.metrics["scheme"] == scheme)
                    values = self.metrics.loc[chosen, name].dropna().to_numpy()
                    if not len(values):
                        continue
                    x = at + (k - (len(models) - 1) / 2) * width
                    ax.bar(x, values.mean(), 0.9 * width, color=SERIES_COLORS[k], alpha=0.35)
                    spread = np.linspace(-0.25, 0.25, len(values)) * width
                    ax.scatter(x + spread, values, s=12, color=SERIES_COLORS[k], zorder=3)
                    ax.text(x, values.max() + 0.015, f"{values.mean():.2f}", ha="center", fontsize=TICK)
            ax.axhline(chance(name, self.metrics) or 0.0, color="black", linewidth=0.8, linestyle=":")
            tidy(ax, METRIC_LABELS.get(name, name))
            ax.set_xticks(range(len(schemes)), [scheme.replace("-", "-\n") for scheme in schemes])
            ax.set_ylim(min(0.0, self.metrics[name].min()), 1.0)
        handles = [self.ax_[0].scatter([], [], color=SERIES_COLORS[k], label=m) for k, m in enumerate(models)]
        self.figure_.legend(
            handles=handles, loc="outside lower center", ncols=len(models), frameon=False, fontsize=TICK + 1
        )
        self.figure_.suptitle(
            "Points: folds. Bars: their mean. Dotted: chance.", fontsize=TITLE - 1, x=0.01, ha="left"
        )
        return self
