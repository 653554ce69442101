"""Transformers between the embedding and the classifier."""

from .pair_concatenator import PairConcatenator

__all__ = ["PairConcatenator"]
