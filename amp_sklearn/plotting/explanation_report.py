"""Pictures of an ExplanationReport: deletion and insertion curves, agreement of methods."""

import numpy as np

from .style import LABEL, SEQUENTIAL, SERIES_COLORS, TICK, Display, draw_on, method_name, tidy

CURVES = ("deletion", "insertion")
_MARKERS = "osD^vP*X"


class DeletionCurveDisplay(Display):
    """Support for the prediction while the tokens a method calls important are removed, or put back.

    A faithful method lies below the random rankings for deletion and above them for insertion.

    Parameters
    ----------
    curves : DataFrame
        As in ``ExplanationReport.curves``.
    output : str
        Unit of the support.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import evaluate_explanations
    >>> from amp_sklearn.plotting import DeletionCurveDisplay
    >>> X = np.random.RandomState(0).normal(size=(60, 4))
    >>> model = LogisticRegression().fit(X, X[:, 3] > 0)
    >>> layout = FeatureLayout(("cls", "mean"), width=1)
    >>> report = evaluate_explanations(model, X, ["occlusion"], layout=layout, n_repeats=0)
    >>> display = DeletionCurveDisplay.from_report(report)
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['random rankings', 'occlusion']
    """

    def __init__(self, curves, output):
        self.curves = curves
        self.output = output

    @classmethod
    def from_report(cls, report, *, curve="deletion", methods=None, ax=None):
        """Draw the curves of a report.

        Parameters
        ----------
        report : ExplanationReport
        curve : {"deletion", "insertion"}, default="deletion"
        methods : sequence of str, default=None
            Methods to show; by default all. Random rankings are always shown.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        DeletionCurveDisplay

        Raises
        ------
        ValueError
            If the curve or a method is unknown.
        """
        return cls(report.curves, report.output).plot(curve=curve, methods=methods, ax=ax)

    @classmethod
    def from_estimator(cls, estimator, X, *, curve="deletion", methods=None, ax=None, **settings):
        """Evaluate explanations of a fitted model, and draw the curves.

        Parameters
        ----------
        estimator : Pipeline or classifier
        X : DataFrame, PairMatrix or array-like
        curve, ax
            As for ``from_report``.
        methods : sequence of str, default=None
            Methods to evaluate.
        **settings
            Further arguments of ``evaluate_explanations``; the sanity tests are left out unless
            ``n_repeats`` is given.

        Returns
        -------
        DeletionCurveDisplay
        """
        from ..explanation import evaluate_explanations

        report = evaluate_explanations(estimator, X, methods, **{"n_repeats": 0, **settings})
        return cls.from_report(report, curve=curve, ax=ax)

    def plot(self, *, curve="deletion", methods=None, ax=None):
        """Draw; parameters as for ``from_report``.

        Returns
        -------
        DeletionCurveDisplay
        """
        if curve not in CURVES:
            raise ValueError(f"curve must be one of {CURVES}, got {curve!r}")
        known = [name for name in self.curves["method"].unique() if name != "random"]
        chosen = known if methods is None else list(methods)
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise ValueError(f"methods {unknown} are not in the report, which has {known}")
        self.figure_, self.ax_ = draw_on(ax, (6.2 if len(chosen) < 4 else 8.2, 4.0))
        table = self.curves[self.curves["curve"] == curve]
        for number, name in enumerate(["random", *chosen]):
            line = table[table["method"] == name]
            x = 100 * line["share"].to_numpy()
            random = name == "random"
            color = "#555555" if random else SERIES_COLORS[(number - 1) % len(SERIES_COLORS)]
            self.ax_.plot(
                x,
                line["support"],
                color=color,
                linestyle="--" if random else "-",
                linewidth=1.6,
                marker=None if random else _MARKERS[(number - 1) % len(_MARKERS)],
                markersize=3.5,
                markevery=2,
                label="random rankings" if random else method_name(name),
            )
            if random:
                self.ax_.fill_between(x, line["low"], line["high"], color=color, alpha=0.2, linewidth=0)
        verb = "replaced by the baseline" if curve == "deletion" else "put back into the baseline"
        tidy(
            self.ax_,
            title=f"{curve.capitalize()} of the most important tokens first",
            xlabel=f"tokens {verb} (%)",
            ylabel=f"support for the prediction ({self.output})",
        )
        self.ax_.axhline(0, color="black", linewidth=0.8)
        self.ax_.set_xlim(0, 100)
        if len(chosen) < 4:
            self.ax_.legend(fontsize=TICK, frameon=False)
        else:  # many names would cover the curves
            self.ax_.legend(fontsize=TICK, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
        return self


class AgreementDisplay(Display):
    """How far methods agree: rank correlation or common top tokens, methods by methods.

    Parameters
    ----------
    table : DataFrame
        Methods by methods.
    label : str
        Meaning of the numbers.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.plotting import AgreementDisplay
    >>> names = ["attention", "occlusion"]
    >>> table = pd.DataFrame([[1.0, 0.2], [0.2, 1.0]], index=names, columns=names)
    >>> display = AgreementDisplay(table, "rank correlation").plot()
    >>> sorted(text.get_text() for text in display.ax_.texts)
    ['0.20', '0.20', '1.00', '1.00']
    """

    def __init__(self, table, label):
        self.table = table
        self.label = label

    @classmethod
    def from_report(cls, report, *, measure="agreement", ax=None):
        """Draw a table of a report.

        Parameters
        ----------
        report : ExplanationReport
        measure : {"agreement", "overlap"}, default="agreement"
            Rank correlation of all tokens, or share of common top tokens.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        AgreementDisplay
        """
        labels = {
            "agreement": "rank correlation of token magnitudes",
            "overlap": f"share of common top {report.k} tokens",
        }
        if measure not in labels:
            raise ValueError(f"measure must be one of {tuple(labels)}, got {measure!r}")
        return cls(getattr(report, measure), labels[measure]).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        AgreementDisplay
        """
        n = len(self.table)
        self.figure_, self.ax_ = draw_on(ax, (0.62 * n + 2.6, 0.5 * n + 1.8))
        values = self.table.to_numpy()
        image = self.ax_.imshow(values, vmin=min(0.0, np.nanmin(values)), vmax=1, cmap=SEQUENTIAL)
        names = [method_name(name) for name in self.table.index]
        self.ax_.set_xticks(np.arange(n), names, rotation=35, ha="right", fontsize=TICK)
        self.ax_.set_yticks(np.arange(n), names, fontsize=TICK)
        for row in range(n):
            for column in range(n):
                value = values[row, column]
                self.ax_.text(
                    column,
                    row,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize=TICK,
                    color="black" if value > 0.6 else "white",
                )
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        bar = self.figure_.colorbar(image, ax=self.ax_, shrink=0.8, pad=0.02)
        bar.set_label(self.label, fontsize=LABEL)
        bar.ax.tick_params(labelsize=TICK)
        return self
