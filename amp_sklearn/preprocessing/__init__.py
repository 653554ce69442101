"""Transformers between the embedding and the classifier, and the composition baseline."""

from .composition import CompositionEncoder
from .pair_concatenator import PairConcatenator

__all__ = ["CompositionEncoder", "PairConcatenator"]
