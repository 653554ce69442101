import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amp_sklearn.data import PROTEIN_TOKENS, SEGMENT_TOKENS, segment_bounds, segment_lengths

lengths = st.integers(0, 40_000)
counts = st.integers(1, 30)


def slow_segments(length, n_segments):
    """The rule, residue by residue: deal residues out in turn, then lay the segments end to end."""
    sizes = [0] * n_segments
    for residue in range(length):
        sizes[residue % n_segments] += 1
    segments, residues = [], iter(range(length))
    for size in sizes:
        segments.append([next(residues) for _ in range(size)])
    return segments


@given(lengths, counts)
def test_every_residue_lies_in_exactly_one_segment(length, n):
    bounds = segment_bounds(length, n)
    assert bounds.shape == (n, 2)
    assert bounds[0, 0] == 0 and bounds[-1, 1] == length
    assert np.array_equal(bounds[1:, 0], bounds[:-1, 1])


@given(lengths, counts)
def test_segments_differ_by_at_most_one_residue_and_longer_ones_come_first(length, n):
    sizes = segment_lengths(length, n)
    assert sizes.sum() == length and np.ptp(sizes) <= 1
    assert (np.diff(sizes) <= 0).all()


@given(st.integers(0, 300), counts)
def test_agrees_with_the_rule_residue_by_residue(length, n):
    expected = slow_segments(length, n)
    assert [list(range(start, end)) for start, end in segment_bounds(length, n)] == expected
    assert segment_lengths(length, n).tolist() == [len(segment) for segment in expected]


@given(st.lists(lengths, max_size=8), counts)
def test_many_proteins_at_once(many, n):
    many = np.array(many, dtype=int)
    assert segment_bounds(many, n).shape == (len(many), n, 2)
    for row, length in enumerate(many):
        assert np.array_equal(segment_bounds(many, n)[row], segment_bounds(length, n))


def test_short_proteins_have_empty_segments():
    assert segment_lengths(3).tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_tokens():
    segments = [f"segment{i}" for i in range(10)]
    assert list(SEGMENT_TOKENS) == segments
    assert list(PROTEIN_TOKENS) == ["cls", *segments, "eos", "mean"]


def test_errors():
    with pytest.raises(ValueError, match="got -4"):
        segment_lengths([5, -4])
    with pytest.raises(ValueError, match="n_segments must be a positive integer, got 0"):
        segment_bounds(5, 0)
