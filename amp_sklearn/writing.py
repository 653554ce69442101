"""What everything that writes a file shares: a file is complete or absent, and numpy's values become plain ones."""

import os
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def write_atomically(path):
    """Write a file so that its name always stands for a complete file, whatever interrupts the writing.

    The block writes to the path that it is given, a hidden file in the same folder with the same ending. When the
    block ends well, the file is brought to the disk and takes the place of ``path`` in one step. When it fails, it
    is removed, and what stood at ``path`` before is still there. Folders that are missing are made.

    Parameters
    ----------
    path : path-like
        File to write, or to replace.

    Yields
    ------
    pathlib.Path
        Where the block writes: with ``open``, or by handing it to a function such as ``DataFrame.to_parquet``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from amp_sklearn.writing import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "results.txt")
    ...     with write_atomically(target) as unfinished:
    ...         _ = unfinished.write_text("0.97")
    ...     target.read_text(), [file.name for file in pathlib.Path(folder).iterdir()]
    ('0.97', ['results.txt'])
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{os.getpid()}-{threading.get_ident()}"
    unfinished = path.with_name(f".{path.stem}.{writer}.unfinished{path.suffix}")
    try:
        yield unfinished
        _bring_to_disk(unfinished, os.O_RDWR)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    if os.name == "posix":  # the new name is an entry of the folder, which has to reach the disk too
        _bring_to_disk(path.parent, os.O_RDONLY)


def _bring_to_disk(path, mode):
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def plain_value(value):
    """The plain Python value of a numpy scalar or array; give it to ``json.dumps`` as ``default``.

    Parameters
    ----------
    value : object

    Returns
    -------
    int, float, bool, str, None or (nested) list

    Raises
    ------
    TypeError
        If the value has no such form.

    Examples
    --------
    >>> import json
    >>> import numpy as np
    >>> from amp_sklearn.writing import plain_value
    >>> json.dumps({"n": np.int64(3), "scores": np.array([0.5, 1.0])}, default=plain_value)
    '{"n": 3, "scores": [0.5, 1.0]}'
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    raise TypeError(f"{value!r} of type {type(value).__name__} has no JSON form")
