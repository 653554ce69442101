"""Metrics of predicted pairs: the published ones, calibration, realistic prevalence, abstention, scorers."""

from .abstention import area_under_risk_coverage, risk_coverage_curve
from .calibration import expected_calibration_error, reliability_curve
from .pairs import PAIR_METRICS, pair_metrics
from .prevalence import RATIOS, average_precision_at_ratio, precision_at_ratio
from .scorers import PAIR_SCORERS

__all__ = [
    "PAIR_METRICS",
    "PAIR_SCORERS",
    "RATIOS",
    "area_under_risk_coverage",
    "average_precision_at_ratio",
    "expected_calibration_error",
    "pair_metrics",
    "precision_at_ratio",
    "reliability_curve",
    "risk_coverage_curve",
]
