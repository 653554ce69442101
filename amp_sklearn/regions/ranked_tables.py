"""Explanations from lists of top and low segments, the form in which the published analysis shares them."""

import numpy as np

from ..data.layout import FeatureLayout
from ..data.segments import SEGMENT_TOKENS
from ..explanation import Explanation


def explanation_from_ranked_segments(pair_ids, top, low, predictions=None):
    """Make an explanation of which only the top and low segments are known.

    Parameters
    ----------
    pair_ids : array-like of str of shape (n_pairs, 2)
    top, low : array-like of str of shape (n_pairs, k)
        Token labels (``"A_segment0"`` ... ``"B_segment9"``) in order of rank, rank 1 first.
    predictions : array-like of shape (n_pairs,), default=None
        Predicted probabilities.

    Returns
    -------
    Explanation
        Values are ranks: ``k`` for the first top segment down to 1, ``-k`` for the first low segment up to
        -1, 0 for the others. Only ``coverage`` and the tests with the same ``k`` or less make sense of them.

    Raises
    ------
    ValueError
        If a label is unknown, or a segment is named twice in a pair.

    Examples
    --------
    >>> from amp_sklearn.regions import explanation_from_ranked_segments
    >>> explanation = explanation_from_ranked_segments([("P1", "P2")], [["B_segment3"]], [["A_segment0"]])
    >>> explanation.top(1)["token"].tolist(), explanation.low(1)["token"].tolist()
    (['B_segment3'], ['A_segment0'])
    """
    layout = FeatureLayout(SEGMENT_TOKENS, 1)
    labels = {label: column for column, label in enumerate(layout.token_labels)}
    pair_ids, top, low = (np.asarray(values, dtype=object) for values in (pair_ids, top, low))
    values = np.zeros((len(pair_ids), layout.n_tokens))
    rows = np.arange(len(values))
    for selection, sign in ((top, 1.0), (low, -1.0)):
        if selection.ndim != 2 or len(selection) != len(values):
            raise ValueError(f"expected selection of shape ({len(values)}, k), got {selection.shape}")
        for rank in range(selection.shape[1]):
            unknown = [label for label in set(selection[:, rank]) if label not in labels]
            if unknown:
                raise ValueError(
                    f"expected labels A_segment0 to B_segment9, got {sorted(map(str, unknown))[:3]}"
                )
            columns = np.array([labels[label] for label in selection[:, rank]], dtype=int)
            twice = values[rows, columns] != 0
            if twice.any():
                row = int(np.flatnonzero(twice)[0])
                raise ValueError(
                    f"pair {row} names {selection[row, rank]} twice among its top and low segments"
                )
            values[rows, columns] = sign * (selection.shape[1] - rank)
    notes = ("values are ranks of the top and low segments; the others are unknown and set to 0",)
    return Explanation(values, layout, "rank", pair_ids=pair_ids, predictions=predictions, notes=notes)
