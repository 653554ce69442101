"""Two kinds of protein in the pairs, and what the negatives make of them; labels of the test parts."""

import numpy as np

from ..data.sides import find_sides
from ..model_selection.pair_classes import PAIR_CLASSES
from .finding import Finding, grade, percent


def check_sides(pairs):
    """Whether positive pairs join two kinds of protein, and negatives do not.

    Parameters
    ----------
    pairs : EncodedPairs

    Returns
    -------
    Finding
    """
    check, unit = "two kinds of protein", "share of negatives within one kind"
    numbers, positives = np.unique(pairs.proteins[pairs.positive], return_inverse=True)
    side = find_sides(positives.reshape(-1, 2)) if len(numbers) else None
    if side is None:
        text = f"the {int(pairs.positive.sum()):,} positive pairs show no two kinds of protein"
        return Finding(check, "clean", 0, unit, text)
    n_first = int((side == 0).sum())
    text = f"the positive pairs join two kinds of protein, {n_first:,} and {len(side) - n_first:,} of them"
    negatives = pairs.proteins[~pairs.positive]
    known = np.isin(negatives, numbers).all(axis=1)
    if not known.any():
        return Finding(
            check, "note", np.nan, unit, f"{text}; no negative pair has two proteins of known kind"
        )
    sides = side[np.searchsorted(numbers, negatives[known])]
    share = float((sides[:, 0] == sides[:, 1]).mean())
    text += (
        f"; {percent(share)} of {int(known.sum()):,} negative pairs of these proteins stay within one kind"
    )
    if share > 0.01:
        text += ", which betrays the label: draw negatives with sample_negatives, which keeps kinds apart"
    severity = grade(share, None, 0.01, 0.1)
    return Finding(check, "note" if severity == "clean" else severity, share, unit, text)


def check_test_balance(test, classes):
    """Whether a test set, or the part of it of class C1, C2 or C3, has pairs of one label only.

    Parameters
    ----------
    test : EncodedPairs
    classes : ndarray of str of shape (n_test,)

    Returns
    -------
    list of Finding
    """
    if test.positive is None:
        return []
    shares = {"all": test.positive.mean()}
    shares |= {
        name: test.positive[classes == name].mean() for name in PAIR_CLASSES if (classes == name).any()
    }
    single = [name for name, share in shares.items() if share in (0, 1)]
    text = "positive test pairs: " + ", ".join(f"{name} {percent(share)}" for name, share in shares.items())
    if single:
        text += f"; of one label only: {', '.join(single)}, where no score can be computed"
    spread = max(shares.values()) - min(shares.values())
    severity = "warning" if single else grade(spread, 0.1, 0.3, None)
    return [Finding("label balance of test parts", severity, spread, "difference of shares", text)]
