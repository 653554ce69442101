"""A new explainer is one class of a few lines; pictures, faithfulness, files and regions come with it."""

import inspect
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.data.segments import SEGMENT_TOKENS
from amp_sklearn.explanation import (
    Attribution,
    Explainer,
    Explanation,
    RefusedExplanation,
    available_explainers,
    evaluate_explanations,
    explain,
    register_explainer,
)
from amp_sklearn.explanation.registry import _REGISTRY
from amp_sklearn.nn import MLPHead
from amp_sklearn.plotting import AttributionDisplay, DeletionCurveDisplay, RegionTrackDisplay
from amp_sklearn.regions import annotation_table, coverage, enrichment


@pytest.fixture
def weight_norm():
    """Registers a method: how strongly the first layer reads each column, times the column."""

    @register_explainer("first_layer")
    @dataclass
    class FirstLayer(Explainer):
        power: float = 1.0

        def reason_unsuitable(self, model):
            return None if isinstance(model.module, MLPHead) else "it reads fully connected layers only"

        def attribute(self, model):
            strength = model.module.mlp_layers[0].weight.detach().norm(dim=0).numpy()
            values = np.abs(model.rows(slice(None))) * strength**self.power
            return Attribution(feature_values=values, notes=("Knows the first layer only.",))

    yield FirstLayer
    del _REGISTRY["first_layer"]


@pytest.fixture
def model_and_pairs():
    layout = FeatureLayout(SEGMENT_TOKENS, 3)
    features = np.random.RandomState(0).normal(size=(8, 30)).astype(np.float32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = MLPHead(20, 3, hidden=(6, 4)).eval()
    return module, PairMatrix(features, [[0, 1], [2, 3], [4, 5], [6, 7]], layout)


def test_everything_comes_with_it(weight_norm, model_and_pairs, tmp_path, network, features):
    module, pairs = model_and_pairs
    assert "first_layer" in available_explainers()
    assert len(inspect.getsource(weight_norm).splitlines()) < 40
    found = explain(module, pairs, "first_layer", power=2.0)
    assert (found.method, found.parameters, found.notes) == (
        "first_layer",
        {"power": 2.0},
        ("Knows the first layer only.",),
    )
    found.save(tmp_path / "found.npz")
    np.testing.assert_array_equal(Explanation.load(tmp_path / "found.npz").values, found.values)
    for kind in ("bar", "beeswarm", "heatmap"):
        AttributionDisplay.from_explanation(found, kind=kind).save(tmp_path / f"{kind}.png")
        assert (tmp_path / f"{kind}.png").read_bytes().startswith(b"\x89PNG")
    report = evaluate_explanations(module, pairs, ["first_layer", "occlusion"], n_random=2, n_repeats=1)
    assert np.isfinite(report.summary.loc["first_layer", "deletion_gain"])
    assert DeletionCurveDisplay.from_report(report).ax_.get_legend() is not None
    lengths = {f"{block}{pair}": 100 for block in "AB" for pair in range(4)}
    domains = annotation_table([("A0", "Domain", 1, 100)])
    table = coverage(found, domains, lengths)
    track = RegionTrackDisplay.from_explanation(found, domains, lengths)
    np.testing.assert_allclose(track.ax_[0].patches[0].get_data().values[::10], found.values[0, :10])
    whole = replace(found, lengths=np.full((4, 2), 100))
    assert len(AttributionDisplay.from_explanation(whole, kind="track", regions=domains).ax_) == 4
    assert len(AttributionDisplay.from_explanation(whole, kind="track").ax_) == 2
    picked = enrichment(found, domains, lengths, n_resamples=20, random_state=0)
    assert len(picked)
    inside = table[(table["protein"] == "A0") & (table["type"] == "Domain")]["coverage"]
    assert (inside == 100).all()
    with pytest.raises(RefusedExplanation, match="fully connected layers only"):
        explain(network("gru"), features, "first_layer")
