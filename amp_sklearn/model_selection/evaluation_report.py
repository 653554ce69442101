"""One fitted model on one test set: every metric, for all pairs and by how many of their proteins are known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss
from sklearn.utils.validation import check_consistent_length

from ..data.sequence_pairs import pair_ids
from ..metrics import (
    RATIOS,
    average_precision_at_ratio,
    expected_calibration_error,
    pair_metrics,
    positive_label,
    precision_at_ratio,
    probability_and_score,
)
from ._text_tables import markdown
from .pair_classes import pair_classes

_CLASS_NAMES = {
    "C1": "C1: both proteins seen",
    "C2": "C2: one protein seen",
    "C2a": "C2a: side A new",
    "C2b": "C2b: side B new",
    "C3": "C3: no protein seen",
}

FEWEST_PAIRS = 50
"""Test pairs of a class below which a metric is flagged: its interval is then about as wide as what models differ by."""


def few_pairs(n, n_positive):
    """Whether a class has fewer test pairs than a metric needs to mean something.

    Parameters
    ----------
    n, n_positive : int
        Test pairs, and the positive ones among them.

    Returns
    -------
    bool
    """
    return min(n_positive, n - n_positive) < FEWEST_PAIRS


def all_metrics(y_true, probability, *, ratios=RATIOS, score=None):
    """The published metrics, calibration, and precision where interactions are rare.

    Parameters
    ----------
    y_true : ndarray of bool or int of shape (n_pairs,)
        1 for interacting.
    probability : ndarray of shape (n_pairs,)
        Of interacting.
    ratios : sequence of float, default=(10, 100, 1000)
        Negatives per positive.
    score : ndarray of shape (n_pairs,), default=None
        What orders the pairs for areas; None: the probability.

    Returns
    -------
    dict of str to float
        Those of ``pair_metrics``; ``brier``; ``ece`` and ``ece_equal_mass`` (ten bins); for each ratio
        ``average_precision_1_to_<ratio>`` and ``precision_1_to_<ratio>`` (threshold 0.5). NaN where a class is
        missing that the metric needs.
    """
    y_true = np.asarray(y_true).astype(int)
    result = pair_metrics(y_true, probability, score=score)
    result["brier"] = float(brier_score_loss(y_true, probability, pos_label=1))
    result["ece"] = expected_calibration_error(y_true, probability)
    result["ece_equal_mass"] = expected_calibration_error(y_true, probability, strategy="quantile")
    both = 0 < y_true.sum() < len(y_true)
    for ratio in ratios:
        found = average_precision_at_ratio(y_true, probability, ratio, score=score) if both else np.nan
        result[f"average_precision_1_to_{ratio}"] = found
    for ratio in ratios:
        found = precision_at_ratio(y_true, probability, ratio) if both else np.nan
        result[f"precision_1_to_{ratio}"] = found
    return result


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """Metrics and predictions of a model on a test set.

    Parameters
    ----------
    table : DataFrame
        One row for all pairs and one per class that occurs: ``pairs``, ``n_pairs``, ``n_positive``, and the metrics.
    predictions : DataFrame
        One row per test pair: protein ids where ``X`` had them, ``pair_class`` (with training pairs given), ``label``,
        ``probability``, ``score`` (what orders the pairs), ``prediction``.
    """

    table: pd.DataFrame
    predictions: pd.DataFrame

    @property
    def notes(self):
        """Sentences on groups with fewer than 50 test pairs of a class."""
        sizes = zip(self.table["pairs"], self.table["n_pairs"], self.table["n_positive"], strict=True)
        return [
            f"{name}: {n_positive:,} positive and {n_pairs - n_positive:,} negative test pairs; fewer than {FEWEST_PAIRS} of a "
            "class say little"
            for name, n_pairs, n_positive in sizes
            if few_pairs(n_pairs, n_positive)
        ]

    def to_markdown(self):
        """Markdown table with a row per metric and a column per group of pairs.

        Returns
        -------
        str
        """
        notes = "".join(f"\n{note}.\n" for note in self.notes)
        return markdown(self._upright().reset_index(names="metric")) + notes

    def to_csv(self, path):
        """Write ``table``.

        Parameters
        ----------
        path : str or path-like
        """
        self.table.to_csv(path, index=False)

    def _upright(self):
        """Metrics in rows: there are more of them than groups of pairs."""
        table = self.table.set_index("pairs").T.astype(object)
        for count in ("n_pairs", "n_positive"):
            table.loc[count] = table.loc[count].map(int)
        return table.rename_axis(columns=None)

    def __str__(self):
        text = self._upright().map(lambda v: f"{v:.3f}" if isinstance(v, float) else f"{v:,}").to_string()
        return "\n".join([text, *self.notes])

    def _repr_html_(self):
        text = self._upright().map(lambda v: f"{v:.3f}" if isinstance(v, float) else f"{v:,}").to_html()
        return text + "".join(f"<p>{note}</p>" for note in self.notes)


def evaluate(model, X, y, *, X_train=None, ratios=RATIOS, pos_label=None):
    """Test a fitted model: all metrics, and by class of pair where the training pairs are given.

    Parameters
    ----------
    model : fitted classifier or Pipeline
        Of two classes, with ``predict_proba``.
    X : DataFrame or array-like of shape (n_pairs, 2)
        Test pairs of sequences.
    y : array-like of shape (n_pairs,)
        Labels.
    X_train : DataFrame or array-like of shape (n_train, 2), default=None
        Pairs that the model was trained on. With them the test pairs are also judged apart: both proteins seen in
        training (C1), one (C2), none (C3).
    ratios : sequence of float, default=(10, 100, 1000)
        Negatives per positive for the metrics at a realistic prevalence.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.

    Returns
    -------
    EvaluationReport

    Raises
    ------
    ValueError
        If the model does not have two classes, or ``y`` holds others.

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`.

    Examples
    --------
    >>> from amp_sklearn.data import load_bernett_mini
    >>> from amp_sklearn.model_selection import evaluate, make_baseline
    >>> X, y = load_bernett_mini("val")
    >>> model = make_baseline("protein_share").fit(X[::2], y[::2])
    >>> report = evaluate(model, X[1::2], y[1::2], X_train=X[::2])
    >>> report.table[["pairs", "n_pairs"]]
                        pairs  n_pairs
    0                     all      500
    1  C1: both proteins seen      240
    2    C2: one protein seen      201
    3     C3: no protein seen       59
    """
    y = np.asarray(y)
    check_consistent_length(X, y)
    classes = model.classes_
    if len(classes) != 2:
        raise ValueError(f"the model must have two classes, it has {len(classes)}: {classes[:5].tolist()}")
    strange = np.setdiff1d(y, classes)
    if len(strange):
        raise ValueError(
            f"y holds labels that the model does not know: {strange[:5].tolist()}, not {classes.tolist()}"
        )
    positive_class = positive_label(classes, pos_label)
    other = classes[0] if positive_class == classes[1] else classes[1]
    probability, score = probability_and_score(model, X, positive_class)
    positive = y == positive_class
    groups = {"all": np.ones(len(y), dtype=bool)}
    predictions = pd.DataFrame({"label": y, "probability": probability, "score": score})
    predictions["prediction"] = np.where(probability > 0.5, positive_class, other).astype(classes.dtype)
    if X_train is not None:
        of_pair = pair_classes(X_train, X, sides="auto")
        predictions.insert(0, "pair_class", of_pair)
        groups |= {name: of_pair == c for c, name in _CLASS_NAMES.items() if (of_pair == c).any()}
    if (ids := pair_ids(X)) is not None:
        predictions.insert(0, "protein_a", ids[:, 0])
        predictions.insert(1, "protein_b", ids[:, 1])
    rows = [
        {"pairs": name, "n_pairs": int(chosen.sum()), "n_positive": int(positive[chosen].sum())}
        | all_metrics(positive[chosen], probability[chosen], ratios=ratios, score=score[chosen])
        for name, chosen in groups.items()
    ]
    return EvaluationReport(pd.DataFrame(rows), predictions)
