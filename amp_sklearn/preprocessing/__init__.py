"""Transformers between the embedding and the classifier, and the composition baseline."""

from .autoencoder import AutoencoderReducer
from .composition import CompositionEncoder
from .pair_concatenator import PairConcatenator

__all__ = ["AutoencoderReducer", "CompositionEncoder", "PairConcatenator"]
