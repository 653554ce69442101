"""CalibratedPairClassifier: calibrators against their definitions, and no leak of proteins."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn.calibration import CalibratedPairClassifier
from amp_sklearn.calibration.calibrators import METHODS, apply_calibrator, fit_calibrator, log_odds
from amp_sklearn.classification import ProteinFrequencyClassifier
from amp_sklearn.data import load_bernett_mini
from amp_sklearn.metrics import expected_calibration_error
from amp_sklearn.model_selection import ProteinDisjointKFold, evaluate_folds
from amp_sklearn.preprocessing import CompositionEncoder


@pytest.fixture(scope="module")
def pairs():
    return load_bernett_mini("val")


@pytest.fixture(scope="module")
def overconfident():
    """Predictions three times as sure as they may be, a little shifted, and labels."""
    rng = np.random.default_rng(0)
    true = rng.normal(size=4000)
    return expit(3 * true + 0.5), rng.random(4000) < expit(true)


@pytest.mark.parametrize("method", METHODS)
def test_an_overconfident_model_becomes_calibrated(method, overconfident):
    p, y = overconfident
    calibrator = fit_calibrator(method, p[::2], y[::2])
    calibrated = apply_calibrator(calibrator, p[1::2])
    assert (
        expected_calibration_error(y[1::2], calibrated) < 0.04 < expected_calibration_error(y[1::2], p[1::2])
    )
    order = np.argsort(p[1::2])
    assert (np.diff(calibrated[order]) >= 0).all()


def test_parameters_are_the_likeliest(overconfident):
    p, y = overconfident
    z = log_odds(p)
    n0, n1 = (~y).sum(), y.sum()
    target = np.where(y, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))

    def loss(parameters, t):
        logit = parameters[0] * z + (parameters[1] if len(parameters) > 1 else 0)
        return (t * np.logaddexp(0, -logit) + (1 - t) * np.logaddexp(0, logit)).mean()

    sigmoid, temperature = fit_calibrator("sigmoid", p, y), fit_calibrator("temperature", p, y)
    expected = minimize(loss, [1.0, 0.0], args=(target,), tol=1e-10).x
    np.testing.assert_allclose([sigmoid["slope"], sigmoid["intercept"]], expected, atol=1e-4)
    assert temperature["slope"] == pytest.approx(minimize(loss, [1.0], args=(y,), tol=1e-10).x[0], abs=1e-4)
    assert temperature["intercept"] == 0


def test_certain_predictions_stay_finite():
    p, y = np.array([0.0, 0.0, 1.0, 1.0]), np.array([False, False, True, True])
    for method in METHODS:
        calibrated = apply_calibrator(fit_calibrator(method, p, y), p)
        assert (calibrated[:2] < 0.5).all() and (calibrated[2:] > 0.5).all()
        assert np.isfinite(calibrated).all()
    isotonic = apply_calibrator(fit_calibrator("isotonic", p, y), p)
    np.testing.assert_allclose(isotonic, [1 / 6, 1 / 6, 5 / 6, 5 / 6])


def test_learns_from_disjoint_pairs_and_fits_the_model_on_all(pairs):
    X, y = pairs
    model = make_pipeline(CompositionEncoder(), LogisticRegression())
    cv = ProteinDisjointKFold(3, n_passes=5, random_state=0)
    calibrated = CalibratedPairClassifier(model, cv=cv).fit(X, y)
    _, held_out = evaluate_folds(model, X, y, cv)
    expected = fit_calibrator(
        "sigmoid", held_out["probability"].to_numpy(), held_out["label"].to_numpy() == 1
    )
    assert calibrated.calibrator_ == pytest.approx(expected) and calibrated.n_calibration_ == len(held_out)
    whole = model.fit(X, y).predict_proba(X)[:, 1]
    np.testing.assert_allclose(calibrated.predict_proba(X)[:, 1], apply_calibrator(expected, whole))
    assert calibrated.n_features_in_ == 2


class RemembersProteins(ClassifierMixin, BaseEstimator):
    """Fails where it predicts a protein that it was fitted on, unless it was fitted on all pairs."""

    def fit(self, X, y):
        self.classes_, self.known_, self.n_ = np.unique(y), set(X.to_numpy().ravel()), len(y)
        return self

    def predict_proba(self, X):
        assert self.n_ == 1000 or not self.known_ & set(X.to_numpy().ravel())
        return np.tile([0.3, 0.7], (len(X), 1))


def test_folds_are_protein_disjoint_by_default(pairs):
    X, y = pairs
    model = CalibratedPairClassifier(RemembersProteins()).fit(X, y)
    # it always says 0.7 where half of the pairs interact
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 0.5, atol=0.05)


def test_a_model_that_only_remembers_is_told_so(pairs):
    X, y = pairs
    plain = ProteinFrequencyClassifier().fit(X, y)
    calibrated = CalibratedPairClassifier(ProteinFrequencyClassifier(), method="isotonic").fit(X, y)
    assert np.abs(plain.predict_proba(X)[:, 1] - 0.5).mean() > 0.25
    assert np.abs(calibrated.predict_proba(X)[:, 1] - 0.5).mean() < 0.1


def test_a_frozen_model_is_calibrated_on_the_pairs_given(pairs):
    X, y = pairs
    fitted = make_pipeline(CompositionEncoder(), LogisticRegression(C=100)).fit(X[::2], y[::2])
    before = fitted[-1].coef_.copy()
    model = CalibratedPairClassifier(FrozenEstimator(fitted), method="temperature").fit(X[1::2], y[1::2])
    np.testing.assert_array_equal(fitted[-1].coef_, before)
    expected = fit_calibrator("temperature", fitted.predict_proba(X[1::2])[:, 1], y[1::2] == 1)
    assert model.calibrator_ == expected and model.n_calibration_ == 500
    np.testing.assert_array_equal(model.predict(X), fitted.predict(X))  # a temperature changes no label


def test_errors(pairs):
    X, y = pairs
    model = ProteinFrequencyClassifier()
    with pytest.raises(
        ValueError, match="The 'method' parameter of CalibratedPairClassifier must be a str among"
    ):
        CalibratedPairClassifier(model, method="platt").fit(X, y)
    with pytest.raises(ValueError, match="all 10 held-out pairs have one label"):
        CalibratedPairClassifier(model, cv=[(np.arange(1000), np.arange(10))]).fit(X, y)
    with pytest.raises(ValueError, match="Only binary classification is supported, got 3 classes"):
        CalibratedPairClassifier(model).fit(X[:6], [0, 1, 2, 0, 1, 2])
