"""AuditDisplay: the findings of an audit, and the label shortcuts behind them."""

import numpy as np
from matplotlib.figure import Figure

from ..audit.finding import SEVERITY_COLORS
from .style import SERIES_COLORS, TICK, TITLE, Display, tidy

_BINS = np.linspace(0, 1, 22)  # an odd number, so that a share of one half lies in the middle of a bin


class AuditDisplay(Display):
    """Three panels: severity of each check; AUROC of baselines without sequences; positive share by protein.

    The third panel weights every protein by its pairs, and shows beside the data what labels dealt at random to the
    same proteins would look like. Shortcut-free data show the same shape twice; where each protein has its label,
    the data heap up at both ends.

    Parameters
    ----------
    audit : PairAudit
    random_state : int, default=0
        Seed of the labels dealt at random.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes of shape (n_panels,)
        Checks; baselines and proteins where the audit has them, which few pairs do not allow.

    Examples
    --------
    >>> from amp_sklearn.audit import audit_pairs
    >>> from amp_sklearn.data import load_bernett_mini
    >>> from amp_sklearn.plotting import AuditDisplay
    >>> AuditDisplay.from_audit(audit_pairs(*load_bernett_mini("val"))).ax_.shape
    (3,)
    """

    def __init__(self, audit, random_state=0):
        self.audit, self.random_state = audit, random_state

    @classmethod
    def from_audit(cls, audit, *, random_state=0):
        """Draw an audit; parameters as for the class.

        Returns
        -------
        AuditDisplay
        """
        return cls(audit, random_state).plot()

    def plot(self):
        """Draw.

        Returns
        -------
        AuditDisplay
        """
        height = max(3.4, 0.26 * len(self.audit.findings) + 0.8)
        self.figure_ = Figure(figsize=(13, height), layout="constrained")
        panels = [(1.0, self._draw_findings)]
        baselines = self.audit.tables.get("baselines")
        if baselines is not None and not baselines.empty:  # few pairs have no folds
            panels.append((1.2, self._draw_baselines))
        if self.audit.tables.get("proteins") is not None:
            panels.append((1.2, self._draw_proteins))
        self.figure_.set_size_inches(1.0 + 4.0 * len(panels), height)
        self.ax_ = self.figure_.subplots(1, len(panels), width_ratios=[w for w, _ in panels], squeeze=False)[
            0
        ]
        for ax, (_, draw) in zip(self.ax_, panels, strict=True):
            draw(ax)
        self.figure_.suptitle(repr(self.audit)[1:-1], fontsize=TITLE, x=0.01, ha="left")
        return self

    def _draw_findings(self, ax):
        findings = self.audit.findings.iloc[::-1]
        for y, (check, severity) in enumerate(findings["severity"].items()):
            ax.scatter(0, y, s=60, color=SEVERITY_COLORS[severity])
            ax.text(0.12, y, f"{check}: {severity}", va="center", fontsize=TICK + 1)
        tidy(ax, "Checks")
        ax.set_axis_off()
        ax.set_xlim(-0.1, 2)

    def _draw_baselines(self, ax):
        tidy(ax, "Baselines that read no sequence", "lines: standard deviation over folds", "ROC AUC")
        table = self.audit.tables["baselines"]
        schemes, names = list(table["folds"].unique()), list(table["baseline"].unique())
        width = 0.8 / len(names)
        for k, name in enumerate(names):
            rows = table[table["baseline"] == name].set_index("folds").reindex(schemes)
            x = np.arange(len(schemes)) + (k - (len(names) - 1) / 2) * width
            ax.bar(
                x,
                rows["auroc"] - 0.5,
                0.9 * width,
                bottom=0.5,
                yerr=rows["auroc_sd"],
                color=SERIES_COLORS[k],
                label=name,
            )
            for at, value, error in zip(x, rows["auroc"], rows["auroc_sd"], strict=True):
                if value == value:
                    end, align = (value + error, "bottom") if value >= 0.5 else (value - error, "top")
                    ax.text(at, end, f"{value:.2f}", ha="center", va=align, fontsize=TICK - 1)
        ax.axhline(0.5, color="black", linewidth=0.8)
        ax.set_xticks(range(len(schemes)), [scheme.replace("-", "-\n") for scheme in schemes])
        ax.set_ylim(min(0.4, table["auroc"].min() - 0.05), 1.0)
        ax.legend(fontsize=TICK, frameon=False)

    def _draw_proteins(self, ax):
        tidy(ax, "Share of positive pairs, by protein", "share of positive pairs", "share of pair ends")
        table = self.audit.tables["proteins"]
        degree = (table["n_positive"] + table["n_negative"]).to_numpy()
        share = table["n_positive"].sum() / degree.sum()
        at_random = np.random.default_rng(self.random_state).binomial(degree, share)
        weights = degree / degree.sum()
        ax.hist(
            table["n_positive"] / degree,
            _BINS,
            weights=weights,
            color=SERIES_COLORS[1],
            alpha=0.6,
            label="data",
        )
        ax.hist(
            at_random / degree,
            _BINS,
            weights=weights,
            histtype="step",
            color="black",
            label="labels dealt at random",
        )
        ax.legend(fontsize=TICK, frameon=False)
