"""Pictures of token values: sorted bars, beeswarm, heat map of pairs, tracks along the sequences."""

import numpy as np

from ..explain import explain
from .explanation_bars import draw_bars, draw_heatmap
from .explanation_beeswarm import draw_beeswarm
from .explanation_tracks import draw_tracks
from .style import Display

KINDS = ("bar", "beeswarm", "heatmap", "track")


class AttributionDisplay(Display):
    """Token values of an explanation as a picture.

    Use ``from_explanation`` or ``from_estimator`` to make one.

    Parameters
    ----------
    explanation : Explanation
        What to draw; nothing else is needed, so every method gets these pictures.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib Axes, or an array of two (``kind="track"``)

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explain import Explanation
    >>> from amp_sklearn.plotting import AttributionDisplay
    >>> layout = FeatureLayout(("segment0", "segment1"), 4)
    >>> explanation = Explanation([[0.1, 0.4, 0.2, 0.3]], layout, "occlusion")
    >>> display = AttributionDisplay.from_explanation(explanation)
    >>> [text.get_text() for text in display.ax_.get_yticklabels()]
    ['A_segment1', 'B_segment1', 'B_segment0', 'A_segment0']
    """

    def __init__(self, explanation):
        self.explanation = explanation

    @classmethod
    def from_explanation(cls, explanation, *, kind="bar", pair=None, k=None, regions=None, ax=None):
        """Draw an explanation.

        Parameters
        ----------
        explanation : Explanation
        kind : {"bar", "beeswarm", "heatmap", "track"}, default="bar"
            ``"bar"``: tokens sorted by their mean magnitude over the pairs, with 95 % intervals, or by the
            values of one pair. ``"beeswarm"``: a dot per pair and token. ``"heatmap"``: pairs by tokens.
            ``"track"``: the values of one pair along both sequences.
        pair : int, default=None
            Row number of one pair (``"bar"``, ``"track"``; a track takes the first by default).
        k : int, default=None
            Show that many tokens (``"bar"``, ``"beeswarm"``) or pairs (``"heatmap"``) only; by default all
            tokens and 40 pairs.
        regions : DataFrame, default=None
            Annotated regions for ``"track"``: columns ``protein`` (an id of the pair), ``type``, ``start``,
            ``end`` (residues counted from 1, both included; a region without one of them is not drawn).
        ax : matplotlib Axes, or two of them for ``"track"``, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        AttributionDisplay

        Raises
        ------
        ValueError
            If ``kind`` is unknown or an argument does not belong to it.
        """
        return cls(explanation).plot(kind=kind, pair=pair, k=k, regions=regions, ax=ax)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        method="integrated_gradients",
        kind="bar",
        pair=None,
        k=None,
        regions=None,
        ax=None,
        **settings,
    ):
        """Explain the predictions of a fitted model, and draw the explanation.

        Parameters
        ----------
        estimator : Pipeline or classifier
        X : DataFrame, PairMatrix or array-like
        method : str or Explainer, default="integrated_gradients"
            See ``amp_sklearn.explain.explain``.
        kind, pair, k, regions, ax
            As for ``from_explanation``.
        **settings
            Settings of the explainer, and ``layout``, ``background``, ``target`` of ``explain``.

        Returns
        -------
        AttributionDisplay
        """
        explanation = explain(estimator, X, method, **settings)
        return cls.from_explanation(explanation, kind=kind, pair=pair, k=k, regions=regions, ax=ax)

    def plot(self, *, kind="bar", pair=None, k=None, regions=None, ax=None):
        """Draw; parameters as for ``from_explanation``.

        Returns
        -------
        AttributionDisplay
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
        if regions is not None and kind != "track":
            raise ValueError(f"regions belong to kind='track', got kind={kind!r}")
        if k is not None and (kind == "track" or k < 1):
            raise ValueError(
                f"k must be a positive number and does not belong to 'track', got k={k}, {kind!r}"
            )
        if pair is not None and not -len(self.explanation) <= pair < len(self.explanation):
            raise ValueError(f"pair must be a row number below {len(self.explanation)}, got {pair}")
        if kind == "bar":
            self.figure_, self.ax_ = draw_bars(self.explanation, pair, k, ax)
        elif kind in ("beeswarm", "heatmap") and pair is not None:
            raise ValueError(f"kind={kind!r} shows many pairs; use kind='bar' or 'track' for one")
        elif kind == "beeswarm":
            self.figure_, self.ax_ = draw_beeswarm(self.explanation, k, ax)
        elif kind == "heatmap":
            self.figure_, self.ax_ = draw_heatmap(self.explanation, k or 40, ax)
        else:
            self.figure_, self.ax_ = draw_tracks(self.explanation, pair or 0, regions, ax)
            self.ax_ = np.asarray(self.ax_)
        return self
