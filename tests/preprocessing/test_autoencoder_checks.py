"""Scikit-learn's own checks of AutoencoderReducer, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.preprocessing import AutoencoderReducer


@parametrize_with_checks([AutoencoderReducer(n_components=2, max_epochs=2, dtype="float64", device="cpu")])
def test_common_checks(estimator, check):
    check(estimator)
