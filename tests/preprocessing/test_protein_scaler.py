"""ProteinScaler: statistics over proteins, StandardScaler on arrays, scikit-learn's checks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.preprocessing import ProteinScaler, protein_scaler

LAYOUT = FeatureLayout(("segment0", "segment1"), width=3)


@pytest.fixture
def pairs():
    """Pairs of proteins 0 to 6, protein 0 in most of them; protein 7 is in none and would change every statistic."""
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(8, 6)) * [1, 10, 100, 1, 1, 1] + [0, 5, 0, 0, 0, 1]).astype(np.float32)
    features[:, 3] = 4.0
    features[7] = 1e6
    index = np.column_stack([np.zeros(12, int), np.arange(12) % 7])
    return PairMatrix(features, index, LAYOUT)


def test_each_protein_counts_once(pairs):
    scaler = ProteinScaler().fit(pairs)
    expected = StandardScaler().fit(pairs.features[:7].astype(float))
    np.testing.assert_allclose(scaler.mean_, expected.mean_, rtol=1e-12)
    np.testing.assert_allclose(scaler.scale_, expected.scale_, rtol=1e-12)
    assert scaler.n_samples_seen_ == 7 and scaler.scale_[3] == 1
    scaled = scaler.transform(pairs)
    by_hand = [
        np.concatenate([(pairs.features[k] - expected.mean_) / expected.scale_ for k in pair])
        for pair in pairs.index
    ]
    np.testing.assert_allclose(np.asarray(scaled), by_hand, rtol=1e-5, atol=1e-6)
    assert scaled.layout == pairs.layout == scaler.layout_ and scaled.dtype == np.float32
    assert list(scaler.get_feature_names_out(LAYOUT.feature_names())) == list(LAYOUT.feature_names())


def test_many_proteins_are_read_in_parts(pairs, monkeypatch):
    expected = ProteinScaler().fit(pairs)
    monkeypatch.setattr(protein_scaler, "_ROWS", 2)
    found = ProteinScaler().fit(pairs)
    np.testing.assert_allclose(found.mean_, expected.mean_, rtol=1e-12)
    np.testing.assert_allclose(found.scale_, expected.scale_, rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"with_mean": False}, {"with_std": False}])
def test_arrays_are_scaled_as_standard_scaler_does(pairs, settings):
    X = np.asarray(pairs, dtype=float)
    expected = StandardScaler(**settings).fit(X)
    scaler = ProteinScaler(**settings).fit(X)
    np.testing.assert_allclose(scaler.transform(X), expected.transform(X), atol=1e-12)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, atol=1e-9)


def test_rows_of_pairs_are_scaled_like_the_matrix_that_they_were_made_of(pairs):
    scaler = ProteinScaler().fit(pairs)
    dense = scaler.transform(np.asarray(pairs))
    np.testing.assert_allclose(dense, np.asarray(scaler.transform(pairs)), rtol=1e-5, atol=1e-6)
    back = scaler.inverse_transform(scaler.transform(pairs))
    np.testing.assert_allclose(np.asarray(back), np.asarray(pairs), rtol=1e-5, atol=1e-4)


def test_combinations_are_made_of_scaled_features(pairs):
    both = ProteinScaler().fit_transform(pairs).select(blocks=("A+B", "|A-B|"))
    combined = pairs.select(blocks=("A+B", "|A-B|"))
    scaler = ProteinScaler().fit(combined)
    np.testing.assert_allclose(np.asarray(scaler.transform(combined)), np.asarray(both), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"give it a PairMatrix"):
        scaler.transform(np.asarray(combined))


def test_data_frames_keep_the_meaning_of_their_columns(pairs):
    frame = pd.DataFrame(np.asarray(pairs), columns=LAYOUT.feature_names())
    scaler = ProteinScaler().set_output(transform="pandas").fit(frame)
    assert scaler.layout_ == LAYOUT
    assert list(scaler.transform(frame).columns) == list(frame.columns)


def test_other_columns_and_missing_values_are_refused(pairs):
    scaler = ProteinScaler().fit(pairs)
    with pytest.raises(ValueError, match="6 features, but ProteinScaler is expecting 12"):
        scaler.transform(pairs.select(["segment0"]))
    other = PairMatrix(pairs.features, pairs.index, FeatureLayout(("cls", "eos"), width=3))
    with pytest.raises(ValueError, match=r"was fitted on tokens .*'A_segment0'.* got tokens .*'A_cls'"):
        scaler.transform(other)
    with pytest.raises(ValueError, match="fitted on an array"):
        ProteinScaler().fit(np.asarray(pairs)).transform(pairs)
    features = pairs.features.copy()
    features[2, 1] = np.nan
    with pytest.raises(ValueError, match="protein row 2, first used by pair 2"):
        ProteinScaler().fit(PairMatrix(features, pairs.index, LAYOUT))


@parametrize_with_checks([ProteinScaler(), ProteinScaler(with_mean=False), ProteinScaler(with_std=False)])
def test_estimator_checks(estimator, check):
    check(estimator)
