"""Two kinds of protein, proteins that only negatives have, and labels of the test parts."""

import numpy as np

from ..data.sides import find_sides
from .finding import Finding, grade, percent


def sides_of_all(train, test=None):
    """Side of each protein, where the positive pairs of training and test join two kinds.

    Parameters
    ----------
    train : EncodedPairs
    test : EncodedPairs, default=None
        Test pairs; without labels all of them count.

    Returns
    -------
    ndarray of int of shape (n_proteins,) or None
        0 or 1, side A and side B, and -1 where no such pair has the protein.
    """
    pairs = [train.proteins[train.positive]]
    if test is not None:
        pairs.append(test.proteins if test.positive is None else test.proteins[test.positive])
    numbers, codes = np.unique(np.concatenate(pairs), return_inverse=True)
    found = find_sides(codes.reshape(-1, 2)) if len(numbers) else None
    if found is None:
        return None
    side = np.full(len(train.sequences), -1)
    side[numbers] = found
    return side


def check_only_negative(pairs, *, of_test=False):
    """Proteins that occur among negatives only, graded by how many negative pairs they tell.

    The rule "a pair is positive if both its proteins occur in some positive pair" knows no sequence. It is right of all
    positive pairs, and of the negative pairs that have such a protein.

    Parameters
    ----------
    pairs : EncodedPairs
        Distinct pairs.
    of_test : bool, default=False
        Whether these are the test pairs.

    Returns
    -------
    Finding
    """
    n = len(pairs.sequences)
    n_positive = np.bincount(pairs.proteins[pairs.positive].ravel(), minlength=n)
    degree = np.bincount(pairs.proteins.ravel(), minlength=n)
    only = pairs.used()[n_positive[pairs.used()] == 0]
    negatives = pairs.proteins[~pairs.positive]
    told = np.isin(negatives, only).any(axis=1).mean()
    # by chance a protein of d other pairs has no positive one with probability (1 - share)^d
    share = pairs.positive.mean()
    itself = negatives[:, 0] == negatives[:, 1]
    lacks = (1 - share) ** (degree[negatives] - 1 - itself[:, None])
    by_chance = (1 - np.where(itself, 1 - lacks[:, 0], (1 - lacks).prod(axis=1))).mean()
    precision = share / (share + (1 - share) * (1 - told))
    text = (
        f"{len(only):,} of {len(pairs.used()):,} proteins occur only among negatives, in {percent(told)} of the "
        f"{len(negatives):,} negative pairs (labels dealt at random: {percent(by_chance)}); the rule 'both proteins occur in some "
        f"positive pair', which reads no sequence, has average precision {precision:.2f} where {share:.2f} is chance"
    )
    check = "proteins only among negatives" + (", test pairs" if of_test else "")
    severity = grade(told - by_chance, 0.1, 0.2, 0.6)
    return Finding(check, severity, told, "share of negative pairs", text)


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
        text += ", as no positive pair does, and tell their label by that: draw negatives with sample_negatives, which keeps kinds apart"
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
    shares |= {name: test.positive[classes == name].mean() for name in np.unique(classes)}
    single = [name for name, share in shares.items() if share in (0, 1)]
    text = "positive test pairs: " + ", ".join(f"{name} {percent(share)}" for name, share in shares.items())
    if single:
        text += f"; of one label only: {', '.join(single)}, where no score can be computed"
    spread = max(shares.values()) - min(shares.values())
    severity = "warning" if single else grade(spread, 0.1, 0.3, None)
    return [Finding("label balance of test parts", severity, spread, "difference of shares", text)]
