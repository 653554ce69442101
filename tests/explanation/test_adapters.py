"""Methods of captum and shap by name: all of them run or refuse, agree with ours, and leave random numbers alone."""

import captum.attr
import numpy as np
import pytest
import shap
import torch
from sklearn.ensemble import RandomForestClassifier

from amp_sklearn.explanation import (
    CAPTUM_METHODS,
    SHAP_METHODS,
    RefusedExplanation,
    explain,
    make_explainer,
)

CHEAP = {
    "captum:KernelShap": {"n_samples": 40},
    "captum:ShapleyValueSampling": {"n_samples": 4},
    "captum:Lime": {"n_samples": 20},
    "captum:NoiseTunnel": {"nt_samples": 2},
}


@pytest.fixture(scope="module")
def forest(features, layout):
    x = np.asarray(features)
    return RandomForestClassifier(5, random_state=0).fit(x, x[:, 0] + x[:, 17] > 0)


@pytest.mark.parametrize(
    "method", [*(f"captum:{m}" for m in CAPTUM_METHODS), *(f"shap:{m}" for m in SHAP_METHODS)]
)
def test_every_method_explains_a_plain_network(network, features, method):
    found = explain(network("mlp"), features[:3], method, background=features, **CHEAP.get(method, {}))
    assert found.method == method and found.values.shape == (3, 4)
    # guided backpropagation passes on positive gradients only, and here there may be none
    assert np.abs(found.values).max() > 0 or method == "captum:GuidedBackprop"
    if found.error is not None and method != "captum:GradientShap":
        assert np.abs(found.error).max() < 1e-2
    assert all(isinstance(v, str | int | float | bool | None) for v in found.parameters.values())


def test_shapley_values_of_both_libraries_are_the_exact_ones(forest, features, layout):
    arguments = {"layout": layout, "background": features}
    exact = explain(forest, features[:3], "captum:ShapleyValues", **arguments).values
    np.testing.assert_allclose(
        explain(forest, features[:3], "shap:ExactExplainer", **arguments).values, exact, atol=1e-6
    )
    np.testing.assert_allclose(
        explain(forest, features[:3], "shap:KernelExplainer", **arguments).values, exact, atol=1e-6
    )
    assert np.abs(exact).max() > 0.01
    near = explain(forest, features[:3], "captum:ShapleyValueSampling", n_samples=200, **arguments).values
    np.testing.assert_allclose(near, exact, atol=0.03)


def test_ablation_and_occlusion_are_slow_twins_of_ours(forest, network, features, layout):
    for model in (forest, network("gru")):
        ours = explain(model, features[:5], "occlusion", layout=layout, background=features)
        for name in ("FeatureAblation", "Occlusion"):
            twin = explain(model, features[:5], f"captum:{name}", layout=layout, background=features)
            np.testing.assert_allclose(twin.values, ours.values, rtol=0, atol=1e-5)


def test_gradient_methods_are_slow_twins_of_ours(network, features):
    arguments = {"background": features, "aggregate": "sum"}
    for kind in ("mlp", "transformer"):
        ours = explain(network(kind), features[:4], "integrated_gradients", n_steps=50, **arguments)
        twin = explain(network(kind), features[:4], "captum:IntegratedGradients", n_steps=50, **arguments)
        np.testing.assert_allclose(twin.feature_values, ours.feature_values, rtol=0, atol=1e-4)
    ours = explain(network("mlp"), features[:4], "deep_shap", **arguments)
    twin = explain(network("mlp"), features[:4], "captum:DeepLiftShap", **arguments)
    np.testing.assert_allclose(twin.feature_values, ours.feature_values, rtol=0, atol=1e-5)
    np.testing.assert_allclose(twin.base_values, ours.base_values, rtol=0, atol=1e-5)


def test_expected_gradients_approach_those_of_captum(network, features):
    """Both draw points on paths from the same background at random: their means agree as the draws grow many."""
    arguments = {"background": features, "aggregate": "sum"}
    for kind in ("mlp", "transformer"):
        ours = explain(network(kind), features[:3], "gradient_shap", n_samples=4000, **arguments)
        twin = explain(
            network(kind), features[:3], "captum:GradientShap", n_samples=4000, stdevs=0.0, **arguments
        )
        size = np.abs(ours.feature_values).max()
        assert size > 0
        np.testing.assert_allclose(twin.feature_values, ours.feature_values, rtol=0, atol=0.1 * size)
        np.testing.assert_allclose(twin.values, ours.values, rtol=0, atol=0.1 * np.abs(ours.values).max())
        np.testing.assert_allclose(twin.base_values, ours.base_values, rtol=0, atol=1e-5)


def test_trees_are_those_of_shap_over_columns_and_over_tokens(forest, features):
    """One column a token: the players of shap's exact explainer, which asks the forest itself, are then the columns."""
    from amp_sklearn.data import FeatureLayout

    x = np.asarray(features)[:, [0, 3, 8, 17, 20, 31]].astype(np.float32)
    small = RandomForestClassifier(4, max_depth=3, random_state=0).fit(x, x[:, 0] + x[:, 3] > 0)
    columns = FeatureLayout(("cls", "segment0", "mean"), width=1)
    one = x[[7]]  # a single background row is the adapter's baseline
    ours = explain(
        small,
        x[:5],
        "tree_shap",
        perturbation="interventional",
        layout=columns,
        background=one,
        aggregate="sum",
    )
    for name in ("shap:ExactExplainer", "captum:ShapleyValues"):
        twin = explain(small, x[:5], name, layout=columns, background=one)
        np.testing.assert_allclose(twin.values, ours.values, rtol=0, atol=1e-6)
        np.testing.assert_allclose(twin.base_values, ours.base_values, rtol=0, atol=1e-6)
    assert np.abs(ours.values).max() > 0.01


def test_input_x_gradient_of_a_linear_network_is_by_hand(layout):
    linear = torch.nn.Linear(32, 1)
    x = np.random.RandomState(0).normal(size=(3, 32)).astype(np.float32)
    found = explain(linear, x, "captum:InputXGradient", layout=layout)
    np.testing.assert_allclose(found.feature_values, x * linear.weight.detach().numpy(), rtol=0, atol=1e-6)
    signs = explain(linear, x, "captum:Saliency", layout=layout).feature_values
    np.testing.assert_allclose(signs, np.tile(linear.weight.detach().numpy(), (3, 1)), atol=1e-6)


def test_lrp_of_a_network_without_biases_adds_up(layout):
    torch.manual_seed(0)
    layers = torch.nn.Linear(32, 6, bias=False), torch.nn.ReLU(), torch.nn.Linear(6, 1, bias=False)
    module = torch.nn.Sequential(*layers)
    x = np.random.RandomState(0).normal(size=(5, 32)).astype(np.float32)
    found = explain(module, x, "captum:LRP", layout=layout)
    logit = module(torch.from_numpy(x)).detach().numpy()[:, 0]
    np.testing.assert_allclose(found.values.sum(axis=1), logit, rtol=0, atol=1e-3)


def test_the_class_itself_and_settings(network, features):
    by_class = explain(
        network("mlp"), features[:2], captum.attr.KernelShap, background=features, n_samples=60
    )
    by_name = explain(network("mlp"), features[:2], "captum:KernelShap", background=features, n_samples=60)
    np.testing.assert_array_equal(by_class.values, by_name.values)
    assert by_name.parameters["n_samples"] == 60
    assert make_explainer(shap.PermutationExplainer).name == "shap:PermutationExplainer"
    assert make_explainer(shap.KernelExplainer).name == "shap:KernelExplainer"
    with pytest.raises(TypeError, match=r"captum:KernelShap has no setting n_sample; it has .*n_samples"):
        make_explainer("captum:KernelShap", n_sample=3)


def test_global_random_numbers_stay_as_they_were(network, features):
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    expected = np.random.uniform(), float(torch.rand(()))  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    for method in ("captum:KernelShap", "shap:KernelExplainer"):
        first = explain(network("mlp"), features[:2], method, background=features)
        assert (
            first.values == explain(network("mlp"), features[:2], method, background=features).values
        ).all()
    assert (np.random.uniform(), float(torch.rand(()))) == expected  # noqa: NPY002


@pytest.mark.parametrize("method", ["LRP", "DeepLift", "DeepLiftShap", "GuidedBackprop", "Deconvolution"])
def test_rules_of_plain_chains_refuse_other_networks(network, features, method):
    with pytest.raises(RefusedExplanation, match=r"captum:\w+ refuses this model.*'integrated_gradients'"):
        explain(network("transformer"), features[:2], f"captum:{method}")


def test_refusals_say_what_to_use(forest, network, features, layout):
    with pytest.raises(RefusedExplanation, match="'permutation' or 'occlusion'"):
        explain(forest, features, "captum:IntegratedGradients", layout=layout)
    for method, message in [
        ("captum:LayerConductance", "a layer or neuron inside the network"),
        ("captum:KernelSharp", r"did you mean 'captum:KernelShap'\?"),
        ("shap:TreeExplainer", "use 'tree_shap'"),
        ("shap:DeepExplainer", "use 'deep_shap'"),
        ("captum:LLMAttribution", "something other than a function of pairs' features"),
        (captum.attr.NeuronGradient, "a layer or neuron"),
    ]:
        with pytest.raises(ValueError, match=message):
            explain(network("mlp"), features, method)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shap", "deep_shap"),
        ("tree-shap", "tree_shap"),
        ("oclusion", "occlusion"),
        ("Attention", "attention"),
    ],
)
def test_closest_names_of_a_mistyped_method(typed, meant):
    with pytest.raises(ValueError, match=rf"did you mean .*'{meant}'.*captum:KernelShap"):
        make_explainer(typed)
    with pytest.raises(TypeError, match="name of an explainer"):
        make_explainer(3)
