"""audit_pairs: all checks of a set of pairs, one after the other."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_random_state

from ..exceptions import FoldWarning
from ..model_selection.splitters import ProteinDisjointKFold
from .differences import check_composition, check_lengths
from .encoding import encode
from .finding import Finding
from .names import check_id_forms, check_names
from .overlap import check_shared_pairs, check_shared_proteins, check_similar_proteins, check_similar_within
from .pair_audit import PairAudit
from .repeats import check_balance, check_repeats
from .residues import check_letters, check_nonstandard
from .shortcuts import check_baselines, check_one_label
from .structure import check_only_negative, check_sides, check_test_balance, sides_of_all

_N_PASSES = 3  # enough to make folds large; the last few pairs do not matter to a baseline
_FEWEST = 20  # pairs of either label that a fold needs for a score to mean anything


def audit_pairs(
    X, y, X_test=None, y_test=None, *, pos_label=None, n_splits=5, k=5, similarity=0.1, random_state=0
):
    """Find out what would let a model look good on these pairs without learning about sequences.

    All proteins are told apart by sequence; ids are compared with sequences where the index of ``X`` holds them.
    Each check ends in a number, a severity and a sentence.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences to train on, or a whole data set; ids in an index of two levels.
    y : array-like of shape (n_pairs,)
        Two classes.
    X_test : DataFrame or array-like of shape (n_test, 2), default=None
        Test pairs, to be compared with the training pairs.
    y_test : array-like of shape (n_test,), default=None
        Labels of the test pairs; without them the overlap is checked, but no baseline is tested on it.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.
    n_splits : int, default=5
        Folds of the baselines. Sets of more than 50,000 pairs are tested on the first three.
    k : int, default=5
        Residues of the words by which sequences are compared.
    similarity : float, default=0.1
        Share of common words (of the sequence that has fewer) from which two sequences count as similar; with
        words of five residues 0.1 stands for about 63 % identity.
    random_state : int, RandomState instance or None, default=0
        Seed of the folds.

    Returns
    -------
    PairAudit
        Its tables, by name: ``repeated_pairs``, ``conflicting_pairs``, ``self_pairs``, ``shared_sequences``,
        ``ambiguous_ids``, ``proteins`` (positive and negative pairs of each), ``baselines``, ``id_forms``,
        ``id_traits``, ``lengths``, ``residues``, ``nonstandard_residues``, ``similar_proteins``; with test pairs also ``test_pairs_in_train``,
        ``test_classes``, ``similar_test_proteins``. Proteins are numbered in order of appearance.

    Raises
    ------
    TypeError
        If ``X`` is a pair matrix, which holds no sequences.
    ValueError
        If there are no pairs, no two classes, nobody can tell which is the positive one, or labels and pairs differ in
        number.

    Notes
    -----
    The checks of labels (baselines, ids, length, composition) use each unordered pair once and leave out pairs with
    both labels. A baseline's AUROC counts as a note above 0.55, as a warning above 0.60 and as severe above 0.80 (or
    as far below 0.5).

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`.
    Bernett, Blumenthal and List, Briefings in Bioinformatics 2024, :doi:`10.1093/bib/bbae076`.

    Examples
    --------
    >>> from amp_sklearn.audit import audit_pairs
    >>> from amp_sklearn.data import load_bernett_mini
    >>> audit = audit_pairs(*load_bernett_mini("train"), *load_bernett_mini("test"))
    >>> audit["test proteins in training"].number
    0.0
    >>> audit["repeated pairs"].verdict
    '0 row(s) repeat an earlier pair'
    """
    if not isinstance(k, int | np.integer) or not 1 <= k <= 12:
        raise ValueError(f"k must be an integer from 1 to 12, got {k!r}")
    if not 0 < similarity <= 1:
        raise ValueError(f"similarity must lie above 0 and at most 1, got {similarity!r}")
    train, test = encode(X, y, X_test, y_test, pos_label)
    rng = check_random_state(random_state)
    tables, findings = {}, check_balance(train)
    side = sides_of_all(train, test)
    shared = None if test is None else check_shared_proteins(train, test, side)

    def add(result):
        findings.extend(result[0])
        tables.update(result[1])

    add(check_repeats(train))
    findings.append(check_sides(train))
    if shared is not None:
        findings.extend(check_test_balance(test, shared[2]))
    add(check_names(train))
    findings.append(check_letters(train))
    add(check_nonstandard(train))
    distinct = train.rows(train.distinct_rows())
    if distinct.positive.all() or not distinct.positive.any():
        findings.append(
            Finding(
                "label shortcuts", "not checked", np.nan, "", "pairs of one label remain without conflicts"
            )
        )
    else:
        folds = _folds(distinct, n_splits, rng)
        for scheme in ("random", "protein-disjoint"):
            if scheme not in folds:
                text = f"too few pairs for {n_splits} {scheme} folds with both labels"
                check = f"shortcut in {scheme.removeprefix('protein-')} folds"
                findings.append(Finding(check, "not checked", np.nan, "AUROC", text))
        disjoint = folds.get("protein-disjoint", [])
        add(check_one_label(distinct))
        findings.append(check_only_negative(distinct))
        of_test = test.rows(test.distinct_rows()) if _has_both(test) else None
        if _has_both(of_test):
            findings.append(check_only_negative(of_test, of_test=True))
        add(check_baselines(distinct, folds, test if _has_both(test) else None, shared and shared[2]))
        add(check_id_forms(distinct, disjoint))
        add(check_lengths(distinct))
        add(check_composition(distinct, disjoint, rng))
    add(check_similar_within(train, k=k, threshold=similarity))
    if test is not None:
        add(check_shared_pairs(train, test))
        add(shared)
        add(check_similar_proteins(train, test, side, k=k, threshold=similarity))
    return PairAudit(
        tuple(findings),
        tables,
        len(train),
        len(train.used()),
        int(train.positive.sum()),
        0 if test is None else len(test),
    )


def _has_both(test):
    """Whether there are test pairs of both labels."""
    return (
        test is not None
        and test.positive is not None
        and bool(test.positive.any())
        and not test.positive.all()
    )


def _folds(pairs, n_splits, rng):
    """Random and protein-disjoint folds in which both labels occur, where the pairs allow any."""
    seeds = rng.randint(2**31, size=2)
    schemes = {
        "random": StratifiedKFold(n_splits, shuffle=True, random_state=seeds[0]),
        "protein-disjoint": ProteinDisjointKFold(n_splits, n_passes=_N_PASSES, random_state=seeds[1]),
    }
    most = 3 if len(pairs) > 50_000 else n_splits
    found = {}
    for scheme, splitter in schemes.items():
        if scheme == "random":
            if np.bincount(pairs.positive.astype(int), minlength=2).min() < n_splits * _FEWEST:
                continue
            found[scheme] = list(splitter.split(np.zeros((len(pairs), 1)), pairs.positive))[:most]
            continue
        if len(pairs.used()) < n_splits:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", FoldWarning
                )  # scored by AUROC, which does not depend on the balance
                folds = list(splitter.split(pairs.names(slice(None)), pairs.positive))
        except ValueError:  # too few proteins to be divided: the caller reports that this was not checked
            continue
        enough = [
            (train, held_out)
            for train, held_out in folds
            if min(
                np.bincount(pairs.positive[rows].astype(int), minlength=2).min() for rows in (train, held_out)
            )
            >= _FEWEST
        ]
        if enough:
            found[scheme] = enough[:most]
    return found
