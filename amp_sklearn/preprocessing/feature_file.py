"""Features of proteins in a file that is mapped into memory, for data sets larger than memory."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..data.pair_matrix import PairMatrix

TOGETHER = 2048
"""Proteins whose features are computed at a time."""


def write_features(encode, n_proteins, path, verbose=0):
    """Compute features of proteins some at a time, and write them to a file that is complete or absent.

    Parameters
    ----------
    encode : callable
        From a slice of proteins to an array of shape (n, n_protein_features).
    n_proteins : int
    path : path-like
        ``.npy`` file.
    verbose : int, default=0
        1 shows progress.

    Returns
    -------
    ndarray of shape (n_proteins, n_protein_features)
        The file, mapped into memory to be read.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    features: Any = None
    starts = range(0, n_proteins, TOGETHER)
    for start in tqdm(
        starts, desc="encoding proteins", unit="batch", disable=not verbose or len(starts) == 1
    ):
        some = slice(start, min(start + TOGETHER, n_proteins))
        found = encode(some)
        if features is None:
            shape = (n_proteins, found.shape[1])
            features = np.lib.format.open_memmap(partial, "w+", found.dtype, shape)
        features[some] = found
    features.flush()
    del features
    os.replace(partial, path)
    return np.load(path, mmap_mode="r")


def map_features(encoder, X, path, *, verbose=0):
    """Features of pairs that lie in a file: a `PairMatrix` of any size, of which memory holds what is being read.

    Each distinct protein is encoded once, 2,048 proteins at a time. Classifiers of this package gather their batches from
    the file, `ProteinScaler` learns from it in parts; what needs an ordinary array still needs the memory for one.

    Parameters
    ----------
    encoder : transformer or Pipeline
        From pairs of sequences to a `PairMatrix`, fitted or without need of it, such as
        ``make_pipeline(ESM2Embedder(), PairConcatenator("segments")).fit(X[:1])``.
    X : DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences.
    path : path-like
        ``.npy`` file to write; it must stay where it is while the matrix is used.
    verbose : int, default=0
        1 shows progress.

    Returns
    -------
    PairMatrix of shape (n_pairs, n_features)

    Raises
    ------
    TypeError
        If the encoder gives no `PairMatrix`: it makes something of each pair, which would not fit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.pipeline import make_pipeline
    >>> from amp_sklearn import ESM2Embedder, PairConcatenator, load_bernett_mini
    >>> from amp_sklearn.preprocessing import map_features
    >>> X, y = load_bernett_mini("val")
    >>> X = X[X.map(len).max(axis=1) < 120]
    >>> encoder = make_pipeline(ESM2Embedder(), PairConcatenator("mean")).fit(X)
    >>> mapped = map_features(encoder, X, Path(tempfile.mkdtemp(), "features.npy"))
    >>> mapped.shape == (len(X), 384), type(mapped.features).__name__
    (True, 'memmap')
    """
    columns = getattr(X, "columns", None)
    codes, proteins = pd.factorize(np.asarray(X, dtype=object).ravel())
    layouts = []

    def encode(some):
        sequences = proteins[some]
        pairs = np.resize(sequences, (-(-len(sequences) // 2), 2))
        found = encoder.transform(pairs if columns is None else pd.DataFrame(pairs, columns=columns))
        if not isinstance(found, PairMatrix):
            raise TypeError(
                f"the encoder gives {type(found).__name__} and no PairMatrix, so that it keeps nothing of single proteins; "
                "leave out the steps that work on pairs"
            )
        layouts.append(found.layout)
        return found.features[found.index.ravel()[: len(sequences)]]

    features = write_features(encode, len(proteins), path, verbose)
    return PairMatrix(features, codes.reshape(-1, 2), layouts[0])
