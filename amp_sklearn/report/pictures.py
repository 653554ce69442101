"""Pictures of a report as inline SVG."""

import io
import re

from matplotlib.figure import Figure

from ..plotting import (
    AttributionDisplay,
    InteractionMapDisplay,
    RegionTrackDisplay,
    ReliabilityDisplay,
    RocPrDisplay,
)


def inline_svg(figure, name):
    """A figure as SVG text whose ids begin with a name, so that pictures on one page do not share any.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    name : str

    Returns
    -------
    str
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)


def score_pictures(y, probability):
    """ROC, precision-recall and reliability of the predictions."""
    return [
        ("ROC and precision-recall curves", RocPrDisplay.from_predictions(y, probability).figure_),
        ("Calibration: predicted probability against share of interactions", ReliabilityDisplay.from_predictions(y, probability).figure_),
    ]  # fmt: skip


def learning_curve(history):
    """Losses by epoch of the history of a network; None without one."""
    names = [name for name in ("train_loss", "valid_loss", "val_loss") if history and name in history[-1]]
    if not names or len(history) < 2:
        return None
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    ax = figure.add_subplot()
    for name in names:
        points = [(row.get("epoch", i + 1), row[name]) for i, row in enumerate(history) if name in row]
        ax.plot(*zip(*points, strict=True), marker="o", label=name.replace("_", " "))
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def explanation_picture(explanation):
    """Segments of all explained pairs."""
    return AttributionDisplay.from_explanation(explanation).figure_


def pair_pictures(explanation, pair, residues=None, annotations=None, sequences=None):
    """One pair along both sequences, with its annotated regions where there are some, and its interaction map.

    Parameters
    ----------
    explanation : Explanation
    pair : int
    residues : Explanation, default=None
        The same pairs with a value for each residue, drawn in place of those of the segments.
    annotations : DataFrame, default=None
        Annotation table, see ``amp_sklearn.regions.read_annotations``.
    sequences : dict, default=None
        Sequence of each protein, for the regions.

    Returns
    -------
    list of matplotlib.figure.Figure
    """
    along = explanation if residues is None else residues
    if annotations is not None and annotations["protein"].isin(explanation.pair_ids[pair]).any():
        track = RegionTrackDisplay.from_explanation(
            along, annotations, sequences, pair=pair, types="any", outside="clip"
        )
    else:
        track = AttributionDisplay.from_explanation(along, kind="track", pair=pair)
    figures = [track.figure_]
    if explanation.pair_values is not None:
        figures.append(InteractionMapDisplay.from_explanation(explanation, pair=pair).figure_)
    return figures
