"""Matrix products against those in double precision, whatever lies how in memory."""

import numpy as np
import pytest
import torch
from scipy import special

from amp_sklearn.cpu import matrix_product

SHAPES = [(1, 1, 1), (5, 3, 17), (6, 16, 16), (7, 321, 15), (290, 640, 33), (577, 322, 48), (12, 1300, 16)]


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def factors(n, n_in, n_out):
    generator = np.random.default_rng(n)
    return [
        generator.standard_normal(shape).astype(np.float32)
        for shape in ((n, n_in), (n_in, n_out), (n, n_out))
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("orders", ["CC", "CF", "FC", "FF"])
def test_products_of_rows_and_columns(shape, orders):
    x, matrix, before = factors(*shape)
    bias = np.arange(shape[2], dtype=np.float32)
    panels = matrix_product.pack(np.asarray(matrix, order=orders[1]))
    x = np.asarray(x, order=orders[0])
    out = before.copy()
    matrix_product.multiply(x, panels, bias, out)
    expected = x.astype(float) @ matrix
    np.testing.assert_allclose(out, expected + bias, rtol=0, atol=2e-5 * shape[1] ** 0.5)
    matrix_product.multiply(x, panels, None, out, add=True)
    np.testing.assert_allclose(out, 2 * expected + bias, rtol=0, atol=4e-5 * shape[1] ** 0.5)


@pytest.mark.parametrize("order", "CF")
def test_gelu_of_the_left_factor(order):
    x, matrix, out = factors(97, 330, 20)
    kept = x.copy()
    matrix_product.multiply(np.asarray(x, order=order), matrix_product.pack(matrix), None, out, gelu=True)
    exact = x.astype(float)
    np.testing.assert_allclose(out, (exact * special.ndtr(exact)) @ matrix, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(x, kept)


def test_what_is_not_a_number_stays_in_its_row():
    x, matrix, out = factors(9, 20, 20)
    x[4, 3] = np.nan
    for gelu in (False, True):
        matrix_product.multiply(x, matrix_product.pack(matrix), None, out, gelu=gelu)
        assert np.isnan(out).all(axis=1).tolist() == [row == 4 for row in range(9)]
        assert np.isnan(out).sum() == 20


def test_neither_threads_nor_other_rows_change_a_bit(threads):
    x, matrix, out = factors(800, 350, 40)
    panels = matrix_product.pack(matrix)
    threads(1)
    matrix_product.multiply(x, panels, None, out)
    for n_threads in (2, 3):
        threads(n_threads)
        again = np.empty_like(out)
        matrix_product.multiply(x, panels, None, again)
        np.testing.assert_array_equal(again, out)
        some = np.empty_like(out[5:300])
        matrix_product.multiply(x[5:300], panels, None, some)
        np.testing.assert_array_equal(some, out[5:300])


@pytest.mark.parametrize(
    ("name", "features", "expected"),
    [
        ("znver3", {"avx2", "fma"}, True),
        ("znver5", {"avx2", "fma", "avx512f"}, True),
        ("skylake-avx512", {"avx2", "fma", "avx512f"}, False),
        ("alderlake", {"avx2", "fma"}, False),
        ("generic", set(), False),
        ("apple-m1", set(), False),
    ],
)
def test_where_products_are_ours(name, features, expected, monkeypatch):
    monkeypatch.setattr(matrix_product, "processor", lambda: (name, features))
    assert matrix_product.is_fast() is expected
