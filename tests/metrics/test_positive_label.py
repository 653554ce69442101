"""Which label is positive, orders that do not saturate, and constant predictions."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_validate

from amp_sklearn.metrics import (
    PAIR_SCORERS,
    average_precision_at_ratio,
    pair_metrics,
    pair_scorer,
    positive_label,
)
from amp_sklearn.model_selection import Comparison, compare, evaluate, evaluate_folds


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((0, 1), 1),
        ((-1, 1), 1),
        ((1, 2), 2),
        ((False, True), True),
        ((0,), 1),
        (("interacts", "no interaction"), "interacts"),
        (("Negative", "Positive"), "Positive"),
        (("+", "-"), "+"),
        (("binding", "non-binding"), "binding"),
        (("1", "0"), "1"),
    ],
)
def test_usual_labels(labels, expected):
    assert positive_label(labels) == expected


@pytest.mark.parametrize("labels", [("native", "decoy"), ("yes",), ("a", "b", "c"), (7,)])
def test_others_are_refused_without_a_name(labels):
    with pytest.raises(ValueError, match="expected two classes"):
        positive_label(labels)
    with pytest.raises(ValueError, match="pos_label='x'"):
        positive_label(("native", "decoy"), "x")
    assert positive_label(("native", "decoy"), "native") == "native"


def test_text_labels_in_all_metrics_scorers_and_evaluations():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 2))
    y = (features[:, 0] + rng.normal(size=200) > 0.8).astype(int)
    plain = LogisticRegression().fit(features, y)
    expected = average_precision_score(y, plain.predict_proba(features)[:, 1])
    for positive, negative, pos_label in (
        ("interacts", "no interaction", None),
        ("decoy", "native", "decoy"),
    ):
        text = np.where(y == 1, positive, negative)
        model = LogisticRegression().fit(features, text)
        scorer = pair_scorer("average_precision", pos_label=pos_label)
        assert scorer(model, features, text) == pytest.approx(expected, abs=1e-6)
        report = evaluate(model, features, text, pos_label=pos_label)
        assert report.table["average_precision"][0] == pytest.approx(expected, abs=1e-6)
        assert (report.predictions["prediction"] == model.predict(features)).all()
        folds = StratifiedKFold(3)
        of_text, _ = evaluate_folds(model, features, text, folds, pos_label=pos_label)
        of_numbers, _ = evaluate_folds(plain, features, y, folds)
        pd.testing.assert_frame_equal(of_text, of_numbers, atol=1e-5)
        compared = compare({"m": model}, features, text, folds, baselines=(), pos_label=pos_label)
        assert compared.metrics["roc_auc"].to_numpy() == pytest.approx(of_numbers["roc_auc"], abs=1e-5)
        probability = plain.predict_proba(features)[:, 1]
        assert pair_metrics(text, probability, pos_label=pos_label) == pytest.approx(
            pair_metrics(y, probability)
        )
        found = average_precision_at_ratio(text, probability, 10, pos_label=pos_label)
        assert found == pytest.approx(average_precision_at_ratio(y, probability, 10))
    with pytest.raises(ValueError, match="name it with pos_label"):
        evaluate(model, features, text)
    with pytest.raises(ValueError, match="name it with pos_label"):
        PAIR_SCORERS["mcc"](model, features, text)


class Certain(ClassifierMixin, BaseEstimator):
    """Logits from 17 on, whose probabilities in single precision are all 1."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.asarray(X)[:, 0]

    def predict_proba(self, X):
        p = expit(self.decision_function(X)).astype(np.float32)
        return np.column_stack([1 - p, p])


def test_large_logits_are_ordered():
    rng = np.random.default_rng(1)
    logits = rng.uniform(17, 20, size=(300, 1))
    y = (logits[:, 0] + rng.normal(size=300) > 18.5).astype(int)
    model = Certain().fit(logits, y)
    assert len(np.unique(model.predict_proba(logits)[:, 1])) < 10  # single precision ties them
    expected = roc_auc_score(y, logits[:, 0])
    assert expected > 0.7
    assert PAIR_SCORERS["roc_auc"](model, logits, y) == expected
    assert evaluate(model, logits, y).table["roc_auc"][0] == expected
    fold = [(np.arange(300), np.arange(300))]
    assert compare({"m": model}, logits, y, fold, baselines=()).metrics["roc_auc"][0] == expected
    assert cross_validate(model, logits, y, cv=fold, scoring=PAIR_SCORERS)["test_roc_auc"][0] == expected


def _comparison(constant, other, n=60):
    """Two models on four folds."""
    rng = np.random.default_rng(0)
    rows, tables = [], []
    for fold in range(4):
        y = np.arange(n) % 2
        for name, p in (("constant", np.full(n, constant)), ("other", other(y, rng))):
            where = {"model": name, "seed": 0, "fold": fold}
            sizes = {"n_train": 200, "n_test": n, "n_positive": n // 2, "n_dropped": 7}
            rows.append(where | sizes | pair_metrics(y, p))
            tables.append(
                pd.DataFrame({**where, "row": np.arange(n), "label": y, "probability": p, "score": p})
            )
    return Comparison(pd.DataFrame(rows), pd.concat(tables, ignore_index=True))


@pytest.mark.parametrize("metric", ["pr_auc_trapezoid", "roc_auc", "average_precision", "loss"])
@pytest.mark.parametrize("method", ["corrected_t", "bootstrap"])
def test_a_constant_prediction_never_wins(metric, method):
    worse = _comparison(0.5, lambda y, rng: expit(rng.normal(size=len(y)) - 1.5 * y))
    for models in (("constant", "other"), ("other", "constant")):
        test = worse.paired_test(*models, metric, method=method, n_resamples=50)
        assert np.isnan(test.p_value) and "constant gives all test pairs of 4 fold(s) one score" in str(test)
    better = _comparison(0.5, lambda y, rng: expit(rng.normal(size=len(y)) + 3 * y - 1.5))
    assert better.paired_test("other", "constant", metric, method=method, n_resamples=50).p_value < 0.05


def test_intervals_stay_in_range_and_tables_show_sizes():
    found = _comparison(0.5, lambda y, rng: np.where(rng.random(len(y)) < 0.03, 1 - y, y).astype(float))
    table = found.table("roc_auc", "mcc", "loss")
    of_other = table[(table["model"] == "other") & (table["metric"] == "roc_auc")].iloc[0]
    assert of_other["high"] == 1.0 and of_other["mean"] < 1  # the formula alone goes beyond
    assert (
        (table["n_test"] == 60).all()
        and (table["n_positive"] == 30).all()
        and (table["n_dropped"] == 7).all()
    )
    assert "test pairs 60, positive 30, in neither part 7" in found.to_markdown("mcc")
    assert "4 of them have fewer than 50 test pairs of a class" in found.to_markdown("mcc")
