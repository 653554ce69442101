"""From tokens back to residues."""

import numpy as np

from ..data.segments import token_bounds


def spread_over_residues(values, layout, lengths, *, spread="share"):
    """Carry the token values of one pair back to the residues of its two proteins.

    A segment's embedding is the mean of its residues' embeddings, so each of its ``m`` residues holds one
    ``m``-th of it; the token ``mean`` is spread over the whole protein in the same way. ``cls`` and ``eos``
    stand for no residue, and blocks that combine both proteins (``|A-B|`` ...) belong to neither: their
    values are not spread.

    Parameters
    ----------
    values : array-like of shape (n_tokens,)
        One value per token of the pair.
    layout : FeatureLayout
        Meaning of the tokens.
    lengths : (int, int)
        Residues of protein A and of protein B.
    spread : {"share", "value"}, default="share"
        ``"share"`` divides a token's value among its residues, so that residues add up to the tokens they
        came from; ``"value"`` gives each residue the value itself.

    Returns
    -------
    protein_a, protein_b : ndarray of shape (n_residues,)
        Zero where no token covers a residue. A protein whose block is not in the layout is all zero.

    Raises
    ------
    ValueError
        If the number of values does not match the layout, or ``spread`` is unknown.

    Examples
    --------
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import spread_over_residues
    >>> layout = FeatureLayout(tuple(f"segment{i}" for i in range(10)), width=4)
    >>> a, b = spread_over_residues([6.0] + [0.0] * 19, layout, (23, 10))
    >>> a[:5]
    array([2., 2., 2., 0., 0.])
    """
    values = np.asarray(values, dtype=float)
    if values.shape != (layout.n_tokens,):
        raise ValueError(f"expected {layout.n_tokens} token values, got shape {values.shape}")
    if spread not in ("share", "value"):
        raise ValueError(f"spread must be 'share' or 'value', got {spread!r}")
    by_label = dict(zip(layout.token_labels, values, strict=True))
    return tuple(
        _protein(by_label, layout.tokens, block, int(length), spread)
        for block, length in zip("AB", lengths, strict=True)
    )


def _protein(by_label, tokens, block, length, spread):
    residues = np.zeros(length)
    bounds = token_bounds(length)
    for token in tokens:
        start, end = bounds.get(token, (0, 0))
        if end > start:
            value = by_label.get(f"{block}_{token}", 0.0)
            residues[start:end] += value / (end - start) if spread == "share" else value
    return residues
