"""Metrics per epoch: the published numbers."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn import metrics as sk

from amp_sklearn.metrics import PAIR_METRICS, pair_metrics


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    return y, expit(rng.normal(size=60) + y)


def test_equal_to_scikit_learn(case):
    y, p = case
    predicted = (p > 0.5).astype(int)
    precision, recall, _ = sk.precision_recall_curve(y, p)
    expected = {
        "loss": sk.log_loss(y, p),
        "accuracy": sk.accuracy_score(y, predicted),
        "recall": sk.recall_score(y, predicted),
        "f1": sk.f1_score(y, predicted),
        "precision": sk.precision_score(y, predicted),
        "mcc": sk.matthews_corrcoef(y, predicted),
        "roc_auc": sk.roc_auc_score(y, p),
        "average_precision": sk.average_precision_score(y, p),
        "pr_auc_trapezoid": sk.auc(recall, precision),
        "specificity": sk.recall_score(y, predicted, pos_label=0),
        "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
    }
    for given in (p, np.column_stack([1 - p, p])):
        result = pair_metrics(y, given)
        assert tuple(result) == PAIR_METRICS
        assert result == pytest.approx(expected, rel=1e-12)


def test_one_class_only():
    result = pair_metrics([1, 1, 1], [0.9, 0.2, 0.7])
    undefined = {name for name, value in result.items() if np.isnan(value)}
    assert undefined == {"roc_auc", "specificity", "balanced_accuracy"}
    assert (result["recall"], result["precision"], result["mcc"]) == (2 / 3, 1.0, 0.0)
    negative = pair_metrics([0, 0], [0.1, 0.2])
    assert (negative["precision"], negative["f1"], negative["specificity"]) == (0.0, 0.0, 1.0)


def test_no_pair_predicted():
    result = pair_metrics([0, 1], [0.5, 0.5])  # one half is not above one half
    assert (result["recall"], result["precision"], result["f1"], result["accuracy"]) == (0, 0, 0, 0.5)


def test_three_classes():
    p = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.3, 0.4, 0.3]])
    result = pair_metrics([0, 1, 2], p)
    assert result["loss"] == pytest.approx(-np.log([0.8, 0.7, 0.3]).mean())
    assert result["balanced_accuracy"] == pytest.approx(2 / 3)
    assert np.isnan(result["precision"])


def test_certain_and_wrong_is_a_large_finite_loss():
    assert 700 < pair_metrics([0], [[0.0, 1.0]])["loss"] < 800


def test_lengths():
    with pytest.raises(ValueError, match="one probability per pair and at least one pair, got 2 for 3"):
        pair_metrics([0, 1, 1], [0.1, 0.2])
