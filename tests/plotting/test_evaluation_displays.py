"""Displays of evaluation: what is drawn is what the metrics say."""

import matplotlib
import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from amp_sklearn.metrics import expected_calibration_error, reliability_curve, risk_coverage_curve
from amp_sklearn.model_selection import compare
from amp_sklearn.plotting import ComparisonDisplay, ReliabilityDisplay, RiskCoverageDisplay, RocPrDisplay


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(0)
    p = rng.random(400)
    y = (rng.random(400) < p).astype(int)
    return y, {"calibrated": p, "too sure": np.where(p > 0.5, 0.95, 0.05)}


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_reliability(predictions, strategy):
    y, probabilities = predictions
    display = ReliabilityDisplay.from_predictions(y, probabilities, strategy=strategy)
    for name, container, text in zip(
        probabilities, display.ax_[0].containers, legend_of(display.ax_[0]), strict=True
    ):
        curve = reliability_curve(y, probabilities[name], strategy=strategy)
        np.testing.assert_allclose(container[0].get_xydata(), curve[["predicted", "observed"]])
        ends = np.array([segment[:, 1] for segment in container[2][0].get_segments()])
        np.testing.assert_allclose(ends, curve[["observed_low", "observed_high"]], atol=1e-12)
        error = expected_calibration_error(y, probabilities[name], strategy=strategy)
        assert text == f"{name} (ECE {error:.3f})"


def test_curves(predictions):
    y, probabilities = predictions
    display = RocPrDisplay.from_predictions(np.array(["no", "yes"])[y], probabilities, ratio=10)
    weight = np.where(y == 1, 1 / y.sum(), 10 / (1 - y).sum())
    for name, roc, pr in zip(probabilities, *map(legend_of, display.ax_), strict=True):
        assert roc == f"{name} (area {roc_auc_score(y, probabilities[name]):.3f})"
        expected = average_precision_score(y, probabilities[name], sample_weight=weight)
        assert pr == f"{name} (average precision {expected:.3f})"
    assert display.ax_[1].get_title(loc="left") == "Precision-recall at 1:10"
    assert display.ax_[1].lines[-1].get_ydata()[0] == pytest.approx(1 / 11)
    with pytest.raises(ValueError, match=r"need two classes, got \[1\]"):
        RocPrDisplay.from_predictions([1, 1], [0.5, 0.6])


def test_risk(predictions, tmp_path):
    y, probabilities = predictions
    display = RiskCoverageDisplay.from_predictions(y, probabilities)
    curve = risk_coverage_curve(y, probabilities["calibrated"])
    np.testing.assert_allclose(display.ax_.lines[0].get_xydata(), curve[["coverage", "risk"]])
    ax = matplotlib.figure.Figure().add_subplot()
    assert RiskCoverageDisplay(y, probabilities["too sure"]).plot(ax=ax).ax_ is ax
    display.save(tmp_path / "risk.svg")
    assert (tmp_path / "risk.svg").stat().st_size > 1000 and display._repr_png_().startswith(b"\x89PNG")


def test_from_estimator():
    X, y = np.arange(20.0)[:, None], np.repeat([0, 1], 10)
    models = {"good": LogisticRegression().fit(X, y), "none": DummyClassifier().fit(X, y)}
    assert legend_of(RocPrDisplay.from_estimator(models, X, y).ax_[0]) == [
        "good (area 1.000)",
        "none (area 0.500)",
    ]
    assert legend_of(RiskCoverageDisplay.from_estimator(models["good"], X, y).ax_) == ["area 0.000"]
    with pytest.raises(ValueError, match="no model to draw"):
        ReliabilityDisplay.from_predictions(y, {})


def test_comparison():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 2)), np.tile([0, 1], 45)
    models = {"logistic": LogisticRegression(), "none": DummyClassifier()}
    result = compare(models, X, y, StratifiedKFold(3), baselines=())
    display = ComparisonDisplay.from_comparison(result, names=["roc_auc", "brier"])
    row = result.table("roc_auc").iloc[0]
    interval, mean = display.ax_[0].lines[:2]
    np.testing.assert_allclose(interval.get_xdata(), row[["low", "high"]].astype(float))
    assert mean.get_xdata()[0] == row["mean"]
    assert [label.get_text() for label in display.ax_[0].get_yticklabels()] == ["logistic", "none"]
    np.testing.assert_allclose(
        display.ax_[0].collections[0].get_offsets()[:, 0],
        result.metrics.query("model == 'logistic'")["roc_auc"],
    )
