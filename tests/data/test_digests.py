import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.data.digests import data_digest

X = np.arange(12.0).reshape(4, 3)
INDEX = np.array([[0, 1], [2, 3]])
TABLE = pd.DataFrame({"sequence_a": ["MK", "ML"], "sequence_b": ["MV", "MW"]})

CHANGED = [
    (X, X + np.eye(4, 3) * 1e-9),
    (X, X.astype(np.float32)),
    (X, X.reshape(3, 4)),
    (TABLE, TABLE[::-1]),
    (["MK", "ML"], ["MK", "MLL"]),
    (sparse.csr_array(X), sparse.csr_array(X.T)),
    (PairMatrix(X, INDEX), PairMatrix(X, INDEX[:, ::-1])),
    (PairMatrix(X, INDEX), PairMatrix(X, INDEX, FeatureLayout(("a", "b", "c"), 1))),
    (None, []),
]


@pytest.mark.parametrize(("data", "other"), CHANGED)
def test_different_data_have_different_digests(data, other):
    data = np.asarray(data) if isinstance(data, list) else data
    assert data_digest(data) == data_digest(data.copy() if hasattr(data, "copy") else data)
    assert data_digest(data) != data_digest(np.asarray(other) if isinstance(other, list) else other)


def test_objects_are_told_apart_by_content_not_by_address():
    letters = [np.array(["M" * 3 + "K", "W" * 5], dtype=object) for _ in range(2)]
    assert data_digest(letters[0]) == data_digest(letters[1])


def test_the_order_of_parts_counts_and_memory_order_does_not():
    assert data_digest(X, INDEX) != data_digest(INDEX, X)
    assert data_digest(np.asfortranarray(X)) == data_digest(X)
    long = np.random.default_rng(0).normal(size=(10_000, 2))
    changed = long.copy()
    changed[9_999, 1] += 1
    assert data_digest(long) != data_digest(changed)
