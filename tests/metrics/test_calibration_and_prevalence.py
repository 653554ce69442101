"""Calibration errors, reweighted precision and risk-coverage curves against counting pair by pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score

from amp_sklearn.metrics import (
    area_under_risk_coverage,
    average_precision_at_ratio,
    expected_calibration_error,
    precision_at_ratio,
    reliability_curve,
    risk_coverage_curve,
)

PREDICTIONS = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0, 1).map(lambda p: round(p, 2))), min_size=2, max_size=60
).filter(lambda rows: len({row[0] for row in rows}) == 2)
quick = settings(deadline=None, max_examples=60)


@quick
@given(PREDICTIONS, st.integers(1, 12))
def test_equal_width_error_by_hand(rows, n_bins):
    bins = {}
    for y, p in rows:
        inner = np.linspace(0, 1, n_bins + 1)[1:-1]
        bins.setdefault(int((inner <= p).sum()), []).append((y, p))
    gaps = [abs(sum(y for y, _ in b) - sum(p for _, p in b)) for b in bins.values()]
    y, p = np.array(rows).T
    assert expected_calibration_error(y, p, n_bins=n_bins) == pytest.approx(sum(gaps) / len(rows))


@quick
@given(PREDICTIONS, st.integers(1, 12), st.sampled_from(["uniform", "quantile"]))
def test_bins_hold_every_pair_once(rows, n_bins, strategy):
    y, p = np.array(rows).T
    curve = reliability_curve(y, p, n_bins=n_bins, strategy=strategy)
    assert curve["n"].sum() == len(rows) and (curve["n"] > 0).all()
    assert np.average(curve["predicted"], weights=curve["n"]) == pytest.approx(p.mean())
    assert np.average(curve["observed"], weights=curve["n"]) == pytest.approx(y.mean())
    assert (curve["observed_low"] <= curve["observed"] + 1e-12).all()
    assert (curve["observed"] <= curve["observed_high"] + 1e-12).all()


def test_equal_mass_bins_are_equal_and_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    p = rng.random(1000) ** 3
    y = rng.random(1000) < p
    curve = reliability_curve(y, p, strategy="quantile")
    assert (curve["n"] == 100).all()
    observed, predicted = calibration_curve(y, p, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(curve[["observed", "predicted"]].to_numpy().T, [observed, predicted])
    assert expected_calibration_error(y, p) < 0.03 < expected_calibration_error(y, np.sqrt(p))


@quick
@given(PREDICTIONS, st.integers(1, 7), st.floats(0.01, 1))
def test_precision_is_that_of_a_set_with_so_many_negatives(rows, ratio, recall):
    n_positive = sum(y for y, _ in rows)
    n_negative = len(rows) - n_positive
    # every positive as often as there are negatives, every negative ratio times as often as there are positives
    copies = [row for row in rows for _ in range(n_negative if row[0] else ratio * n_positive)]
    (y, p), (many_y, many_p) = np.array(rows).T, np.array(copies).T
    predicted = many_p > 0.5
    expected = many_y[predicted].mean() if predicted.any() else 0
    assert precision_at_ratio(y, p, ratio) == pytest.approx(expected)
    assert average_precision_at_ratio(y, p, ratio) == pytest.approx(average_precision_score(many_y, many_p))
    reaching = [t for t in p if many_y[many_p >= t].sum() >= (recall - 1e-12) * many_y.sum()]
    best = max(many_y[many_p >= t].mean() for t in reaching)
    assert precision_at_ratio(y, p, ratio, recall=recall) == pytest.approx(best)


@quick
@given(PREDICTIONS)
def test_risk_by_hand(rows):
    y, p = np.array(rows).T
    curve = risk_coverage_curve(y, p)
    for row in curve.itertuples():
        answered = np.abs(p - 0.5) >= row.confidence
        assert row.coverage == pytest.approx(answered.mean())
        assert row.risk == pytest.approx(((p > 0.5) != y)[answered].mean())
    assert curve["coverage"].iloc[-1] == 1 and curve["coverage"].is_monotonic_increasing
    constant = np.zeros(len(y))
    assert area_under_risk_coverage(y, p, confidence=constant) == pytest.approx(((p > 0.5) != y).mean())


def test_errors():
    with pytest.raises(ValueError, match=r"must lie in 0 to 1, got 1.2 for pair 1"):
        expected_calibration_error([0, 1], [0.1, 1.2])
    with pytest.raises(ValueError, match="strategy must be one of"):
        reliability_curve([0, 1], [0.1, 0.2], strategy="mass")
    with pytest.raises(ValueError, match="n_bins must be a positive integer, got 0"):
        reliability_curve([0, 1], [0.1, 0.2], n_bins=0)
    with pytest.raises(ValueError, match="negatives per positive, must be positive, got -1"):
        precision_at_ratio([0, 1], [0.1, 0.2], -1)
    with pytest.raises(ValueError, match="recall must lie in 0 to 1, got 0"):
        precision_at_ratio([0, 1], [0.1, 0.2], 1, recall=0)
    with pytest.raises(ValueError, match="one probability per pair"):
        risk_coverage_curve([0, 1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match="expected one confidence for each of 2 pairs"):
        risk_coverage_curve([0, 1], [0.1, 0.2], confidence=[np.nan, 1])
    with pytest.raises(ValueError, match="one label per pair"):
        risk_coverage_curve([[0, 1], [1, 1]], [0.1, 0.2])
