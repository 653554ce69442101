"""Splits of two kinds of protein: which side of a test pair is new is what the class says, and nothing else."""

import warnings

import numpy as np
import pandas as pd
import pytest

from amp_sklearn.data import PairMatrix
from amp_sklearn.exceptions import FoldWarning
from amp_sklearn.model_selection import (
    PairClassKFold,
    ProteinDisjointKFold,
    SideDisjointKFold,
    evaluate,
    make_baseline,
    pair_classes,
)
from amp_sklearn.workflows import evaluate_schemes

VIRAL = ["V" + "ACDEFGHIKL"[k % 10] * (k // 10 + 1) for k in range(12)]
HUMAN = ["H" + "ACDEFGHIKL"[k % 10] * (k // 10 + 1) for k in range(90)]
SIDES = dict.fromkeys(VIRAL, "virus") | dict.fromkeys(HUMAN, "human")


def host_virus(seed=0, n_viral=12, n_positive=150, n_negative=450):
    rng = np.random.default_rng(seed)
    every = [(a, b) for a in VIRAL[:n_viral] for b in HUMAN]
    rows = rng.permutation(len(every))[: n_positive + n_negative]
    return np.array(every, dtype=object)[rows], np.repeat([1, 0], [n_positive, n_negative])


def class_by_hand(train, pair):
    seen = {protein for row in train for protein in row}
    new = [protein for protein in pair if protein not in seen]
    return {0: "C1", 2: "C3"}.get(len(new)) or ("C2a" if new[0] in VIRAL else "C2b")


@pytest.fixture(autouse=True)
def folds_may_be_small():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FoldWarning)
        yield


@pytest.mark.parametrize("swapped", [False, True])
def test_classes_equal_brute_force(swapped):
    X = host_virus()[0]
    rng = np.random.default_rng(1)
    kept = ~np.isin(X, rng.choice(VIRAL + HUMAN, 30, replace=False)).any(axis=1)
    train, test = X[kept][:300], np.concatenate([X[~kept], X[kept][300:]])
    expected = [class_by_hand(train, pair) for pair in test]
    if swapped:  # some pairs name the human protein first; most do not
        train[::3], test[::3] = train[::3, ::-1], test[::3, ::-1]
    for sides in ("auto", SIDES):
        assert pair_classes(train, test, sides=sides).tolist() == expected
    assert {"C1", "C2a", "C2b", "C3"} == set(expected)
    assert pair_classes(train, test).tolist() == [name[:2] for name in expected]


@pytest.mark.parametrize(("side", "name"), [("a", "C2a"), ("b", "C2b")])
def test_one_side_is_new_and_no_training_pair_is_dropped(side, name):
    X, y = host_virus()
    cv = SideDisjointKFold(4, side=side, random_state=0)
    for train, test in cv.split(X, y):
        assert {class_by_hand(X[train], pair) for pair in X[test]} == {name}
        column = 0 if side == "a" else 1
        assert not set(X[train, column]) & set(X[test, column])
        for row in np.setdiff1d(np.arange(len(X)), np.concatenate([train, test])):
            assert class_by_hand(X[train], X[row]) == "C3"
    table = cv.summary(X, y)
    assert (table[["n_train", "n_test", "n_dropped"]].sum(axis=1) == len(X)).all()
    assert table["n_new"].sum() == (12 if side == "a" else 90)
    words = np.where(y == 1, "binds", "no interaction")
    assert cv.summary(X, words).equals(table)
    assert [t.tolist() for _, t in cv.split(X, y)] == [t.tolist() for _, t in cv.split(X, y)]


def test_every_class_has_the_same_training_pairs():
    X, y = host_virus()
    folds = list(PairClassKFold(3, random_state=0).split_classes(X, y))
    for train, tests in folds:
        assert list(tests) == ["C1", "C2a", "C2b", "C3"]
        for name, rows in tests.items():
            assert [class_by_hand(X[train], pair) for pair in X[rows]] == [name] * len(rows)
            assert len(rows)
    either = PairClassKFold(3, test_class="C2", random_state=0).split(X, y)
    for (_, tests), (_, test) in zip(folds, either, strict=True):
        assert test.tolist() == sorted([*tests["C2a"], *tests["C2b"]])
    summary = PairClassKFold(3, random_state=0).summary(X, y)
    assert (summary.filter(regex="^n_").sum(axis=1) == len(X)).all()


def test_each_group_has_its_part_of_either_side():
    X, y = host_virus(0, 6, 100, 300)
    for seed in range(5):
        for _, test in ProteinDisjointKFold(3, random_state=seed).split(X, y):
            assert len(set(X[test, 0])) <= 3 and len(set(X[test, 1])) <= 32  # a third, and 5 % or one more
    one_kind = PairClassKFold(3, sides=None, random_state=0).split_classes(X, y)
    assert list(next(one_kind)[1]) == ["C1", "C2", "C3"]


def test_sides_by_id_and_pair_matrices():
    X, y = host_virus()
    index = pd.MultiIndex.from_arrays([["id-" + cell for cell in column] for column in X.T])
    table = pd.DataFrame(X, index=index)
    by_id = {f"id-{protein}": kind for protein, kind in SIDES.items()}
    folds = list(SideDisjointKFold(3, sides=by_id, random_state=0).split(table, y))
    as_numbers = pd.factorize(X.ravel())[0].reshape(-1, 2)
    matrix = PairMatrix(np.eye(as_numbers.max() + 1), as_numbers)
    for one, other in zip(folds, SideDisjointKFold(3, random_state=0).split(matrix, y), strict=True):
        assert one[0].tolist() == other[0].tolist() and one[1].tolist() == other[1].tolist()
    with pytest.raises(TypeError, match="pass the table of sequences"):
        list(SideDisjointKFold(3, sides=SIDES).split(matrix, y))


def test_reports_tell_the_sides_apart():
    X, y = host_virus()
    train, tests = next(PairClassKFold(3, random_state=0).split_classes(X, y))
    model = make_baseline("protein_share").fit(X[train], y[train])
    rows = np.concatenate(list(tests.values()))
    table = evaluate(model, X[rows], y[rows], X_train=X[train]).table.set_index("pairs")["n_pairs"]
    names = ["C1: both proteins seen", "C2a: side A new", "C2b: side B new", "C3: no protein seen"]
    assert table.to_dict() == {"all": len(rows)} | dict(zip(names, map(len, tests.values()), strict=True))


def test_schemes_of_new_proteins_on_one_side():
    X, y = host_virus()
    words = np.where(y == 1, "alpha", "beta")
    models = {"share": make_baseline("protein_share")}
    metrics, predictions = evaluate_schemes(
        models, X, words, ("new-side-a", "new-side-b"), n_splits=3, pos_label="alpha"
    )
    for side in "ab":
        expected = SideDisjointKFold(3, side=side, random_state=0).summary(X, y)
        rows = metrics[metrics["scheme"] == f"new-side-{side}"]
        assert rows["n_test"].tolist() == expected["n_test"].tolist()
        assert (
            rows["n_positive"].tolist() == (expected["n_test"] * expected["test_positive"]).round().tolist()
        )
    assert set(predictions["prediction"]) <= {"alpha", "beta"}
    with pytest.raises(ValueError, match="'new-side-a' or 'new-side-b', got 'side-a'"):
        evaluate_schemes(models, X, y, ["side-a"])


def test_too_few_proteins_of_a_side_says_what_is_possible():
    X, y = host_virus(0, 4, 80, 240)
    for cv in (ProteinDisjointKFold(5, random_state=0), PairClassKFold(5, random_state=0)):
        with pytest.raises(ValueError, match="side A has 4 proteins and side B 90") as raised:
            list(cv.split(X, y))
        message = str(raised.value)
        assert "up to 4 splits in which both proteins are new" in message
        assert "SideDisjointKFold(n, side='a'), new proteins of side A only, with n up to 4" in message
        assert "SideDisjointKFold(n, side='b'), new proteins of side B only, with n up to 90" in message
    with pytest.raises(
        ValueError, match="n_splits up to 4, or new proteins of the other side, of which there are 90"
    ):
        list(SideDisjointKFold(5, random_state=0).split(X, y))
    # and what it says can be done
    list(ProteinDisjointKFold(4, random_state=0).split(X, y))
    list(SideDisjointKFold(4, side="a", random_state=0).split(X, y))
    list(SideDisjointKFold(60, side="b", random_state=0).split(X, y))


@pytest.mark.parametrize(
    ("cv", "X", "message"),
    [
        (SideDisjointKFold(2), [["MA", "MC"], ["MC", "MD"], ["MD", "MA"]], "show no two kinds of protein"),
        (PairClassKFold(2, test_class="C2a"), [["MA", "MC"], ["MC", "MD"], ["MD", "MA"]], "no two kinds"),
        (SideDisjointKFold(2, side="c"), [["MA", "MC"]], "side must be 'a'"),
        (SideDisjointKFold(1), [["MA", "MC"]], "n_splits must be an integer"),
        (SideDisjointKFold(2, sides="host"), [["MA", "MC"]], "sides must be 'auto', None or a mapping"),
        (SideDisjointKFold(2, sides={"MA": 0, "MC": 1}), [["MA", "MC"], ["MC", "MC"]], "1 of 2 pairs have both"),
        (SideDisjointKFold(2, sides={"MA": 0}), [["MA", "MC"]], "sides lacks 1 protein"),
    ],
)  # fmt: skip
def test_what_cannot_be_split_says_why(cv, X, message):
    with pytest.raises(ValueError, match=message):
        list(cv.split(X))
