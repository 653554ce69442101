"""NearestPairsClassifier against all distances by hand, scikit-learn's neighbours, and scikit-learn's checks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.classification import NearestPairsClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix, load_bernett_mini
from amp_sklearn.preprocessing import CompositionEncoder, PairConcatenator


@parametrize_with_checks([NearestPairsClassifier(n_neighbors=3), NearestPairsClassifier(weights="distance")])
def test_estimator_checks(estimator, check):
    check(estimator)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_neighbours_equal_all_distances(seed, k):
    rng = np.random.default_rng(seed)
    proteins = rng.integers(0, 4, (7, 2)).astype(float)  # a grid: many ties
    train, query = rng.integers(0, 7, (12, 2)), rng.integers(0, 7, (5, 2))
    model = NearestPairsClassifier(n_neighbors=k).fit(PairMatrix(proteins, train), np.arange(12) % 2)
    rows, distances = model.neighbors(PairMatrix(proteins, query))
    for q, (a, b) in enumerate(query):
        d = np.linalg.norm(proteins[:, None] - proteins, axis=2)
        expected = [min(d[a, c] + d[b, e], d[a, e] + d[b, c]) for c, e in train]
        np.testing.assert_allclose(distances[q], np.sort(expected)[:k], atol=1e-7)
        np.testing.assert_allclose(np.array(expected)[rows[q]], distances[q], atol=1e-7)


def test_the_order_of_proteins_does_not_matter_and_blocks_neither():
    X, y = load_bernett_mini("val")
    pairs = CompositionEncoder().fit_transform(X.iloc[:120])
    swapped = PairMatrix(pairs.features, pairs.index[:, ::-1], pairs.layout)
    model = NearestPairsClassifier(3, n_jobs=2).fit(pairs[:80], y[:80])
    expected = model.predict_proba(pairs[80:])
    np.testing.assert_array_equal(model.predict_proba(swapped[80:]), expected)
    concatenated = pairs.select(blocks=("A", "B"))
    np.testing.assert_array_equal(
        model.fit(concatenated[:80], y[:80]).predict_proba(concatenated[80:]), expected
    )
    dense = make_pipeline(PairConcatenator(), NearestPairsClassifier(3)).set_output(transform="pandas")
    layout = FeatureLayout(("composition",), 420)
    frame = (
        PairConcatenator()
        .set_output(transform="pandas")
        .fit_transform(PairMatrix(pairs.features, pairs.index, layout))
    )
    np.testing.assert_array_equal(dense.fit(frame[:80], y[:80]).predict_proba(frame[80:]), expected)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_rows_of_an_array_are_points(weights):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    theirs = KNeighborsClassifier(4, weights=weights).fit(X[:40], y[:40])
    ours = NearestPairsClassifier(4, weights=weights).fit(X[:40], y[:40])
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(ours.neighbors(X[40:])[1], theirs.kneighbors(X[40:])[0])


def test_errors():
    X = PairMatrix(np.eye(3), [[0, 1], [1, 2]])
    with pytest.raises(ValueError, match="n_neighbors=5 is more than there are training pairs"):
        NearestPairsClassifier().fit(X, [0, 1])
    with pytest.raises(ValueError, match=r"'n_neighbors' parameter .* Got 0"):
        NearestPairsClassifier(0).fit(X, [0, 1])
    with pytest.raises(ValueError, match="'weights' parameter"):
        NearestPairsClassifier(1, weights="rank").fit(X, [0, 1])
    model = NearestPairsClassifier(1).fit(X, [0, 1])
    with pytest.raises(
        ValueError, match=r"fitted on tokens \['A_features', 'B_features'\], got \['A_mean', 'B_mean'\]"
    ):
        model.predict(PairMatrix(np.eye(3), [[0, 1]], FeatureLayout(("mean",), 3)))
    with pytest.raises(ValueError, match="NaN or infinity"):
        model.predict(PairMatrix(np.full((1, 3), np.nan), [[0, 0]]))
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(X[:0])
