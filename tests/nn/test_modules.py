"""Initialisation, order, shapes and errors of the torch modules."""

from math import sqrt

import pytest
import torch

from amp_sklearn.nn import (
    AutoEncoder,
    DeepPairNetwork,
    LateInteraction,
    MLPHead,
    PairGRU,
    PairTransformer,
    TokenMean,
)
from amp_sklearn.nn.encoder_layer import PreNormEncoderLayer

SMALL = {"n_layers": 2, "n_heads": 4, "dim_feedforward": 32, "hidden": (8, 4)}
MAKERS = {
    "transformer": lambda **kw: PairTransformer(4, 8, **SMALL, **kw),
    "gru": lambda **kw: PairGRU(4, 8, n_layers=2, hidden=(8, 4), **kw),
    "mean": lambda **kw: TokenMean(4, 8, hidden=(8, 4), **kw),
    "dpm": lambda **kw: DeepPairNetwork(4, 8, hidden=(8, 6, 4), **kw),
    "late": lambda **kw: LateInteraction(4, 8, hidden=8, d_model=4, n_channels=2, protein_width=6, **kw),
    "mlp": lambda **kw: MLPHead(4, 8, hidden=(8, 4), **kw),
}
METHODS = {"attention", "integrated_gradients", "gradient_shap", "deep_shap", "interaction_map"}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("name", MAKERS)
def test_one_logit_or_several(name):
    x = torch.randn(5, 32)
    assert MAKERS[name]()(x).shape == (5,)
    assert MAKERS[name](n_outputs=3)(x).shape == (5, 3)


@pytest.mark.parametrize("name", MAKERS)
def test_wrong_number_of_features_is_named(name):
    with pytest.raises(
        ValueError, match=r"expects 32 features per pair \(4 tokens x 8 dimensions\), got .*\(5, 31\)"
    ):
        MAKERS[name]()(torch.zeros(5, 31))


@pytest.mark.parametrize("name", MAKERS)
def test_permutation_invariant_tells_the_truth(name):
    module = MAKERS[name]().eval().double()
    x = torch.randn(5, 4, 8, dtype=torch.float64)
    with torch.inference_mode():
        change = (module(x[:, [2, 3, 0, 1]].flatten(1)) - module(x.flatten(1))).abs().max()
    assert (change < 1e-12) == module.permutation_invariant
    assert module.explainable_by <= METHODS


@pytest.mark.parametrize("chain, position", [(True, False), (False, True), (True, True)])
def test_embeddings_let_the_transformer_see_order(chain, position):
    module = MAKERS["transformer"](chain_embedding=chain, position_embedding=position).eval().double()
    assert not module.permutation_invariant
    x = torch.randn(5, 4, 8, dtype=torch.float64)

    def change(order):
        with torch.inference_mode():
            return (module(x[:, order].flatten(1)) - module(x.flatten(1))).abs().max().item()

    assert (change([2, 3, 0, 1]) > 1e-6) == chain  # proteins swapped
    assert (change([1, 0, 3, 2]) > 1e-6) == position  # segments swapped within both proteins


def test_every_encoder_layer_has_its_own_initialisation():
    layers = MAKERS["transformer"]().transformer_encoder.layers
    assert not torch.equal(layers[0].linear1.weight, layers[1].linear1.weight)
    assert not torch.equal(layers[0].self_attn.in_proj_weight, layers[1].self_attn.in_proj_weight)


def test_published_size_has_the_published_number_of_parameters():
    with torch.device("meta"):
        module = PairTransformer(20, 1280)
    assert sum(p.numel() for p in module.parameters()) == 71_834_209


def test_published_initialisation():
    transformer, gru = PairTransformer(20, 64, n_layers=1, n_heads=4), PairGRU(20, 64, n_layers=2)
    head = transformer.mlp_layers
    assert head[0].weight.std().item() == pytest.approx(sqrt(2 / 64), rel=0.03)
    assert head[2].weight.std().item() == pytest.approx(sqrt(2 / 640), rel=0.03)
    assert all(not head[i].bias.any() for i in (0, 2, 4))
    recurrent = gru.gru.weight_hh_l1
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(64), atol=1e-5, rtol=0)
    assert gru.gru.weight_ih_l1.std().item() == pytest.approx(sqrt(2 / 64), rel=0.03)
    assert not gru.gru.bias_ih_l0.any() and not gru.gru.bias_hh_l1.any()
    dpm, mlp = DeepPairNetwork(2, 256).dnn_layers, MLPHead(20, 25).mlp_layers
    assert dpm[0].weight.std().item() == pytest.approx(sqrt(2 / 512), rel=0.03)
    assert dpm[0].bias.any()
    assert mlp[0].weight.std().item() == pytest.approx(1 / sqrt(3 * 500), rel=0.03)


def test_one_beta_per_autoencoder():
    first, second = AutoEncoder(16, 4), AutoEncoder(16, 4)
    betas = [key for key in first.state_dict() if key.endswith("activation.beta")]
    assert betas == [f"{part}.{i}.activation.beta" for part in ("encoder", "decoder") for i in (0, 1)]
    assert sum(name.endswith("beta") for name, _ in first.named_parameters()) == 1
    assert first.encoder[0].activation is first.decoder[1].activation
    assert first.encoder[0].activation is not second.encoder[0].activation


def test_autoencoder_initialisation():
    module = AutoEncoder(1024, 150)
    assert module.encoder[0].fc.weight_orig.std().item() == pytest.approx(sqrt(2 / 1024), rel=0.03)
    assert module.decoder[0].downsample.weight_orig.std().item() == pytest.approx(sqrt(2 / 150), rel=0.03)
    assert module.fc3.weight_orig.std().item() == pytest.approx(1 / sqrt(3 * 512), rel=0.03)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match=r"n_heads=8 must divide the width of a token, 12; give d_model"):
        PairTransformer(20, 12)
    assert PairTransformer(20, 12, d_model=16, n_layers=1)(torch.zeros(2, 240)).shape == (2,)


def test_embeddings_need_equal_blocks():
    with pytest.raises(ValueError, match="2 equal blocks, got 5 tokens"):
        PairTransformer(5, 8, chain_embedding=True)


def test_sizes_must_be_positive():
    with pytest.raises(ValueError, match="at least 1, got 0 and 8"):
        TokenMean(0, 8)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_encoder_layer_computes_and_learns_what_torch_s_does(dropout):
    ours = PreNormEncoderLayer(8, 2, 16, dropout).double()
    theirs = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout, batch_first=True, norm_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(5, 4, 8, dtype=torch.float64)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), rtol=0, atol=1e-12)
    if dropout:  # in training the random numbers differ, their effect on average does not
        many = x[:1].expand(20_000, 4, 8)
        with torch.no_grad():
            a, b = (layer.train()(many) for layer in (ours, theirs))
        torch.testing.assert_close(a.mean(0), b.mean(0), rtol=0, atol=0.05)
        torch.testing.assert_close(a.std(0), b.std(0), rtol=0.05, atol=0)
        return
    for layer in (ours, theirs):
        layer.train()(x).square().sum().backward()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=0, atol=1e-10, msg=name)


def test_encoder_layer_lets_its_parts_be_watched():
    layer, x, seen = PreNormEncoderLayer(8, 2, 16, 0.0).eval(), torch.randn(5, 4, 8), []
    expected = layer(x)
    handle = layer.self_attn.register_forward_hook(lambda *call: seen.append(call))
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-6)
    handle.remove()
    assert len(seen) == 1
    mask = torch.tril(torch.ones(4, 4)) == 0
    assert not torch.allclose(layer(x, src_mask=mask), expected)
