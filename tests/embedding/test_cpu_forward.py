"""Compiled attention and packed linear layers of the forward pass against the plain formulas in double precision."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import EsmModel

from amp_sklearn.cpu.compilation import uses_own_kernels
from amp_sklearn.embedding import linear as linear_module
from amp_sklearn.embedding import packed_esm2
from amp_sklearn.embedding.cpu_attention import attend_packed
from amp_sklearn.embedding.linear import PackedLinear
from amp_sklearn.embedding.packed_esm2 import PackedESM2
from amp_sklearn.nn.linear import has_onednn

needs_kernels = pytest.mark.skipif(
    not uses_own_kernels(), reason="compiled kernels are turned off: torch computes attention"
)
needs_onednn = pytest.mark.skipif(not has_onednn(), reason="this torch came without oneDNN")

LENGTHS = np.array([1, 2, 5, 6, 7, 12, 13, 16, 17, 130, 300])


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def random_heads(head_width, scale=1.0, n_heads=3):
    generator = torch.Generator().manual_seed(head_width)
    return scale * torch.randn(LENGTHS.sum(), 3, n_heads, head_width, generator=generator)


def attention_by_the_textbook(heads):
    found = []
    for start, length in zip(np.cumsum(LENGTHS) - LENGTHS, LENGTHS, strict=True):
        query, key, value = heads[start : start + length].double().permute(1, 2, 0, 3)
        weights = functional.softmax(query @ key.mT / query.shape[-1] ** 0.5, dim=-1)
        found.append((weights @ value).transpose(0, 1).flatten(1))
    return torch.cat(found)


@needs_kernels
@pytest.mark.parametrize("head_width", [2, 10, 16, 24, 32, 64, 80])
def test_attention_equals_its_definition(head_width):
    heads = random_heads(head_width)
    found = attend_packed(heads, LENGTHS)
    torch.testing.assert_close(found.double(), attention_by_the_textbook(heads), rtol=0, atol=3e-6)


@needs_kernels
def test_attention_with_weights_from_nothing_to_everything():
    heads = random_heads(16, scale=12)  # products of queries and keys up to some thousands
    found = attend_packed(heads, LENGTHS)
    torch.testing.assert_close(found.double(), attention_by_the_textbook(heads), rtol=0, atol=2e-3)
    assert not found.isnan().any()


@needs_kernels
def test_what_is_not_a_number_is_not_hidden():
    for part in range(3):  # of a query, a key, a value of the last sequence
        heads = random_heads(16)
        heads[-7, part, 1, 3] = torch.nan
        found = attend_packed(heads, LENGTHS).view(-1, 3, 16)
        assert found[-7, 1, 3].isnan()
        assert not found[:-300].isnan().any() and not found[:, [0, 2]].isnan().any()


@needs_kernels
def test_threads_change_no_bit_of_attention(threads):
    heads = random_heads(24)
    threads(1)
    expected = attend_packed(heads, LENGTHS)
    threads(2)
    assert torch.equal(attend_packed(heads, LENGTHS), expected)


@needs_kernels
def test_attention_of_a_sequence_does_not_depend_on_the_others():
    heads = random_heads(16)
    together = attend_packed(heads, LENGTHS)
    alone = attend_packed(heads[-300:], LENGTHS[-1:])
    assert torch.equal(alone, together[-300:])


SHAPES = [(1, 16, 1), (5, 16, 7), (6, 32, 16), (97, 48, 33), (200, 320, 96), (200, 640, 32), (13, 1296, 48)]


def random_layer(n, n_in, n_out):
    generator = torch.Generator().manual_seed(n)
    shapes = (n_out, n_in), (n_out,), (n, n_in)
    weight, bias, x = (torch.randn(shape, generator=generator) for shape in shapes)
    return weight / n_in**0.5, bias, x


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("packed", [False, pytest.param(True, marks=needs_onednn)])
def test_linear_layers_equal_their_definition(shape, packed, monkeypatch):
    weight, bias, x = random_layer(*shape)
    monkeypatch.setattr(linear_module, "has_onednn", lambda: packed)
    layer = PackedLinear(weight, bias)
    assert layer.is_packed is packed
    expected = x.double() @ weight.double().T + bias.double()
    torch.testing.assert_close(layer(x).double(), expected, rtol=0, atol=4e-6)


@needs_onednn
@pytest.mark.parametrize(("n_in", "n_out"), [(320, 1280), (1280, 320), (480, 1440), (2560, 640)])
def test_a_row_does_not_depend_on_the_others_nor_on_threads(n_in, n_out, threads):
    weight, bias, x = random_layer(1100, n_in, n_out)
    layer = PackedLinear(weight, bias)
    threads(1)
    together = layer(x)
    for n_threads in (1, 2, 3):
        threads(n_threads)
        for first, last in ((0, 512), (3, 600), (97, 1100), (0, 1100)):
            assert torch.equal(layer(x[first:last].contiguous()), together[first:last])


@needs_onednn
def test_gradients_pass_through_the_same_layer():
    weight, bias, x = random_layer(9, 32, 20)
    layer = PackedLinear(weight, bias)
    expected = layer(x)
    with torch.inference_mode(False):
        point = x.clone().requires_grad_()
        found = layer(point)
        found.sum().backward()
        assert torch.equal(layer.weight, weight)
        torch.testing.assert_close(found.detach(), expected.clone(), rtol=0, atol=1e-5)
        assert point.grad.abs().min() > 0


def test_weights_that_onednn_does_not_take_stay_as_they_are(monkeypatch):
    weight, _, _ = random_layer(9, 32, 20)
    assert not linear_module.can_pack(weight.double())
    monkeypatch.setattr(linear_module, "has_instructions", lambda dtype, device: False)
    assert not linear_module.can_pack(weight.bfloat16())


@pytest.mark.parametrize("packed", [False, pytest.param(True, marks=needs_onednn)])
@pytest.mark.parametrize("kernel", [False, pytest.param(True, marks=needs_kernels)])
def test_all_ways_give_the_hidden_states_of_transformers(packed, kernel, tiny_esm2, monkeypatch):
    monkeypatch.setattr(linear_module, "has_onednn", lambda: packed)
    monkeypatch.setattr(packed_esm2, "is_faster_than_torch", lambda head_width: kernel)
    with torch.inference_mode(False):  # weights that gradients may pass through
        model = EsmModel.from_pretrained(tiny_esm2, add_pooling_layer=False).eval()
        forward = PackedESM2(model, "cpu", torch.float32)
    assert forward.layers[0]["qkv"].is_packed is packed
    generator = np.random.default_rng(0)
    proteins = [np.array([0, *generator.integers(4, 24, length), 2]) for length in (1, 4, 40, 40, 90)]
    states = forward(proteins)
    starts = np.cumsum([0, *map(len, proteins)])
    for protein, start in zip(proteins, starts[:-1], strict=True):
        expected = model(torch.from_numpy(protein)[None]).last_hidden_state[0]
        found = states[start : start + len(protein)]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        assert torch.equal(forward([protein]), found)
