"""Heat map of what each pair of segments contributes to a prediction."""

import numpy as np

from ..explanation import explain
from .style import DIVERGING, LABEL, PROTEIN_COLORS, TICK, Display, draw_on, method_name, pair_title, tidy


class InteractionMapDisplay(Display):
    """Heat map of the share of each pair of tokens in the prediction: protein A in rows, protein B in columns.

    Use ``from_explanation`` or ``from_estimator`` to make one. Red cells speak for an interaction, blue ones against it.

    Parameters
    ----------
    values : ndarray of shape (n_tokens_a, n_tokens_b)
        Share of each pair of tokens in the logit.
    layout : FeatureLayout
        Meaning of the tokens.
    rest : float, default=None
        What the cells do not explain, for the caption.
    title : str, default=""
        Title of the picture.
    proteins : tuple of str, default=("protein A", "protein B")
        Labels of the axes.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib Axes
    image_ : matplotlib AxesImage
    colorbar_ : matplotlib Colorbar

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import Explanation
    >>> from amp_sklearn.plotting import InteractionMapDisplay
    >>> cells = np.array([[[0.5, -0.25], [0.0, 1.0]]])
    >>> values = np.concatenate([cells.sum(axis=2), cells.sum(axis=1)], axis=1) / 2
    >>> explanation = Explanation(
    ...     values, FeatureLayout(("segment0", "segment1"), 4), "interaction_map", base_values=[-0.5], pair_values=cells
    ... )
    >>> display = InteractionMapDisplay.from_explanation(explanation, pair=0)
    >>> display.ax_.get_xlabel()
    'B0: cells +1.25, rest -0.50'
    """

    def __init__(self, values, layout, rest=None, title="", proteins=("protein A", "protein B")):
        self.values = values
        self.layout = layout
        self.rest = rest
        self.title = title
        self.proteins = proteins

    @classmethod
    def from_explanation(cls, explanation, *, pair=None, ax=None):
        """Draw the map of an explanation.

        Parameters
        ----------
        explanation : Explanation
            With ``pair_values``.
        pair : int, default=None
            Row number of one pair; by default the mean over all pairs.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        InteractionMapDisplay

        Raises
        ------
        ValueError
            If the explanation says nothing about pairs of tokens.
        """
        if explanation.pair_values is None:
            raise ValueError(
                f"this explanation ({explanation.method}) has no values of pairs of tokens; make one with "
                "explain(model, X, method='interaction_map')"
            )
        base = explanation.base_values
        if pair is None:
            values = explanation.pair_values.mean(axis=0)
            rest = None if base is None else float(base.mean())
            what, proteins = f"mean of {len(explanation)} pairs", ("protein A", "protein B")
        else:
            values, rest = explanation.pair_values[pair], None if base is None else float(base[pair])
            what, proteins = pair_title(explanation, pair), tuple(map(str, explanation.pair_ids[pair]))
        title = f"{method_name(explanation.method).capitalize()}, {what}"
        return cls(values, explanation.layout, rest, title, proteins).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, X, *, pair=None, ax=None, **settings):
        """Explain the predictions of a fitted model by its interaction map, and draw it.

        Parameters
        ----------
        estimator : Pipeline or classifier
        X : DataFrame, PairMatrix or array-like
        pair, ax
            As for ``from_explanation``.
        **settings
            Settings of the explainer, and ``layout``, ``background``, ``target`` of ``explain``.

        Returns
        -------
        InteractionMapDisplay
        """
        return cls.from_explanation(explain(estimator, X, "interaction_map", **settings), pair=pair, ax=ax)

    def plot(self, *, ax=None):
        """Draw; the colour scale is symmetric about zero.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        InteractionMapDisplay
        """
        side = 2.5 + 0.35 * len(self.values)
        self.figure_, self.ax_ = draw_on(ax, (side + 1.2, side))
        largest = float(np.abs(self.values).max()) or 1.0
        self.image_ = self.ax_.imshow(
            self.values, vmin=-largest, vmax=largest, cmap=DIVERGING, interpolation="nearest"
        )
        a, b = self.proteins
        total = f"{b}: cells {self.values.sum():+.2f}"
        tidy(self.ax_, self.title, total if self.rest is None else f"{total}, rest {self.rest:+.2f}", a)
        places = np.arange(len(self.layout.tokens))
        self.ax_.set_xticks(places, self.layout.tokens, rotation=90, fontsize=TICK)
        self.ax_.set_yticks(places, self.layout.tokens, fontsize=TICK)
        for label, block in ((self.ax_.yaxis.label, "A"), (self.ax_.xaxis.label, "B")):
            label.set_color(PROTEIN_COLORS[block])
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_, shrink=0.75, pad=0.02)
        self.colorbar_.set_label("share in the logit", fontsize=LABEL)
        self.colorbar_.ax.tick_params(labelsize=TICK)
        return self
