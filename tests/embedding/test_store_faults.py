"""Faults of disk, memory and processes, each injected: a store gives right values or none, and says what is wrong."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from amp_sklearn.embedding import EmbeddingStore, ESM2Embedder
from amp_sklearn.embedding import store as store_module
from amp_sklearn.embedding.batching import store_keys
from amp_sklearn.exceptions import EmbeddingStoreError, EmbeddingStoreWarning

PAIR = [["MKT", "MVL"]]


def filled(path, n=40, size=700):
    store = EmbeddingStore(path)
    values = {f"key {i}".encode(): np.full(size, i + 0.5, dtype=np.float32) for i in range(n)}
    store.write(values)
    store.close()
    return store, values, Path(path) / store_module.FILE_NAME


@contextmanager
def without_privileges():
    """As a user who owns nothing; root may write everywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def public_folder():
    """A folder that other users may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def no_space_left(file_size):
    """Files of this process may not grow beyond a size: writes fail as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_flipped_bit_in_a_value_is_noticed_and_counted(tmp_path):
    store, values, file = filled(tmp_path)
    content = bytearray(file.read_bytes())
    content[content.index(values[b"key 7"].tobytes()[:64]) + 100] ^= 16
    file.write_bytes(content)
    with pytest.warns(EmbeddingStoreWarning, match=r"1 of 40 values .* damaged"):
        found = store.read(values)
    assert set(values) - set(found) == {b"key 7"} and store.n_damaged == 1
    store.write({b"key 7": values[b"key 7"]})
    np.testing.assert_array_equal(store.read([b"key 7"])[b"key 7"], values[b"key 7"])
    store.close()


def test_bits_flipped_anywhere_never_change_a_number(tmp_path, recwarn):
    store, values, file = filled(tmp_path)
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    n_refused = 0
    for _ in range(150):
        content = bytearray(whole)
        for position in rng.integers(0, len(whole), 5):
            content[position] ^= 1 << rng.integers(8)
        file.write_bytes(content)
        try:
            found = store.read(values)
            for key, value in found.items():
                np.testing.assert_array_equal(value, values[key])
        except EmbeddingStoreError as error:
            assert str(tmp_path) in str(error)
            n_refused += 1
        store.close()
    assert store.n_damaged > 0 and n_refused < 150


def test_a_damaged_embedding_is_computed_anew(tiny_esm2, tmp_path):
    embedder = ESM2Embedder(tiny_esm2, store=tmp_path).fit(PAIR)
    expected = embedder.embed(["MKTAYIAKQR"])
    store = EmbeddingStore(tmp_path)
    key = store_keys(["MKTAYIAKQR"], embedder.language_model(), embedder.long_protein_rule())[0]
    store.close()
    with sqlite3.connect(tmp_path / store_module.FILE_NAME) as connection:
        connection.execute("UPDATE embeddings SET value = zeroblob(length(value)) WHERE key = ?", (key,))
    connection.close()
    with pytest.warns(EmbeddingStoreWarning, match="1 of 1 values"):
        np.testing.assert_array_equal(embedder.embed(["MKTAYIAKQR"]), expected)
    np.testing.assert_array_equal(store.read([key])[key], expected.ravel())
    store.write({key: np.ones(3)})  # whole, but no embedding of this model
    np.testing.assert_array_equal(embedder.embed(["MKTAYIAKQR"]), expected)
    store.close()


@pytest.mark.parametrize("kept", [0.9, 0.5, 5000, 100, 17])
def test_a_file_cut_short_is_noticed(tmp_path, kept):
    store, values, file = filled(tmp_path)
    size = file.stat().st_size
    os.truncate(file, int(kept * size) if kept < 1 else kept)
    with pytest.raises(EmbeddingStoreError, match="remove it") as caught:
        store.read(values)
    assert str(tmp_path) in str(caught.value)


def test_a_last_page_cut_short_costs_its_value_alone(tmp_path):
    store, values, file = filled(tmp_path)
    os.truncate(file, file.stat().st_size - 100)
    with pytest.warns(EmbeddingStoreWarning, match="1 of 40 values"):
        assert len(store.read(values)) == 39
    store.close()


def test_an_emptied_or_foreign_file_gives_nothing(tmp_path):
    store, values, file = filled(tmp_path)
    os.truncate(file, 0)
    assert store.read(values) == {} and len(store) == 0
    store.close()
    file.write_bytes(b"no database at all " * 500)
    with pytest.raises(EmbeddingStoreError, match="remove it"):
        store.write(values)
    assert file.read_bytes().startswith(b"no database")


def test_values_of_earlier_versions_are_absent_and_kept(tmp_path):
    (tmp_path / "data.mdb").write_bytes(b"old")
    store = EmbeddingStore(tmp_path)
    assert len(store) == 0
    store.write({b"a": np.ones(2)})
    assert len(store) == 1 and (tmp_path / "data.mdb").read_bytes() == b"old"
    store.close()


def test_no_number_is_no_value(tmp_path):
    store = EmbeddingStore(tmp_path)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="NaN or infinity"):
            store.write({b"good": np.ones(3), b"bad": np.array([1.0, bad])})
    assert len(store) == 0


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").write_text("")
    store = EmbeddingStore(tmp_path / "file")
    for use in (lambda: store.write({b"a": np.ones(1)}), lambda: store.read([b"a"]), lambda: len(store)):
        with pytest.raises(EmbeddingStoreError, match=r"but .* is a file"):
            use()


def test_a_full_disk(tiny_esm2, tmp_path, monkeypatch):
    store, values, file = filled(tmp_path / "named")
    large = {b"large": np.ones(10**6)}
    message = rf"{tmp_path}.*give another folder"
    with no_space_left(file.stat().st_size + 4096), pytest.raises(EmbeddingStoreError, match=message):
        store.write(large)
    assert set(store.read(values)) == set(values), "what was stored before stays"
    store.write(large)
    assert len(store) == 41
    store.close()

    monkeypatch.setenv("AMP_SKLEARN_CACHE", str(tmp_path / "cache"))
    expected = ESM2Embedder(tiny_esm2, store=None).embed(["MKTAYIAKQR", "MVLSPADKTN"])
    with no_space_left(100), pytest.warns(EmbeddingStoreWarning, match="computed and not kept"):
        found = ESM2Embedder(tiny_esm2).embed(["MKTAYIAKQR", "MVLSPADKTN"])
    np.testing.assert_array_equal(found, expected)


def test_a_folder_of_another_owner(tiny_esm2, public_folder, monkeypatch):
    store, values, _ = filled(public_folder / "store")
    monkeypatch.setenv("AMP_SKLEARN_CACHE", str(public_folder))
    embedder, default = ESM2Embedder(tiny_esm2).fit(PAIR), ESM2Embedder(tiny_esm2, store=None)
    expected = default.embed(["MKT"])
    for folder in (public_folder / "store", public_folder):
        folder.chmod(0o555)
    with without_privileges():
        assert set(store.read(values)) == set(values), "reading needs no permission to write"
        with pytest.raises(EmbeddingStoreError, match="ask for permission"):
            store.write(values)
        with pytest.warns(EmbeddingStoreWarning, match=rf"{public_folder}.*AMP_SKLEARN_CACHE"):
            np.testing.assert_array_equal(embedder.embed(["MKT"]), expected)
        with pytest.raises(EmbeddingStoreError, match="permission"):
            EmbeddingStore(public_folder / "new").write(values)
    store.close()


def test_a_folder_removed_while_in_use(tmp_path):
    named, default = EmbeddingStore(tmp_path / "named"), EmbeddingStore(tmp_path / "default", optional=True)
    for store in (named, default):
        store.write({b"a": np.ones(3)})
        shutil.rmtree(store.path)
    with pytest.raises(EmbeddingStoreError, match="removed or replaced while in use"):
        named.write({b"b": np.ones(3)})
    with pytest.warns(EmbeddingStoreWarning, match="not kept"):
        default.write({b"b": np.ones(3)})
    default.write({b"c": np.ones(3)})
    assert default.read([b"c"]) == {} and not default.path.exists()
    named.write({b"b": np.ones(3)})  # after the error, the user starts again
    assert len(named) == 1
    named.close()


def test_eight_threads_lose_nothing(tmp_path):
    errors = []

    def work(name):
        try:
            store = EmbeddingStore(tmp_path)
            for k in range(60):
                store.write({f"{name}-{k}".encode(): np.full(3000, k)})
                assert store.read([f"{name}-{k}".encode()])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = EmbeddingStore(tmp_path)
    assert not errors and len(store) == 480
    store.close()


FORK = """
import os, sys, numpy as np
from amp_sklearn.embedding import EmbeddingStore
store = EmbeddingStore(sys.argv[1])
store.write({b"before": np.ones(10)})
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        assert set(store.read([b"before"])) == {b"before"}
        for k in range(20):
            store.write({f"{number}-{k}".encode(): np.full(500, k)})
        os._exit(0)
    children.append(child)
    store.write({f"parent-{number}".encode(): np.ones(10)})
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
assert len(store) == 1 + 4 * 20 + 4
"""


def test_a_store_is_usable_after_fork(tmp_path):
    assert subprocess.run([sys.executable, "-c", FORK, tmp_path], timeout=300).returncode == 0


LIMITED = """
import resource, sys, numpy as np
from amp_sklearn.embedding import EmbeddingStore
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27,) * 2)
store = EmbeddingStore(sys.argv[1])
for k in range(20):
    store.write({str(k).encode(): np.full(2**21, k)})
assert store.read([b"19"])[b"19"][0] == 19 and len(store) == 20
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells the size of the address space")
def test_little_address_space_is_enough_for_a_larger_store(tmp_path):
    """160 MiB of values within 128 MiB of address space."""
    assert subprocess.run([sys.executable, "-c", LIMITED, tmp_path], timeout=300).returncode == 0


def test_an_interrupted_write_leaves_nothing_and_blocks_nothing(tmp_path, monkeypatch):
    store = EmbeddingStore(tmp_path)
    store.write({b"a": np.ones(3)})

    class Interrupted(sqlite3.Connection):
        def executemany(self, *arguments):
            super().executemany(*arguments)
            raise KeyboardInterrupt

    store.close()
    connect = sqlite3.connect
    monkeypatch.setattr(
        store_module.sqlite3, "connect", lambda *a, **k: connect(*a, factory=Interrupted, **k)
    )
    with pytest.raises(KeyboardInterrupt):
        store.write({b"b": np.ones(3)})
    monkeypatch.undo()
    store.close()
    store.write({b"c": np.ones(3)})
    assert set(store.read([b"a", b"b", b"c"])) == {b"a", b"c"}
    store.close()


def test_a_locked_store_says_so(tmp_path, monkeypatch):
    store, _, file = filled(tmp_path)
    monkeypatch.setattr(store_module, "_WAIT_SECONDS", 0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(EmbeddingStoreError, match="kept it locked"):
        store.write({b"a": np.ones(2)})
    other.execute("COMMIT")
    other.close()
    store.write({b"a": np.ones(2)})
    store.close()


def test_a_model_that_gives_nan_is_named(tiny_esm2, tmp_path, monkeypatch):
    embedder = ESM2Embedder(tiny_esm2, store=tmp_path).fit(PAIR)
    from amp_sklearn.embedding import batching

    compute = batching._embed_batch
    monkeypatch.setattr(batching, "_embed_batch", lambda *a: compute(*a) * np.float32("nan"))
    with pytest.raises(ValueError, match=r"NaN or infinity for 1 of 1 proteins.*MKTAYIAKQR.*10 residues"):
        embedder.embed(["MKTAYIAKQR"])
    assert len(EmbeddingStore(tmp_path)) == 0


def test_a_damaged_schema_whose_message_is_no_text(tmp_path):
    """Of it, sqlite3 raises a UnicodeDecodeError."""
    store, values, file = filled(tmp_path)
    file.write_bytes(
        file.read_bytes().replace(
            b"CREATE TABLE embeddings", b"CREATE TABLE \xff\xfe\xff\xfe\xff\xfe\xff(\xff\xff"
        )
    )
    with pytest.raises(EmbeddingStoreError, match="remove it"):
        store.read(values)
