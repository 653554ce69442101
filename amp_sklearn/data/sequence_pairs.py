"""What a table of pairs says: the ids and sequences of its proteins, and the number of each protein."""

import itertools

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from .pair_matrix import PairMatrix
from .sequences import check_sequences


def pair_ids(X):
    """Ids of both proteins of each pair, where a table has them.

    Parameters
    ----------
    X : DataFrame or anything else
        Ids are in its index, which has two levels.

    Returns
    -------
    ndarray of shape (n_pairs, 2), dtype object, or None
        None where ``X`` is no such table.
    """
    if not isinstance(X, pd.DataFrame) or X.index.nlevels != 2:
        return None
    return X.index.to_frame().to_numpy(dtype=object)


def sequence_cells(X):
    """The two columns of a table of pairs.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_pairs, 2)

    Returns
    -------
    ndarray of shape (n_pairs, 2), dtype object

    Raises
    ------
    ValueError
        If there are not two columns.
    """
    cells = X.to_numpy(dtype=object) if isinstance(X, pd.DataFrame) else np.asarray(X, dtype=object)
    if cells.ndim != 2 or cells.shape[1] != 2:
        raise ValueError(f"X must hold two sequences a row (n_pairs, 2), got an array of shape {cells.shape}")
    return cells


def protein_numbers(X):
    """Number of each pair's proteins; identical sequences are one protein, whatever their ids.

    Parameters
    ----------
    X : PairMatrix, DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences, or a pair matrix made from them.

    Returns
    -------
    ndarray of int of shape (n_pairs, 2)
        Numbers from 0, without gaps.

    Raises
    ------
    ValueError
        If ``X`` does not have two columns of sequences, or a sequence is missing.
    """
    numbers = common_protein_numbers(X)[0]
    if isinstance(X, PairMatrix):  # some rows of a matrix may leave out proteins
        numbers = np.unique(numbers, return_inverse=True)[1].reshape(numbers.shape)
    return numbers


def common_protein_numbers(*tables):
    """Number of each pair's proteins, the same in all tables.

    Parameters
    ----------
    *tables : PairMatrix, DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences, or pair matrices selected from one another.

    Returns
    -------
    list of ndarray of int of shape (n_pairs, 2)
        One per table.

    Raises
    ------
    ValueError
        If a table does not have two columns of sequences, a sequence is missing, or pair matrices do not share
        their proteins.
    """
    if any(isinstance(table, PairMatrix) for table in tables):
        if not all(getattr(table, "features", None) is tables[0].features for table in tables):
            raise ValueError(
                "pair matrices can be compared only where they share their proteins (rows of one matrix); "
                "pass the tables of sequences instead"
            )
        return [table.index for table in tables]
    cells = [sequence_cells(table) for table in tables]
    codes = pd.factorize(np.concatenate([of_table.ravel() for of_table in cells]))[0]
    ends = np.cumsum([0, *(of_table.size for of_table in cells)])
    numbers = [codes[start:end].reshape(-1, 2) for start, end in itertools.pairwise(ends)]
    for of_table in numbers:
        rows = np.flatnonzero((of_table < 0).any(axis=1))
        if len(rows):
            raise ValueError(f"X has {len(rows)} pair(s) without a sequence, the first in row {rows[0]}")
    return numbers


def distinct_sequences(estimator, X, *, reset, uppercase=False):
    """Validate pairs of sequences on behalf of an estimator and find the distinct proteins among them.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_``, or is checked against them.
    X : DataFrame or array-like of shape (n_pairs, 2)
        Sequences of protein A and protein B.
    reset : bool
        True in ``fit``.
    uppercase : bool, default=False
        Turn lower-case letters into upper case first.

    Returns
    -------
    sequences : list of str
        Distinct sequences, in order of appearance.
    index : ndarray of int of shape (n_pairs, 2)
        Position of each pair's proteins in ``sequences``.
    names : list of str
        Where each sequence was met first, for messages: protein id and row, or row and column.

    Raises
    ------
    SequenceError
        If a cell is no protein sequence.
    ValueError
        If ``X`` does not have two columns, or not those of ``fit``.
    """
    ids = pair_ids(X)
    cells = np.asarray(
        validate_data(estimator, X, dtype=None, ensure_all_finite=False, reset=reset), dtype=object
    )
    if cells.shape[1] != 2:
        raise ValueError(
            f"X must have two columns, the sequences of protein A and protein B, got {cells.shape[1]} columns"
        )
    codes, distinct = pd.factorize(cells.ravel(), use_na_sentinel=False)
    first = np.unique(codes, return_index=True)[1]
    names = [
        f"row {cell // 2}, column {cell % 2}"
        if ids is None
        else f"{ids[cell // 2, cell % 2]} (row {cell // 2})"
        for cell in first
    ]
    return check_sequences(list(distinct), names, uppercase=uppercase), codes.reshape(-1, 2), names
