"""Null models and tests: exact moments, right error rates, and the answer for the published pairs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout
from amp_sklearn.explanation import Explanation
from amp_sklearn.regions import (
    PositionNull,
    RotationNull,
    adjust_p_values,
    annotation_table,
    coverage,
    enrichment,
    hit_rate,
    top_vs_low,
)
from amp_sklearn.regions.null_models import rotations
from amp_sklearn.regions.resampling import two_sided

LAYOUT = FeatureLayout(SEGMENT_TOKENS, 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 23), st.integers(0, 2**16))
def test_rotations_are_rolls(n, seed):
    rng = np.random.default_rng(seed)
    selection, values = rng.integers(0, 4, n), rng.random((n, 3))
    expected = [np.roll(selection, shift) @ values for shift in range(n)]
    np.testing.assert_allclose(rotations(selection, values), expected, atol=1e-9)


@pytest.mark.parametrize("null", [RotationNull, PositionNull])
def test_moments_are_exact(null, rng):
    selection = list(rng.integers(0, 3, (15, 10)) + np.eye(10, dtype=int)[rng.integers(0, 10, 15)])
    values = list(100 * rng.random((15, 10, 2)))
    model = null(selection, values)
    draws = model.draw(40_000, np.random.default_rng(1))
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=4 * np.sqrt(model.variance.max() / 40_000))
    np.testing.assert_allclose(draws.var(axis=0), model.variance, rtol=0.04)
    np.testing.assert_allclose(model.observed, [p @ v for p, v in zip(selection, values, strict=True)])


def test_rotation_expects_the_mean_of_all_segments(rng):
    selection, values = list(rng.integers(1, 3, (4, 10))), list(rng.random((4, 10, 2)))
    model = RotationNull(selection, values)
    np.testing.assert_allclose(
        model.expected, [p.sum() * v.mean(axis=0) for p, v in zip(selection, values, strict=True)]
    )


@pytest.mark.parametrize("null", [RotationNull, PositionNull])
def test_picks_at_random_are_called_significant_at_the_nominal_rate(null):
    """Regions lie in blocks and picks are neighbours, the case in which independent shuffles would err."""
    rng = np.random.default_rng(5)
    p_values = []
    for _ in range(400):
        starts, lengths = rng.integers(0, 10, 25), rng.integers(2, 6, 25)
        values = [
            100.0 * np.isin(np.arange(10), np.arange(s, s + n) % 10)[:, None]
            for s, n in zip(starts, lengths, strict=True)
        ]
        selection = [np.roll([3, 2, 1, 0, 0, 0, 0, 0, 0, 0], rng.integers(0, 10)) for _ in range(25)]
        model = null(selection, values)
        p_values.append(two_sided((model.observed - model.expected).sum(axis=0), model.draw(199, rng))[0])
    rate = np.mean(np.array(p_values) <= 0.05)
    assert 0.02 < rate < 0.085  # 400 tests: 0.05 +- 3 standard errors
    assert 0.4 < np.mean(p_values) < 0.6


def make(n_pairs, favourite, rng, length=200):
    """Pairs in which the favoured segments of both proteins rank first."""
    values = rng.random((n_pairs, 20))
    ids = [(f"A{i}", f"B{i}") for i in range(n_pairs)]
    for pair in range(n_pairs):
        for side in (0, 1):
            values[pair, 10 * side + favourite(pair, side)] += 1
    return Explanation(values, LAYOUT, "x", pair_ids=ids), {p: length for pair in ids for p in pair}


def test_a_planted_signal_is_found_with_its_size(rng):
    places = rng.integers(0, 10, (60, 2))
    explanation, lengths = make(60, lambda pair, side: places[pair, side], rng)
    regions = annotation_table(
        (f"{'AB'[side]}{pair}", "Domain", int(20 * places[pair, side] + 1), int(20 * places[pair, side] + 20))
        for pair in range(60)
        for side in (0, 1)
    )
    row = enrichment(explanation, regions, lengths, k=2, which="top", types=["Domain"], random_state=0).iloc[
        0
    ]
    assert (row["observed"], row["expected"], row["fold"]) == pytest.approx((100, 10, 10))
    assert row["fold_low"] == pytest.approx(10)
    assert row["p_value"] == 1 / 10_000
    low = enrichment(explanation, regions, lengths, k=2, which="low", types=["Domain"], random_state=0).iloc[
        0
    ]
    assert low["observed"] == 0
    assert low["p_adjusted"] < 0.01
    paired = top_vs_low(explanation, regions, lengths, k=2, types=["Domain"], random_state=0).iloc[0]
    assert paired["difference"] == 100
    assert paired["p_adjusted"] < 0.01


def test_no_signal_is_reported_as_none(published):
    rng = np.random.default_rng(3)
    values = rng.random(published.explanation.values.shape)
    explanation = Explanation(values, LAYOUT, "random", pair_ids=published.explanation.pair_ids)
    inputs = (explanation, published.annotations, published.lengths)
    table = enrichment(*inputs, by=published.outcome, n_resamples=999, n_bootstrap=200, random_state=0)
    assert (table["p_adjusted"] > 0.05).all()
    overall = table[table["type"] == "all types"]
    assert overall["fold"].between(0.95, 1.05).all()
    assert (top_vs_low(*inputs, n_resamples=999, n_bootstrap=200, random_state=0)["p_adjusted"] > 0.05).all()


def test_a_mere_preference_for_a_position_is_told_apart(rng):
    """The model always looks at the end of a protein, and every protein has its region there."""
    explanation, lengths = make(50, lambda pair, side: 9, rng)
    regions = annotation_table((p, "Domain", 181, 200) for p in lengths)
    arguments = {"k": 2, "which": "top", "types": ["Domain"], "random_state": 0}
    against_rotation = enrichment(explanation, regions, lengths, **arguments).iloc[0]
    against_position = enrichment(explanation, regions, lengths, null="position", **arguments).iloc[0]
    assert against_rotation["p_value"] < 0.001
    assert against_position["expected"] == pytest.approx(100)
    assert not against_position["p_value"] < 0.05


def test_the_answer_for_the_published_pairs(published):
    inputs = (published.explanation, published.annotations, published.lengths)
    table = enrichment(*inputs, by=published.outcome, random_state=0)
    table = table.set_index(["group", "which", "type"]).sort_index()
    top = table.loc[("TP", "top", "all types")]
    assert (top["observed"], top["expected"]) == pytest.approx((54.79, 50.80), abs=0.005)
    assert top["fold"] == pytest.approx(1.0785, abs=1e-3)
    significant = table[table["p_adjusted"] < 0.05].index
    assert {t for g, w, t in significant if (g, w) == ("TP", "top")} == {"Domain", "Region", "all types"}
    assert {t for g, w, t in significant if (g, w) == ("TN", "top")} == {"Domain", "Region", "all types"}
    assert (table["fold_low"] <= table["fold"]).all()
    assert (table["fold"] <= table["fold_high"]).all()
    # the mean over the selection is that of the coverage table
    tidy = coverage(*inputs)
    tidy = tidy[published.outcome[tidy["pair"]] == "TP"].groupby("type", observed=True)["coverage"].mean()
    np.testing.assert_allclose(table.loc[("TP", "top"), "observed"][tidy.index], tidy)


def test_hit_rates_of_single_picks_against_chance(published):
    inputs = (published.explanation, published.annotations, published.lengths)
    table = enrichment(
        *inputs,
        which="top",
        threshold=50,
        by=published.outcome,
        n_resamples=99,
        n_bootstrap=99,
        random_state=0,
    )
    rates = hit_rate(coverage(*inputs), [50], by=published.outcome, decimals=None)
    rates = rates[rates["rank"] != "any"].groupby(["group", "type"])["hit_rate"].mean()
    observed = table.set_index(["group", "type"])["observed"]
    np.testing.assert_allclose(observed, rates.loc[observed.index])
    assert (table["expected"] < 100).all()


def test_the_same_seed_gives_the_same_table_and_leaves_global_state_alone(published):
    inputs = (published.explanation, published.annotations, published.lengths)
    options = {"n_resamples": 50, "n_bootstrap": 50, "by": published.outcome}
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for function in (enrichment, top_vs_low):
        first, again, other = (function(*inputs, random_state=seed, **options) for seed in (4, 4, 5))
        pd.testing.assert_frame_equal(first, again)
        assert not first.equals(other)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_residues_against_all_rotations_of_the_residues():
    a = np.zeros(12)
    a[[2, 3, 4]] = 3, 2, 1
    ids = [(f"P{i}", f"Q{i}") for i in range(8)]
    explanation = Explanation(
        np.zeros((8, 20)), LAYOUT, "x", pair_ids=ids, residue_values=[(a, np.zeros(20))] * 8
    )
    regions = annotation_table((p, "Motif", 3, 5) for p, _ in ids)
    lengths = {p: n for pair in ids for p, n in zip(pair, (12, 20), strict=True)}
    row = enrichment(
        explanation, regions, lengths, unit="residue", which="top", types=["Motif"], random_state=0
    ).iloc[0]
    assert (row["observed"], row["expected"], row["n_proteins"]) == pytest.approx((100, 25, 8))
    assert row["p_value"] < 0.01
    with pytest.raises(ValueError, match="unit='segment'"):
        enrichment(
            explanation,
            regions,
            lengths,
            k=13,
            unit="residue",
            which="top",
            types=["Motif"],
            null="position",
        )


def test_what_cannot_be_tested_is_missing_not_significant(rng):
    explanation, lengths = make(6, lambda pair, side: 0, rng)
    lengths["A0"] = 6  # shorter than ten residues: segments without residues, no choice among ten
    regions = annotation_table([("A1", "Chain", 1, 200), ("A2", "Chain", 1, 200)])
    table = enrichment(
        explanation, regions, lengths, which="top", types=["Domain", "Chain"], n_resamples=99, random_state=0
    ).set_index("type")
    assert table["p_value"].isna().all()
    assert table["p_adjusted"].isna().all()
    assert np.isnan(table.loc["Domain", "fold"])
    assert table.loc["Chain", "fold"] == pytest.approx(1)
    assert (table["n_proteins"] == 11).all()
    assert (table["n_informative"] == 0).all()


def test_benjamini_hochberg():
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]
    expected = [0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.08457142857, 0.205]
    np.testing.assert_allclose(adjust_p_values(p), expected)
    assert np.isnan(adjust_p_values([np.nan])).all()


def test_errors_say_what_is_wrong(published):
    inputs = (published.explanation, published.annotations, published.lengths)
    for options, message in (
        ({"null": "shuffle"}, "rotation, position"),
        ({"by": ["TP"]}, "one entry per pair"),
        ({"n_resamples": 0}, "positive"),
        ({"confidence_level": 95}, "between 0 and 1"),
        ({"threshold": 0}, "above 0"),
        ({"which": ["best"]}, "'top' or 'low'"),
    ):
        with pytest.raises(ValueError, match=message):
            enrichment(*inputs, **options)
    short = Explanation(np.zeros((1, 20)), LAYOUT, "x", pair_ids=[("P", "Q")])
    for function in (enrichment, top_vs_low):
        with pytest.raises(ValueError, match="nothing to"):
            function(short, annotation_table([]), {"P": 5, "Q": 9})
