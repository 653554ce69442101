"""Protein embeddings on disk: crash-safe, resumable, shared by processes of one machine."""

import os
import threading
import warnings
from pathlib import Path

import lmdb
import numpy as np
import platformdirs

_ENVIRONMENTS: dict[
    tuple[str, int], lmdb.Environment
] = {}  # LMDB allows one environment per file and process
_LOCK = threading.RLock()
_FIRST_MAP_SIZE = 2**36  # address space, not disk: the file grows as it fills


class EmbeddingStore:
    """Arrays of float32 by key, in one LMDB folder.

    A batch is written in one transaction: after a crash or ``kill -9`` it is there whole or not at all. Any number
    of processes on one machine may read and write at once. Not for network file systems.

    Parameters
    ----------
    path : path-like
        Folder; it is made when the first value is written.

    Raises
    ------
    NotADirectoryError
        If ``path`` is a file.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from amp_sklearn.embedding import EmbeddingStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = EmbeddingStore(folder)
    ...     store.write({b"key": np.array([1.0, 2.0], dtype=np.float32)})
    ...     found = store.read([b"key", b"other"])
    ...     store.close()
    >>> found
    {b'key': array([1., 2.], dtype=float32)}
    """

    def __init__(self, path):
        self.path = Path(path).expanduser()
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"an embedding store is a folder, but {self.path} is a file")

    def __repr__(self):
        return f"EmbeddingStore({str(self.path)!r})"

    def __len__(self):
        return (
            self._transact(False, lambda transaction: transaction.stat()["entries"]) if self._exists() else 0
        )

    def read(self, keys):
        """Values of the keys that are stored.

        Parameters
        ----------
        keys : iterable of bytes

        Returns
        -------
        dict of bytes to ndarray
            Flat float32 arrays; keys that are not stored are absent.
        """
        if not self._exists():
            return {}
        keys = list(keys)

        def get(transaction):
            found = ((key, transaction.get(key)) for key in keys)
            return {key: np.frombuffer(value, dtype=np.float32) for key, value in found if value is not None}

        return self._transact(False, get)

    def write(self, values):
        """Store arrays, all or none.

        Parameters
        ----------
        values : dict of bytes to ndarray
            Converted to float32.
        """
        items = [
            (key, np.ascontiguousarray(value, dtype=np.float32).tobytes()) for key, value in values.items()
        ]

        def put(transaction):
            for key, value in items:
                transaction.put(key, value)

        self._transact(True, put)

    def close(self):
        """Release the files in this process; the store opens again when it is used."""
        with _LOCK:
            environment = _ENVIRONMENTS.pop(self._registry_key(), None)
        if environment is not None:
            environment.close()

    def _exists(self):
        return (self.path / "data.mdb").exists()

    def _registry_key(self):
        return (str(self.path.resolve()), os.getpid())  # a forked child must open its own

    def _environment(self):
        with _LOCK:
            key = self._registry_key()
            if key not in _ENVIRONMENTS:
                self.path.mkdir(parents=True, exist_ok=True)
                size = _FIRST_MAP_SIZE
                if self._exists():
                    size = max(size, 2 * (self.path / "data.mdb").stat().st_size)
                _ENVIRONMENTS[key] = lmdb.open(str(self.path), map_size=size, max_readers=1024)
            return _ENVIRONMENTS[key]

    def _transact(self, write, action):
        """Run ``action(transaction)``, growing the map when it is full or when another process has grown it."""
        while True:
            environment = self._environment()
            try:
                with environment.begin(write=write) as transaction:
                    return action(transaction)
            except lmdb.MapFullError:
                environment.set_mapsize(2 * environment.info()["map_size"])
            except lmdb.MapResizedError:
                environment.set_mapsize(0)


def default_store_path():
    """Folder of the embedding store that ``store="auto"`` uses.

    ``$AMP_SKLEARN_CACHE/embeddings`` where that variable is set, else a folder of the user's cache directory.

    Returns
    -------
    pathlib.Path
    """
    root = os.environ.get("AMP_SKLEARN_CACHE") or platformdirs.user_cache_dir("amp_sklearn")
    return Path(root) / "embeddings"


def open_store(store):
    """The embedding store that the parameter ``store`` of an embedder stands for.

    Parameters
    ----------
    store : str, path-like or None
        See ``ESM2Embedder``.

    Returns
    -------
    EmbeddingStore or None
        None where nothing is to be kept, or where the default folder cannot be written, with a warning.
    """
    if store is None:
        return None
    if not isinstance(store, str) or store != "auto":
        return EmbeddingStore(store)
    path = default_store_path()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        warnings.warn(
            f"the embedding store {path} cannot be written ({error}); embeddings are not kept. Give store=<folder>, "
            "set AMP_SKLEARN_CACHE, or pass store=None",
            stacklevel=2,
        )
        return None
    return EmbeddingStore(path)
