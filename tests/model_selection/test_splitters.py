"""ProteinDisjointKFold: no protein on both sides, ever; sizes, balance, reproducibility."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.model_selection import ProteinDisjointKFold, evaluate_folds
from amp_sklearn.model_selection.splitters import protein_numbers
from amp_sklearn.preprocessing import CompositionEncoder


def random_pairs(seed, n_proteins, n_pairs):
    rng = np.random.default_rng(seed)
    proteins = np.array(["M" + "ACDEFGHIKL"[k % 10] * (k // 10 + 1) for k in range(n_proteins)], dtype=object)
    return proteins[rng.integers(0, n_proteins, (n_pairs, 2))], rng.integers(0, 2, n_pairs)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(16, 40), st.integers(2, 4))
def test_no_protein_is_on_both_sides(seed, n_proteins, n_splits):
    X, y = random_pairs(seed, n_proteins, 15 * n_proteins)
    tested = []
    for train, test in ProteinDisjointKFold(n_splits, random_state=seed).split(X, y):
        assert not set(X[train].ravel()) & set(X[test].ravel())
        tested.extend(test)
        rest = np.setdiff1d(np.arange(len(X)), np.concatenate([train, test]))
        trained, held_out = set(X[train].ravel()), set(X[test].ravel())
        for a, b in X[rest]:  # whatever is dropped could not have been used on either side
            assert not {a, b} <= trained and not {a, b} <= held_out
    assert len(tested) == len(set(tested))


def test_identical_sequences_under_two_ids_are_one_protein():
    X, y = load_yeast_ppi()
    numbers = protein_numbers(X)
    assert numbers.max() + 1 == 2492  # 2,497 ids
    sequences = X.to_numpy(dtype=object)
    for train, test in ProteinDisjointKFold(5, random_state=1).split(X, y):
        assert not set(sequences[train].ravel()) & set(sequences[test].ravel())


def test_improvement_keeps_more_pairs_and_balance():
    X, y = load_yeast_ppi()
    improved = ProteinDisjointKFold(5, random_state=0).summary(X, y)
    at_random = ProteinDisjointKFold(5, n_passes=0, random_state=0).summary(X, y)
    assert improved["n_test"].tolist() == [1046, 1048, 1046, 1044, 1054]
    assert improved["n_test"].sum() > 2 * at_random["n_test"].sum()  # 5,238 and 2,216
    assert improved["test_positive"].between(0.48, 0.52).all()
    assert (improved[["n_train", "n_test", "n_dropped"]].sum(axis=1) == len(X)).all()


def test_same_seed_same_folds():
    X, y = random_pairs(0, 30, 300)
    first = [test.tolist() for _, test in ProteinDisjointKFold(3, random_state=5).split(X, y)]
    again = [test.tolist() for _, test in ProteinDisjointKFold(3, random_state=5).split(X, y)]
    other = [test.tolist() for _, test in ProteinDisjointKFold(3, random_state=6).split(X, y)]
    assert first == again != other


def test_works_in_cross_val_score():
    X, y = random_pairs(0, 30, 400)
    cv = ProteinDisjointKFold(4, random_state=0)
    assert len(cross_val_score(DummyClassifier(), X, y, cv=cv)) == cv.get_n_splits() == 4


@pytest.mark.parametrize(
    ("X", "n_splits", "message"),
    [
        ([["MA", "MC"]], 5, "2 distinct proteins cannot be divided"),
        ([["MA", "MC"]] * 3, 1, "n_splits must be an integer"),
        ([["MA", "MC"], ["MA", "MD"], ["MA", "ME"]], 2, "share too few proteins"),
        ([["MA"]], 2, "two sequences a row"),
    ],
)
def test_impossible_splits_say_why(X, n_splits, message):
    with pytest.raises(ValueError, match=message):
        list(ProteinDisjointKFold(n_splits, random_state=0).split(X))


def test_evaluate_folds_equals_scores_by_hand():
    X, y = load_yeast_ppi()
    X, y = X.iloc[::20], y[::20]
    cv = ProteinDisjointKFold(2, random_state=0)
    model = make_pipeline(CompositionEncoder(), LogisticRegression())
    metrics, predictions = evaluate_folds(model, X, y, cv)
    np.testing.assert_allclose(metrics["roc_auc"], cross_val_score(model, X, y, cv=cv, scoring="roc_auc"))
    np.testing.assert_allclose(metrics["accuracy"], cross_val_score(model, X, y, cv=cv))
    rows = predictions["row"].to_numpy()
    assert (
        list(zip(predictions["protein_a"], predictions["protein_b"], strict=True)) == X.index[rows].tolist()
    )
    assert (predictions["label"].to_numpy() == y[rows]).all()
    with pytest.raises(ValueError, match="two classes"):
        evaluate_folds(model, X, np.zeros(len(X)), cv)
