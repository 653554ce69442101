"""Heat maps of token-to-token weights."""

import numpy as np
from matplotlib.figure import Figure

from ..explanation import explain
from .style import LABEL, SEQUENTIAL, TICK, TITLE, Display, label_tokens, pair_title


class AttentionDisplay(Display):
    """Heat maps of attention: which token looks (row) at which (column).

    Use ``from_explanation`` or ``from_estimator`` to make one.

    Parameters
    ----------
    maps : ndarray of shape (n_maps, n_tokens, n_tokens)
        Weights to draw.
    layout : FeatureLayout
        Meaning of the tokens.
    names : sequence of str
        Title of each map.
    title : str, default=""
        Title of the whole.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : ndarray of matplotlib Axes, one per map
    images_ : list of matplotlib AxesImage
    colorbar_ : matplotlib Colorbar

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import Explanation
    >>> from amp_sklearn.plotting import AttentionDisplay
    >>> layout = FeatureLayout(("segment0", "segment1"), 4)
    >>> maps = np.random.RandomState(0).dirichlet(np.ones(4), size=(3, 2, 4))
    >>> explanation = Explanation(
    ...     maps.mean(axis=(1, 2)), layout, "attention", token_maps=maps, map_names=("layer 1", "layer 2")
    ... )
    >>> display = AttentionDisplay.from_explanation(explanation)
    >>> [ax.get_title(loc="left") for ax in display.ax_]
    ['layer 1', 'layer 2']
    """

    def __init__(self, maps, layout, names, title=""):
        self.maps = maps
        self.layout = layout
        self.names = names
        self.title = title

    @classmethod
    def from_explanation(cls, explanation, *, pair=None, maps=None, ax=None):
        """Draw the maps of an explanation.

        Parameters
        ----------
        explanation : Explanation
            With ``token_maps``.
        pair : int, default=None
            Row number of one pair; by default the mean over all pairs.
        maps : sequence of str, or "mean", default=None
            Names of the maps to draw, or one mean over all of them; by default all.
        ax : matplotlib Axes, default=None
            Where to draw a single map; by default a new figure.

        Returns
        -------
        AttentionDisplay

        Raises
        ------
        ValueError
            If the explanation holds no maps or none of that name, or ``ax`` is given for several maps.
        """
        if explanation.token_maps is None:
            raise ValueError(
                f"this explanation ({explanation.method}) holds no token-to-token maps; make one with "
                "explain(model, X, method='attention')"
            )
        stack = explanation.token_maps.mean(axis=0) if pair is None else explanation.token_maps[pair]
        names = list(explanation.map_names)
        if isinstance(maps, str) and maps == "mean":
            stack, names = stack.mean(axis=0, keepdims=True), ["mean of " + ", ".join(names)]
            if len(explanation.map_names) > 2:
                names = [f"mean of {explanation.map_names[0]} to {explanation.map_names[-1]}"]
        elif maps is not None:
            unknown = [name for name in maps if name not in names]
            if unknown or not len(maps):
                raise ValueError(f"maps {unknown} are not among {names}")
            stack, names = stack[[names.index(name) for name in maps]], list(maps)
        what = f"mean of {len(explanation)} pairs" if pair is None else pair_title(explanation, pair)
        return cls(stack, explanation.layout, names, title=f"Attention, {what}").plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, X, *, pair=None, maps=None, ax=None, **settings):
        """Explain the predictions of a fitted model by attention, and draw the maps.

        Parameters
        ----------
        estimator : Pipeline or classifier
        X : DataFrame, PairMatrix or array-like
        pair, maps, ax
            As for ``from_explanation``.
        **settings
            Settings of the explainer, and ``layout``, ``background``, ``target`` of ``explain``.

        Returns
        -------
        AttentionDisplay
        """
        explanation = explain(estimator, X, "attention", **settings)
        return cls.from_explanation(explanation, pair=pair, maps=maps, ax=ax)

    def plot(self, *, ax=None):
        """Draw; all maps share one colour scale.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw a single map.

        Returns
        -------
        AttentionDisplay
        """
        n_maps, n_tokens = len(self.maps), self.layout.n_tokens
        if ax is not None and n_maps != 1:
            raise ValueError(
                f"one Axes cannot hold {n_maps} maps; choose one with maps=[name] or maps='mean'"
            )
        columns = min(3, n_maps)
        rows = -(-n_maps // columns)
        if ax is None:
            side = max(3.0, 0.17 * n_tokens)
            self.figure_ = Figure(figsize=(side * columns + 1.6, side * rows + 1.4), layout="constrained")
            grid = self.figure_.subplots(rows, columns, squeeze=False)
            axes = grid.ravel()
            for spare in axes[n_maps:]:
                spare.remove()
        else:
            self.figure_, axes = ax.figure, np.array([ax])
        self.ax_ = axes[:n_maps]
        low, high = float(self.maps.min()), float(self.maps.max())
        self.images_ = []
        for position, (axis, weights, name) in enumerate(zip(self.ax_, self.maps, self.names, strict=True)):
            self.images_.append(
                axis.imshow(weights, vmin=low, vmax=high, cmap=SEQUENTIAL, interpolation="nearest")
            )
            axis.set_title(name, fontsize=TITLE, loc="left")
            size = TICK if n_tokens <= 12 else TICK - 1.5
            label_tokens(axis, self.layout, "x", size)
            label_tokens(axis, self.layout, "y", size)
            if position % columns:
                axis.set_yticklabels([])
            else:
                axis.set_ylabel("token that looks", fontsize=LABEL)
            if position + columns < n_maps:
                axis.set_xticklabels([])
            else:
                axis.set_xlabel("token looked at", fontsize=LABEL)
        self.colorbar_ = self.figure_.colorbar(self.images_[0], ax=list(self.ax_), shrink=0.75, pad=0.02)
        self.colorbar_.set_label("attention weight", fontsize=LABEL)
        self.colorbar_.ax.tick_params(labelsize=TICK)
        if low < 1 / n_tokens < high:  # what a layer gives that looks everywhere alike
            self.colorbar_.ax.axhline(1 / n_tokens, color="white", linewidth=2)
            self.colorbar_.ax.text(
                -0.15, 1 / n_tokens, "uniform", fontsize=TICK - 1, ha="right", va="center", rotation=90
            )
        if ax is None:
            self.figure_.suptitle(self.title, fontsize=TITLE + 1, x=0.01, ha="left")
        else:
            ax.set_title(self.title, fontsize=TITLE, loc="left")
        return self
