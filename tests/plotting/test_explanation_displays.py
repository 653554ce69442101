"""What the displays of explanations draw."""

import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

from amp_sklearn.data import FeatureLayout
from amp_sklearn.data.segments import SEGMENT_TOKENS, segment_bounds
from amp_sklearn.explanation import Explanation, evaluate_explanations
from amp_sklearn.nn import PairTransformer
from amp_sklearn.plotting import (
    AgreementDisplay,
    AttentionDisplay,
    AttributionDisplay,
    DeletionCurveDisplay,
    RegionTrackDisplay,
)
from amp_sklearn.plotting.explanation_beeswarm import pile_up
from amp_sklearn.plotting.style import PROTEIN_COLORS

LAYOUT = FeatureLayout(SEGMENT_TOKENS, 2)
IDS = [[f"A{i}", f"B{i}"] for i in range(50)]


@pytest.fixture
def attention():
    random = np.random.RandomState(0)
    maps = random.dirichlet(np.ones(20), size=(50, 3, 20))
    names = tuple(f"layer {i}" for i in (1, 2, 3))
    return Explanation(
        maps.mean(axis=(1, 2)),
        LAYOUT,
        "attention",
        pair_ids=IDS,
        predictions=random.rand(50),
        token_maps=maps,
        map_names=names,
        lengths=random.randint(5, 90, (50, 2)),
    )


@pytest.fixture
def signed():
    random = np.random.RandomState(1)
    return Explanation(
        random.normal(size=(50, 20)),
        LAYOUT,
        "occlusion",
        pair_ids=IDS,
        predictions=random.rand(50),
        lengths=random.randint(20, 90, (50, 2)),
    )


def tick_labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_attention_maps_hold_the_weights(attention):
    display = AttentionDisplay.from_explanation(attention)
    assert len(display.ax_) == 3
    for number, image in enumerate(display.images_):
        np.testing.assert_allclose(image.get_array(), attention.token_maps[:, number].mean(axis=0))
    assert tick_labels(display.ax_[0].yaxis) == list(LAYOUT.token_labels)
    limits = {image.get_clim() for image in display.images_}
    assert len(limits) == 1  # one colour bar is true for all maps


def test_attention_of_one_pair_and_one_map(attention):
    ax = Figure().add_subplot()
    display = AttentionDisplay.from_explanation(attention, pair=7, maps=["layer 2"], ax=ax)
    assert display.ax_[0] is ax
    np.testing.assert_allclose(display.images_[0].get_array(), attention.token_maps[7, 1])
    assert "A7" in ax.get_title(loc="left")
    mean = AttentionDisplay.from_explanation(attention, maps="mean")
    np.testing.assert_allclose(mean.images_[0].get_array(), attention.token_maps.mean(axis=(0, 1)))


def test_attention_errors(attention, signed):
    with pytest.raises(ValueError, match="holds no token-to-token maps"):
        AttentionDisplay.from_explanation(signed)
    with pytest.raises(ValueError, match="not among"):
        AttentionDisplay.from_explanation(attention, maps=["layer 9"])
    with pytest.raises(ValueError, match="one Axes cannot hold 3 maps"):
        AttentionDisplay.from_explanation(attention, ax=Figure().add_subplot())


def test_bars_are_sorted_and_coloured_by_protein(attention):
    display = AttributionDisplay.from_explanation(attention, k=5)
    expected = attention.mean().sort_values(ascending=False, kind="stable")[:5]
    assert tick_labels(display.ax_.yaxis) == list(expected.index)
    bars = display.ax_.patches
    np.testing.assert_allclose([bar.get_width() for bar in bars], expected)
    for label, bar in zip(expected.index, bars, strict=True):
        assert bar.get_facecolor() == to_rgba(PROTEIN_COLORS[label[0]])


def test_bars_of_signed_values_show_magnitudes_over_pairs_and_signs_for_one(signed):
    over_pairs = AttributionDisplay.from_explanation(signed)
    assert all(bar.get_width() > 0 for bar in over_pairs.ax_.patches)
    assert "magnitude" in over_pairs.ax_.get_xlabel()
    assert "95 % interval" in over_pairs.ax_.get_title(loc="left")
    one = AttributionDisplay.from_explanation(signed, pair=3)
    assert "against" in one.ax_.get_xlabel()
    order = np.argsort(-np.abs(signed.values[3]))
    np.testing.assert_allclose([bar.get_width() for bar in one.ax_.patches], signed.values[3][order])


def test_heatmap_sorts_pairs_by_prediction(signed):
    display = AttributionDisplay.from_explanation(signed, kind="heatmap", k=10)
    order = np.argsort(-signed.predictions)
    shown = display.ax_.images[0].get_array()
    assert shown.shape == (10, 20)
    np.testing.assert_allclose(shown[[0, -1]], signed.values[order[[0, -1]]])
    assert "10 of 50 pairs" in display.ax_.get_title(loc="left")
    low, high = display.ax_.images[0].get_clim()
    assert low == -high  # white is zero


def test_tracks_follow_the_segments(signed):
    display = AttributionDisplay.from_explanation(signed, kind="track", pair=4)
    for side, ax in enumerate(display.ax_):
        step = next(patch for patch in ax.patches if hasattr(patch, "get_data"))
        values, edges, _ = step.get_data()
        length = signed.lengths[4][side]
        np.testing.assert_array_equal(edges, np.arange(length + 1) + 0.5)
        for number, (start, end) in enumerate(segment_bounds(length)):
            np.testing.assert_allclose(values[start:end], signed.values[4, side * 10 + number])


def test_regions_are_drawn_from_start_to_end_on_their_protein(signed):
    regions = pd.DataFrame(
        [("A4", "Domain", 3, 9), ("B4", "Motif", 5, 5), ("other", "Repeat", 1, 2)],
        columns=["protein", "type", "start", "end"],
    )
    display = AttributionDisplay.from_explanation(signed, kind="track", pair=4, regions=regions)
    lanes = [
        [
            (path.get_extents().x0, path.get_extents().x1)
            for lane in ax.collections
            for path in lane.get_paths()
        ]
        for ax in display.ax_[1::2]
    ]
    assert lanes == [[(2.5, 9.5)], [(4.5, 5.5)]]
    assert tick_labels(display.ax_[1].yaxis) == ["Motif", "Domain"]
    same = RegionTrackDisplay.from_explanation(
        signed,
        regions,
        dict(zip(signed.pair_ids[4], signed.lengths[4], strict=True)),
        pair=4,
        types=("Domain", "Motif"),
    )
    for one, other in zip(display.ax_[::2], same.ax_[::2], strict=True):
        np.testing.assert_array_equal(one.patches[0].get_data().values, other.patches[0].get_data().values)
    none = AttributionDisplay.from_explanation(signed, kind="track", pair=-1, regions=regions)
    assert "no annotated region" in [text.get_text() for text in none.ax_[1].texts]
    with pytest.raises(ValueError, match=r"lack the columns \['end'\]"):
        AttributionDisplay.from_explanation(signed, kind="track", pair=4, regions=regions.drop(columns="end"))


def test_residue_values_are_drawn_as_they_are(signed):
    residues = [(np.arange(a) * 1.0, np.arange(b) * -1.0) for a, b in signed.lengths]
    resolved = Explanation(signed.values, LAYOUT, "gradient", residue_values=residues, lengths=signed.lengths)
    display = AttributionDisplay.from_explanation(resolved, kind="track")
    step = next(patch for patch in display.ax_[1].patches if hasattr(patch, "get_data"))
    np.testing.assert_array_equal(step.get_data().values, residues[0][1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "pie"}, "kind must be one of"),
        ({"pair": 50}, "pair must be a row number below 50"),
        ({"k": 0}, "k must be a positive number"),
        ({"kind": "heatmap", "pair": 1}, "shows many pairs"),
        ({"regions": pd.DataFrame()}, "regions belong to kind='track'"),
        ({"kind": "track", "ax": [Figure().add_subplot()]}, "needs two Axes"),
    ],
)
def test_attribution_errors(signed, arguments, message):
    with pytest.raises(ValueError, match=message):
        AttributionDisplay.from_explanation(signed, **arguments)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_files(signed, tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    AttributionDisplay.from_explanation(signed, k=3).save(path)
    content = path.read_bytes()
    if ending == "svg":
        assert ElementTree.fromstring(content).tag.endswith("svg")
    else:
        assert content.startswith({"png": b"\x89PNG", "pdf": b"%PDF"}[ending])


def test_notebooks_show_a_picture_and_global_state_is_untouched(attention):
    before = dict(matplotlib.rcParams)
    display = AttentionDisplay.from_explanation(attention, maps="mean")
    assert display._repr_png_().startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    assert not hasattr(display.figure_, "number")  # no pyplot figure that would have to be closed


def test_from_estimator_explains_and_draws():
    layout = FeatureLayout(("segment0", "segment1"), 8)
    module = PairTransformer(4, 8, n_layers=2, n_heads=2, dim_feedforward=8, hidden=(4, 4)).eval()
    x = np.random.RandomState(0).normal(size=(5, 32)).astype(np.float32)
    maps = AttentionDisplay.from_estimator(module, x, layout=layout, layers=[0])
    assert [ax.get_title(loc="left") for ax in maps.ax_] == ["layer 1"]
    bars = AttributionDisplay.from_estimator(module, x, method="occlusion", layout=layout, baseline="zero")
    assert len(bars.ax_.patches) == 4
    assert bars.explanation.parameters["baseline"] == "zero"


def test_beeswarm_has_a_dot_per_pair_near_its_token(signed):
    display = AttributionDisplay.from_explanation(signed, kind="beeswarm", k=4)
    order = np.argsort(-np.abs(signed.values).mean(axis=0))[:4]
    assert tick_labels(display.ax_.yaxis) == [LAYOUT.token_labels[token] for token in order]
    for place, (token, dots) in enumerate(zip(order, display.ax_.collections, strict=True)):
        x, y = np.asarray(dots.get_offsets()).T
        np.testing.assert_allclose(x, signed.values[:, token])
        assert np.abs(y - place).max() <= 0.4
        np.testing.assert_allclose(dots.get_array(), signed.predictions)


def test_piled_dots_do_not_hide_each_other():
    offsets = pile_up(np.zeros(100, dtype=int))
    assert len(set(offsets.round(9))) == 100
    assert np.abs(offsets).max() <= 0.4
    np.testing.assert_array_equal(pile_up(np.arange(5)), 0)


@pytest.fixture(scope="module")
def report():
    layout = FeatureLayout(("segment0", "segment1"), 2)
    x = np.random.RandomState(0).normal(size=(40, 8))
    model = LogisticRegression().fit(x, x[:, 0] + x[:, 6] > 0)
    return evaluate_explanations(model, x, ["occlusion", "permutation"], layout=layout, n_repeats=0)


@pytest.mark.parametrize("curve", ["deletion", "insertion"])
def test_curves_of_methods_and_of_chance(report, curve):
    display = DeletionCurveDisplay.from_report(report, curve=curve)
    lines = {line.get_label(): line for line in display.ax_.lines[:-1]}
    assert list(lines) == ["random rankings", "occlusion", "permutation"]
    table = report.curves[(report.curves["curve"] == curve) & (report.curves["method"] == "permutation")]
    np.testing.assert_allclose(lines["permutation"].get_ydata(), table["support"])
    np.testing.assert_allclose(lines["permutation"].get_xdata(), [0, 25, 50, 75, 100])
    one = DeletionCurveDisplay.from_report(report, curve=curve, methods=["occlusion"])
    assert [text.get_text() for text in one.ax_.get_legend().get_texts()] == ["random rankings", "occlusion"]


def test_agreement_shows_its_numbers(report):
    display = AgreementDisplay.from_report(report, measure="overlap")
    numbers = [float(text.get_text()) for text in display.ax_.texts]
    np.testing.assert_allclose(numbers, report.overlap.to_numpy().ravel(), atol=0.005)
    assert "top 3" in display.label


def test_report_picture_errors(report):
    with pytest.raises(ValueError, match="curve must be one of"):
        DeletionCurveDisplay.from_report(report, curve="removal")
    with pytest.raises(ValueError, match="are not in the report"):
        DeletionCurveDisplay.from_report(report, methods=["attention"])
    with pytest.raises(ValueError, match="measure must be one of"):
        AgreementDisplay.from_report(report, measure="summary")


def test_curves_from_an_estimator():
    layout = FeatureLayout(("segment0", "segment1"), 2)
    x = np.random.RandomState(0).normal(size=(20, 8))
    model = LogisticRegression().fit(x, x[:, 0] > 0)
    display = DeletionCurveDisplay.from_estimator(model, x, methods=["occlusion"], layout=layout, n_random=2)
    assert set(display.curves["method"]) == {"random", "occlusion"}
