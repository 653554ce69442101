"""Linear layers by oneDNN: forwards, backwards, and where they leave the work to torch's default library."""

import pickle

import numpy as np
import pytest
import torch
from torch.nn import functional

from amp_sklearn.classification import AMPSClassifier
from amp_sklearn.nn import linear as linear_module
from amp_sklearn.nn.encoder_layer import PreNormEncoderLayer
from amp_sklearn.nn.linear import Linear, has_onednn, linear

pytestmark = pytest.mark.skipif(
    not has_onednn(), reason="this torch came without oneDNN: its default library computes all"
)


@pytest.fixture
def onednn(monkeypatch):
    """All layers of this test are computed by oneDNN."""
    monkeypatch.setattr(linear_module, "prefers_onednn", lambda: True)
    for limit in ("LEAST_ROWS", "LEAST_PRODUCTS"):
        monkeypatch.setattr(linear_module, limit, 1)


def layer(n_in=37, n_out=20, shape=(3, 7), seed=0):
    generator = torch.Generator().manual_seed(seed)
    sizes = (*shape, n_in), (n_out, n_in), (n_out,)
    x, weight, bias = (torch.randn(size, generator=generator) for size in sizes)
    return x.requires_grad_(), torch.nn.Parameter(weight), torch.nn.Parameter(bias)


def by_onednn(out):
    """Whether oneDNN computed a tensor, or what it is a view of."""
    nodes = [out.grad_fn, *(node for node, _ in out.grad_fn.next_functions)]
    return any("_Linear" in type(node).__name__ for node in nodes)


def gradients(out, inputs):
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view(out.shape)
    return torch.autograd.grad((out * weights).sum(), inputs)


@pytest.mark.parametrize("shape", [(1,), (6,), (3, 7), (5, 20)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_values_and_gradients_equal_those_in_double_precision(shape, has_bias, onednn):
    x, weight, bias = layer(shape=shape)
    inputs = (x, weight, bias) if has_bias else (x, weight)
    doubles = [tensor.detach().double().requires_grad_() for tensor in inputs]
    found, expected = linear(*inputs), functional.linear(*doubles)
    assert by_onednn(found)
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)
    pairs = zip(gradients(found, inputs), gradients(expected, doubles), strict=True)
    for of_found, of_expected in pairs:
        torch.testing.assert_close(of_found.double(), of_expected, rtol=0, atol=2e-5)


def test_only_gradients_that_are_asked_for_are_computed(onednn, monkeypatch):
    x, weight, bias = layer()
    out = linear(x.detach(), weight, bias)
    products, product = [], linear_module.onednn_linear
    monkeypatch.setattr(linear_module, "onednn_linear", lambda *a: products.append(1) or product(*a))
    gradients(out, [weight])
    assert len(products) == 1


def test_tensors_in_another_order_of_memory(onednn):
    x, weight, bias = layer()
    turned = x.detach().transpose(0, 1).contiguous().transpose(0, 1).requires_grad_()
    torch.testing.assert_close(linear(turned, weight, bias), linear(x, weight, bias), rtol=0, atol=0)
    (of_turned,) = gradients(linear(turned, weight, bias), [turned])
    (of_x,) = gradients(linear(x, weight, bias), [x])
    torch.testing.assert_close(of_turned, of_x, rtol=0, atol=0)


def test_the_result_may_be_changed_in_place(onednn):
    for shape in ((7,), (3, 7)):
        x, weight, bias = layer(shape=shape)
        out = linear(x, weight, bias).add_(1)
        assert all(gradient.isfinite().all() for gradient in gradients(out, [x, weight, bias]))


def test_other_types_and_small_layers_are_left_to_torch(monkeypatch):
    monkeypatch.setattr(linear_module, "prefers_onednn", lambda: True)
    x, weight, bias = layer(64, 2048, (256,))
    assert by_onednn(linear(x, weight, bias))
    assert not by_onednn(linear(x[:30], weight, bias))
    assert not by_onednn(linear(x, weight[:8], bias[:8]))
    doubles = x.double(), weight.double(), bias.double()
    assert linear(*doubles).dtype == torch.float64
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(x, weight, bias).dtype == torch.bfloat16
    monkeypatch.setattr(linear_module, "prefers_onednn", lambda: False)
    torch.testing.assert_close(linear(x, weight, bias), functional.linear(x, weight, bias), rtol=0, atol=0)


@pytest.mark.parametrize(("amd", "expected"), [(True, True), (False, False)])
def test_onednn_is_preferred_on_processors_of_amd(amd, expected, monkeypatch):
    monkeypatch.setattr(linear_module, "is_amd", lambda: amd)
    assert linear_module.prefers_onednn() is expected
    monkeypatch.setattr(linear_module, "has_onednn", lambda: False)
    assert linear_module.prefers_onednn() is False


@pytest.mark.parametrize(
    ("n_in", "n_out", "n_bias"), [(38, 20, 20), (36, 20, 20), (37, 20, 1), (37, 20, 19), (37, 0, 20)]
)
def test_shapes_that_do_not_fit_are_refused_by_torch(n_in, n_out, n_bias, onednn):
    x, weight, bias = torch.zeros(24, 37), torch.zeros(n_out, n_in), torch.zeros(n_bias)
    if n_bias == 1:  # torch broadcasts it
        assert linear(x, weight, bias + 1).eq(1).all()
        return
    with pytest.raises(RuntimeError):
        linear(x, weight, bias)


def test_gradients_of_gradients(onednn):
    x, weight, bias = ((0.2 * tensor.detach()).requires_grad_() for tensor in layer())
    doubles = [tensor.detach().double().requires_grad_() for tensor in (x, weight, bias)]

    def penalty_gradients(function, inputs):
        out = function(function(*inputs).tanh() @ inputs[1], *inputs[1:])
        found = torch.autograd.grad(out.tanh().sum(), inputs, create_graph=True)
        return torch.autograd.grad(sum(part.pow(2).sum() for part in found), inputs)

    found, expected = (
        penalty_gradients(linear, (x, weight, bias)),
        penalty_gradients(functional.linear, doubles),
    )
    for of_found, of_expected in zip(found, expected, strict=True):
        torch.testing.assert_close(of_found.double(), of_expected, rtol=1e-4, atol=1e-4)


def test_nothing_is_kept_that_no_gradient_needs(onednn):
    x, weight, bias = layer()
    hidden = 3 * x
    out = linear(hidden, weight.detach(), bias)
    hidden.mul_(2)  # would be an error if the gradient of the weight were to come
    gradients(out, [x, bias])


def test_functional_transforms_and_pickles(onednn):
    x, weight, bias = layer(shape=(4,))

    def loss(weight):
        return linear(x, weight, bias).pow(2).sum()

    (expected,) = torch.autograd.grad(functional.linear(x, weight, bias).pow(2).sum(), weight)
    torch.testing.assert_close(torch.func.grad(loss)(weight), expected)
    rows = torch.func.vmap(lambda row: linear(row, weight, bias))(x)
    torch.testing.assert_close(rows, functional.linear(x, weight, bias))
    module = Linear(5, 3)
    torch.testing.assert_close(pickle.loads(pickle.dumps(module))(x[:, :5]), module(x[:, :5]))


@pytest.mark.parametrize("default", ["float64", "meta"])
def test_the_defaults_of_torch_do_not_matter(default, onednn):
    x, weight, bias = layer()
    expected = functional.linear(x, weight, bias)
    before = torch.get_default_dtype()
    try:
        if default == "float64":
            torch.set_default_dtype(torch.float64)
        with torch.device("meta" if default == "meta" else "cpu"):
            found = linear(x, weight, bias)
            (of_found,) = torch.autograd.grad(found, x, torch.ones(found.shape, dtype=x.dtype, device="cpu"))
    finally:
        torch.set_default_dtype(before)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(of_found, torch.ones_like(expected) @ weight)


def test_an_encoder_layer_equals_that_of_torch(onednn):
    torch.manual_seed(0)
    encoder = PreNormEncoderLayer(16, 2, 24, 0.0)
    plain = torch.nn.TransformerEncoderLayer(16, 2, 24, 0.0, batch_first=True, norm_first=True)
    plain.load_state_dict(encoder.state_dict())
    tokens = torch.randn(5, 6, 16, requires_grad=True)
    found, expected = encoder(tokens), plain(tokens)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-6)
    inputs = [tokens, *encoder.parameters()]
    of_plain = gradients(expected, [tokens, *plain.parameters()])
    for mine, theirs in zip(gradients(found, inputs), of_plain, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=2e-5)


def test_a_model_trained_and_asked_by_either_is_the_same(onednn, monkeypatch):
    generator = np.random.default_rng(0)
    X, y = generator.standard_normal((30, 20 * 8)).astype(np.float32), np.arange(30) % 2
    found = []
    for fast in (True, False):
        monkeypatch.setattr(linear_module, "prefers_onednn", lambda fast=fast: fast)
        model = AMPSClassifier(
            n_layers=2, n_heads=2, dim_feedforward=16, hidden1=8, hidden2=4, dropout=0.0,
            max_epochs=3, batch_size=10, lr=1e-3, device="cpu", random_state=0,
        )  # fmt: skip
        found.append(model.fit(X, y).decision_function(X))
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-4)


def test_weights_cut_out_of_wider_ones_are_copied_and_no_others():
    weight = torch.randn(20, 74)
    halves = weight.chunk(2, dim=1)
    for half in halves:
        assert linear_module.dense_weight(half).is_contiguous()
        assert torch.equal(linear_module.dense_weight(half), half)
    ordered = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    for kept in (weight, weight.T, weight[:7], ordered):
        assert linear_module.dense_weight(kept) is kept
