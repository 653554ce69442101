"""Folds of sets with ten negatives for each positive pair: the share of positive pairs stays, no pair is lost for it."""

import warnings

import numpy as np
import pytest

from amp_sklearn.exceptions import FoldWarning
from amp_sklearn.model_selection import (
    ClusterDisjointKFold,
    PairClassKFold,
    ProteinDisjointKFold,
    protein_groups,
)

SEQUENCES = np.array(["M" + "ACDEFGHIKL"[k % 10] * (k // 10 + 1) for k in range(300)], dtype=object)


def distinct(draw, n, taken=()):
    found = {}
    while len(found) < n:
        found |= {tuple(sorted(pair)): None for pair in draw().tolist() if pair[0] != pair[1]}
        found = {pair: None for pair in found if pair not in taken}
    return list(found)[:n]


@pytest.fixture(scope="module")
def with_hubs():
    """400 positive pairs of a scale-free graph, and 4,000 negative ones of the same 300 proteins."""
    rng = np.random.default_rng(0)
    weight = rng.permutation((1.0 + np.arange(300)) ** (-1 / 1.5))
    positives = distinct(lambda: rng.choice(300, (500, 2), p=weight / weight.sum()), 400)
    negatives = distinct(lambda: rng.integers(0, 300, (5000, 2)), 4000, set(positives))
    return SEQUENCES[np.array(positives + negatives)], np.repeat([1, 0], [400, 4000])


def test_folds_have_the_share_of_all_pairs_and_more_pairs_than_without_it(with_hubs, monkeypatch):
    X, y = with_hubs
    with warnings.catch_warnings():
        warnings.simplefilter("error", FoldWarning)
        cv = ProteinDisjointKFold(5, random_state=0)
        list(cv.split(X, y))
    table = cv.summary(X, y)
    assert (table["test_positive"] - 1 / 11).abs().max() < 0.1 / 11
    assert (table["train_positive"] - 1 / 11).abs().max() < 0.2 / 11
    monkeypatch.setattr(
        protein_groups,
        "_worth",
        lambda kept, usual: np.sqrt(kept.min(axis=0)) + 0.01 * np.sqrt(kept.sum(axis=0)),
    )
    before = cv.summary(X, y)  # as if both labels should be as frequent
    assert before["test_positive"].min() > 1.5 / 11
    assert table["n_test"].sum() > before["n_test"].sum()


def test_folds_of_every_class_have_the_share_of_all_pairs(with_hubs):
    table = PairClassKFold(5, random_state=0).summary(*with_hubs)
    for name in ("train", "C2", "C3"):
        assert (table[f"{name}_positive"] - 1 / 11).abs().max() < 0.3 / 11, name
    with warnings.catch_warnings():
        warnings.simplefilter("error", FoldWarning)
        list(PairClassKFold(5, test_class="C3", random_state=0).split(*with_hubs))


def star():
    """All positive pairs have one protein in common, so that one fold holds them all."""
    rng = np.random.default_rng(0)
    positives = [(0, other) for other in range(1, 60)]
    negatives = distinct(lambda: rng.integers(1, 60, (2000, 2)), 590)
    return SEQUENCES[np.array(positives + negatives)], np.repeat(["yes", "no"], [59, 590])


def test_what_the_pairs_do_not_allow_is_said_with_its_numbers():
    X, y = star()
    with pytest.warns(
        FoldWarning, match=r"of 3 test parts have other shares of label 'yes' than all pairs \(0.091\)"
    ):
        folds = list(ProteinDisjointKFold(3, random_state=0).split(X, y))
    shares = [np.mean(y[test] == "yes") for _, test in folds]
    assert sorted(share > 0 for share in shares) == [False, False, True]
    with pytest.warns(FoldWarning, match=r"fold \d 0.000 \(0 of \d+\)"):
        list(PairClassKFold(3, test_class="C3", random_state=0).split(X, y))
    with pytest.warns(FoldWarning, match=r"C3 of fold \d 0.000"):
        list(PairClassKFold(3, random_state=0).split_classes(X, y))


def test_clusters_that_cannot_be_balanced_are_named():
    proteins = SEQUENCES[:40]
    clusters = dict(zip(proteins, np.repeat([0, 1], 20), strict=True))
    X = [[proteins[a], proteins[b]] for a in range(40) for b in range(a) if (a < 20) == (b < 20)]
    y = [int(clusters[a] == 1) for a, _ in X]
    with pytest.warns(FoldWarning, match="2 of 2 test parts"):
        list(ClusterDisjointKFold(2, clusters=clusters, random_state=0).split(X, y))


@pytest.mark.parametrize("cv", [ProteinDisjointKFold(2, random_state=0), PairClassKFold(2, random_state=0)])
def test_the_positive_label_of_a_summary_is_not_decided_by_the_alphabet(cv, with_hubs):
    X, y = with_hubs
    words = np.where(y == 1, "interacts", "no interaction")
    assert cv.summary(X, words).equals(cv.summary(X, y))
    unknown = np.where(y == 1, "alpha", "beta")
    assert cv.summary(X, unknown, pos_label="alpha").equals(cv.summary(X, y))
    with pytest.raises(ValueError, match="pos_label"):
        cv.summary(X, unknown)
