"""Similarity of proteins to the nearest of a set of reference proteins."""

import numpy as np
from scipy import sparse

from ..data.sequences import RESIDUES, residue_numbers

_PROTEINS_AT_ONCE = 512


def kmer_sets(sequences, k):
    """Which k-mers occur in each sequence.

    Parameters
    ----------
    sequences : sequence of str
    k : int

    Returns
    -------
    kmers : list of ndarray of int
        Distinct k-mers of each sequence as numbers, sorted; a sequence shorter than ``k`` is one k-mer, its whole.
    """
    base, sets = len(RESIDUES), []
    for sequence in sequences:
        digits = residue_numbers(sequence)
        if len(digits) < k:  # negative: no k-mer of a longer sequence
            sets.append(np.array([-1 - int(np.polyval(digits + 1, base + 1))]))
        else:
            windows = np.lib.stride_tricks.sliding_window_view(digits, k)
            sets.append(np.unique(windows @ base ** np.arange(k)))
    return sets


class KmerReference:
    """Reference proteins by their k-mers.

    The similarity of a protein to a reference protein is the share of its distinct k-mers that the other has too
    (containment); 1 is a protein all of whose k-mers occur there.

    Parameters
    ----------
    sequences : sequence of str
        Distinct reference proteins.
    k : int
    """

    def __init__(self, sequences, k):
        self.k = k
        sets = kmer_sets(sequences, k)
        self.vocabulary = np.unique(np.concatenate(sets))
        self.matrix = self._matrix(sets)

    def __getstate__(self):
        """For files: k-mers by their distance to the one before, low and high byte apart, which compresses to less than half."""
        matrix = self.matrix.sorted_indices()
        gaps = np.diff(matrix.indices, prepend=0)
        gaps[matrix.indptr[:-1]] = matrix.indices[
            matrix.indptr[:-1]
        ]  # each protein begins at 0; it has k-mers
        return {
            "k": self.k,
            "vocabulary_gaps": np.diff(self.vocabulary, prepend=0),
            "sizes": np.diff(matrix.indptr),
            "low": (gaps & 255).astype(np.uint8),
            "high": (gaps >> 8).astype(np.uint16),
        }

    def __setstate__(self, state):
        if "matrix" in state:  # of earlier versions
            vars(self).update(state)
            return
        self.k = state["k"]
        self.vocabulary = np.cumsum(state["vocabulary_gaps"])
        ends = np.concatenate([[0], np.cumsum(state["sizes"])])
        total = np.cumsum(state["low"] + (state["high"].astype(np.int64) << 8))
        indices = total - np.repeat(np.concatenate([[0], total])[ends[:-1]], state["sizes"])
        shape = (len(state["sizes"]), len(self.vocabulary))
        self.matrix = sparse.csr_matrix((np.ones(len(indices), dtype=np.int32), indices, ends), shape=shape)

    def _matrix(self, sets):
        """Proteins by k-mers of the vocabulary, 1 where it occurs."""
        kmers = np.concatenate(sets)
        rows = np.repeat(np.arange(len(sets)), [len(found) for found in sets])
        columns = np.minimum(np.searchsorted(self.vocabulary, kmers), len(self.vocabulary) - 1)
        known = self.vocabulary[columns] == kmers
        shape = (len(sets), len(self.vocabulary))
        ones = np.ones(int(known.sum()), dtype=np.int32)
        return sparse.csr_matrix((ones, (rows[known], columns[known])), shape=shape)

    def nearest(self, sequences, *, excluded=None):
        """Largest containment of each sequence in any reference protein.

        Parameters
        ----------
        sequences : sequence of str
        excluded : ndarray of int of shape (n_sequences,), default=None
            Reference protein that does not count, for each sequence.

        Returns
        -------
        ndarray of float of shape (n_sequences,)
        """
        self.matrix.check_format(full_check=True)  # of a model file; the product does not look
        sets = kmer_sets(sequences, self.k)
        matrix, sizes = self._matrix(sets), np.array([len(found) for found in sets])
        best = np.empty(len(sets))
        for start in range(0, len(sets), _PROTEINS_AT_ONCE):
            rows = np.arange(start, min(start + _PROTEINS_AT_ONCE, len(sets)))
            shared = (matrix[rows] @ self.matrix.T).toarray()
            if excluded is not None:
                shared[np.arange(len(rows)), excluded[rows]] = 0
            best[rows] = shared.max(axis=1) / sizes[rows]
        return best


class EmbeddingReference:
    """Reference proteins by their features.

    The similarity of two proteins is the cosine of their features after the reference mean is taken off: embeddings
    of all proteins point in much the same direction, and only what differs tells them apart.

    Parameters
    ----------
    features : ndarray of shape (n_proteins, n_features)
    """

    def __init__(self, features):
        self.mean = features.mean(axis=0, dtype=np.float64)
        self.directions = self._directions(features)

    def _directions(self, features):
        centred = np.asarray(features, dtype=np.float64) - self.mean
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        return centred / np.where(length > 0, length, 1)

    def nearest(self, features, *, excluded=None):
        """Largest cosine of each protein to any reference protein; parameters as of ``KmerReference.nearest``."""
        best = np.empty(len(features))
        for start in range(0, len(features), _PROTEINS_AT_ONCE):
            rows = np.arange(start, min(start + _PROTEINS_AT_ONCE, len(features)))
            cosine = self._directions(features[rows]) @ self.directions.T
            if excluded is not None:
                cosine[np.arange(len(rows)), excluded[rows]] = -1
            best[rows] = cosine.max(axis=1)
        return np.clip(best, -1, 1)
