"""Five jobs on a Dask cluster of two processes: the same numbers as without, also when a worker is killed in the middle."""

import os
import signal
import sys
import threading
import time
import uuid
from contextlib import nullcontext
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from optuna.distributions import FloatDistribution
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, permutation_test_score
from sklearn.pipeline import make_pipeline

from amp_sklearn import CompositionEncoder, ESM2Embedder, PairConcatenator, save_model, screen
from amp_sklearn.distributed import embed_on_dask, screen_on_dask
from amp_sklearn.embedding import EmbeddingStore
from amp_sklearn.exceptions import ScreenError
from amp_sklearn.model_selection import OptunaSearchCV, ProteinDisjointKFold

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import tests

RANDOM = np.random.default_rng(5)
SEQUENCES = ["".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), RANDOM.integers(8, 40))) for _ in range(40)]
X = pd.DataFrame(RANDOM.choice(SEQUENCES, (60, 2)), columns=["sequence_a", "sequence_b"])
y = np.tile([0, 1], 30)


class Marked(LogisticRegression):
    """Leaves a file for each fit in a folder, and takes its time."""

    def __init__(self, C=1.0, folder=None):
        super().__init__(C=C)
        self.folder = folder

    def fit(self, X, y, sample_weight=None):
        if self.folder is not None:
            (Path(self.folder) / uuid.uuid4().hex).touch()
            time.sleep(0.3)
        return super().fit(X, y, sample_weight)


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


class KillsOne:
    """Kills a worker as soon as a condition holds; afterwards the cluster has two workers again."""

    def __init__(self, client, condition):
        self.client, self.condition = client, condition

    def __enter__(self):
        self.before = set(self.client.run(os.getpid).values())
        assert len(self.before) == 2
        self.thread = threading.Thread(target=self._kill)
        self.thread.start()

    def _kill(self):
        deadline = time.monotonic() + 120
        while not self.condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(min(self.before), signal.SIGKILL)

    def __exit__(self, *error):
        self.thread.join()
        self.client.wait_for_workers(2, timeout=120)
        assert min(self.before) not in self.client.run(os.getpid).values()


def fasta(folder, n):
    path = folder / "proteins.fasta"
    random = np.random.default_rng(n)
    letters = list("ACDEFGHIKLMNPQRSTVWY")
    path.write_text(
        "".join(f">P{i}\n{''.join(random.choice(letters, random.integers(8, 40)))}\n" for i in range(n))
    )
    return path


def validated(folder=None):
    model = make_pipeline(CompositionEncoder(), Marked(folder=folder))
    return cross_val_score(model, X, y, cv=ProteinDisjointKFold(5, random_state=0), n_jobs=2)


def searched(folder=None):
    model = make_pipeline(CompositionEncoder(), Marked(folder=folder))
    space = {"marked__C": FloatDistribution(1e-3, 1e3, log=True)}
    search = OptunaSearchCV(model, space, cv=4, n_trials=3, random_state=0, n_jobs=2).fit(X, y)
    return search.cv_results_["mean_test_score"]


def permuted(folder=None):
    model = make_pipeline(CompositionEncoder(), Marked(folder=folder))
    score, scores, p_value = permutation_test_score(
        model, X, y, n_permutations=6, cv=2, random_state=0, n_jobs=2
    )
    return np.array([score, *scores, p_value])


@pytest.mark.parametrize("job", [validated, searched, permuted])
def test_jobs_of_joblib(client, tmp_path, job):
    expected = job()
    with joblib.parallel_config("dask"):
        np.testing.assert_array_equal(job(), expected)
        with KillsOne(client, lambda: len(list(tmp_path.iterdir())) >= 3):
            np.testing.assert_array_equal(job(str(tmp_path)), expected)


def test_embedding(client, tmp_path, tiny_esm2):
    proteins = fasta(tmp_path, 300)
    embedder = ESM2Embedder(tiny_esm2, store=tmp_path / "local", device="cpu")
    sequences = [line for line in proteins.read_text().splitlines() if not line.startswith(">")]
    expected = dict(zip(sequences, embedder.embed(sequences), strict=True))
    for name in ("undisturbed", "disturbed"):
        there, shards = clone(embedder).set_params(store=tmp_path / name), tmp_path / f"shards-{name}"
        store = EmbeddingStore(there.store)
        with KillsOne(client, lambda store=store: len(store) > 0) if name == "disturbed" else nullcontext():
            n = embed_on_dask(client, there, proteins, shards, block_size=5)
        assert n == 60 and len(store) == len(set(sequences))
        assert not list(shards.glob("shard-*"))
        found = dict(zip(sequences, there.embed(sequences), strict=True))
        for sequence in sequences:  # batches are others, and so is the last bit
            np.testing.assert_allclose(found[sequence], expected[sequence], rtol=0, atol=2e-6)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory, tiny_esm2):
    embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu")
    model = make_pipeline(embedder, PairConcatenator("mean"), LogisticRegression(C=1e3, max_iter=500))
    path = tmp_path_factory.mktemp("model") / "model.amp"
    save_model(model.fit(X, y), path)
    return path


def test_screening(client, tmp_path, model_file):
    from amp_sklearn import load_model

    proteins = fasta(tmp_path, 90)
    options = {"top_k": 5, "block_size": 6}
    whole = screen(load_model(model_file), proteins, out=tmp_path / "local", **options)
    expected = {path.name: path.read_bytes() for path in whole.files}
    found = screen_on_dask(client, model_file, proteins, out=tmp_path / "undisturbed", **options)
    assert {path.name: path.read_bytes() for path in found.files} == expected
    folder = tmp_path / "disturbed"
    with KillsOne(client, lambda: len(list(folder.glob("blocks/*.parquet"))) >= 5):
        found = screen_on_dask(client, model_file, proteins, out=folder, **options)
    assert {path.name: path.read_bytes() for path in found.files} == expected
    assert not list(folder.glob("*features*"))
    assert screen_on_dask(client, model_file, proteins, out=folder, **options).n_pairs == whole.n_pairs
    with pytest.raises(ScreenError, match="screen of something else"):
        screen_on_dask(client, model_file, proteins, out=folder, top_k=4)


def test_what_workers_cannot_open_is_refused(client, tmp_path, model_file):
    with pytest.raises(TypeError, match=r"client must be a dask\.distributed\.Client, got str"):
        screen_on_dask("tcp://host", model_file, tmp_path / "p.fasta")
    with pytest.raises(TypeError, match="proteins must be the path of a file"):
        screen_on_dask(client, model_file, {"P1": "MKV"})
    with pytest.raises(FileNotFoundError, match=r"proteins: there is no file .*absent\.fasta"):
        screen_on_dask(client, model_file, tmp_path / "absent.fasta")
    with pytest.raises(ValueError, match="keeps nothing"):
        embed_on_dask(client, ESM2Embedder(store=None), fasta(tmp_path, 3), tmp_path / "shards")
