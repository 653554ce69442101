"""ReliabilityDisplay: predicted probability against the share of pairs that interact."""

import numpy as np
from matplotlib.figure import Figure

from ..metrics import expected_calibration_error, reliability_curve
from .evaluation_base import PredictionsDisplay, add_legend, series_style
from .style import tidy


class ReliabilityDisplay(PredictionsDisplay):
    """Reliability diagram, and below it how the predicted probabilities are spread.

    Points below the diagonal are pairs of which a model is too sure. Bars are 95 % intervals of the observed share.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; the larger label is the positive one.
    probabilities : dict of str to array-like of shape (n_pairs,), or one array
        Predicted probability of the positive class, by name of the model.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes
        Diagram and histogram.

    Examples
    --------
    >>> from amp_sklearn.plotting import ReliabilityDisplay
    >>> y, p = [0, 0, 1, 1, 1], [0.1, 0.4, 0.6, 0.8, 0.9]
    >>> ReliabilityDisplay.from_predictions(y, {"model": p}, n_bins=2).ax_.shape
    (2,)
    """

    def plot(self, *, n_bins=10, strategy="uniform"):
        """Draw.

        Parameters
        ----------
        n_bins : int, default=10
            Number of bins.
        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of equal width, or of equal numbers of pairs.

        Returns
        -------
        ReliabilityDisplay
        """
        self.figure_ = Figure(figsize=(4.2, 5.2), layout="constrained")
        self.ax_ = self.figure_.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        diagram, spread = self.ax_
        diagram.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
        for number, (name, probability) in enumerate(self.probabilities.items()):
            curve = reliability_curve(self.y_true, probability, n_bins=n_bins, strategy=strategy)
            error = expected_calibration_error(self.y_true, probability, n_bins=n_bins, strategy=strategy)
            style = series_style(number)
            observed = curve["observed"].to_numpy()
            interval = np.abs(curve[["observed_low", "observed_high"]].to_numpy().T - observed)
            diagram.errorbar(
                curve["predicted"],
                observed,
                yerr=interval,
                marker="o",
                markersize=4,
                elinewidth=0.8,
                label=self._label(name, f"ECE {error:.3f}"),
                **style,
            )
            spread.hist(probability, bins=np.linspace(0, 1, 31), histtype="step", **style)
        diagram.set(xlim=(0, 1), ylim=(0, 1))
        tidy(diagram, "Reliability", ylabel="share that interacts (95 % interval)")
        tidy(spread, xlabel="predicted probability", ylabel="pairs")
        add_legend(diagram, "upper left")
        return self
