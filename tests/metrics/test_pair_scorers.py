"""Scorers: the metrics that they are named after, on one prediction, inside scikit-learn's tools."""

import pickle

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss
from sklearn.model_selection import GridSearchCV, cross_validate

from amp_sklearn.metrics import PAIR_METRICS, PAIR_SCORERS, expected_calibration_error, pair_metrics
from amp_sklearn.model_selection import OptunaSearchCV


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    return X, (X[:, 0] + rng.normal(size=120) > 0).astype(int)


@pytest.mark.parametrize(
    "labels", [(0, 1), (-1, 1), ("no", "yes"), ("interacts", "no interaction"), (False, True)]
)
def test_values(data, labels):
    X, y = data
    positive = "interacts" if "interacts" in labels else labels[1]
    y = y if positive == labels[1] else 1 - y  # the alphabet puts it first
    labelled = np.array(labels)[y if positive == labels[1] else 1 - y]
    model = LogisticRegression().fit(X, labelled)
    p = model.predict_proba(X)[:, list(model.classes_).index(positive)]
    found = {name: scorer(model, X, labelled) for name, scorer in PAIR_SCORERS.items()}
    for name, value in pair_metrics(y, p).items():
        assert found[name] == value if name != "loss" else found["neg_loss"] == -value
    assert found["neg_brier"] == pytest.approx(-brier_score_loss(y, p))
    assert found["neg_ece"] == -expected_calibration_error(y, p)
    assert found["neg_ece_equal_mass"] == -expected_calibration_error(y, p, strategy="quantile")
    for ratio in (1, 10):
        weight = np.where(y == 1, 1 / y.sum(), ratio / (y == 0).sum())
        expected = average_precision_score(y, p, sample_weight=weight)
        assert found[f"average_precision_1_to_{ratio}"] == pytest.approx(expected)


def test_predicts_once_for_all(data):
    class Counting(DummyClassifier):
        calls = 0

        def predict_proba(self, X):
            Counting.calls += 1
            return super().predict_proba(X)

    result = cross_validate(Counting(), *data, cv=3, scoring=PAIR_SCORERS)
    assert Counting.calls == 3
    assert {f"test_{name}" for name in PAIR_SCORERS} <= set(result)
    assert set(PAIR_METRICS) - set(PAIR_SCORERS) == {"loss"}


def test_in_a_search_and_in_a_pickle(data):
    scoring = pickle.loads(pickle.dumps(PAIR_SCORERS))
    search = GridSearchCV(LogisticRegression(), {"C": [1e-4, 1.0]}, scoring=scoring, refit="neg_loss").fit(
        *data
    )
    assert search.best_params_ == {"C": 1.0}


def test_in_a_search_with_optuna(data):
    space = {"C": CategoricalDistribution((1e-4, 1.0))}
    options = {"scoring": PAIR_SCORERS["neg_brier"], "n_trials": 6, "random_state": 0}
    search = OptunaSearchCV(LogisticRegression(), space, **options).fit(*data)
    assert search.best_params_ == {"C": 1.0} and -0.25 < search.best_score_ < 0


def test_a_fold_with_one_class():
    model = DummyClassifier(strategy="prior").fit([[0], [1]], [0, 1])
    assert np.isnan(PAIR_SCORERS["roc_auc"](model, [[0], [1]], [1, 1]))
    with pytest.raises(ValueError, match="both classes must occur"):
        PAIR_SCORERS["average_precision_1_to_10"](model, [[0], [1]], [1, 1])
    with pytest.raises(ValueError, match="labels that the model does not know"):
        PAIR_SCORERS["mcc"](model, [[0], [1]], ["yes", "yes"])


def test_only_what_is_asked_for():
    full = pair_metrics([0, 1, 1], [0.2, 0.8, 0.4])
    for name in PAIR_METRICS:
        assert pair_metrics([0, 1, 1], [0.2, 0.8, 0.4], names=[name]) == {name: full[name]}
    with pytest.raises(ValueError, match="unknown metrics \\['auc'\\]"):
        pair_metrics([0, 1], [0.2, 0.8], names=["auc"])
