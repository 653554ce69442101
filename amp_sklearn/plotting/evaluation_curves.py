"""RocPrDisplay: both curves of the published areas, side by side."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve

from ..metrics import average_precision_at_ratio
from .evaluation_base import PredictionsDisplay, add_legend, series_style
from .style import tidy


class RocPrDisplay(PredictionsDisplay):
    """ROC curve and precision-recall curve of one or several models; dotted is chance.

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
        ROC and precision-recall.

    Examples
    --------
    >>> from amp_sklearn.plotting import RocPrDisplay
    >>> y, p = [0, 0, 1, 1, 1], [0.1, 0.7, 0.6, 0.8, 0.9]
    >>> RocPrDisplay.from_predictions(y, {"model": p}, ratio=100).ax_.shape
    (2,)
    """

    def plot(self, *, ratio=None):
        """Draw.

        Parameters
        ----------
        ratio : float, default=None
            Draw the precision-recall curve as it would be with so many negatives for each positive; None is as the
            pairs are. The legend gives the area by the trapezoidal rule, as published, or with ``ratio`` the average
            precision.

        Returns
        -------
        RocPrDisplay

        Raises
        ------
        ValueError
            If only one class occurs, or ``ratio`` is not positive.
        """
        values = np.unique(self.y_true)
        if len(values) != 2:
            raise ValueError(f"both curves need two classes, got {values[:5].tolist()}")
        y = (self.y_true == values[1]).astype(int)
        weight = None if ratio is None else np.where(y == 1, 1.0, ratio * y.sum() / (1 - y).sum())
        self.figure_ = Figure(figsize=(8.4, 3.9), layout="constrained")
        self.ax_ = self.figure_.subplots(1, 2)
        roc, pr = self.ax_
        for number, (name, probability) in enumerate(self.probabilities.items()):
            style = series_style(number)
            false_rate, true_rate, _ = roc_curve(y, probability)
            area = roc_auc_score(y, probability)
            roc.plot(false_rate, true_rate, label=self._label(name, f"area {area:.3f}"), **style)
            precision, recall, _ = precision_recall_curve(y, probability, sample_weight=weight)
            if ratio is None:
                text = f"area {auc(recall, precision):.3f}"
            else:
                text = f"average precision {average_precision_at_ratio(y, probability, ratio):.3f}"
            pr.plot(recall, precision, label=self._label(name, text), **style)
        share = y.mean() if ratio is None else 1 / (1 + ratio)
        roc.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
        pr.axhline(share, color="black", linewidth=0.8, linestyle=":")
        for ax in (roc, pr):
            ax.set(xlim=(0, 1), ylim=(0, 1.01))
        tidy(roc, "ROC", xlabel="false positive rate", ylabel="recall")
        title = "Precision-recall" if ratio is None else f"Precision-recall at 1:{ratio:g}"
        tidy(pr, title, xlabel="recall", ylabel="precision")
        add_legend(roc, "lower right")
        add_legend(pr, "best")
        return self
