"""Scikit-learn's own checks, none expected to fail. Sizes are small, precision double, dropout off: as
scikit-learn configures its own neural networks for these checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.classification import AMPSClassifier

COMMON = {"dtype": "float64", "lr": 0.01, "lr_schedule": None, "max_epochs": 60, "device": "cpu"}
HEAD = {"hidden1": 16, "hidden2": 8}
ESTIMATORS = [
    AMPSClassifier(
        n_layers=1,
        n_heads=2,
        d_model=16,
        dim_feedforward=16,
        dropout=0.0,
        chain_embedding=True,
        position_embedding=True,
        **HEAD,
        **COMMON,
    ),
]


@parametrize_with_checks(ESTIMATORS)
def test_common_checks(estimator, check):
    check(estimator)
