"""Hyperparameter search, splitters and audits for pairs of proteins."""

from .optuna_search import OptunaSearchCV

__all__ = ["OptunaSearchCV"]
