"""From one vector per token to the thirteen token vectors of a protein."""

import numpy as np
import torch

from ..data.segments import N_SEGMENTS, PROTEIN_TOKENS, segment_lengths


def pool_packed(hidden, n_residues):
    """All thirteen token vectors of each protein, from packed hidden states.

    Parameters
    ----------
    hidden : Tensor of shape (T, d), float32
        Hidden states of consecutive proteins, each as ``<cls>``, its residues, ``<eos>``.
    n_residues : sequence of int
        Residues of each protein; ``T`` is their sum plus two per protein.

    Returns
    -------
    Tensor of shape (n_proteins, 13, d)
        In the order of ``PROTEIN_TOKENS``: cls, segment0..9, eos, mean. A segment with no residue is zero.
    """
    counts = np.ones((len(n_residues), N_SEGMENTS + 2), dtype=np.int64)  # cls, segments, eos
    counts[:, 1:-1] = segment_lengths(n_residues)
    counts = torch.from_numpy(counts).to(hidden.device)
    sums = torch.segment_reduce(hidden, "sum", lengths=counts.ravel(), initial=0)
    sums = sums.view(*counts.shape, hidden.shape[1])
    pooled = hidden.new_empty(len(n_residues), len(PROTEIN_TOKENS), hidden.shape[1])
    pooled[:, :-1] = sums / counts.clamp(min=1)[..., None]
    pooled[:, -1] = sums[:, 1:-1].sum(1) / counts[:, 1:-1].sum(1, keepdim=True)
    return pooled


def merge_windows(hidden, n_residues, windows):
    """Average the hidden states of overlapping windows per residue.

    The ``<cls>`` and ``<eos>`` vectors of a protein are the averages over its windows.

    Parameters
    ----------
    hidden : Tensor of shape (T, d), float32
        Hidden states of all windows, packed; each window as ``<cls>``, residues, ``<eos>``.
    n_residues : sequence of int
        Residues of each protein.
    windows : sequence of (int, int, int)
        ``protein, start, stop`` of each window, in the order of ``hidden``.

    Returns
    -------
    Tensor of shape (T', d)
        Packed hidden states of the whole proteins, for ``pool_packed``.
    """
    first = np.concatenate([[0], np.cumsum(np.asarray(n_residues) + 2)])
    target = np.concatenate(
        [
            np.concatenate([[first[p]], first[p] + 1 + np.arange(start, stop), [first[p + 1] - 1]])
            for p, start, stop in windows
        ]
    )
    target = torch.from_numpy(target).to(hidden.device)
    sums = hidden.new_zeros(int(first[-1]), hidden.shape[1]).index_add_(0, target, hidden)
    return sums / torch.bincount(target, minlength=len(sums))[:, None]
