"""Sequences, pairs, the segment rule, pair matrices and bundled data sets."""

from .layout import BLOCKS, FeatureLayout
from .pair_matrix import PairMatrix
from .segments import N_SEGMENTS, PROTEIN_TOKENS, SEGMENT_TOKENS, segment_bounds, segment_lengths

__all__ = [
    "BLOCKS",
    "N_SEGMENTS",
    "PROTEIN_TOKENS",
    "SEGMENT_TOKENS",
    "FeatureLayout",
    "PairMatrix",
    "segment_bounds",
    "segment_lengths",
]
