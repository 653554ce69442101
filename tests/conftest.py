"""Fixtures shared by all tests. The embedding store never leaves a temporary folder."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's checks of array-API support ask for it
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test depends on a network
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault(
        "OMP_NUM_THREADS", "1"
    )  # workers that each start a thread per core only wait for each other

DATA = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """Default folder of the embedding store during the tests."""
    folder = tmp_path_factory.mktemp("amp_sklearn_cache")
    os.environ["AMP_SKLEARN_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_esm2():
    """Folder of a random ESM-2 of width 32 with published features; see tests/fixtures/esm2/SOURCE.md."""
    return DATA / "esm2" / "model"


@pytest.fixture
def embedded_proteins(monkeypatch):
    """Counts the proteins that are computed, as against read from the store."""
    from amp_sklearn.embedding import batching

    class Counter:
        count = 0

    compute = batching._embed_batch

    def counting(sequences, *args):
        Counter.count += len(sequences)
        return compute(sequences, *args)

    monkeypatch.setattr(batching, "_embed_batch", counting)
    return Counter
