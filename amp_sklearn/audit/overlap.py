"""What the test pairs share with the training pairs: pairs, proteins, similar proteins."""

import numpy as np
import pandas as pd
from scipy import sparse

from ..model_selection.pair_classes import PAIR_CLASSES, SIDE_CLASSES, classes_by_side, classes_of_numbers
from .finding import Finding, grade, percent
from .similarity import similar_proteins


def check_shared_pairs(train, test):
    """Test pairs that are training pairs, in either orientation.

    Parameters
    ----------
    train, test : EncodedPairs

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``test_pairs_in_train``: row in the test, first row in training, and both labels.
    """
    first = pd.Series(np.arange(len(train)), index=train.unordered())
    first = first[~first.index.duplicated()]
    place = first.reindex(test.unordered()).to_numpy()
    rows = np.flatnonzero(~np.isnan(place))
    table = test.listed(rows).assign(train_row=place[rows].astype(int))
    table["train_positive"] = train.positive[table["train_row"]]
    text = f"{len(rows):,} of {len(test):,} test pairs ({percent(len(rows) / len(test))}) are training pairs"
    if len(rows) and test.positive is not None:
        n_positive = int(test.positive[rows].sum())
        text += (
            f": {n_positive:,} of the {int(test.positive.sum()):,} positive and {len(rows) - n_positive:,} of the "
            f"{int((~test.positive).sum()):,} negative ones"
        )
        differ = int((table["train_positive"] != table["positive"]).sum())
        text += f"; {differ:,} with the other label" if differ else ""
    severity = grade(len(rows) / len(test), None, 0.0, 0.01)
    return [Finding("test pairs in training", severity, len(rows), "rows", text)], {
        "test_pairs_in_train": table
    }


def check_shared_proteins(train, test, side=None):
    """Test proteins that training has seen, and the class of each test pair.

    Parameters
    ----------
    train, test : EncodedPairs
    side : ndarray of int of shape (n_proteins,), default=None
        Side of each protein where there are two kinds; they tell C2a (side A new) from C2b.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``test_classes``: pairs of each class.
    classes : ndarray of str of shape (n_test,)
    """
    names = PAIR_CLASSES if side is None else SIDE_CLASSES
    if side is None:
        classes = classes_of_numbers(train.proteins, test.proteins)
    else:
        classes = classes_by_side(train.proteins, test.proteins, side)
    counts = {name: int((classes == name).sum()) for name in names}
    proteins = test.used()
    share = np.isin(proteins, train.used()).mean()
    text = f"{percent(share)} of the test proteins are in training; test pairs with both proteins seen: "
    text += f"{counts['C1']:,} (C1), "
    if side is None:
        text += f"one: {counts['C2']:,} (C2), "
    else:
        text += (
            f"only that of side B: {counts['C2a']:,} (C2a), only that of side A: {counts['C2b']:,} (C2b), "
        )
    text += f"none: {counts['C3']:,} (C3)"
    severity = grade(share, None, 0.0, None)
    if counts["C3"] < len(test):
        text += "; only C3 tests on new proteins"
    table = pd.DataFrame({"class": list(counts), "n_pairs": list(counts.values())})
    if test.positive is not None:
        table["n_positive"] = [int(test.positive[classes == name].sum()) for name in counts]
    finding = Finding("test proteins in training", severity, share, "share of test proteins", text)
    return [finding], {"test_classes": table}, classes


def check_similar_proteins(train, test, side=None, *, k, threshold):
    """Unseen test proteins that resemble a training protein, and test pairs that resemble a training pair.

    Parameters
    ----------
    train, test : EncodedPairs
    side : ndarray of int of shape (n_proteins,), default=None
        Side of each protein where there are two kinds; each is then reported by itself as well.
    k : int
    threshold : float
        See ``similar_proteins``.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``similar_test_proteins``: test protein, training protein, containment.
    """
    known, tested = train.used(), test.used()
    unseen = np.setdiff1d(tested, known)
    found = similar_proteins(train.sequences, tested, known, k=k, threshold=threshold)
    new = found[np.isin(found["protein"], unseen)]
    groups = {"similar test proteins": ("", unseen)}
    for number, letter in enumerate("AB" if side is not None else ""):
        of_side = unseen[side[unseen] == number]
        if len(of_side):
            groups[f"similar test proteins of side {letter}"] = (f" of side {letter}", of_side)
    findings = []
    for check, (which, proteins) in groups.items():
        n_similar = int(np.isin(proteins, new["protein"]).sum())
        share = n_similar / max(len(proteins), 1)
        text = (
            f"{n_similar:,} of the {len(proteins):,} test proteins{which} that are not in training ({percent(share)}) share at "
            f"least {threshold:.0%} of their {k}-mers with a training protein"
        )
        severity = grade(share, 0.01, 0.05, 0.3)
        findings.append(Finding(check, severity, share, "share of unseen test proteins", text))
    n = len(train.sequences)
    ends = (
        np.concatenate([found["protein"], tested[np.isin(tested, known)]]),
        np.concatenate([found["other"], tested[np.isin(tested, known)]]),
    )
    alike = sparse.csr_matrix((np.ones(len(ends[0]), np.float32), ends), shape=(n, n))
    both = np.concatenate([train.proteins, train.proteins[:, ::-1]])
    partners = sparse.csr_matrix((np.ones(len(both), np.float32), both.T), shape=(n, n))
    reach = (alike @ partners)[test.proteins[:, 0]]
    hit = np.asarray(reach.multiply(alike[test.proteins[:, 1]]).sum(axis=1)).ravel() > 0
    text = f"{int(hit.sum()):,} of {len(test):,} test pairs ({percent(hit.mean())}) resemble a training pair in both proteins"
    if test.positive is not None and hit.any():
        text += f"; {percent(test.positive[hit].mean())} of these are positive"
    severity = grade(hit.mean(), 0.01, 0.05, 0.3)
    findings.append(Finding("similar test pairs", severity, hit.mean(), "share of test pairs", text))
    return findings, {"similar_test_proteins": new.reset_index(drop=True)}


def check_similar_within(pairs, *, k, threshold):
    """Proteins that resemble another protein of the same set.

    Parameters
    ----------
    pairs : EncodedPairs
    k : int
    threshold : float
        See ``similar_proteins``.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``similar_proteins``: protein, other protein, containment; each pair once.
    """
    used = pairs.used()
    found = similar_proteins(pairs.sequences, used, used, k=k, threshold=threshold)
    share = found["protein"].nunique() / len(used)
    text = (
        f"{percent(share)} of the proteins share at least {threshold:.0%} of their {k}-mers with another one"
    )
    once = found[found["protein"] < found["other"]].reset_index(drop=True)
    severity = grade(share, 0.05, None, None)
    if severity != "clean":
        text += "; ProteinDisjointKFold puts some of these on both sides, ClusterDisjointKFold does not"
    finding = Finding("similar proteins", severity, share, "share of proteins", text)
    return [finding], {"similar_proteins": once}
