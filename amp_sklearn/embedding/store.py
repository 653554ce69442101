"""Protein embeddings on disk: crash-safe, checked when read, resumable, shared by processes of one machine."""

import hashlib
import os
import sqlite3
import threading
import warnings
from pathlib import Path

import numpy as np
import platformdirs

from ..exceptions import EmbeddingStoreError, EmbeddingStoreWarning

FILE_NAME = "embeddings.sqlite"

_WAIT_SECONDS = 120  # for another process that is writing
_CONNECTIONS: dict[
    str, tuple[sqlite3.Connection, tuple[int, int]]
] = {}  # by folder, with the file's identity
_LOCK = threading.RLock()  # one transaction of a process at a time, and none while it forks

_TABLE = "CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, value BLOB, checksum BLOB)"

_ADVICE = {
    sqlite3.SQLITE_FULL: "free some space, or give another folder",
    sqlite3.SQLITE_IOERR: "look at the disk and the space left on it, or give another folder",
    sqlite3.SQLITE_READONLY: "ask for permission to write there, or give another folder",
    sqlite3.SQLITE_CANTOPEN: "ask for permission to write there, or give another folder",
    sqlite3.SQLITE_CORRUPT: "the file is damaged or was cut short: remove it, and its embeddings are computed anew",
    sqlite3.SQLITE_NOTADB: "the file is damaged: remove it, and its embeddings are computed anew",
    sqlite3.SQLITE_BUSY: "another process has kept it locked; try again, or give another folder",
}


class EmbeddingStore:
    """Arrays of float32 by key, in one folder.

    A batch is written in one transaction: after a crash or ``kill -9`` it is there whole or not at all. Any number
    of processes on one machine, of threads of a process, and of processes that it forks may read and write at once.
    Each value is stored with a checksum; one that does not fit its checksum reads as absent, is counted in
    ``n_damaged``, and is warned of. Not for network file systems.

    The folder holds one SQLite file, ``embeddings.sqlite``. A file ``data.mdb`` of earlier versions, which had no
    checksums, is neither read nor changed; it may be removed.

    Parameters
    ----------
    path : path-like
        Folder; it is made when the first value is written.
    optional : bool, default=False
        What happens where the folder cannot be used, such as on a full disk: an ``EmbeddingStoreError``, or, where
        the store is optional, an ``EmbeddingStoreWarning``, after which this object reads as empty and keeps nothing.

    Attributes
    ----------
    n_damaged : int
        Values read so far that did not fit their checksums.

    Raises
    ------
    EmbeddingStoreError
        By every method, if the folder or its file cannot be used; the message names it and says what to do.

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

    def __init__(self, path, *, optional=False):
        self.path, self.optional = Path(path).expanduser(), optional
        self.n_damaged = 0
        self._given_up = False

    def __repr__(self):
        return f"EmbeddingStore({str(self.path)!r})"

    def __len__(self):
        def count(connection):
            return connection.execute("SELECT count(*) FROM embeddings").fetchone()[0]

        return self._attempt(count, 0)

    def keys(self):
        """Keys of all stored values.

        Returns
        -------
        list of bytes
        """

        def get(connection):
            return [key for (key,) in connection.execute("SELECT key FROM embeddings ORDER BY key")]

        return self._attempt(get, [])

    def read(self, keys):
        """Values of the keys that are stored and undamaged.

        Parameters
        ----------
        keys : iterable of bytes

        Returns
        -------
        dict of bytes to ndarray
            Flat float32 arrays; keys that are not stored are absent.
        """
        keys = list(keys)

        def get(connection):
            found = {}
            for key in keys:
                rows = connection.execute("SELECT value, checksum FROM embeddings WHERE key = ?", (key,))
                row = rows.fetchone()
                if row is not None:
                    found[key] = row
            return found

        rows = self._attempt(get, {})
        found = {key: _array(key, *row) for key, row in rows.items()}
        damaged = sum(value is None for value in found.values())
        if damaged:
            self.n_damaged += damaged
            warnings.warn(
                f"{damaged} of {len(found)} values read from the embedding store {self.path} are damaged and not used: "
                "their checksums differ. They are computed anew; have the disk checked",
                EmbeddingStoreWarning,
                stacklevel=2,
            )
        return {key: value for key, value in found.items() if value is not None}

    def write(self, values):
        """Store arrays, all or none.

        Parameters
        ----------
        values : dict of bytes to ndarray
            Converted to float32.

        Raises
        ------
        ValueError
            If a value holds NaN or infinity; none is stored then.
        """
        rows = []
        for key, value in values.items():
            array = np.ascontiguousarray(value, dtype=np.float32)
            if not np.isfinite(array).all():
                raise ValueError(
                    f"the value of key {key!r} holds NaN or infinity and is not stored in {self.path}"
                )
            content = array.tobytes()
            rows.append((key, content, _checksum(key, content)))

        def put(connection):
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(_TABLE)
                connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

        self._attempt(put, None, writes=True)

    def close(self):
        """Release the file in this process; the store opens again when it is used."""
        with _LOCK:
            connection, _ = _CONNECTIONS.pop(self._name(), (None, None))
            if connection is not None:
                connection.close()

    def _name(self):
        return str(self.path.absolute())

    def _attempt(self, action, otherwise, writes=False):
        """Result of ``action(connection)``; ``otherwise`` where there is no store yet, or none that can be used."""
        if self._given_up:
            return otherwise
        try:
            with _LOCK:
                connection = self._connection(writes)
                return otherwise if connection is None else action(connection)
        except Exception as error:  # of a damaged file, sqlite3 raises more than its own errors
            self.close()
            problem = f"the embedding store {self.path} cannot be used: {error}"
            if not self.optional:
                raise EmbeddingStoreError(f"{problem}; {_advice(error)}") from error
            self._given_up = True
            warnings.warn(
                f"{problem}; embeddings are computed and not kept. To keep them, {_advice(error)} with store=<folder> or "
                "AMP_SKLEARN_CACHE; store=None keeps nothing and does not warn",
                EmbeddingStoreWarning,
                stacklevel=3,
            )
            return otherwise

    def _connection(self, writes):
        """The connection of this process; None where nothing has been written and nothing is to be."""
        name, file = self._name(), self.path / FILE_NAME
        if name in _CONNECTIONS:
            connection, identity = _CONNECTIONS[name]
            if (
                not file.exists() or _identity(file) != identity
            ):  # else writes would go to a file without a name
                raise FileNotFoundError(f"{file} was removed or replaced while in use")
        else:
            if self.path.exists() and not self.path.is_dir():
                raise NotADirectoryError(f"an embedding store is a folder, but {self.path} is a file")
            if not writes and not file.exists():
                return None
            self.path.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                file, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            _CONNECTIONS[name] = connection, _identity(file)
        if not writes and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return None  # another process has made the file and not yet the table
        return connection


def _checksum(key, content):
    digest = hashlib.blake2b(key, digest_size=8)
    digest.update(content)
    return digest.digest()


def _array(key, content, checksum):
    """The array that was stored, None if it is damaged."""
    whole = isinstance(content, bytes) and _checksum(key, content) == checksum
    return np.frombuffer(content, dtype=np.float32) if whole else None


def _identity(file):
    status = file.stat()
    return status.st_dev, status.st_ino


def _advice(error):
    if isinstance(error, FileNotFoundError):
        return "do not remove a store that is in use; start again"
    unnamed = sqlite3.SQLITE_CANTOPEN if isinstance(error, OSError) else sqlite3.SQLITE_CORRUPT
    code = getattr(error, "sqlite_errorcode", unnamed)
    return _ADVICE.get(code & 0xFF, "give another folder")


def _close_before_fork():
    """SQLite's connections must not be carried into a child; both processes open new ones when they need them."""
    _LOCK.acquire()
    while _CONNECTIONS:
        _CONNECTIONS.popitem()[1][0].close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_close_before_fork, after_in_parent=_LOCK.release, after_in_child=_LOCK.release
    )


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
        None where nothing is to be kept. The default store is optional: where it cannot be used, it warns, and the
        work goes on without it.
    """
    if store is None:
        return None
    if isinstance(store, str) and store == "auto":
        return EmbeddingStore(default_store_path(), optional=True)
    return EmbeddingStore(store)
