"""Classifiers of protein pairs, as scikit-learn estimators."""

from .base import BaseTorchClassifier
from .metrics import PAIR_METRICS, pair_metrics
from .transformer import AMPSClassifier

__all__ = [
    "PAIR_METRICS",
    "AMPSClassifier",
    "BaseTorchClassifier",
    "pair_metrics",
]
