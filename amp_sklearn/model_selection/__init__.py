"""Hyperparameter search, splitters and evaluation for pairs of proteins."""

from .baselines import BASELINES, make_baseline
from .clusters import cluster_sequences, read_clusters
from .comparison import compare
from .comparison_result import Comparison, PairedTest
from .evaluation import evaluate_folds
from .evaluation_report import EvaluationReport, evaluate
from .optuna_search import OptunaSearchCV
from .pair_classes import PairClassKFold, pair_classes
from .side_disjoint import SideDisjointKFold
from .splitters import ClusterDisjointKFold, ProteinDisjointKFold

__all__ = [
    "BASELINES",
    "ClusterDisjointKFold",
    "Comparison",
    "EvaluationReport",
    "OptunaSearchCV",
    "PairClassKFold",
    "PairedTest",
    "ProteinDisjointKFold",
    "SideDisjointKFold",
    "cluster_sequences",
    "compare",
    "evaluate",
    "evaluate_folds",
    "make_baseline",
    "pair_classes",
    "read_clusters",
]
