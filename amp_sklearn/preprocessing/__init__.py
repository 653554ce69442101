"""Transformers between the embedding and the classifier, and the composition baseline."""

from .autoencoder import AutoencoderReducer
from .composition import CompositionEncoder
from .feature_file import map_features
from .pair_concatenator import PairConcatenator
from .protein_scaler import ProteinScaler

__all__ = ["AutoencoderReducer", "CompositionEncoder", "PairConcatenator", "ProteinScaler", "map_features"]
