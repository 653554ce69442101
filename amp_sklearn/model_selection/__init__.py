"""Hyperparameter search, splitters and evaluation for pairs of proteins."""

from .evaluation import evaluate_folds
from .optuna_search import OptunaSearchCV
from .splitters import ProteinDisjointKFold

__all__ = ["OptunaSearchCV", "ProteinDisjointKFold", "evaluate_folds"]
