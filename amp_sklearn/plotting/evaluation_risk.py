"""RiskCoverageDisplay: the error rate among the pairs that a model answers."""

from ..metrics import area_under_risk_coverage, risk_coverage_curve
from .evaluation_base import PredictionsDisplay, add_legend, series_style
from .style import draw_on, tidy


class RiskCoverageDisplay(PredictionsDisplay):
    """Error rate against the share of pairs answered, the most confident first.

    A curve that rises from left to right belongs to a model that knows what it does not know.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; the larger label is the positive one.
    probabilities : dict of str to array-like of shape (n_pairs,), or one array
        Predicted probability of the positive class, by name of the model.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib Axes

    Examples
    --------
    >>> from amp_sklearn.plotting import RiskCoverageDisplay
    >>> y, p = [0, 0, 1, 1, 1], [0.1, 0.7, 0.6, 0.8, 0.9]
    >>> RiskCoverageDisplay.from_predictions(y, {"model": p}).ax_.get_xlabel()
    'share of pairs answered'
    """

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where; None makes a figure.

        Returns
        -------
        RiskCoverageDisplay
        """
        self.figure_, self.ax_ = draw_on(ax, (4.6, 3.6))
        for number, (name, probability) in enumerate(self.probabilities.items()):
            curve = risk_coverage_curve(self.y_true, probability)
            area = area_under_risk_coverage(self.y_true, probability)
            self.ax_.plot(
                curve["coverage"],
                curve["risk"],
                drawstyle="steps-post",
                label=self._label(name, f"area {area:.3f}"),
                **series_style(number),
            )
        self.ax_.set(xlim=(0, 1), ylim=(0, None))
        tidy(self.ax_, "Risk and coverage", xlabel="share of pairs answered", ylabel="error rate among them")
        add_legend(self.ax_, "best")
        return self
