"""Similar proteins by shared k-mers: sparse, chunked, no alignment."""

import numpy as np
import pandas as pd
from scipy import sparse

from ..data.sequences import STANDARD_RESIDUES, residue_numbers

_N = len(STANDARD_RESIDUES)
_CHUNK = 4_000_000  # entries of a block of the product that are in memory at once


def kmer_matrix(sequences, k):
    """Which k-mers each sequence has.

    Parameters
    ----------
    sequences : sequence of str
    k : int
        Residues of a word. Words with other than the twenty standard residues are left out.

    Returns
    -------
    matrix : csr_matrix of shape (n_sequences, n_shared_words)
        1 where a sequence has a word; words of one sequence only are left out, as nothing can share them.
    sizes : ndarray of int of shape (n_sequences,)
        Distinct words of each sequence, all of them.
    """
    words = [_words(sequence, k) for sequence in sequences]
    sizes = np.array([len(of_one) for of_one in words])
    rows = np.repeat(np.arange(len(words)), sizes)
    flat = np.concatenate([np.empty(0, dtype=np.int64), *words])
    _, column, count = np.unique(flat, return_inverse=True, return_counts=True)
    shared = count > 1
    number = np.cumsum(shared) - 1
    keep = shared[column]
    ends = (rows[keep], number[column[keep]])
    n_words = int(shared.sum())
    return sparse.csr_matrix((np.ones(keep.sum(), np.float32), ends), shape=(len(words), n_words)), sizes


def _words(sequence, k):
    """Distinct k-mers of one sequence, as numbers."""
    numbers = residue_numbers(sequence)
    if len(numbers) < k:
        return np.empty(0, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, k)
    standard = ((windows >= 0) & (windows < _N)).all(axis=1)
    return np.unique(windows[standard] @ (_N ** np.arange(k, dtype=np.int64)))


def similar_proteins(sequences, rows, columns, *, k=5, threshold=0.1):
    """Pairs of different sequences that share many k-mers.

    The containment of two sequences is the number of words they share, divided by the number of words of the one
    that has fewer. Independent substitutions leave about ``identity ** k`` of the words, so that a containment of
    0.1 with words of 5 residues stands for some 63 % identity over the shorter sequence. Distant homologues share
    too few words to be seen; clusters made from alignments (``cluster_sequences``) go farther.

    Parameters
    ----------
    sequences : ndarray of str
    rows, columns : ndarray of int
        Positions in ``sequences`` to compare with one another.
    k : int, default=5
        Residues of a word.
    threshold : float, default=0.1
        Least containment reported.

    Returns
    -------
    DataFrame
        Columns ``protein`` (of ``rows``), ``other`` (of ``columns``), ``containment``; largest first.
    """
    used = np.union1d(rows, columns)
    matrix, sizes = kmer_matrix(sequences[used], k)
    at_rows, at_columns = np.searchsorted(used, rows), np.searchsorted(used, columns)
    transposed = matrix[at_columns].T.tocsr()
    step = max(1, _CHUNK // max(len(columns), 1))
    found = []
    for start in range(0, len(rows), step):
        chunk = at_rows[start : start + step]
        common = (matrix[chunk] @ transposed).tocoo()
        one, two = chunk[common.row], at_columns[common.col]
        containment = common.data / np.minimum(sizes[one], sizes[two])
        keep = (containment >= threshold) & (one != two)
        found.append((used[one[keep]], used[two[keep]], containment[keep]))
    parts = [np.concatenate(part) for part in zip(*found, strict=True)]
    table = pd.DataFrame(dict(zip(("protein", "other", "containment"), parts, strict=True)))
    return table.sort_values(
        ["containment", "protein", "other"], ascending=[False, True, True], ignore_index=True
    )
