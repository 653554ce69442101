"""Models of trust and baselines survive a file that strangers can open, and broken numbers in it raise."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn.calibration import ApplicabilityDomain, CalibratedPairClassifier, SelectiveClassifier
from amp_sklearn.calibration.protein_similarity import KmerReference
from amp_sklearn.classification import NearestPairsClassifier, ProteinFrequencyClassifier
from amp_sklearn.data import load_bernett_mini
from amp_sklearn.persistence import load_model, save_model
from amp_sklearn.preprocessing import CompositionEncoder

COMPOSITION = make_pipeline(CompositionEncoder(), LogisticRegression())


@pytest.fixture(scope="module")
def pairs():
    X, y = load_bernett_mini("val")
    return X.iloc[::10], y[::10]


@pytest.mark.parametrize(
    "model",
    [
        ProteinFrequencyClassifier(),
        ProteinFrequencyClassifier("counts"),
        make_pipeline(CompositionEncoder(), NearestPairsClassifier()),
        CalibratedPairClassifier(COMPOSITION, cv=2),
        CalibratedPairClassifier(COMPOSITION, method="isotonic", cv=2),
        SelectiveClassifier(COMPOSITION, coverage=0.5, cv=2, domain=ApplicabilityDomain()),
        SelectiveClassifier(COMPOSITION, domain=ApplicabilityDomain(CompositionEncoder())),
    ],
    ids=lambda model: repr(model)[:60],
)
def test_round_trip(model, pairs, tmp_path):
    X, y = pairs
    save_model(model.fit(X, y), tmp_path / "model.amp")
    loaded = load_model(tmp_path / "model.amp")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_numbers_that_point_nowhere(pairs):
    X, y = pairs
    features = CompositionEncoder().fit_transform(X)
    model = NearestPairsClassifier().fit(features, y)
    model.index_ = model.index_ + 10**6
    with pytest.raises(IndexError, match="index must lie in"):
        model.predict(features)
    model = NearestPairsClassifier().fit(features, y).set_params(n_neighbors=0)
    with pytest.raises(ValueError, match="n_neighbors must lie in 1 to 100, got 0"):
        model.predict(features)
    domain = ApplicabilityDomain().fit(X)
    domain.reference_.matrix.indices[0] = 10**8
    with pytest.raises(ValueError, match="indices"):
        domain.transform(X)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text("ACDEXW", min_size=1, max_size=40), min_size=1, max_size=8, unique=True),
    st.integers(1, 12),
)
def test_kmers_of_reference_proteins_survive_a_file(sequences, k):
    before = KmerReference(sequences, k)
    after = pickle.loads(pickle.dumps(before))
    np.testing.assert_array_equal(after.vocabulary, before.vocabulary)
    np.testing.assert_array_equal(after.matrix.toarray(), before.matrix.toarray())
    np.testing.assert_array_equal(after.nearest(sequences), before.nearest(sequences))
