"""Heat map of what each mutation does to a prediction."""

import numpy as np

from ..explanation import mutation_scan
from .style import DIVERGING, LABEL, PROTEIN_COLORS, TICK, Display, draw_on, tidy

_POSITION_WIDTH, _WIDEST = 0.09, 40.0  # inches
_LABELLED = 60  # positions up to which every residue is written


class MutationScanDisplay(Display):
    """Heat map of a mutation scan: residues in rows, positions of one protein in columns.

    Use ``from_scan`` or ``from_estimator`` to make one. Red cells raise the model's output, blue ones lower it; the residue that is
    there is marked by a dot, and what was not scanned is left grey.

    Parameters
    ----------
    matrix : DataFrame
        Changes; see ``MutationScan.matrix``.
    sequence : str
        The protein.
    protein : {"A", "B"}
    title, xlabel : str, default=""
    output_name : str, default="logit"
        What changes, for the colour scale.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    ax_ : matplotlib Axes
    image_ : matplotlib AxesImage
    colorbar_ : matplotlib Colorbar

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from amp_sklearn.explanation import MutationScan
    >>> from amp_sklearn.plotting import MutationScanDisplay
    >>> variants = pd.DataFrame({"protein": ["A", "A"], "position": [1, 2], "variant": ["A", "A"]})
    >>> nan = np.full(2, np.nan)
    >>> scan = MutationScan(("MK", "MV"), variants, np.array([0.5, 1.2]), nan, 1.0, 0.73, "logit", "exact")
    >>> MutationScanDisplay.from_scan(scan).ax_.get_title(loc="left")
    'Single mutations of A with B (p = 0.73)'
    """

    def __init__(self, matrix, sequence, protein, title="", xlabel="", output_name="logit"):
        self.matrix = matrix
        self.sequence = sequence
        self.protein = protein
        self.title = title
        self.xlabel = xlabel
        self.output_name = output_name

    @classmethod
    def from_scan(cls, scan, protein=None, *, ax=None):
        """Draw one protein of a scan.

        Parameters
        ----------
        scan : MutationScan
        protein : {"A", "B"}, default=None
            By default the only one that was scanned.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        MutationScanDisplay

        Raises
        ------
        ValueError
            If the protein was not scanned.
        """
        matrix = scan.matrix(protein)
        side = "AB".index(protein or scan.proteins[0])
        own, partner = scan.pair_id[side], scan.pair_id[1 - side]
        title = f"Single mutations of {own} with {partner} (p = {scan.wild_probability:.2f})"
        if scan.method == "gradient":
            title += ", estimated from gradients"
        xlabel = f"position in {own}"
        return cls(matrix, scan.sequences[side], "AB"[side], title, xlabel, scan.output_name).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, pair, *, protein="A", ax=None, **settings):
        """Scan a pair and draw the scan.

        Parameters
        ----------
        estimator : fitted Pipeline
        pair : DataFrame with one row, or (str, str)
        protein : {"A", "B"}, default="A"
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.
        **settings
            As of `amp_sklearn.explanation.mutation_scan`.

        Returns
        -------
        MutationScanDisplay
        """
        return cls.from_scan(mutation_scan(estimator, pair, protein=protein, **settings), protein, ax=ax)

    def plot(self, *, ax=None):
        """Draw; the colour scale is symmetric about zero.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        MutationScanDisplay
        """
        length = len(self.sequence)
        self.figure_, self.ax_ = draw_on(ax, (min(3 + _POSITION_WIDTH * max(length, 40), _WIDEST), 4.2))
        values = self.matrix.to_numpy()
        known = np.abs(values[np.isfinite(values)])
        largest = float(known.max()) if len(known) and known.max() > 0 else 1.0
        self.ax_.set_facecolor("#dddddd")
        self.image_ = self.ax_.imshow(
            values,
            vmin=-largest,
            vmax=largest,
            cmap=DIVERGING,
            interpolation="nearest",
            aspect="auto",
            extent=(0.5, length + 0.5, len(values) - 0.5, -0.5),
        )
        rows = list(self.matrix.index)
        there = [
            (place + 1, rows.index(letter)) for place, letter in enumerate(self.sequence) if letter in rows
        ]
        if there:
            self.ax_.scatter(*np.transpose(there), s=3, color="black", linewidths=0)
        tidy(self.ax_, self.title, self.xlabel, "variant")
        self.ax_.set_yticks(
            range(len(rows)), ["deletion" if row == "-" else row for row in rows], fontsize=TICK
        )
        if length <= _LABELLED:
            places = range(1, length + 1)
            labels = [f"{letter}\n{place}" for place, letter in zip(places, self.sequence, strict=True)]
            self.ax_.set_xticks(places, labels, fontsize=TICK - 2)
        self.ax_.xaxis.label.set_color(PROTEIN_COLORS[self.protein])
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_, pad=0.01)
        self.colorbar_.set_label(f"change of the {self.output_name}", fontsize=LABEL)
        self.colorbar_.ax.tick_params(labelsize=TICK)
        return self
