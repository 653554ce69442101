"""Sequences, pairs, the segment rule, pair matrices and bundled data sets."""

from .datasets import load_bernett, load_bernett_mini, load_park_marcotte, load_yeast_ppi
from .fasta import read_fasta
from .feature_tables import read_features, read_pair_features
from .layout import BLOCKS, FeatureLayout
from .negatives import sample_negatives
from .pair_matrix import PairMatrix
from .pairs import read_pairs
from .segments import N_SEGMENTS, PROTEIN_TOKENS, SEGMENT_TOKENS, segment_bounds, segment_lengths
from .sequence_tables import read_sequences
from .sequences import RESIDUES, STANDARD_RESIDUES, check_sequences
from .sides import find_sides

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
    "find_sides",
    "load_bernett",
    "load_bernett_mini",
    "load_park_marcotte",
    "load_yeast_ppi",
    "read_fasta",
    "read_features",
    "read_pair_features",
    "read_pairs",
    "read_sequences",
    "sample_negatives",
    "segment_bounds",
    "segment_lengths",
]
