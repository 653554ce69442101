"""DeepSHAP and expected gradients: additivity, the published numbers, the library, exact Shapley values."""

import warnings

import numpy as np
import pytest
import shap
import torch
from torch import nn

from amp_sklearn.explanation import RefusedExplanation, explain

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus)


def chain(activation, n_outputs=1):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        layers = [nn.Linear(32, 10), activation(), nn.Dropout(0.5), nn.Linear(10, 6), activation()]
        return nn.Sequential(*layers, nn.Linear(6, n_outputs)).eval()


@pytest.mark.parametrize("name", ["seg", "cse"])
def test_published_deep_shap(published, published_ae_dnn, name):
    """Background as recorded; tolerance 1e-5 for a float32 network, as its own additivity error is."""
    data, (module, layout) = published("ae_dnn"), published_ae_dnn(name)
    x = data[name].astype(np.float32)
    background = x[data[f"{name}_deepshap_background_rows"]]
    found = explain(module, x, "deep_shap", layout=layout, background=background)
    np.testing.assert_allclose(found.feature_values, data[f"{name}_deepshap_values"], rtol=0, atol=1e-5)
    alphabetical = np.argsort(layout.token_labels)
    np.testing.assert_allclose(
        found.values[:, alphabetical], data[f"{name}_deepshap_grouped"], rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_deep_shap_adds_up(features, layout, activation):
    found = explain(chain(activation).double(), features, "deep_shap", aggregate="sum", batch_size=90)
    np.testing.assert_allclose(found.error, 0, rtol=0, atol=1e-12)
    with torch.inference_mode():
        logits = chain(activation).double()(torch.from_numpy(np.asarray(features)).double()).numpy()[:, 0]
    np.testing.assert_allclose(found.base_values, logits.mean(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.values.sum(axis=1), logits - logits.mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
@pytest.mark.filterwarnings("ignore")
def test_deep_shap_equals_the_shap_library(features, activation):
    module, x = chain(activation), torch.from_numpy(np.asarray(features))
    expected = shap.DeepExplainer(module, x[:15]).shap_values(x[15:25])[..., 0]
    found = explain(module, features[15:25], "deep_shap", background=features[:15])
    np.testing.assert_allclose(found.feature_values, expected, rtol=0, atol=1e-5)


def test_deep_shap_of_one_of_several_classes(features):
    module = chain(nn.ReLU, n_outputs=3)
    module.classes_ = np.array(["a", "b", "c"])
    found = explain(module, features, "deep_shap", target="c", aggregate="sum")
    with torch.inference_mode():
        logits = module(torch.from_numpy(np.asarray(features)))[:, 2].numpy()
    np.testing.assert_allclose(found.values.sum(axis=1), logits - logits.mean(), rtol=0, atol=1e-5)


def test_deep_shap_where_pair_and_background_are_equal(features):
    """No quotient of zeros: a pair explained against itself has no attribution."""
    found = explain(chain(nn.ReLU), features[:1], "deep_shap", background=features[:1])
    np.testing.assert_array_equal(found.feature_values, 0)


@pytest.mark.parametrize(
    ("kind", "layer"), [("gru", "GRU"), ("dpm", "LayerNorm"), ("transformer", "LayerNorm")]
)
def test_deep_shap_is_refused_where_it_is_wrong(network, features, kind, layer):
    with pytest.raises(RefusedExplanation, match=rf"has .*{layer}.*; use 'integrated_gradients'"):
        explain(network(kind), features, "deep_shap")
    # why: the library's values do not add up on these networks
    module, x = network(kind), torch.from_numpy(np.asarray(features))

    class Column(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, x):
            return self.module(x)[:, None]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = shap.DeepExplainer(Column(), x[:15]).shap_values(x[15:25], check_additivity=False)
    with torch.inference_mode():
        difference = (module(x[15:25]) - module(x[:15]).mean()).numpy()
    missing = np.abs(values.reshape(10, -1).sum(axis=1) - difference).max()
    assert missing > 0.01 * np.abs(difference).max()


def test_deep_shap_is_refused_for_hidden_detours(features):
    class Detour(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = chain(nn.ReLU)

        def forward(self, x):
            return self.layers(x.abs())

    with pytest.raises(RefusedExplanation, match="no plain chain"):
        explain(Detour(), features, "deep_shap")


@pytest.mark.parametrize("kind", ["transformer", "gru", "dpm", "mlp"])
def test_gradient_shap_adds_up_but_for_sampling(network, features, kind):
    module = network(kind)
    few, many = (
        explain(module, features, "gradient_shap", n_samples=n, batch_size=4000, aggregate="sum")
        for n in (10, 1000)
    )
    with torch.inference_mode():
        logits = module(torch.from_numpy(np.asarray(features))).numpy()
    difference = logits - logits.mean()
    np.testing.assert_allclose(many.error, many.values.sum(axis=1) - difference, rtol=0, atol=1e-4)
    assert np.abs(many.error).mean() < 0.25 * np.abs(few.error).mean()
    assert np.abs(many.error).mean() < 0.1 * np.abs(difference).max()


def test_gradient_shap_of_a_linear_network_is_exact_in_expectation(features, layout):
    module = nn.Linear(32, 1)
    x = np.asarray(features)
    found = explain(module, features, "gradient_shap", n_samples=20000, batch_size=20000)
    weights = module.weight.detach().numpy()
    np.testing.assert_allclose(found.feature_values, (x - x.mean(axis=0)) * weights, rtol=0, atol=0.02)


def exact_shapley(value, n):
    """Shapley values from all subsets; ``value`` takes a boolean mask of present players."""
    from itertools import combinations
    from math import factorial

    found = np.zeros(n)
    for player in range(n):
        others = [i for i in range(n) if i != player]
        for size in range(n):
            for chosen in combinations(others, size):
                mask = np.zeros(n, dtype=bool)
                mask[list(chosen)] = True
                with_player = mask.copy()
                with_player[player] = True
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                found[player] += weight * (value(with_player) - value(mask))
    return found


def test_deep_shap_of_a_linear_network_is_the_exact_shapley_value(layout):
    from amp_sklearn.data import FeatureLayout

    small = FeatureLayout(("cls", "mean"), 1)
    module = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1)).double()
    random = np.random.RandomState(0)
    x, background = random.normal(size=(2, 4)), random.normal(size=(5, 4))
    found = explain(module, x, "deep_shap", layout=small, background=background)
    for row in range(2):

        def value(mask, row=row):
            mixed = np.where(mask, x[row], background)
            return float(module(torch.from_numpy(mixed)).mean())

        np.testing.assert_allclose(found.feature_values[row], exact_shapley(value, 4), rtol=0, atol=1e-12)
