"""ApplicabilityDomain against comparing all proteins with all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amp_sklearn.calibration import ApplicabilityDomain
from amp_sklearn.calibration.protein_similarity import kmer_sets
from amp_sklearn.data import load_bernett_mini
from amp_sklearn.exceptions import SequenceError
from amp_sklearn.preprocessing import CompositionEncoder
from amp_sklearn.preprocessing.composition import composition

SEQUENCES = st.text("ACDX", min_size=1, max_size=12)
PAIRS = st.lists(st.tuples(SEQUENCES, SEQUENCES), min_size=1, max_size=6)


def words(sequence, k):
    return {sequence[i : i + k] for i in range(len(sequence) - k + 1)} or {"short " + sequence}


def nearest(sequence, others, k):
    mine = words(sequence, k)
    return max((len(mine & words(other, k)) / len(mine) for other in others), default=0)


@settings(deadline=None, max_examples=80)
@given(PAIRS, PAIRS, st.integers(1, 5))
def test_containment_by_hand(train, test, k):
    known = {sequence for pair in train for sequence in pair}
    domain = ApplicabilityDomain(k=k).fit(train)
    expected = [[nearest(sequence, known, k) for sequence in pair] for pair in test]
    np.testing.assert_allclose(domain.transform(test), expected)
    np.testing.assert_allclose(domain.similarity(test), np.min(expected, axis=1))
    others = [min(nearest(sequence, known - {sequence}, k) for sequence in pair) for pair in train]
    np.testing.assert_allclose(domain.reference_similarity_, others)
    assert domain.threshold_ == pytest.approx(np.quantile(others, 0.05))
    np.testing.assert_array_equal(domain.contains(test), np.min(expected, axis=1) >= domain.threshold_ - 1e-9)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text("ACYX", min_size=1, max_size=14), min_size=2, max_size=6, unique=True),
    st.integers(1, 12),
)
def test_different_kmers_have_different_numbers(sequences, k):
    sets = [set(found.tolist()) for found in kmer_sets(sequences, k)]
    for a, first in zip(sequences, sets, strict=True):
        for b, second in zip(sequences, sets, strict=True):
            assert len(first & second) == len(words(a, k) & words(b, k))


def test_cosines_by_hand():
    X, _ = load_bernett_mini("val")
    train, test = X.iloc[:60], X.iloc[500:540]
    domain = ApplicabilityDomain(CompositionEncoder(), outside=0.2).fit(train)
    known = list(dict.fromkeys(train.to_numpy().ravel()))
    reference = np.array([composition(sequence) for sequence in known])
    centre = reference.mean(axis=0)

    def cosine(a, b):
        return (a - centre) @ (b - centre) / np.linalg.norm(a - centre) / np.linalg.norm(b - centre)

    expected = [[max(cosine(composition(s), r) for r in reference) for s in pair] for pair in test.to_numpy()]
    np.testing.assert_allclose(domain.transform(test), expected)
    np.testing.assert_allclose(domain.transform(train), 1)
    assert (
        domain.contains(train).all()
        and 0.15 < (domain.reference_similarity_ < domain.threshold_).mean() < 0.25
    )
    np.testing.assert_allclose(
        domain.transform(test.iloc[:, ::-1].set_axis(test.columns, axis=1)), domain.transform(test)[:, ::-1]
    )


def test_columns_for_a_model_behind_it():
    X, _ = load_bernett_mini("val")
    domain = ApplicabilityDomain(threshold=0.3).fit(X.iloc[:50])
    assert domain.threshold_ == 0.3
    assert domain.get_feature_names_out().tolist() == ["similarity_a", "similarity_b"]
    frame = ApplicabilityDomain().set_output(transform="pandas").fit_transform(X.iloc[:50])
    assert frame.index.equals(X.index[:50])


def test_errors():
    X = [["MKTAYI", "MVLSPA"]]
    with pytest.raises(ValueError, match=r"'k' parameter .* must be an int in the range \[1, 12\]. Got 0"):
        ApplicabilityDomain(k=0).fit(X)
    with pytest.raises(ValueError, match=r"'outside' parameter .* must be a float in the range"):
        ApplicabilityDomain(outside=1).fit(X)
    with pytest.raises(ValueError, match=r"'threshold' parameter .* Got 'median'"):
        ApplicabilityDomain(threshold="median").fit(X)
    with pytest.raises(ValueError, match="embedder must return a PairMatrix"):
        ApplicabilityDomain(make_pipeline(CompositionEncoder(), StandardScaler())).fit([*X, ["MK", "MR"]])
    with pytest.raises(SequenceError):
        ApplicabilityDomain().fit([["MK1", "MR"]])
