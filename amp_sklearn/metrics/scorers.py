"""The metrics as scikit-learn scorers, for ``cross_validate`` and searches."""

from sklearn.metrics import brier_score_loss, make_scorer

from ._labels import checked
from .calibration import expected_calibration_error
from .pairs import PAIR_METRICS, pair_metrics
from .prevalence import RATIOS, average_precision_at_ratio


def _published(y_true, probability, *, metric):
    y, probability = checked(y_true, probability)
    return pair_metrics(y, probability, names=(metric,))[metric]


def _brier(y_true, probability):
    return brier_score_loss(*checked(y_true, probability), pos_label=True)


def _scorer(function, **options):
    return make_scorer(function, response_method="predict_proba", **options)


PAIR_SCORERS = {
    **{name: _scorer(_published, metric=name) for name in PAIR_METRICS if name != "loss"},
    "neg_loss": _scorer(_published, metric="loss", greater_is_better=False),
    "neg_brier": _scorer(_brier, greater_is_better=False),
    "neg_ece": _scorer(expected_calibration_error, greater_is_better=False),
    "neg_ece_equal_mass": _scorer(expected_calibration_error, strategy="quantile", greater_is_better=False),
    **{
        f"average_precision_1_to_{ratio}": _scorer(average_precision_at_ratio, ratio=ratio)
        for ratio in (1, *RATIOS)
    },
}
"""Scorers by name, of two-class models with ``predict_proba``; greater is better (losses and errors are negated).

The published metrics under the names of ``PAIR_METRICS`` (``"neg_loss"`` for the loss), threshold 0.5;
``"neg_brier"``, ``"neg_ece"`` and ``"neg_ece_equal_mass"`` (ten bins); ``"average_precision_1_to_100"`` and the like, the
average precision with so many negatives per positive. The whole dictionary, or a part of it, goes to ``scoring`` of
``cross_validate`` and of searches; the model then predicts once for all of them.
"""
