"""Dropout by masks of random bits: what is kept, how much of it, and where torch draws the mask."""

import pytest
import torch
from torch.nn import functional

from amp_sklearn.cpu.compilation import uses_own_kernels
from amp_sklearn.nn import dropout as dropout_module
from amp_sklearn.nn.dropout import dropout


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def large(dtype=torch.float32):
    return torch.linspace(1, 2, 2**20 + 3).to(dtype).requires_grad_()


@pytest.mark.skipif(not uses_own_kernels(), reason="compiled kernels are turned off: torch draws all masks")
@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize(
    ("dtype", "error"), [(torch.float32, 2e-4), (torch.bfloat16, 0.01), (torch.float16, 0.002)]
)
def test_kept_numbers_are_scaled_and_as_many_as_asked_for(p, dtype, error, monkeypatch):
    monkeypatch.setattr(functional, "dropout", None)  # would fail if it were called
    torch.manual_seed(1)
    x = large(dtype)
    out = dropout(x, p, training=True)
    assert out.dtype == dtype
    kept = out != 0
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=5 * (p * (1 - p) / x.numel()) ** 0.5)
    torch.testing.assert_close(out[kept], x[kept] / (1 - p), rtol=error, atol=0)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    torch.testing.assert_close(gradient, out / x, rtol=4 * torch.finfo(dtype).eps, atol=0)


def test_neighbours_are_dropped_independently():
    torch.manual_seed(2)
    kept = (dropout(large(), 0.5, training=True) != 0).float() - 0.5
    for distance in (1, 2, 3, 4, 8):
        assert abs((kept[distance:] * kept[:-distance]).mean().item()) < 5 * 0.25 / kept.numel() ** 0.5


def test_masks_follow_the_seed_and_not_the_threads(threads):
    found = []
    for n_threads in (1, 2):
        threads(n_threads)
        torch.manual_seed(3)
        found.append([dropout(large(), 0.3, training=True) for _ in range(2)])
    assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])
    assert not torch.equal(*found[0])


def test_gradients_of_another_order_of_memory():
    torch.manual_seed(4)
    x = torch.ones(1024, 1025, requires_grad=True)
    out = dropout(x, 0.25, training=True)
    (gradient,) = torch.autograd.grad(out, x, torch.ones(1025, 1024).T)
    assert torch.equal(gradient, out)


def test_gradients_of_gradients_and_other_devices_by_default():
    torch.manual_seed(5)
    x = large()
    with torch.device("meta"):
        out = dropout(x * x, 0.25, training=True)
    (gradient,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum(), x)
    torch.testing.assert_close(second, torch.where(out == 0, 0.0, 2 / 0.75), rtol=1e-5, atol=0)
    halves = large(torch.bfloat16)
    with torch.device("meta"):
        assert dropout(halves, 0.25, training=True).device.type == "cpu"


def test_torch_draws_all_masks_where_kernels_are_turned_off(monkeypatch):
    monkeypatch.setenv("AMP_SKLEARN_KERNELS", "torch")
    x = large()
    torch.manual_seed(0)
    found = dropout(x, 0.5, training=True)
    torch.manual_seed(0)
    assert torch.equal(found, functional.dropout(x, 0.5, True))


def test_torch_drops_small_tensors_and_nothing_is_dropped_outside_training(monkeypatch):
    monkeypatch.setattr(dropout_module, "_kept", None)  # would fail if it were called
    small, doubles = torch.ones(100), torch.ones(2**20, dtype=torch.float64)
    for x, p in ((small, 0.5), (doubles, 0.5), (large(), 0.0), (large(), 1.0)):
        torch.manual_seed(0)
        found = dropout(x, p, training=True)
        torch.manual_seed(0)
        assert torch.equal(found, functional.dropout(x, p, True))
    x = large()
    assert torch.equal(dropout(x, 0.5, training=False), x)
