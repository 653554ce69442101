"""pair_classes and PairClassKFold: the classes of Park and Marcotte are exact, whatever the pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score

from amp_sklearn.data import PairMatrix, load_yeast_ppi
from amp_sklearn.model_selection import PairClassKFold, ProteinDisjointKFold, pair_classes

SEQUENCES = ["M" + "ACDEFGHIKL"[k % 10] * (k // 10 + 1) for k in range(40)]


def class_by_hand(train, pair):
    seen = {sequence for row in train for sequence in row}
    return {2: "C1", 1: "C2", 0: "C3"}[sum(sequence in seen for sequence in pair)]


def draw_pairs(seed, n_proteins, n_pairs):
    rng = np.random.default_rng(seed)
    pairs = np.array(SEQUENCES, dtype=object)[rng.integers(0, n_proteins, (n_pairs, 2))]
    again = rng.integers(0, n_pairs, n_pairs // 10)  # repeated pairs, half of them swapped
    pairs[again[::2]] = pairs[rng.permutation(again)[::2]][:, ::-1]
    return pairs, rng.integers(0, 2, n_pairs)


tables = st.lists(st.tuples(st.sampled_from(SEQUENCES[:8]), st.sampled_from(SEQUENCES[:8])), max_size=12)


@settings(max_examples=100, deadline=None)
@given(tables.filter(len), tables.filter(len))
def test_classes_equal_brute_force(train, test):
    assert pair_classes(train, test).tolist() == [class_by_hand(train, pair) for pair in test]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 40), st.integers(2, 4), st.booleans())
def test_every_fold_tests_its_class_only(seed, n_proteins, n_splits, labelled):
    X, y = draw_pairs(seed, n_proteins, 12 * n_proteins)
    tested = {"C1": [], "C2": [], "C3": []}
    for train, tests in PairClassKFold(n_splits, random_state=seed).split_classes(X, y if labelled else None):
        trained = {frozenset(pair) for pair in X[train].tolist()}
        proteins = set(X[train].ravel())
        for name, rows in tests.items():
            assert [class_by_hand(X[train], pair) for pair in X[rows]] == [name] * len(rows)
            assert not trained & {frozenset(pair) for pair in X[rows].tolist()}
            tested[name].extend(rows)
        assert not proteins & set(X[tests["C3"]].ravel())
        used = np.concatenate([train, *tests.values()])
        assert len(used) == len(set(used))
    assert all(len(tested[name]) == len(set(tested[name])) for name in ("C1", "C3"))
    assert max(np.bincount(tested["C2"]), default=0) <= 2


def test_classes_of_a_fold_share_their_training_pairs():
    X, y = load_yeast_ppi()
    X, y = X.iloc[::4], y[::4]
    folds = [
        list(PairClassKFold(3, test_class=name, random_state=0).split(X, y)) for name in ("C1", "C2", "C3")
    ]
    for of_fold in zip(*folds, strict=True):
        assert len({train.tobytes() for train, _ in of_fold}) == 1
        assert len({test.tobytes() for _, test in of_fold}) == 3
    disjoint = ProteinDisjointKFold(3, random_state=0).split(X, y)
    for (_, test), (_, c3) in zip(disjoint, folds[2], strict=True):
        assert test.tolist() == c3.tolist()


def test_summary_counts_all_pairs():
    X, y = load_yeast_ppi()
    table = PairClassKFold(5, random_state=0).summary(X, y)
    assert (table[["n_train", "n_C1", "n_C2", "n_C3", "n_dropped"]].sum(axis=1) == len(X)).all()
    assert (table[["n_C1", "n_C2", "n_C3"]] > 500).all(axis=None)
    assert table[["train_positive", "C3_positive"]].stack().between(0.45, 0.55).all()


def test_works_in_cross_val_score_and_repeats():
    X, y = draw_pairs(3, 40, 600)
    cv = PairClassKFold(3, test_class="C1", random_state=1)
    assert len(cross_val_score(DummyClassifier(), X, y, cv=cv)) == cv.get_n_splits() == 3
    assert [t.tolist() for _, t in cv.split(X, y)] == [t.tolist() for _, t in cv.split(X, y)]


def test_pair_matrices_must_share_their_proteins():
    X = PairMatrix(np.eye(3), [[0, 1], [1, 2], [2, 2]])
    assert pair_classes(X[:1], X[1:]).tolist() == ["C2", "C3"]
    with pytest.raises(ValueError, match="share their proteins"):
        pair_classes(X, PairMatrix(np.eye(3), [[0, 1]]))


def test_some_rows_of_a_pair_matrix_split_as_the_matrix_of_these_rows():
    rng = np.random.default_rng(0)
    index = rng.integers(0, 30, (300, 2))
    few = PairMatrix(np.eye(30), index)
    among_many = PairMatrix(np.eye(300), np.concatenate([index * 10, rng.integers(0, 300, (50, 2))]))[:300]
    for cv in (ProteinDisjointKFold(3, random_state=0), PairClassKFold(3, random_state=0)):
        for one, other in zip(cv.split(few), cv.split(among_many), strict=True):
            assert one[0].tolist() == other[0].tolist() and one[1].tolist() == other[1].tolist()


@pytest.mark.parametrize(
    ("cv", "X", "message"),
    [
        (PairClassKFold(test_class="C4"), [["MA", "MC"]], "test_class must be one of C1, C2, C2a, C2b, C3"),
        (PairClassKFold(1), [["MA", "MC"]], "n_splits must be an integer"),
        (PairClassKFold(3), [["MA", "MC"]] * 3, "2 distinct proteins cannot"),
        (PairClassKFold(2), [["MA", "MC"]] * 3, "1 distinct pairs cannot"),
        (PairClassKFold(2), [["MA", "MC"], ["MA", None]], "without a sequence, the first in row 1"),
        (
            PairClassKFold(2, test_class="C1", random_state=0),
            [["MA", "MC"], ["MD", "ME"]],
            "test pairs of class C1",
        ),
    ],
)
def test_impossible_splits_say_why(cv, X, message):
    with pytest.raises(ValueError, match=message):
        list(cv.split(X))
