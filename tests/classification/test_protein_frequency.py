"""ProteinFrequencyClassifier against counting by hand, and under scikit-learn's checks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from amp_sklearn.classification import ProteinFrequencyClassifier
from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.model_selection import ProteinDisjointKFold


class NamedRows(ProteinFrequencyClassifier):
    """The classifier behind input that the checks can make: each row of numbers names a pair of proteins.

    Numbers are validated as scikit-learn validates numbers; then the even columns of a row name protein A and the
    odd ones protein B. All else is the classifier as users have it.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def _cells(self, X, reset):
        X = validate_data(self, X, dtype=np.float64, reset=reset)
        return np.array([[repr(row[k::2].tolist()) for k in range(2)] for row in X], dtype=object)


NamedRows.__name__ = "ProteinFrequencyClassifier"


@parametrize_with_checks([NamedRows(), NamedRows("counts")])
def test_estimator_checks_on_numbers_as_names(estimator, check):
    check(estimator)


@parametrize_with_checks([ProteinFrequencyClassifier(), ProteinFrequencyClassifier("degree")])
def test_estimator_checks_on_the_strict_class(estimator, check):
    """Those that scikit-learn itself selects for an estimator that takes no numbers."""
    check(estimator)


PAIRS = st.lists(st.tuples(*[st.sampled_from("ABCDEF")] * 2, st.integers(0, 1)), min_size=2, max_size=25)


@settings(deadline=None, max_examples=60)
@given(PAIRS.filter(lambda rows: len({row[2] for row in rows}) == 2), st.sampled_from("ABCDEFGH"))
def test_shares_equal_counting_by_hand(rows, partner):
    model = ProteinFrequencyClassifier(smoothing=2.0).fit([row[:2] for row in rows], [row[2] for row in rows])
    prior = sum(row[2] for row in rows) / len(rows)
    odds = prior / (1 - prior)
    for name in ("A", partner):
        of_protein = [label for a, b, label in rows if name in (a, b)]
        if of_protein:
            share = (sum(of_protein) + 2 * prior) / (len(of_protein) + 2)
            odds *= share / (1 - share) * (1 - prior) / prior
    expected = odds / (1 + odds)
    assert model.predict_proba([["A", partner]])[0, 1] == pytest.approx(expected)
    assert model.predict_proba([[partner, "A"]])[0, 1] == pytest.approx(expected)
    assert model.decision_function([["A", partner]])[0] == pytest.approx(np.log(odds))


def test_degrees():
    X = [["hub", "a"], ["hub", "b"], ["hub", "c"], ["d", "e"], ["d", "a"]]
    y = [1, 1, 0, 0, 1]
    positive = ProteinFrequencyClassifier("positive_degree").fit(X, y)
    odds = 3 / 2 * ((2 + 1) / (1 + 1)) * ((0 + 1) / (1 + 1))  # 6 ends of interactions on 6 proteins
    assert np.exp(positive.decision_function([["hub", "c"]])) == pytest.approx(odds)
    total = ProteinFrequencyClassifier("degree", smoothing=0.5).fit(X, y)
    odds = 3 / 2 * ((3 + 0.5) / (10 / 6 + 0.5)) * ((1 + 0.5) / (10 / 6 + 0.5))
    assert np.exp(total.decision_function([["hub", "c"]])) == pytest.approx(odds)
    for model in (positive, total):
        np.testing.assert_allclose(model.predict_proba([["x", "y"]]), [[0.4, 0.6]])


def test_yeast_gives_itself_away_in_random_folds_and_not_in_disjoint_ones():
    X, y = load_yeast_ppi()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    train, test = next(ProteinDisjointKFold(5, n_passes=0, random_state=0).split(X))
    for statistic, reached in (("share", 0.86), ("positive_degree", 0.84), ("counts", 0.91)):
        model = ProteinFrequencyClassifier(statistic)
        random = cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1]
        assert roc_auc_score(y, random) > reached
        told = model.fit(X.iloc[train], y[train]).predict_proba(X.iloc[test])[:, 1]
        assert np.ptp(told) == 0
        assert statistic == "counts" or told[0] == pytest.approx(y[train].mean())


@settings(deadline=None, max_examples=20)
@given(PAIRS.filter(lambda rows: len({row[2] for row in rows}) == 2))
def test_counts_leave_the_pair_itself_out(rows):
    X, y = [row[:2] for row in rows], np.array([row[2] for row in rows])
    features = []
    for a, b in X:
        others = [(row, label) for row, label in zip(X, y, strict=True) if set(row) != {a, b}]
        log = [
            [np.log1p(sum(name in row and label == c for row, label in others)) for c in (0, 1)]
            for name in (a, b)
        ]
        features.append(np.concatenate([np.add(*log), np.abs(np.subtract(*log))]))
    expected = LogisticRegression(max_iter=1000).fit(features, y)
    model = ProteinFrequencyClassifier("counts").fit(X, y)
    np.testing.assert_allclose(model.weighing_.coef_, expected.coef_, rtol=1e-6, atol=1e-9)


def test_errors():
    X = [["MK", "MR"], ["MK", "ML"]]
    with pytest.raises(ValueError, match="'statistic' parameter"):
        ProteinFrequencyClassifier("centrality").fit(X, [0, 1])
    with pytest.raises(ValueError, match=r"'smoothing' parameter .* Got 0"):
        ProteinFrequencyClassifier(smoothing=0).fit(X, [0, 1])
    with pytest.raises(ValueError, match="row 1, column 0 is nan"):
        ProteinFrequencyClassifier().fit([["MK", "MR"], [np.nan, "ML"]], [0, 1])
    with pytest.raises(ValueError, match="must have two columns"):
        ProteinFrequencyClassifier().fit([["MK"], ["MR"]], [0, 1])
    with pytest.raises(ValueError, match="'degree' is for two classes, got 3"):
        ProteinFrequencyClassifier("degree").fit([*X, ["MK", "MS"]], [0, 1, 2])
    with pytest.raises(ValueError, match="zero"):
        ProteinFrequencyClassifier().fit(X, [0, 1], sample_weight=[0, 0])
