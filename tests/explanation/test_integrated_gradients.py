"""Integrated gradients: completeness, the published numbers, a slow twin, and captum."""

import captum.attr
import numpy as np
import pytest
import torch

from amp_sklearn.data import PROTEIN_TOKENS
from amp_sklearn.data.segments import SEGMENT_TOKENS
from amp_sklearn.explanation import RefusedExplanation, baseline_rows, explain, read_model
from amp_sklearn.explanation.gradients import differentiating
from amp_sklearn.explanation.sequential_network import as_chain

KINDS = ("transformer", "gru", "dpm", "mlp")


def naive(module, x, baseline, n_steps):
    """One pair, one point at a time."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    found = torch.zeros_like(x)
    for row in range(len(x)):
        start = baseline[row if len(baseline) > 1 else 0]
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            point = (start + node * (x[row] - start))[None].requires_grad_()
            (gradient,) = torch.autograd.grad(module(point).sum(), point)
            found[row] += weight * gradient[0] * (x[row] - start)
    return found.numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_slow_twin(network, features, kind):
    module, some = network(kind).double(), features[:5]
    baseline = np.asarray(features).mean(axis=0, keepdims=True)
    x = torch.from_numpy(np.asarray(some)).double()
    expected = naive(module, x, torch.from_numpy(baseline).double(), n_steps=7)
    found = explain(module, some, "integrated_gradients", n_steps=7, baseline=baseline, batch_size=20)
    np.testing.assert_allclose(found.feature_values, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_completeness(network, features, kind):
    """Attributions add up to the difference of the logits; the error tells what is missing."""
    module = network(kind)
    some = features[:6]
    found = explain(module, some, "integrated_gradients", n_steps=800, aggregate="sum")
    with torch.inference_mode():
        logits = module(torch.from_numpy(np.asarray(some))).numpy()
    missing = found.values.sum(axis=1) - (logits - found.base_values)
    np.testing.assert_allclose(found.error, missing, rtol=0, atol=1e-5)
    # ReLU networks have kinks along the path, so quadrature converges slowly: 1 % of the largest difference
    assert np.abs(missing).max() < 0.01 * np.abs(logits - found.base_values).max()
    np.testing.assert_allclose(found.predictions, 1 / (1 + np.exp(-logits)), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "tokens"), [("segments", SEGMENT_TOKENS), ("cse", PROTEIN_TOKENS[:-1])])
def test_published_values(published, published_transformer, name, tokens):
    """The published recipe (25 steps, mean baseline) with dropout off. Tolerance 1e-5 at values up to 6.6."""
    data, (module, layout) = published("integrated_gradients"), published_transformer(tokens)
    x = data[name].reshape(40, -1)
    recipe = {"layout": layout, "n_steps": 25, "n_background": 200}
    found = explain(module, x, "integrated_gradients", **recipe)
    expected = data[f"{name}_attributions_first8"].reshape(8, -1)
    np.testing.assert_allclose(found.feature_values[:8], expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.values, data[f"{name}_mean_abs_over_dim"], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.mean(), data[f"{name}_dim1_importance"], rtol=1e-4)
    model = read_model(module, x, layout=layout)
    np.testing.assert_allclose(
        baseline_rows(model, "mean"), data[f"{name}_baseline"].reshape(1, -1), rtol=0, atol=1e-6
    )


def test_dropout_stays_off_unlike_published(published, published_transformer):
    """The published script leaves dropout on, so that two runs differ; here training mode changes nothing."""
    data, (module, layout) = published("integrated_gradients"), published_transformer(SEGMENT_TOKENS)
    x = data["segments"][:8].reshape(8, -1)
    baseline = data["segments_baseline"].reshape(-1)
    settings = {"layout": layout, "n_steps": 25, "baseline": baseline}
    module.train()
    try:
        again = [explain(module, x, "integrated_gradients", **settings).feature_values for _ in range(2)]
        noisy = [
            captum.attr.IntegratedGradients(module)
            .attribute(torch.from_numpy(x), torch.from_numpy(baseline)[None], n_steps=25)
            .detach()
            .numpy()
            for _ in range(2)
        ]
    finally:
        module.eval()
    np.testing.assert_array_equal(*again)
    np.testing.assert_allclose(again[0], data["segments_attributions_first8"].reshape(8, -1), atol=1e-5)
    assert np.abs(noisy[0] - noisy[1]).max() > 0.1


def test_mean_baseline_is_drawn_from_all_rows_unlike_published(published, published_transformer):
    """Of 230 pairs the published baseline can use the first 224 only."""
    data, (module, layout) = published("integrated_gradients"), published_transformer(SEGMENT_TOKENS)
    n = int(data["large_n"])
    assert data["large_baseline_rows"].max() < 224 < n
    x = np.zeros((n, layout.n_features), dtype=np.float32)
    x[:, 0] = np.arange(n) >= 224  # counts the rows that the published draw never sees
    share = baseline_rows(read_model(module, x, layout=layout), "mean")[0, 0]
    assert share > 0
    assert x[data["large_baseline_rows"], 0].sum() == 0


def distance_to_kink(module, x, baseline):
    """How near to zero any first hidden unit comes on the 50 points of each path, in double precision."""
    nodes = (np.polynomial.legendre.leggauss(50)[0] + 1)[:, None, None] / 2
    points = baseline + nodes * (x.astype(float) - baseline)
    first = module.mlp_layers[0]
    hidden = points @ first.weight.detach().double().numpy().T + first.bias.detach().double().numpy()
    return np.abs(hidden).min(axis=(0, 2))


@pytest.mark.parametrize("name", ["seg", "cse"])
@pytest.mark.parametrize("share_first_layer", [True, False])
def test_published_ae_dnn_values(published, published_ae_dnn, name, share_first_layer):
    data, (module, layout) = published("ae_dnn"), published_ae_dnn(name)
    x = data[name].astype(np.float32)
    baseline = x[data[f"{name}_ig_baseline_rows"]]
    settings = {"layout": layout, "baseline": baseline, "share_first_layer": share_first_layer}
    found = explain(module, x, "integrated_gradients", **settings)
    # where a hidden unit is zero to within rounding at a point of the path, rounding chooses the side of the
    # kink
    clear = distance_to_kink(module, x, baseline) > 1e-6
    assert (~clear).sum() <= 1
    np.testing.assert_allclose(
        found.feature_values[clear], data[f"{name}_ig_attributions"][clear], rtol=0, atol=1e-5
    )
    alphabetical = np.argsort(layout.token_labels)
    np.testing.assert_allclose(
        found.values[clear][:, alphabetical], data[f"{name}_ig_grouped"][clear], rtol=0, atol=1e-5
    )


def test_sampled_baseline_is_the_published_draw(published, published_ae_dnn):
    """``baseline="sample"``: another row for each pair, as the published script does."""
    data, (module, layout) = published("ae_dnn"), published_ae_dnn("seg")
    x = data["seg"].astype(np.float32)
    drawn = baseline_rows(read_model(module, x, layout=layout), "sample")
    np.testing.assert_array_equal(drawn, x[data["seg_ig_baseline_rows"]])
    mean = baseline_rows(read_model(module, x, layout=layout), "mean")
    assert mean.shape == (1, 60)
    assert np.abs(mean - drawn).max() > 0.5


@pytest.mark.parametrize("n_outputs", [1, 2, 3])
def test_shared_first_layer_is_the_same(network, features, n_outputs):
    module = network("mlp", n_outputs=n_outputs)
    assert as_chain(module, torch.from_numpy(np.asarray(features))) is not None
    target = {"target": 2} if n_outputs == 3 else {}
    if n_outputs == 3:
        module.classes_ = np.arange(3)
    both = [
        explain(module, features, "integrated_gradients", share_first_layer=share, **target)
        for share in (True, False)
    ]
    np.testing.assert_allclose(both[0].feature_values, both[1].feature_values, rtol=0, atol=1e-5)
    np.testing.assert_allclose(both[0].error, both[1].error, rtol=0, atol=1e-5)


def test_chains_are_recognised_by_what_they_compute(network, features):
    x = torch.from_numpy(np.asarray(features))
    for kind in ("transformer", "gru", "dpm"):
        assert as_chain(network(kind), x) is None

    class Twisted(torch.nn.Module):
        """Layers of a plain chain, used otherwise."""

        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(32, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))

        def forward(self, x):
            return self.layers(x * 2)

    assert as_chain(Twisted(), x) is None
    assert len(as_chain(Twisted().layers, x)) == 3


def test_captum_agrees(network, features):
    for kind in KINDS:
        module = network(kind)
        found = explain(module, features[:6], "integrated_gradients", n_steps=20, baseline="zero")
        expected = captum.attr.IntegratedGradients(module).attribute(
            torch.from_numpy(np.asarray(features[:6])), n_steps=20
        )
        np.testing.assert_allclose(found.feature_values, expected.detach().numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("method", ["integrated_gradients", "gradient_shap", "deep_shap"])
def test_the_network_is_left_as_it_was(method, network, features):
    """Also one some of whose parameters are frozen, and also after an error."""
    module = network("mlp").train()
    next(module.parameters()).requires_grad_(False)
    before = [parameter.requires_grad for parameter in module.parameters()]
    assert len(set(before)) == 2
    explain(module, features[:2], method)
    with pytest.raises(RuntimeError, match="no"), differentiating(module):
        raise RuntimeError("no")
    assert [parameter.requires_grad for parameter in module.parameters()] == before
    assert all(parameter.grad is None for parameter in module.parameters())
    assert module.training


def test_features_can_be_left_out(network, features):
    kept = explain(network("gru"), features, "integrated_gradients")
    left = explain(network("gru"), features, "integrated_gradients", keep_features=False)
    assert left.feature_values is None
    np.testing.assert_array_equal(kept.values, left.values)


def test_wrong_settings(network, features):
    for settings, message in [
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"baseline": "median"}, "baseline must be one of"),
        ({"baseline": np.zeros(3)}, r"baseline must have shape \(32,\)"),
        ({"aggregate": "max"}, "aggregate must be one of"),
    ]:
        with pytest.raises(ValueError, match=message):
            explain(network("mlp"), features, "integrated_gradients", **settings)


def test_classifiers_without_gradients_are_refused(features):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(np.asarray(features), np.arange(40) % 2)
    with pytest.raises(RefusedExplanation, match=r"gradient of a network.*permutation"):
        explain(model, features, "integrated_gradients")
