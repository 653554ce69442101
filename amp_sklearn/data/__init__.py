"""Sequences, pairs, the segment rule, pair matrices and bundled data sets."""

from .layout import BLOCKS, FeatureLayout
from .pair_matrix import PairMatrix
from .segments import N_SEGMENTS, PROTEIN_TOKENS, SEGMENT_TOKENS, segment_bounds, segment_lengths
from .sequences import RESIDUES, STANDARD_RESIDUES, check_sequences

__all__ = [
    "BLOCKS",
    "N_SEGMENTS",
    "PROTEIN_TOKENS",
    "RESIDUES",
    "SEGMENT_TOKENS",
    "STANDARD_RESIDUES",
    "FeatureLayout",
    "PairMatrix",
    "check_sequences",
    "segment_bounds",
    "segment_lengths",
]
