"""ESM2Embedder on a CUDA device: the values of the CPU, whatever a protein's batch is."""

import numpy as np
import pytest
import torch
from cuda_models import DEVICE

from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.embedding.language_model import load_language_model

pytestmark = pytest.mark.cuda

NEAR = {"float32": 1e-3, "bfloat16": 0.12, "float16": 0.02}
"""Largest difference of a number; those of a vector have a standard deviation near 1 or below."""


def embedder(**settings):
    return ESM2Embedder(**{"store": None, "device": DEVICE, **settings})


@pytest.fixture(scope="module")
def on_cpu(proteins):
    return embedder(device="cpu").embed(proteins)


@pytest.mark.parametrize("dtype", list(NEAR))
def test_values_are_those_of_the_cpu(proteins, on_cpu, dtype):
    found = embedder(dtype=dtype).embed(proteins)
    assert found.dtype == np.float32
    scale = on_cpu.std()
    assert np.abs(found - on_cpu).max() < NEAR[dtype] * scale * 6
    assert np.abs(found - on_cpu).mean() < NEAR[dtype] * scale / 4


@pytest.mark.parametrize("dtype", list(NEAR))
def test_small_heads_as_on_the_cpu(tiny_esm2, proteins, dtype):
    expected = embedder(model=tiny_esm2, device="cpu").embed(proteins)
    found = embedder(model=tiny_esm2, dtype=dtype).embed(proteins)
    assert np.abs(found - expected).max() < NEAR[dtype] * expected.std() * 6


@pytest.mark.parametrize("dtype", list(NEAR))
def test_a_protein_does_not_depend_on_its_batch(proteins, dtype):
    together = embedder(dtype=dtype).embed(proteins)
    alone = embedder(dtype=dtype, batch_size=1).embed(proteins)
    few = embedder(dtype=dtype, batch_size=3, batch_tokens=400).embed(proteins)
    near = NEAR[dtype] * together.std()
    np.testing.assert_allclose(alone, together, rtol=0, atol=near)
    np.testing.assert_allclose(few, together, rtol=0, atol=near)


def test_windows_of_long_proteins(proteins):
    settings = {"max_length": 200, "long_proteins": "window"}
    expected = embedder(device="cpu", **settings).embed(proteins)
    found = embedder(**settings).embed(proteins)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * expected.std() * 6)


def test_residue_states(proteins):
    sequences = list(proteins.values())[:3]
    pairs = zip(
        embedder(device="cpu").residue_states(sequences), embedder().residue_states(sequences), strict=True
    )
    for expected, found in pairs:
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * expected.std() * 6)


def test_auto_is_a_gpu_in_the_precision_that_it_is_fast_in():
    loaded = load_language_model("esm2-mini", device="auto", dtype="auto").forward
    assert loaded.device.type == DEVICE
    fast = torch.cuda.get_device_capability() >= (8, 0)
    assert loaded.dtype == (torch.bfloat16 if fast else torch.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_by_the_input(dtype):
    """Of one half of a batch of unequal lengths, as those of single precision on the CPU."""
    lengths, found = [20, 33, 20], {}
    for device, kind in (("cpu", torch.float32), (DEVICE, dtype)):
        forward = load_language_model(
            "esm2-mini", device=device, dtype=str(kind).removeprefix("torch.")
        ).forward
        ids = (torch.arange(sum(lengths)) * 7 % 20 + 4).to(forward.device)
        point = forward.embedding[ids].clone().requires_grad_()
        hidden = forward.hidden_states(point, lengths)
        (gradient,) = torch.autograd.grad(hidden[:53].float().pow(2).mean(dim=1)[:20].sum(), point)
        found[device] = gradient.float().cpu()
    expected, gradient = found["cpu"], found[DEVICE]
    assert not expected[20:].any() and not gradient[20:].any()
    cosine = torch.cosine_similarity(expected[:20].flatten(), gradient[:20].flatten(), dim=0)
    assert cosine > (0.99999 if dtype == torch.float32 else 0.95)
