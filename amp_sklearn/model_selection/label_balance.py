"""Share of positive pairs in the parts of a split, and a warning where a test part has another one than all pairs."""

import warnings

import numpy as np

from ..exceptions import FoldWarning
from ..metrics import positive_label

TOLERANCE = 0.2
"""A test part may differ from all pairs by this share of the rarer label's share, and by two standard deviations."""


def is_positive(y, pos_label=None):
    """Which pairs are positive.

    Parameters
    ----------
    y : array-like of shape (n_pairs,)
        Two classes.
    pos_label : object, default=None
        The positive label; see `amp_sklearn.metrics.positive_label`.

    Returns
    -------
    ndarray of bool of shape (n_pairs,)

    Raises
    ------
    ValueError
        If there are more than two labels, or nobody can tell which is the positive one.
    """
    y = np.asarray(y)
    return y == positive_label(np.unique(y), pos_label)


def share(positive, rows):
    """Share of positive pairs among some rows; NaN where there are none."""
    return float(positive[rows].mean()) if len(rows) else np.nan


def warn_of_balance(parts, y):
    """Warn where the labels of test parts are not balanced as those of all pairs.

    Parameters
    ----------
    parts : dict of str to ndarray of int
        Rows of each test part, by what the warning calls it.
    y : array-like of shape (n_pairs,) or None
        Labels; without them, or with other than two, nothing is said.

    Warns
    -----
    FoldWarning
        If the share of a label in a part differs from its share in all pairs by more than a fifth of the rarer label's
        share, and by more than two standard deviations of a random draw of as many pairs.
    """
    if y is None:
        return
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) != 2:
        return
    rarer = codes == np.bincount(codes).argmin()
    usual = rarer.mean()
    off = {}
    for name, rows in parts.items():
        found = share(rarer, rows)
        chance = 2 * np.sqrt(usual * (1 - usual) / max(len(rows), 1))
        if abs(found - usual) > max(TOLERANCE * usual, chance):
            off[name] = f"{name} {found:.3f} ({int(rarer[rows].sum()):,} of {len(rows):,})"
    if off:
        label = classes[np.bincount(codes).argmin()]
        warnings.warn(
            f"these pairs share proteins in such a way that {len(off)} of {len(parts)} test parts have other shares of label "
            f"{label.item() if hasattr(label, 'item') else label!r} than all pairs ({usual:.3f}): {', '.join(off.values())}. "
            "Average precision and accuracy differ between such parts for this reason alone; use fewer splits, or compare "
            "models within a part only",
            FoldWarning,
            stacklevel=3,
        )
