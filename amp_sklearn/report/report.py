"""Report: what a fitted model says of a set of pairs, how good it is, and why, on one page."""

import platform
from datetime import UTC, datetime

import numpy as np

from .. import __version__
from ..audit import audit_pairs
from ..audit.finding import SEVERITIES
from ..data.digests import data_digest
from ..data.sequence_pairs import pair_ids
from ..explanation import RefusedExplanation, explain
from ..model_selection import pair_classes
from ..model_selection.evaluation_report import FEWEST_PAIRS, few_pairs
from ..persistence import model_fingerprint
from ..screening.screened_model import ScreenedModel
from .intervals import METRICS, metrics_with_intervals
from .page import HtmlPage, page, script_json, svg
from .pictures import explanation_picture, learning_curve, pair_pictures, score_pictures


class Report(HtmlPage):
    """One self-contained HTML page about a fitted model and a set of pairs: it asks for nothing from a network.

    It holds warnings first, then what was predicted, metrics with intervals by class of pair, ROC, precision-recall
    and calibration curves, the audit of the pairs, the learning curve, explanations, a view of single pairs, a table
    that can be searched, sorted and paged, and how all of it was made.

    Parameters
    ----------
    model : fitted classifier or Pipeline
        Of classes 0 and 1, from pairs of sequences; it may be calibrated and have an applicability domain.
    X : DataFrame of shape (n_pairs, 2)
        Pairs of sequences, ids in the index.
    y : array-like of shape (n_pairs,), default=None
        Labels 1 and 0; without them there are no metrics.
    X_train : DataFrame, default=None
        Training pairs: metrics are then given by class of pair (C1, C2, C3), and explanations compare with them.
    title : str, default="Protein-protein interactions"
    n_pairs_explained : int, default=8
        Pairs with the highest probability that are explained and drawn; 0 explains none.
    annotations : DataFrame, default=None
        Annotated regions of the proteins, as ``amp_sklearn.regions.read_annotations`` returns them; drawn along the pairs
        that are explained.
    audit : bool, default=True
        Audit labelled pairs.
    random_state : int, default=0
        Seed of intervals, audit and explanation.

    Attributes
    ----------
    warnings : list of str
    table : DataFrame
        One row per pair, as the page shows it.
    metrics : DataFrame or None
    html : str
        The page.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from amp_sklearn import Report, load_bernett_mini, make_preset
    >>> X, y = load_bernett_mini("val")
    >>> model = make_preset("composition").fit(X, y)
    >>> report = Report(model, X.iloc[:60], y[:60], audit=False)
    >>> path = report.save(pathlib.Path(tempfile.mkdtemp(), "report.html"))
    >>> path.read_text().startswith("<!DOCTYPE html>")
    True
    """

    def __init__(
        self,
        model,
        X,
        y=None,
        *,
        X_train=None,
        title="Protein-protein interactions",
        n_pairs_explained=8,
        annotations=None,
        audit=True,
        random_state=0,
    ):
        self.warnings: list[str] = []
        self.title = title
        parts = ScreenedModel(model)
        y = None if y is None else np.asarray(y).astype(int)
        probability, self.table = self._predicted(parts, X, y)
        self.metrics, figures = None, []
        if y is not None:
            groups = None if X_train is None else np.asarray(pair_classes(X_train, X))
            self.metrics = metrics_with_intervals(y, probability, groups, random_state=random_state)
            for row in self.metrics.itertuples():
                if few_pairs(row.n_pairs, row.n_positive):
                    self.warnings.append(
                        f"{row.pairs}: {row.n_positive:,} positive and {row.n_pairs - row.n_positive:,} negative pairs; "
                        f"scores of fewer than {FEWEST_PAIRS} of a class say little"
                    )
            if 0 < y.sum() < len(y):
                figures = score_pictures(y, probability)
        found = None
        if audit and y is not None and 0 < y.sum() < len(y):
            found = audit_pairs(X, y, random_state=random_state)
            if found.severity in ("severe", "warning"):
                self.warnings.append(f"audit of the pairs: {found.verdict}")
        history = getattr(parts.classifier, "history_", None)
        curve = None if history is None else learning_curve(history.to_dict("records"))
        self.html = page(
            "report.html",
            title=title,
            warnings=self.warnings,
            counts=self._counts(X, y, probability),
            metrics=self.metrics,
            metric_names=METRICS,
            figures=[(name, svg(figure, f"score{i}")) for i, (name, figure) in enumerate(figures)],
            audit=None if found is None else _worst_first(found),
            learning=None if curve is None else svg(curve, "learning"),
            explained=self._explained(parts, X, probability, X_train, n_pairs_explained, annotations),
            pairs_title="Pairs",
            columns=list(self.table.columns),
            rows=script_json(self.table.to_numpy(dtype=object).tolist()),
            made=_made(model, X, y, random_state),
        )

        self._evaluated = (model, X, y)

    def to_skore(self):
        """The same model and pairs as a report of skore, for those who keep their reports there.

        Returns
        -------
        skore.EstimatorReport

        Raises
        ------
        ImportError
            If skore is not installed; the message says how to get it.
        ValueError
            If the pairs have no labels.

        Notes
        -----
        Cross-validation needs no bridge: ``skore.CrossValidationReport(pipeline, X, y, splitter=ProteinDisjointKFold(5))``.
        """
        try:
            from skore import EstimatorReport
        except ImportError as error:
            raise ImportError(
                "to_skore needs the package skore, which is not installed: pip install 'amp-sklearn[skore]'"
            ) from error
        model, X, y = self._evaluated
        if y is None:
            raise ValueError("a report of skore needs labels; give them to Report as y")
        return EstimatorReport(model, X_test=X, y_test=y, pos_label=1)

    def _predicted(self, parts, X, y):
        features = X
        if hasattr(parts.pipeline, "steps") and len(parts.pipeline) > 1:
            features = parts.pipeline[:-1].transform(X)
        raw = np.asarray(parts.classifier.predict_proba(features))[:, parts.column]
        uncertainty = None
        if hasattr(parts.classifier, "predict_uncertainty"):
            uncertainty = parts.classifier.predict_uncertainty(features)
        columns = parts.columns_of(raw, uncertainty)
        columns["probability"] = raw
        best = np.asarray(columns.get("calibrated", raw), dtype=float)
        ids = pair_ids(X)
        table = X.reset_index(drop=True).iloc[:, :0].copy()
        table["protein_a"], table["protein_b"] = (
            (range(len(X)), range(len(X))) if ids is None else (ids[:, 0], ids[:, 1])
        )
        for side, name in enumerate(("length_a", "length_b")):
            table[name] = X.iloc[:, side].str.len().to_numpy()
        if y is not None:
            table["label"] = y
        for name, values in columns.items():
            table[name] = np.round(np.asarray(values, dtype=float), 4)
        if parts.domain is not None:
            table["outside_domain"] = ~np.asarray(parts.domain.contains(X))
            n = int(table["outside_domain"].sum())
            if n:
                self.warnings.append(
                    f"{n:,} of {len(X):,} pairs are unlike the training proteins: what the model says of them is extrapolation"
                )
        spread = float(best.std())
        if len(best) > 1 and spread <= 0.01 * max(np.sqrt(best.mean() * (1 - best.mean())), 1e-6):
            self.warnings.append(
                f"the predictions are nearly constant ({best.min():.4f} to {best.max():.4f}): the model does not tell these "
                "pairs apart"
            )
        if not parts.calibrators:
            self.warnings.append(
                "the probabilities are not calibrated: read them as an order, not as frequencies"
            )
        return best, table

    @staticmethod
    def _counts(X, y, probability):
        counts = {"pairs": len(X), "proteins": len(set(X.to_numpy().ravel()))}
        if y is not None:
            counts |= {"interacting": int(y.sum()), "not interacting": int(len(y) - y.sum())}
        return counts | {"predicted to interact": int((probability > 0.5).sum())}

    def _explained(self, parts, X, probability, X_train, n, annotations):
        """Pictures of the pairs with the highest probability; None if the model cannot be explained by segments."""
        if not n:
            return None
        rows = np.argsort(-probability, kind="stable")[:n]
        chosen = X.iloc[rows]
        background = X if X_train is None else X_train
        background = background.iloc[:200]
        for method in ("interaction_map", "integrated_gradients"):
            try:
                found = explain(parts.pipeline, chosen, method, background=background)
                break
            except (RefusedExplanation, ValueError):
                continue
        else:
            self.warnings.append("the model reads no segments: there is no explanation of single pairs")
            return None
        try:
            residues = explain(parts.pipeline, chosen, "residue_gradients", background=background)
        except (RefusedExplanation, ValueError):
            residues = None  # the model reads more than the embedder's segments: these are drawn instead
        sequences = dict(
            zip(found.pair_ids.ravel().tolist(), chosen.to_numpy().ravel().tolist(), strict=True)
        )
        pairs = []
        for number, row in enumerate(rows):
            figures = pair_pictures(found, number, residues, annotations, sequences)
            pictures = [svg(figure, f"pair{number}-{i}") for i, figure in enumerate(figures)]
            record = self.table.iloc[row]
            pairs.append(
                {
                    "a": record["protein_a"],
                    "b": record["protein_b"],
                    "probability": float(probability[row]),
                    "sequences": [X.iloc[row, 0], X.iloc[row, 1]],
                    "pictures": pictures,
                }
            )
        return {
            "method": found.method,
            "notes": found.notes,
            "overview": svg(explanation_picture(found), "segments"),
            "pairs": pairs,
        }


def _worst_first(audit):
    return sorted(audit.list_of_findings, key=lambda finding: -SEVERITIES.index(finding.severity))


def _made(model, X, y, random_state):
    text = " ".join(repr(model).split())
    return {
        "model": text if len(text) < 2000 else f"{text[:2000]} ...",
        "fingerprint of the model": model_fingerprint(model),
        "digest of pairs and labels": data_digest(X.to_numpy(), y),
        "seed": random_state,
        "amp_sklearn": __version__,
        "Python": platform.python_version(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
