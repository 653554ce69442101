"""Functions of many floats against their definitions in double precision."""

import numba
import numpy as np
import pytest
from scipy import special

from amp_sklearn.cpu.vector_functions import largest, raise_two, replace_by_gelu


@numba.njit
def gelu(x, n):
    replace_by_gelu(x, n)


@numba.njit
def softmax_terms(x, n):
    top = largest(x, n)
    return top, raise_two(x, n, top)


def test_gelu_equals_its_definition_everywhere():
    ends = [-1e30, -1e4, -60, -0.0, 0, 60, 1e4, 1e30]
    x = np.concatenate([np.linspace(-8, 8, 1600), ends, ends]).astype(np.float32)
    found, exact = x.copy(), x.astype(float)
    gelu(found, len(found))
    expected = exact * special.ndtr(exact)
    assert np.abs(found - expected)[np.abs(x) < 10].max() < 1e-6
    np.testing.assert_array_equal(found[x <= -60], 0)
    np.testing.assert_array_equal(found[x >= 60], x[x >= 60])


def test_powers_of_two_and_their_sum():
    x = np.random.default_rng(0).uniform(-150, 20, 320).astype(np.float32)
    expected = 2.0 ** np.maximum((x - x.max()).astype(float), -126)
    found = x.copy()
    top, total = softmax_terms(found, len(found))
    assert top == x.max()
    np.testing.assert_allclose(found, expected, rtol=3e-7)
    assert total == pytest.approx(expected.sum(), rel=1e-6)
