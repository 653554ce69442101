"""Classifiers of protein pairs, as scikit-learn estimators."""

from ._parameters import torch_classifier
from .base import BaseTorchClassifier
from .checkpoints import load_checkpoint
from .ensemble import PairEnsembleClassifier
from .fine_tuned import FineTunedPairClassifier
from .fully_connected import AEDNNClassifier, DPMClassifier
from .late_interaction import LateInteractionClassifier
from .nearest_pairs import NearestPairsClassifier
from .protein_frequency import ProteinFrequencyClassifier
from .published_pipeline import published_pipeline
from .recurrent import GRUClassifier
from .token_mean import TokenMeanClassifier
from .transformer import AMPCSEClassifier, AMPSClassifier

__all__ = [
    "AEDNNClassifier",
    "AMPCSEClassifier",
    "AMPSClassifier",
    "BaseTorchClassifier",
    "DPMClassifier",
    "FineTunedPairClassifier",
    "GRUClassifier",
    "LateInteractionClassifier",
    "NearestPairsClassifier",
    "PairEnsembleClassifier",
    "ProteinFrequencyClassifier",
    "TokenMeanClassifier",
    "load_checkpoint",
    "published_pipeline",
    "torch_classifier",
]
