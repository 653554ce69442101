"""Pictures of token values: sorted bars, beeswarm, heat map of pairs, tracks along the sequences."""

from ..explanation import explain
from ..regions import UNIPROT_TYPES
from ..regions.table import check_annotations
from .explanation_bars import draw_bars, draw_heatmap
from .explanation_beeswarm import draw_beeswarm
from .regions_track import RegionTrackDisplay
from .style import Display
from .tracks import draw_tracks

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
    ax_ : matplotlib Axes; for ``kind="track"`` an array of two, or of four with regions

    See Also
    --------
    RegionTrackDisplay : The track with regions, with all its settings.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import Explanation
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
            ``end`` (residues counted from 1, both included). Drawn by ``RegionTrackDisplay``, all types that
            occur in the two proteins.
        ax : matplotlib Axes, or two (with regions four) of them for ``"track"``, default=None
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
            See ``amp_sklearn.explanation``.
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
        elif regions is None:
            self.figure_, self.ax_ = draw_tracks(self.explanation, pair or 0, ax)
        else:
            track = self._with_regions((pair or 0) % len(self.explanation), regions, ax)
            self.figure_, self.ax_ = track.figure_, track.ax_
        return self

    def _with_regions(self, pair, regions, ax):
        """The track of a pair by the display that knows regions."""
        ids = list(self.explanation.pair_ids[pair])
        lengths = {
            name: len(values) for name, values in zip(ids, self.explanation.residues(pair), strict=True)
        }
        regions = check_annotations(regions)
        types = tuple(sorted(regions[regions["protein"].isin(ids)]["type"].unique())) or UNIPROT_TYPES
        # an embedder that cuts long proteins leaves regions behind the end of what was explained
        settings = {"types": types, "outside": "clip"}
        return RegionTrackDisplay.from_explanation(
            self.explanation, regions, lengths, pair=pair, ax=ax, **settings
        )
