"""Hyperparameter search, splitters and evaluation for pairs of proteins."""

from .clusters import cluster_sequences, read_clusters
from .evaluation import evaluate_folds
from .optuna_search import OptunaSearchCV
from .pair_classes import PairClassKFold, pair_classes
from .splitters import ClusterDisjointKFold, ProteinDisjointKFold

__all__ = [
    "ClusterDisjointKFold",
    "OptunaSearchCV",
    "PairClassKFold",
    "ProteinDisjointKFold",
    "cluster_sequences",
    "evaluate_folds",
    "pair_classes",
    "read_clusters",
]
