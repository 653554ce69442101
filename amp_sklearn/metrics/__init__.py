"""Metrics of predicted pairs: the published ones, calibration, realistic prevalence, abstention, scorers."""

from ._labels import positive_label, positives
from .abstention import area_under_risk_coverage, risk_coverage_curve
from .calibration import expected_calibration_error, reliability_curve
from .pairs import PAIR_METRICS, pair_metrics
from .prevalence import RATIOS, average_precision_at_ratio, precision_at_ratio
from .ranking import probability_and_score
from .scorers import PAIR_SCORERS, pair_scorer

__all__ = [
    "PAIR_METRICS",
    "PAIR_SCORERS",
    "RATIOS",
    "area_under_risk_coverage",
    "average_precision_at_ratio",
    "expected_calibration_error",
    "pair_metrics",
    "pair_scorer",
    "positive_label",
    "positives",
    "precision_at_ratio",
    "probability_and_score",
    "reliability_curve",
    "risk_coverage_curve",
]
