"""The store: values survive kills, several writers do not disturb each other, a killed embedding resumes."""

import os
import signal
import subprocess
import sys
import time

import numpy as np

from amp_sklearn.embedding import EmbeddingStore


def test_values_come_back(tmp_path):
    store = EmbeddingStore(tmp_path / "store")
    assert len(store) == 0 and store.read([b"a"]) == {}
    store.write({b"a": np.arange(3), b"b": np.ones((2, 2))})
    found = store.read([b"a", b"b", b"c"])
    assert set(found) == {b"a", b"b"} and len(store) == 2
    np.testing.assert_array_equal(found[b"a"], np.arange(3, dtype=np.float32))


WRITER = """
import sys, numpy as np
from amp_sklearn.embedding import EmbeddingStore
store = EmbeddingStore(sys.argv[1])
for k in range(200):
    store.write({f"{sys.argv[2]}-{k}".encode(): np.full(100, k)})
"""


def test_two_processes_write_at_once(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(EmbeddingStore(tmp_path)) == 400


EMBED = """
import sys, numpy as np
from amp_sklearn.embedding import ESM2Embedder
rng = np.random.default_rng(0)
sequences = ["".join(rng.choice(list("ACDEFGHIKL"), 400)) for _ in range(300)]
embedder = ESM2Embedder(sys.argv[1], store=sys.argv[2], batch_size=2).fit([[sequences[0], sequences[1]]])
np.save(sys.argv[3], embedder.embed(sequences))
"""


def test_a_killed_embedding_resumes_with_equal_results(tiny_esm2, tmp_path):
    def start(store, out):
        return subprocess.Popen([sys.executable, "-c", EMBED, tiny_esm2, tmp_path / store, tmp_path / out])

    killed, store = start("killed", "killed.npy"), EmbeddingStore(tmp_path / "killed")
    while len(store) < 20:
        assert killed.poll() is None, "the process ended before it could be killed"
        time.sleep(0.01)  # polls another process; nothing is timed
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    kept = len(store)
    assert 20 <= kept < 300 and not (tmp_path / "killed.npy").exists()
    assert start("killed", "killed.npy").wait() == 0 and len(store) == 300
    assert start("whole", "whole.npy").wait() == 0
    np.testing.assert_array_equal(np.load(tmp_path / "killed.npy"), np.load(tmp_path / "whole.npy"))
