"""From a table of two sequence columns to distinct sequences and two numbers per pair."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from .sequences import check_sequences


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
    ids = np.array(X.index.tolist(), dtype=object) if isinstance(X, pd.DataFrame) else None
    cells = np.asarray(
        validate_data(estimator, X, dtype=None, ensure_all_finite=False, reset=reset), dtype=object
    )
    if cells.shape[1] != 2:
        raise ValueError(
            f"X must have two columns, the sequences of protein A and protein B, got {cells.shape[1]} columns"
        )
    if ids is not None and ids.shape != cells.shape:
        ids = None  # the index does not name both proteins
    codes, distinct = pd.factorize(cells.ravel(), use_na_sentinel=False)
    first = np.unique(codes, return_index=True)[1]
    names = [
        f"row {cell // 2}, column {cell % 2}"
        if ids is None
        else f"{ids[cell // 2, cell % 2]} (row {cell // 2})"
        for cell in first
    ]
    return check_sequences(list(distinct), names, uppercase=uppercase), codes.reshape(-1, 2), names
