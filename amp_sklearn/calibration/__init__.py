"""Trust in single predictions: calibrated probabilities, the applicability domain, abstention."""

from .applicability_domain import ApplicabilityDomain
from .calibrated_classifier import CalibratedPairClassifier
from .selective_classifier import SelectiveClassifier

__all__ = ["ApplicabilityDomain", "CalibratedPairClassifier", "SelectiveClassifier"]
