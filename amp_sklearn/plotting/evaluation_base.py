"""What displays of predicted probabilities share: one or several models on the same pairs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .style import SERIES_COLORS, TICK, Display

LINE_STYLES = ("-", "--", "-.", ":")


def series_style(number):
    """Colour and dashes of a series; both differ between neighbours, so that grey prints can be read."""
    return {
        "color": SERIES_COLORS[number % len(SERIES_COLORS)],
        "linestyle": LINE_STYLES[number % len(LINE_STYLES)],
    }


def by_model(probabilities):
    """Probabilities by name of their model; one array has no name."""
    if isinstance(probabilities, dict):
        if not probabilities:
            raise ValueError("there is no model to draw")
        return {str(name): np.asarray(values, dtype=float) for name, values in probabilities.items()}
    return {"": np.asarray(probabilities, dtype=float)}


class PredictionsDisplay(Display):
    """Base of displays of labels and predicted probabilities.

    A subclass has a ``plot`` method; all its keyword arguments can be given to the class methods.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two classes; the larger label is the positive one.
    probabilities : dict of str to array-like of shape (n_pairs,), or one array
        Predicted probability of the positive class, by name of the model.
    """

    plot: Callable[..., Any]

    def __init__(self, y_true, probabilities):
        self.y_true = np.asarray(y_true)
        self.probabilities = by_model(probabilities)

    @classmethod
    def from_predictions(cls, y_true, probabilities, **options):
        """Draw predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_pairs,)
            Two classes; the larger label is the positive one.
        probabilities : dict of str to array-like of shape (n_pairs,), or one array
            Predicted probability of the positive class, by name of the model.
        **options
            As ``plot`` takes them.

        Returns
        -------
        display
        """
        return cls(y_true, probabilities).plot(**options)

    @classmethod
    def from_estimator(cls, models, X, y, **options):
        """Let fitted models predict, and draw.

        Parameters
        ----------
        models : dict of str to fitted classifier, or one
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)
        y : array-like of shape (n_pairs,)
        **options
            As ``plot`` takes them.

        Returns
        -------
        display
        """
        models = models if isinstance(models, dict) else {"": models}
        probabilities = {name: model.predict_proba(X)[:, 1] for name, model in models.items()}
        return cls.from_predictions(y, probabilities, **options)

    def _label(self, name, text):
        return f"{name} ({text})" if name else text


def add_legend(ax, location):
    """Legend without a frame."""
    ax.legend(fontsize=TICK, frameon=False, loc=location)
