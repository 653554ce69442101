"""From one vector per token to the token vectors of a protein: thirteen where the model has cls and eos."""

import numpy as np
import torch

from ..data.segments import N_SEGMENTS, segment_lengths

BOTH_ENDS = (1, 1)
"""Vectors before and after the residues of a protein: those of ``<cls>`` and ``<eos>``."""


def pool_packed(hidden, n_residues, ends=BOTH_ENDS):
    """All token vectors of each protein, from packed hidden states.

    Parameters
    ----------
    hidden : Tensor of shape (T, d), float32
        Hidden states of consecutive proteins, each as ``<cls>``, its residues, ``<eos>``.
    n_residues : sequence of int
        Residues of each protein; ``T`` is their sum plus ``sum(ends)`` per protein.
    ends : (int, int), default=(1, 1)
        Vectors before and after the residues of each protein, 0 or 1: whether there are ``<cls>`` and ``<eos>``.

    Returns
    -------
    Tensor of shape (n_proteins, 11 + sum(ends), d)
        In the order of ``PROTEIN_TOKENS``: cls, segment0..9, eos, mean, without those that there are not. A segment with
        no residue is zero.
    """
    before, after = ends
    segments = slice(before, before + N_SEGMENTS)
    counts = np.ones((len(n_residues), before + N_SEGMENTS + after), dtype=np.int64)  # cls, segments, eos
    counts[:, segments] = segment_lengths(n_residues)
    counts = torch.from_numpy(counts).to(hidden.device)
    sums = torch.segment_reduce(hidden, "sum", lengths=counts.ravel(), initial=0)
    sums = sums.view(*counts.shape, hidden.shape[1])
    pooled = hidden.new_empty(len(n_residues), counts.shape[1] + 1, hidden.shape[1])
    pooled[:, :-1] = sums / counts.clamp(min=1)[..., None]
    pooled[:, -1] = sums[:, segments].sum(1) / counts[:, segments].sum(1, keepdim=True)
    return pooled


def merge_windows(hidden, n_residues, windows, ends=BOTH_ENDS):
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
    ends : (int, int), default=(1, 1)
        As of `pool_packed`.

    Returns
    -------
    Tensor of shape (T', d)
        Packed hidden states of the whole proteins, for ``pool_packed``.
    """
    before, after = ends
    first = np.concatenate([[0], np.cumsum(np.asarray(n_residues) + sum(ends))])
    target = np.concatenate(
        [
            np.concatenate(
                [
                    first[p] + np.arange(before),
                    first[p] + before + np.arange(start, stop),
                    first[p + 1] - after + np.arange(after),
                ]
            )
            for p, start, stop in windows
        ]
    )
    target = torch.from_numpy(target).to(hidden.device)
    sums = hidden.new_zeros(int(first[-1]), hidden.shape[1]).index_add_(0, target, hidden)
    return sums / torch.bincount(target, minlength=len(sums))[:, None]
