"""What all pictures share: figures without global state, colours, sizes, token labels."""

import io
from typing import Any

import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's palette: distinguishable with any common colour blindness, and in grey
PROTEIN_COLORS = {"A": "#0072B2", "B": "#D55E00"}
OTHER_COLOR = "#666666"
REGION_COLORS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#999999")
SERIES_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
TITLE, LABEL, TICK = 11, 10, 8
RESOLUTION = 200


def draw_on(ax, figsize):
    """The given axes and their figure, or new axes on a figure that no global state knows."""
    if ax is not None:
        return ax.figure, ax
    figure = Figure(figsize=figsize, layout="constrained")
    return figure, figure.add_subplot()


def tidy(ax, title="", xlabel="", ylabel=""):
    """Title, labels and ticks in the common sizes; no frame where there is no axis."""
    ax.set_title(title, fontsize=TITLE, loc="left")
    ax.set_xlabel(xlabel, fontsize=LABEL)
    ax.set_ylabel(ylabel, fontsize=LABEL)
    ax.tick_params(labelsize=TICK)
    ax.spines[["top", "right"]].set_visible(False)


def block_of(label):
    """Block of a token label: ``"A"`` of ``"A_segment0"``."""
    return label.split("_", 1)[0]


def token_color(label):
    """Colour of a token: that of its protein."""
    return PROTEIN_COLORS.get(block_of(label), OTHER_COLOR)


def label_tokens(ax, layout, axis, size=TICK, line="white"):
    """Token labels in their protein's colour on one axis of a heat map, and a line between the blocks."""
    positions = np.arange(layout.n_tokens)
    if axis == "x":
        ax.set_xticks(positions, layout.token_labels, rotation=90, fontsize=size)
    else:
        ax.set_yticks(positions, layout.token_labels, fontsize=size)
    for text in ax.get_xticklabels() if axis == "x" else ax.get_yticklabels():
        text.set_color(token_color(text.get_text()))
    for edge in range(len(layout.tokens), layout.n_tokens, len(layout.tokens)):
        (ax.axvline if axis == "x" else ax.axhline)(edge - 0.5, color=line, linewidth=1.5)


def pair_title(explanation, pair):
    """Ids of a pair and what the model predicted for it."""
    a, b = explanation.pair_ids[pair]
    if explanation.predictions is None:
        return f"{a} – {b}"
    return f"{a} – {b} (p = {explanation.predictions[pair]:.2f})"


_METHOD_NAMES = {
    "deep_shap": "DeepSHAP",
    "esm2_gradients": "ESM-2 gradients",
    "gini": "Gini",
    "gradient_shap": "gradient SHAP",
    "tree_shap": "TreeSHAP",
}


def method_name(method):
    """Name of a method as a text would write it."""
    return _METHOD_NAMES.get(method, method.replace("_", " "))


_IN_LOGITS = {  # methods whose values are shares of the logit, or of one of its changes, whatever the model
    "deep_shap", "esm2_gradients", "gradient_shap", "integrated_gradients", "interaction_map", "residue_gradients",
}  # fmt: skip
_SHARES = {"attention": "attention received (share)", "gini": "Gini importance (share)"}


def value_name(explanation):
    """Axis label of an explanation's values, with their unit where the method alone determines it."""
    if explanation.method in _SHARES:
        return _SHARES[explanation.method]
    unit = " (logit)" if explanation.method in _IN_LOGITS else ""
    return f"{method_name(explanation.method)} value{unit}"


class Display:
    """Base of displays: holds ``figure_`` and ``ax_`` once plotted, shows itself in notebooks.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib Axes, or an array of them
    """

    figure_: Figure
    ax_: Any

    def save(self, path, dpi=RESOLUTION):
        """Write the picture; the ending of ``path`` chooses the format (``.png``, ``.svg``, ``.pdf``).

        Parameters
        ----------
        path : str or path-like
        dpi : int, default=200
            Resolution of pixel formats.
        """
        self.figure_.savefig(path, dpi=dpi)

    def _repr_png_(self):
        buffer = io.BytesIO()
        self.figure_.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()
