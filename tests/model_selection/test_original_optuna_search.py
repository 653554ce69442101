"""Optuna's own OptunaSearchCV runs on our pipelines, and ours takes its place with only the import changed."""

import warnings

import numpy as np
import optuna
import optuna_integration
import pandas as pd
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.pipeline import make_pipeline

from amp_sklearn.classification import AMPSClassifier
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.model_selection import OptunaSearchCV
from amp_sklearn.preprocessing import PairConcatenator

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture(scope="module")
def pairs():
    random = np.random.default_rng(0)
    proteins = ["".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), size=n)) for n in range(11, 21)]
    a, b = random.integers(0, 10, size=(2, 24))
    return pd.DataFrame({"sequence_a": np.take(proteins, a), "sequence_b": np.take(proteins, b)}), np.arange(
        24
    ) % 2


def search(search_class):
    small = AMPSClassifier(
        n_layers=1,
        n_heads=2,
        dim_feedforward=8,
        d_model=8,
        hidden2=4,
        max_epochs=2,
        random_state=0,
        device="cpu",
    )
    space = {
        "ampsclassifier__lr": FloatDistribution(1e-4, 1e-1, log=True),
        "ampsclassifier__hidden1": IntDistribution(4, 8, step=4),
    }
    pipeline = make_pipeline(ESM2Embedder(store=None, device="cpu"), PairConcatenator(), small)
    return search_class(pipeline, space, cv=2, n_trials=3, random_state=0, scoring="roc_auc")


@pytest.mark.parametrize("search_class", [optuna_integration.OptunaSearchCV, OptunaSearchCV])
def test_both_search_pipelines_of_ours(pairs, search_class):
    X, y = pairs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # optuna's terminator module
        fitted = search(search_class).fit(X, y)
    assert len(fitted.trials_) == fitted.n_trials_ == 3
    assert set(fitted.best_params_) == {"ampsclassifier__lr", "ampsclassifier__hidden1"}
    assert fitted.best_estimator_[-1].lr == fitted.best_params_["ampsclassifier__lr"]
    assert fitted.predict(X).shape == (24,)
    best = max(fitted.trials_, key=lambda trial: trial.value)
    assert fitted.best_score_ == best.value
