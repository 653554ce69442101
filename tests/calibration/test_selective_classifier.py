"""SelectiveClassifier: who is answered and who is not."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn.calibration import ApplicabilityDomain, SelectiveClassifier
from amp_sklearn.data import load_bernett_mini
from amp_sklearn.model_selection import ProteinDisjointKFold, evaluate_folds
from amp_sklearn.preprocessing import CompositionEncoder


@pytest.fixture(scope="module")
def case():
    X, y = load_bernett_mini("val")
    return make_pipeline(CompositionEncoder(), LogisticRegression(C=100)), X, y


def test_threshold_is_what_the_share_of_held_out_pairs_reaches(case):
    model, X, y = case
    cv = ProteinDisjointKFold(3, n_passes=5, random_state=0)
    selective = SelectiveClassifier(model, coverage=0.4, cv=cv).fit(X, y)
    held_out = evaluate_folds(model, X, y, cv)[1]["probability"]
    assert (np.maximum(held_out, 1 - held_out) >= selective.confidence_threshold_).mean() == pytest.approx(
        0.4, abs=0.01
    )
    probability = model.fit(X, y).predict_proba(X)
    accepted = probability.max(axis=1) >= selective.confidence_threshold_
    np.testing.assert_array_equal(selective.accepts(X), accepted)
    np.testing.assert_array_equal(selective.predict(X), np.where(accepted, model.predict(X), -1))
    np.testing.assert_array_equal(selective.predict_proba(X), probability)


def test_pairs_outside_of_the_domain_are_rejected(case):
    model, X, y = case
    domain = ApplicabilityDomain(threshold=0.5)
    selective = SelectiveClassifier(model, domain=domain, reject_label="unknown").fit(
        X, np.array(["no", "yes"])[y]
    )
    strange = [["WWWWHHHHWWWWHHHH", X.iloc[0, 0]], X.iloc[0].tolist()]
    assert selective.accepts(strange).tolist() == [False, True]
    assert selective.predict(strange).tolist() == [
        "unknown",
        model.fit(X, np.array(["no", "yes"])[y]).predict(strange)[1],
    ]
    np.testing.assert_array_equal(selective.domain_.contains(X), True)


def test_without_a_reason_nothing_is_rejected(case):
    model, X, y = case
    selective = SelectiveClassifier(model).fit(X, y)
    np.testing.assert_array_equal(selective.predict(X), model.fit(X, y).predict(X))
    assert selective.confidence_threshold_ == 0.5 and selective.domain_ is None


def test_frozen_model_and_domain(case):
    model, X, y = case
    fitted, domain = model.fit(X[::2], y[::2]), ApplicabilityDomain(threshold=0.2).fit(X[::2])
    with pytest.raises(ValueError, match="fit the domain on its training pairs"):
        SelectiveClassifier(FrozenEstimator(fitted), domain=domain).fit(X[1::2], y[1::2])
    selective = SelectiveClassifier(FrozenEstimator(fitted), coverage=0.5, domain=FrozenEstimator(domain))
    selective.fit(X[1::2], y[1::2])
    probability = fitted.predict_proba(X[1::2])
    assert selective.confidence_threshold_ == pytest.approx(np.median(probability.max(axis=1)))
    expected = (probability.max(axis=1) >= selective.confidence_threshold_) & domain.contains(X[1::2])
    np.testing.assert_array_equal(selective.accepts(X[1::2]), expected)


def test_errors(case):
    model, X, y = case
    with pytest.raises(ValueError, match=r"'coverage' parameter .* must be a float in the range .* Got 0"):
        SelectiveClassifier(model, coverage=0).fit(X, y)
    with pytest.raises(ValueError, match=r"reject_label=-1 is one of the classes \[-1, 1\]; choose another"):
        SelectiveClassifier(model, coverage=0.5).fit(X, 2 * y - 1)
