"""Tables that pandas wrote to HDF5, read without running what they hold."""

import io
import os
import pickle

import numpy as np
import pandas as pd

from ..exceptions import PairTableError
from .text_files import located, too_large, unpacked_limit

_HARMLESS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _OnlyText(pickle.Unpickler):
    """Pickled names and cells: arrays of text, numbers and dates; nothing that could run."""

    def find_class(self, module, name):
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"{module}.{name} is not needed for a table and could run code")
        return super().find_class(module, name)


def read_hdf5(path, key="df"):
    """Read a data frame that ``DataFrame.to_hdf`` wrote.

    Parameters
    ----------
    path : path-like
    key : str, default="df"
        Name under which the frame was written; the published tables have ``"df"``.

    Returns
    -------
    DataFrame

    Raises
    ------
    PairTableError
        If the file is damaged, holds no such frame, or cells of another kind than text and numbers.
    ImportError
        If h5py is not installed; the message says how to get it.
    """
    try:
        import h5py
    except ImportError as missing:
        raise ImportError(
            "HDF5 tables need h5py: pip install 'amp-sklearn[hdf5]' (or pip install h5py); or pass a data frame"
        ) from missing
    limit = unpacked_limit(os.path.getsize(path))
    try:
        with h5py.File(path, "r") as file:
            group = file.get(key)
            keys = list(file)
            if group is None:
                frame = None
            elif _size(group, h5py) > limit:
                raise too_large(PairTableError, path, limit)
            elif "table" in group:
                frame = _table_format(group["table"])
            else:
                frame = _fixed_format(group)
    except PairTableError:
        raise
    except Exception as wrong:  # h5py meets damage with errors of many types
        message = f"is no table that pandas wrote to HDF5, or is damaged ({type(wrong).__name__}: {wrong})"
        raise located(PairTableError, message, path) from wrong
    if frame is None:
        raise located(
            PairTableError, f"has no table {key!r}; it holds {', '.join(map(repr, keys)) or 'nothing'}", path
        )
    return frame


def _size(group, h5py):
    sizes = []
    group.visititems(lambda _, item: sizes.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    return sum(sizes)


def _plain(data):
    return _OnlyText(io.BytesIO(bytes(data))).load()


def _texts(values):
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def _labels(dataset):
    """Names of rows or columns."""
    if dataset.attrs.get("PSEUDOATOM") == b"object":
        return _texts(np.asarray(_plain(dataset[0])).tolist())
    return _texts(dataset[()].tolist())


def _fixed_format(group):
    columns = _labels(group["axis0"])
    frame: dict[object, object] = {}
    for number in range(int(group.attrs["nblocks"])):
        values = group[f"block{number}_values"]
        names = _labels(group[f"block{number}_items"])
        cells = np.asarray(_plain(values[0])) if values.attrs.get("PSEUDOATOM") == b"object" else values[()]
        if cells.ndim == 2 and cells.shape[1] != len(names):
            cells = cells.T
        cells = cells.reshape(-1, len(names))
        frame |= {
            name: _texts(cells[:, i]) if cells.dtype.kind in "OS" else cells[:, i]
            for i, name in enumerate(names)
        }
    if sorted(map(str, frame)) != sorted(map(str, columns)):
        raise ValueError("the columns do not fit the blocks of cells")
    return pd.DataFrame({name: frame[name] for name in columns})


def _table_format(dataset):
    rows = dataset[()]
    frame: dict[object, object] = {}
    for field in rows.dtype.names:
        if field == "index":
            continue
        cells = rows[field]
        names = [field]
        if f"{field}_kind" in dataset.attrs:
            names = _plain(bytes(dataset.attrs[f"{field}_kind"]))
        cells = cells.reshape(len(rows), -1)
        frame |= {
            name: _texts(cells[:, i].tolist()) if cells.dtype.kind == "S" else cells[:, i]
            for i, name in enumerate(names)
        }
    return pd.DataFrame(frame)
