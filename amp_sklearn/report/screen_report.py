"""The page about a finished screen: what was scored, what the scores mean, how many partners proteins have."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from .. import __version__
from ..screening.journal import ScreenJournal
from ..screening.network import batches_of_edges
from .page import HtmlPage, page, script_json, svg
from .screen_pictures import degree_picture, precision_picture, score_picture

PRECISIONS = (0.1, 0.25, 0.5, 0.75, 0.9)


class ScreenReport(HtmlPage):
    """One self-contained HTML page about a finished screen: it asks for nothing from a network.

    It holds warnings first, then counts, thresholds for wanted precisions at an assumed prevalence, what the first of two
    stages lost, the distribution of scores, the expected precision, the number of partners of proteins, and the best pairs
    in a table that can be searched and sorted.

    Parameters
    ----------
    result : ScreenResult
    prevalence : float, default=0.002
        Share of true pairs among all pairs of the screen that you assume; see `ScreenSummary.table` for estimates.
    training_prevalence : float, default=0.5
        Share of positive pairs in the data for which the probabilities hold.
    title : str, default="Screen"
    n_best : int, default=1000
        Pairs with the highest score in the table.

    Attributes
    ----------
    warnings : list of str
    thresholds : list of dict
        Threshold, pairs and expected true pairs for each of five precisions.
    best : DataFrame
        The pairs of the table.
    html : str
        The page.

    Raises
    ------
    ValueError
        If a prevalence is not between 0 and 1.

    Examples
    --------
    >>> import tempfile
    >>> from amp_sklearn import ScreenReport, load_bernett_mini, make_preset, screen
    >>> X, y = load_bernett_mini("val")
    >>> model = make_preset("composition").fit(X, y)
    >>> proteins = {f"P{number}": sequence for number, sequence in enumerate(X["sequence_a"].unique()[:8])}
    >>> report = ScreenReport(screen(model, proteins, out=tempfile.mkdtemp()), prevalence=0.01)
    >>> len(report.best), [row["precision"] for row in report.thresholds]
    (28, [0.1, 0.25, 0.5, 0.75, 0.9])
    """

    def __init__(self, result, prevalence=0.002, *, training_prevalence=0.5, title="Screen", n_best=1000):
        summary, manifest = result.summary, ScreenJournal(result.folder).manifest()
        self.thresholds = summary.table(prevalence, training_prevalence, PRECISIONS)
        names = pq.read_schema(result.files[0]).names
        self.best, n_outside = _best_pairs(result, n_best)
        n_proteins = manifest["n_proteins"] + (manifest["n_partners"] or 0)
        n_with = sum(summary.degrees.values())
        counts = {"proteins": n_proteins, "pairs": summary.n_pairs}
        counts |= {"scored": summary.scored, "kept": summary.kept, "proteins with a kept partner": n_with}
        self.warnings = []
        if "calibrated" not in names:
            self.warnings.append(
                "the probabilities are not calibrated: thresholds and expected precisions below are only as good as they are"
            )
        if n_outside is not None:
            counts["kept pairs outside the domain"] = n_outside
            if n_outside:
                self.warnings.append(
                    f"{n_outside:,} of {summary.kept:,} kept pairs are unlike the training proteins: what the model says of them "
                    "is extrapolation"
                )
        if summary.prefilter is not None:
            self.warnings.append(
                f"{summary.n_pairs - summary.scored:,} pairs were not scored: a first stage left them out"
            )
        if self.thresholds[-1]["threshold"] is None:
            out = min(row["precision"] for row in self.thresholds if row["threshold"] is None)
            self.warnings.append(
                f"at the assumed prevalence no threshold gives a precision of {out:.0%} or more"
            )
        if not summary.scored:
            self.warnings.append("no pair was scored")
        figures = summary.scored and [
            ("Scores of all scored pairs", score_picture(summary.histogram)),
            (
                "Expected precision of the pairs that reach a score",
                precision_picture(summary.histogram, prevalence, training_prevalence),
            ),
            ("Kept partners of proteins", degree_picture(summary.degrees, n_proteins - n_with)),
        ]
        self.html = page(
            "screen.html",
            title=title,
            warnings=self.warnings,
            counts=counts,
            prevalence=prevalence,
            training_prevalence=training_prevalence,
            n_pairs=summary.n_pairs,
            thresholds=self.thresholds,
            prefilter=summary.prefilter,
            figures=[(name, svg(figure, f"screen{i}")) for i, (name, figure) in enumerate(figures or [])],
            pairs_title=f"The best {len(self.best):,} of {summary.kept:,} kept pairs",
            columns=list(self.best.columns),
            rows=script_json(self.best.to_numpy(dtype=object).tolist()),
            made={
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in manifest.items()
            }
            | {"page by amp_sklearn": __version__, "made": datetime.now(UTC).isoformat(timespec="seconds")},
        )


def _best_pairs(result, n):
    """Kept pairs with the highest score, and how many kept pairs lie outside the domain (None without a domain)."""
    best: pd.DataFrame = pd.DataFrame()
    n_outside = None
    for table in batches_of_edges(result):
        if "outside_domain" in table:
            n_outside = (n_outside or 0) + int(table["outside_domain"].sum())
        table = table.astype({"protein_a": object, "protein_b": object})
        best = table if best.empty else pd.concat([best, table])
        best = best.sort_values("score", ascending=False, kind="stable").head(n)
    numbers = [str(name) for name in best if best[name].dtype.kind == "f"]
    return best.assign(**{name: np.round(best[name].astype(float), 4) for name in numbers}), n_outside
