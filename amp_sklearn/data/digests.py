"""Digests of data: whether two runs are about the same pairs, labels and features."""

import hashlib

import numpy as np
import pandas as pd
from scipy import sparse

from .pair_matrix import PairMatrix

_ROWS_AT_ONCE = 4096


def data_digest(*parts):
    """Hexadecimal digest of tables, arrays and pair matrices together.

    A ``PairMatrix`` is read protein by protein and never made dense; of a table the cells count, not the index.

    Parameters
    ----------
    *parts : array-like, DataFrame, Series, sparse matrix, PairMatrix or None
        What the digest is about, in order.

    Returns
    -------
    str
        Of 32 letters; equal for equal content, types and shapes.

    Examples
    --------
    >>> from amp_sklearn.data.digests import data_digest
    >>> data_digest([[1.0, 2.0]], ["a"]) == data_digest([[1.0, 2.0]], ["a"])
    True
    >>> data_digest([[1.0, 2.0]], ["a"]) == data_digest([[1.0], [2.0]], ["a"])
    False
    """
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        _update(hashed, part)
    return hashed.hexdigest()


def _update(hashed, data):
    if data is None:
        hashed.update(b"None")
    elif isinstance(data, PairMatrix):
        hashed.update(repr(data.layout.to_dict()).encode())
        _update(hashed, data.index)
        _update(hashed, data.features)
    elif sparse.issparse(data):
        csr = sparse.csr_array(data)
        for array in (csr.data, csr.indices.astype(np.int64), csr.indptr.astype(np.int64)):
            _update(hashed, array)
    elif isinstance(data, pd.DataFrame | pd.Series):
        _update(hashed, pd.util.hash_pandas_object(data, index=False).to_numpy())
    else:
        array = np.atleast_1d(np.asarray(data))
        hashed.update(f"{array.shape}{array.dtype.kind}{array.dtype.itemsize}".encode())
        if array.dtype.kind in "OUS":  # of an object array the bytes are addresses
            array = pd.util.hash_array(array.ravel().astype(str).astype(object))
        for start in range(0, len(array), _ROWS_AT_ONCE):
            hashed.update(np.ascontiguousarray(array[start : start + _ROWS_AT_ONCE]).data.cast("B"))
