"""Attention: the published numbers, the layers run by hand, and nothing left behind."""

import numpy as np
import pytest
import torch

from amp_sklearn.data import PROTEIN_TOKENS
from amp_sklearn.data.segments import SEGMENT_TOKENS
from amp_sklearn.explanation import RefusedExplanation, explain
from amp_sklearn.explanation.attention import find_encoder, recorded_attention, rollout

PUBLISHED_TOLERANCE = 1e-6  # float32 attention weights; rows sum to 1


@pytest.mark.parametrize(("name", "tokens"), [("segments", SEGMENT_TOKENS), ("cse", PROTEIN_TOKENS[:-1])])
def test_published_values(published, published_transformer, name, tokens):
    data, (module, layout) = published("attention"), published_transformer(tokens)
    found = explain(module, data[name].reshape(3, -1), "attention", layout=layout)
    expected = data[f"{name}_mean"].swapaxes(0, 1)
    np.testing.assert_allclose(found.token_maps, expected, rtol=0, atol=PUBLISHED_TOLERANCE)
    np.testing.assert_allclose(found.values, expected.mean(axis=(1, 2)), rtol=0, atol=PUBLISHED_TOLERANCE)


def test_published_heads(published, published_transformer):
    data, (module, layout) = published("attention"), published_transformer(SEGMENT_TOKENS)
    found = explain(module, data["segments"].reshape(3, -1), "attention", layout=layout, per_head=True)
    expected = data["segments_per_head"].swapaxes(0, 1).reshape(3, 24, 20, 20)
    np.testing.assert_allclose(found.token_maps, expected, rtol=0, atol=PUBLISHED_TOLERANCE)
    assert found.map_names[:5] == (*(f"layer 1 head {h}" for h in range(1, 5)), "layer 2 head 1")


def by_hand(module, x):
    """The encoder layer by layer, each asked for its weights."""
    hidden, maps = module.embed(x), []
    for layer in module.transformer_encoder.layers:
        normed = layer.norm1(hidden)
        attended, weights = layer.self_attn(normed, normed, normed, average_attn_weights=True)
        maps.append(weights)
        hidden = hidden + attended
        hidden = hidden + layer.linear2(layer.activation(layer.linear1(layer.norm2(hidden))))
    return torch.stack(maps, dim=1).detach().numpy()


def test_layers_run_by_hand(network, features, layout):
    module = network("transformer", chain_embedding=True, position_embedding=True)
    expected = by_hand(module, torch.from_numpy(np.asarray(features)))
    found = explain(module, features, "attention", batch_size=16)
    np.testing.assert_allclose(found.token_maps, expected, rtol=0, atol=1e-6)
    last = explain(module, features, "attention", layers=[-1])
    np.testing.assert_allclose(last.token_maps[:, 0], expected[:, -1], rtol=0, atol=1e-6)
    assert last.map_names == ("layer 2",)


@pytest.mark.parametrize("settings", [{}, {"per_head": True}, {"rollout": True}, {"layers": (0,)}])
def test_rows_and_values_sum_to_one(network, features, settings):
    found = explain(network("transformer"), features, "attention", **settings)
    np.testing.assert_allclose(found.token_maps.sum(axis=-1), 1, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.values.sum(axis=1), 1, rtol=0, atol=1e-5)
    assert (found.token_maps >= 0).all()


def test_rollout_by_hand():
    maps = np.random.RandomState(0).dirichlet(np.ones(3), size=(2, 2, 3))
    for pair in range(2):
        first, second = (0.5 * maps[pair, layer] + 0.5 * np.eye(3) for layer in range(2))
        np.testing.assert_allclose(rollout(maps)[pair], second @ first, atol=1e-12)


def test_nothing_is_left_on_the_network(network, features):
    module = network("transformer").train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    one = explain(module, features, "attention")
    two = explain(module, features, "attention")
    np.testing.assert_array_equal(
        one.values, two.values
    )  # dropout is off although the network is in training
    assert all(part.training for part in module.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    with pytest.raises(KeyError), recorded_attention(find_encoder(module)):
        raise KeyError
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


def test_maps_can_be_left_out(network, features):
    found = explain(network("transformer"), features, "attention", keep_maps=False)
    assert found.token_maps is None
    np.testing.assert_array_equal(found.values, explain(network("transformer"), features, "attention").values)


def test_networks_without_attention_are_refused(network, features):
    for kind in ("gru", "dpm", "mlp"):
        with pytest.raises(RefusedExplanation, match=r"TransformerEncoder.*integrated_gradients"):
            explain(network(kind), features, "attention")
    module = network("transformer")
    module.explainable_by = frozenset({"integrated_gradients"})
    with pytest.raises(RefusedExplanation, match="declares"):
        explain(module, features, "attention")
    with pytest.raises(RefusedExplanation, match="not both"):
        explain(network("transformer"), features, "attention", rollout=True, per_head=True)


@pytest.mark.parametrize("layers", ["last", [2], [-3], []])
def test_layers_out_of_range(network, features, layers):
    with pytest.raises(ValueError, match="layers must"):
        explain(network("transformer"), features, "attention", layers=layers)
