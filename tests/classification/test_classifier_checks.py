"""Scikit-learn's own checks, none expected to fail. Sizes are small, precision double, dropout off: as
scikit-learn configures its own neural networks for these checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    LateInteractionClassifier,
    TokenMeanClassifier,
)

COMMON = {"dtype": "float64", "lr_schedule": None, "device": "cpu", "hidden1": 16, "hidden2": 8}
ENCODER = {"n_layers": 1, "n_heads": 2, "d_model": 16, "dim_feedforward": 16, "dropout": 0.0}
ORDER = {"chain_embedding": True, "position_embedding": True}
ESTIMATORS = [
    AMPSClassifier(lr=0.01, max_epochs=60, **ENCODER, **ORDER, **COMMON),
    AMPCSEClassifier(lr=0.01, max_epochs=60, **ENCODER, **ORDER, **COMMON),
    GRUClassifier(lr=0.02, max_epochs=60, n_layers=1, hidden_size=16, **COMMON),
    LateInteractionClassifier(
        lr=0.02,
        n_tokens=1,
        d_model=8,
        hidden1=16,
        max_epochs=40,
        dropout=0.0,
        **{k: v for k, v in COMMON.items() if not k.startswith("hidden")},
    ),
    DPMClassifier(lr=0.01, max_epochs=40, hidden3=8, **COMMON),
    TokenMeanClassifier(lr=0.02, max_epochs=40, n_tokens=1, **COMMON),
    AEDNNClassifier(lr=0.02, max_epochs=40, **COMMON),
]


@parametrize_with_checks(ESTIMATORS)
def test_common_checks(estimator, check):
    check(estimator)
