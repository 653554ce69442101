"""Where the published explanations are wrong by the evidence of their own numbers, and what is said here instead."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from amp_sklearn.data import PROTEIN_TOKENS, FeatureLayout
from amp_sklearn.explanation import aggregate_tokens, explain

CSE_TOKENS = PROTEIN_TOKENS[:-1]
RIGHT_BY_CHANCE = ["A_cls", "B_cls"]  # the other 22 of 24 published labels name another token


@pytest.fixture(scope="module")
def labels():
    """What the published code calls each position, and the token that its loader puts there."""
    found = json.loads(
        (Path(__file__).parents[1] / "fixtures" / "explain" / "published_labels.json").read_text()
    )
    layout = FeatureLayout(CSE_TOKENS, 1)
    assert sorted(found["data_order"]) == sorted(layout.token_labels)
    assert (
        tuple(found["published_labels"]) == layout.token_labels
    )  # the labels say our order; the data do not
    found["our_order"] = [found["data_order"].index(label) for label in layout.token_labels]
    return found


def in_our_order(x, labels, width):
    """Columns as the published loader orders them, token by token in the order that their labels claim."""
    return x.reshape(len(x), 24, width)[:, labels["our_order"]].reshape(len(x), -1)


def assert_only_labels_differ(ours, published_values, labels, **tolerance):
    """The same number for the same token; under the published label of that token stands another's."""
    published = dict(zip(labels["published_labels"], published_values, strict=True))
    for true, called in zip(labels["data_order"], labels["published_labels"], strict=True):
        np.testing.assert_allclose(ours[true], published[called], **tolerance)
    same = [label for label in ours.index if np.isclose(ours[label], published[label], **tolerance)]
    assert same == RIGHT_BY_CHANCE


def test_labels_of_integrated_gradients(published, published_transformer, labels):
    data, (module, layout) = published("integrated_gradients"), published_transformer(CSE_TOKENS)
    x = in_our_order(data["cse"], labels, 32)
    found = explain(module, x, "ESM2_AMP_CSE_IG", layout=layout)
    assert_only_labels_differ(found.mean(), data["cse_dim1_importance"], labels, rtol=1e-4)


def test_labels_of_attention(published, published_transformer, labels):
    data, (module, layout) = published("attention"), published_transformer(CSE_TOKENS)
    found = explain(module, in_our_order(data["cse"], labels, 32), "ESM2_AMP_CSE_attention", layout=layout)
    maps = data["cse_mean"].swapaxes(0, 1)  # pairs x layers x tokens x tokens
    expected = maps[:, :, labels["our_order"]][..., labels["our_order"]]
    np.testing.assert_allclose(found.token_maps, expected, rtol=0, atol=1e-6)
    assert_only_labels_differ(found.mean(), maps.mean(axis=(0, 1, 2)), labels, rtol=1e-4)


@pytest.mark.parametrize("method", ["deep_shap", "ig"])
def test_labels_of_autoencoder_features(published, published_ae_dnn, labels, method):
    """This network does tell one column from another: its weights move together with the columns."""
    data, (module, layout) = published("ae_dnn"), published_ae_dnn("cse")
    x = data["cse"].astype(np.float32)
    moved = type(module)(24, 3, hidden=(20, 8)).eval()
    moved.load_state_dict(module.state_dict())
    with torch.no_grad():
        first = module.mlp_layers[0].weight.numpy()
        moved.mlp_layers[0].weight.copy_(torch.from_numpy(in_our_order(first, labels, 3)))
    true = in_our_order(x, labels, 3)
    if method == "deep_shap":
        settings = {"background": true[data["cse_deepshap_background_rows"]]}
        found = explain(moved, true, "AE_DNN_SHAP", layout=layout, **settings)
    else:
        found = explain(moved, true, "AE_DNN_IG", layout=layout, baseline=true[data["cse_ig_baseline_rows"]])
    name = {"deep_shap": "cse_deepshap_grouped", "ig": "cse_ig_grouped"}[method]
    by_label = np.argsort(np.argsort(labels["published_labels"]))  # recorded in alphabetical order
    assert_only_labels_differ(found.mean(), data[name].mean(axis=0)[by_label], labels, rtol=2e-3)


def test_the_token_that_varies_is_the_one_that_is_named(published_transformer, labels):
    """Only one kind of token differs between pairs: nothing else can matter, and nothing else is named."""
    module, layout = published_transformer(CSE_TOKENS)
    random = np.random.RandomState(0)
    for token, called in labels["only_this_token_varies"].items():
        x = np.repeat(random.normal(size=(1, 24, 32)), 4, axis=0).astype(np.float32)
        where = [layout.token_labels.index(f"{block}_{token}") for block in "AB"]
        x[:, where] = random.normal(size=(4, 2, 32))
        found = explain(module, x.reshape(4, -1), "ESM2_AMP_CSE_IG", layout=layout).mean()
        assert list(found[found > 1e-6].index) == [f"A_{token}", f"B_{token}"]
        assert (called == [f"A_{token}", f"B_{token}"]) == (token == "cls")


def test_segment_1_does_not_take_segment_10_and_11(labels):
    """Columns are grouped by layout; the published code groups by the beginning of their names."""
    layout = FeatureLayout([f"segment{i}" for i in range(12)], 1)
    grouped = aggregate_tokens([[*range(12), *range(0, 1200, 100)]], layout)[0]
    ours = dict(zip(layout.token_labels, grouped, strict=True))
    published = labels["grouped_by_prefix_of_12_segments"]
    assert published["A_segment1"] == pytest.approx((1 + 10 + 11) / 3)
    assert (ours["A_segment1"], ours["B_segment1"]) == (1, 100)
    assert all(ours[label] == value for label, value in published.items() if label[2:] != "segment1")


def test_names_that_hold_another_prefix_are_no_trouble():
    """The published code replaces ``A_`` wherever it stands, and finds no column of a token called ``RNA_x``."""
    layout = FeatureLayout(("RNA_x", "DNA"), 2)
    found = aggregate_tokens([[1.0, 3.0, 5.0, 5.0, 0.0, 2.0, -4.0, 4.0]], layout)
    assert dict(zip(layout.token_labels, found[0], strict=True)) == {
        "A_RNA_x": 2.0,
        "A_DNA": 5.0,
        "B_RNA_x": 1.0,
        "B_DNA": 4.0,
    }


@pytest.mark.parametrize("reference", [np.zeros, lambda shape: np.full(shape, 0.3)])
def test_deep_shap_against_one_reference_row(published, published_ae_dnn, reference):
    """The published ``baseline_type="zeros"`` and ``"mean"`` raise AttributeError."""
    data, (module, layout) = published("ae_dnn"), published_ae_dnn("seg")
    x, row = data["seg"][:5].astype(np.float32), reference((1, 60)).astype(np.float32)
    found = explain(module, x, "deep_shap", layout=layout, background=row)
    with torch.inference_mode():
        rise = (module(torch.from_numpy(x)) - module(torch.from_numpy(row))).numpy()
    np.testing.assert_allclose(found.feature_values.sum(axis=1), rise, rtol=0, atol=1e-5)
