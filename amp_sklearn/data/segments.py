"""The segment rule: how a protein of L residues is cut into ten consecutive segments.

One rule serves pooling of embeddings and the mapping of a segment back to its residues.
"""

import numpy as np

N_SEGMENTS = 10

SEGMENT_TOKENS = tuple(f"segment{i}" for i in range(N_SEGMENTS))

PROTEIN_TOKENS = ("cls", *SEGMENT_TOKENS, "eos", "mean")
"""All tokens of one protein, in the order in which they are stored everywhere."""

TOKEN_SETS = {
    "segments": SEGMENT_TOKENS,
    "cls+segments+eos": PROTEIN_TOKENS[:-1],
    "mean": ("mean",),
}
"""Sets of tokens that the published models read, by name."""


def segment_lengths(lengths, n_segments=N_SEGMENTS):
    """Number of residues in each segment.

    With ``L = n_segments * q + r`` the first ``r`` segments hold ``q + 1`` residues and the others ``q``.

    Parameters
    ----------
    lengths : int or array-like of int
        Protein length(s) in residues.
    n_segments : int, default=10
        Number of segments.

    Returns
    -------
    ndarray of shape (..., n_segments)
        Residues per segment; a protein shorter than ``n_segments`` has segments with no residue.

    Raises
    ------
    ValueError
        If a length is negative or ``n_segments`` is not positive.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> from amp_sklearn.data import segment_lengths
    >>> segment_lengths(23)
    array([3, 3, 3, 2, 2, 2, 2, 2, 2, 2])
    """
    lengths = np.asarray(lengths)
    if n_segments < 1:
        raise ValueError(f"n_segments must be a positive integer, got {n_segments!r}")
    if (lengths < 0).any():
        raise ValueError(f"protein lengths must be >= 0 residues, got {lengths.min()}")
    quotient, remainder = np.divmod(lengths, n_segments)
    return quotient[..., None] + (np.arange(n_segments) < remainder[..., None])


def segment_bounds(lengths, n_segments=N_SEGMENTS):
    """First residue and end of each segment, half-open and 0-based.

    Parameters
    ----------
    lengths : int or array-like of int
        Protein length(s) in residues.
    n_segments : int, default=10
        Number of segments.

    Returns
    -------
    ndarray of shape (..., n_segments, 2)
        ``start, end`` such that ``sequence[start:end]`` are the residues of the segment.

    Raises
    ------
    ValueError
        If a length is negative or ``n_segments`` is not positive.

    Examples
    --------
    >>> from amp_sklearn.data import segment_bounds
    >>> segment_bounds(23)[:4].tolist()
    [[0, 3], [3, 6], [6, 9], [9, 11]]
    """
    ends = np.cumsum(segment_lengths(lengths, n_segments), axis=-1)
    starts = np.concatenate([np.zeros_like(ends[..., :1]), ends[..., :-1]], axis=-1)
    return np.stack([starts, ends], axis=-1)


def token_bounds(length):
    """The residues that each token stands for: the segments, and ``mean`` for the whole protein.

    Parameters
    ----------
    length : int
        Residues of the protein.

    Returns
    -------
    dict of str to (int, int)
        ``start, end`` by token, as of `segment_bounds`; ``cls`` and ``eos`` stand for no residue and are not there.

    Examples
    --------
    >>> from amp_sklearn.data.segments import token_bounds
    >>> token_bounds(23)["segment1"], token_bounds(23)["mean"]
    ((3, 6), (0, 23))
    """
    segments = zip(SEGMENT_TOKENS, map(tuple, segment_bounds(length).tolist()), strict=True)
    return dict(segments) | {"mean": (0, length)}
