"""CompositionEncoder against counting by hand."""

import itertools
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.data.sequences import RESIDUES, STANDARD_RESIDUES
from amp_sklearn.preprocessing import CompositionEncoder
from amp_sklearn.preprocessing.composition import composition


@given(st.text(RESIDUES, min_size=1, max_size=40))
def test_equals_counts_by_hand(sequence):
    single = Counter(residue for residue in sequence if residue in STANDARD_RESIDUES)
    double = Counter(a + b for a, b in itertools.pairwise(sequence) if {a, b} <= set(STANDARD_RESIDUES))
    expected = [single[a] / max(single.total(), 1) for a in STANDARD_RESIDUES]
    expected += [double[a + b] / max(double.total(), 1) for a in STANDARD_RESIDUES for b in STANDARD_RESIDUES]
    np.testing.assert_allclose(composition(sequence), expected)


def test_a_pair_is_sum_and_difference():
    a, b = composition("MKTAYI"), composition("MVLSPX")
    row = np.asarray(CompositionEncoder().fit_transform([["MKTAYI", "MVLSPX"]]))[0]
    np.testing.assert_allclose(row, np.concatenate([a + b, abs(a - b)]))
    swapped = np.asarray(CompositionEncoder().fit_transform([["MVLSPX", "MKTAYI"]]))[0]
    np.testing.assert_array_equal(row, swapped)


def test_names():
    names = CompositionEncoder().fit([["MK", "MK"]]).get_feature_names_out()
    assert len(names) == 840 and names[0] == "A+B_composition_0"


@parametrize_with_checks([CompositionEncoder()])
def test_estimator_checks(estimator, check):
    check(estimator)
