"""Torch modules: tensors in, tensors out, no training loop.

State-dict keys are those of the published checkpoints.
"""

from .autoencoder import AutoEncoder
from .encoders import PairGRU, PairTransformer
from .fine_tuned import FineTunedPairs
from .late_interaction import LateInteraction
from .mean_module import MeanModule
from .mlp import DeepPairNetwork, MLPHead, TokenMean
from .pair_module import PairModule

__all__ = [
    "AutoEncoder",
    "DeepPairNetwork",
    "FineTunedPairs",
    "LateInteraction",
    "MLPHead",
    "MeanModule",
    "PairGRU",
    "PairModule",
    "PairTransformer",
    "TokenMean",
]
