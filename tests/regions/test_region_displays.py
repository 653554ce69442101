"""Pictures of regions: what they show is what the tables hold; no global figure state."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout
from amp_sklearn.explanation import Explanation
from amp_sklearn.plotting import (
    CoverageDonutDisplay,
    EnrichmentForestDisplay,
    HitRateDisplay,
    RegionTrackDisplay,
)
from amp_sklearn.regions import (
    annotation_table,
    coverage,
    coverage_bins,
    enrichment,
    hit_rate,
    hit_rate_by_chance,
)


@pytest.fixture(scope="module")
def both(published):
    tables = [
        coverage(published.explanation, published.annotations, published.lengths, which=w)
        for w in ("top", "low")
    ]
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def enriched(published):
    return enrichment(
        published.explanation,
        published.annotations,
        published.lengths,
        by=published.outcome,
        n_resamples=99,
        n_bootstrap=99,
        random_state=0,
    )


@pytest.fixture(autouse=True)
def no_global_figures():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    yield
    assert plt.get_fignums() == before


def test_donut_rings_are_the_bins(published, both, tmp_path):
    pairs = published.outcome == "TP"
    display = CoverageDonutDisplay.from_coverage(both, pairs=pairs)
    counts = coverage_bins(both[both["type"] == "all types"], by=published.outcome)
    counts = counts[(counts["group"] == "TP") & (counts["which"].astype(str) == "top")].sort_values("rank")
    wedges = [p for p in display.ax_[0].patches if isinstance(p, mpl.patches.Wedge)]
    assert len(wedges) == 30
    angles = np.array([w.theta2 - w.theta1 for w in wedges]).reshape(3, 10)
    shares = counts.filter(regex=r"^\d+-\d+$").to_numpy() / pairs.sum()
    np.testing.assert_allclose(angles / 360, shares, atol=1e-6)
    for suffix in ("png", "svg", "pdf"):
        display.save(tmp_path / f"donut.{suffix}")
        assert (tmp_path / f"donut.{suffix}").stat().st_size > 5_000
    with pytest.raises(ValueError, match="no row of type 'Chain'"):
        CoverageDonutDisplay.from_coverage(both, type="Chain")


def test_donuts_show_proteins_without_annotation_apart():
    table = pd.DataFrame({"pair": [0, 1, 2], "protein": ["P1", "P2", "P3"], "which": "top", "rank": 1})
    table = table.assign(type="all types", coverage=[0.0, 95.0, 0.0])
    counts = coverage_bins(table, annotated={"P1", "P2"})
    assert counts.loc[0, ["0-10", "90-100", "no annotation"]].tolist() == [1, 1, 1]
    display = CoverageDonutDisplay.from_coverage(table, annotated={"P1", "P2"})
    wedges = [p for p in display.ax_[0].patches if isinstance(p, mpl.patches.Wedge)]
    assert [round(w.theta2 - w.theta1) for w in wedges] == [120, *[0] * 8, 120, 120]
    assert display.ax_[-1].get_legend().get_texts()[-1].get_text() == "no annotation"
    assert "no annotation" not in CoverageDonutDisplay.from_coverage(table).counts


def test_forest_flags_types_of_one_protein_and_shows_all_of_its_legend():
    table = pd.DataFrame(
        {"group": "TP", "which": ["top", "low"], "type": "Motif", "n_pairs": 90, "n_informative": [1, 2]}
    )
    table = table.assign(fold=[1.2, 0.8], fold_low=[1.1, 0.6], fold_high=[1.3, 1.1], p_adjusted=[0.01, 0.2])
    display = EnrichmentForestDisplay.from_enrichment(table)
    assert {t.get_text() for t in display.ax_[0].texts} == {"p = 0.010 *", "p = 0.20", "adjusted"}
    (legend,) = display.figure_.legends
    assert legend.get_texts()[-1].get_text() == "* of one protein only"
    display.figure_.draw_without_rendering()
    box, whole = legend.get_window_extent(), display.figure_.bbox
    assert box.x1 <= whole.x1 and box.y0 >= 0 and box.y1 <= whole.y1
    assert box.x0 >= max(t.get_window_extent().x1 for t in display.ax_[0].texts)


def test_forest_shows_fold_interval_and_significance(enriched):
    display = EnrichmentForestDisplay.from_enrichment(enriched)
    assert len(display.ax_) == 2
    axes = display.ax_[1]
    rows = enriched[enriched["group"] == "TP"]
    markers = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert sorted(float(m.get_xdata()[0]) for m in markers) == pytest.approx(sorted(rows["fold"]))
    filled = sum(m.get_markerfacecolor() != "white" for m in markers)
    assert filled == (rows["p_adjusted"] < 0.05).sum()
    low, high = axes.get_xlim()
    assert low * high == pytest.approx(1)
    assert (rows["fold_low"] >= low).all() and (rows["fold_high"] <= high).all()
    assert [t.get_text() for t in display.ax_[0].get_yticklabels()][:2] == ["Domain", "Region"]
    with pytest.raises(ValueError, match="no fold enrichment"):
        EnrichmentForestDisplay.from_enrichment(enriched.assign(fold=np.nan))


def test_hit_rates_top_against_low(published, both):
    table = hit_rate(both, by=published.outcome)
    display = HitRateDisplay.from_hit_rates(table, threshold=75)
    shown = np.sort(
        np.concatenate(
            [line.get_xdata() for line in display.ax_[0].lines if line.get_marker() in ("o", "s")]
        ).astype(float)
    )
    rows = table[(table["group"] == "TN") & (table["threshold"] == 75) & (table["rank"] == "any")]
    np.testing.assert_allclose(shown, np.sort(rows["hit_rate"]))
    with pytest.raises(ValueError, match="no threshold 60"):
        HitRateDisplay.from_hit_rates(table, threshold=60)


def test_hit_rates_with_what_chance_gives(published):
    inputs = (published.explanation, published.annotations, published.lengths)
    table = hit_rate_by_chance(*inputs, thresholds=[50], n_resamples=20, random_state=0)
    display = HitRateDisplay.from_hit_rates(table)
    bars = np.array([line.get_xdata() for line in display.ax_[0].lines if line.get_marker() == "|"])
    rows = table[table["rank"] == "any"]
    np.testing.assert_allclose(bars, rows[["expected_low", "expected_high"]])
    assert "chance (95 %)" in [text.get_text() for text in display.ax_[0].get_legend().get_texts()]


def test_displays_draw_on_given_axes(published, both, enriched):
    figure = Figure()
    axes = figure.subplots(2, 4)
    assert CoverageDonutDisplay.from_coverage(both, ax=axes[0, :2]).figure_ is figure
    assert EnrichmentForestDisplay.from_enrichment(enriched, ax=axes[0, 2:]).ax_[0] is axes[0, 2]
    track = RegionTrackDisplay.from_explanation(
        published.explanation, published.annotations, published.lengths, pair=1, ax=axes[1]
    )
    assert track.figure_ is figure
    for display in (
        lambda: CoverageDonutDisplay.from_coverage(both, ax=axes[0, 0]),
        lambda: RegionTrackDisplay.from_explanation(
            published.explanation, published.annotations, published.lengths, ax=axes[0]
        ).plot(ax=axes[0, :3]),
    ):
        with pytest.raises(ValueError, match="Axes, got"):
            display()


def test_track_shows_values_picks_and_the_union_of_regions():
    values = np.zeros((1, 20))
    values[0, 3], values[0, 15] = 2, -1
    explanation = Explanation(values, FeatureLayout(SEGMENT_TOKENS, 1), "x", pair_ids=[("P", "Q")])
    regions = annotation_table([("P", "Domain", 5, 20), ("P", "Domain", 11, 30), ("P", "Motif", 90, 95)])
    display = RegionTrackDisplay.from_explanation(explanation, regions, {"P": 100, "Q": 40}, k=1)
    heights = display.ax_[0].patches[0].get_data().values
    assert heights.tolist() == np.repeat(values[0, :10], 10).tolist()
    top = [p for p in display.ax_[0].patches if isinstance(p, mpl.patches.Rectangle)]
    assert [(p.get_x(), p.get_width()) for p in top] == [(30.5, 10)]
    lanes = [c.get_paths() for c in display.ax_[1].collections]
    spans = sorted((p.get_extents().x0, p.get_extents().x1) for paths in lanes for p in paths)
    assert spans == [(4.5, 30.5), (89.5, 95.5)]
    assert [t.get_text() for t in display.ax_[1].get_yticklabels()] == ["Motif", "Domain"]


def test_track_of_residues_of_one_protein_with_itself():
    residues = np.linspace(0, 1, 25)
    explanation = Explanation(
        np.zeros((1, 20)),
        FeatureLayout(SEGMENT_TOKENS, 1),
        "x",
        pair_ids=[("P", "P")],
        residue_values=[(residues, residues)],
    )
    display = RegionTrackDisplay.from_explanation(explanation, annotation_table([]), {"P": "M" * 25})
    np.testing.assert_allclose(display.ax_[2].patches[0].get_data().values, residues)
    assert "no annotated region" in [t.get_text() for t in display.ax_[1].texts]
    with pytest.raises(IndexError, match=r"0\.\.0"):
        RegionTrackDisplay.from_explanation(explanation, annotation_table([]), {"P": 25}, pair=3)
    with pytest.raises(KeyError, match="no sequence for protein 'P'"):
        RegionTrackDisplay.from_explanation(explanation, annotation_table([]), {"Q": 25})
