"""Device, seeds and precision."""

import threading

import pytest
import torch
from torch import nn

from amp_sklearn.nn.runtime import autocast, resolve_device, rng_state, seeded, set_rng_state

CPU = torch.device("cpu")


def test_devices(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert resolve_device("auto") == CPU
    assert resolve_device(CPU) == CPU
    with pytest.raises(
        ValueError, match="device='cuda:1', but torch finds no CUDA device here; use device='auto'"
    ):
        resolve_device("cuda:1")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert resolve_device("auto").type == "cuda"


def test_seeded_block_is_repeatable_and_leaves_no_trace():
    before = torch.get_rng_state()
    with seeded(5, CPU):
        first = torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(5, CPU):
        assert torch.equal(torch.rand(3), first)
    with pytest.raises(RuntimeError, match="inside"), seeded(5, CPU):
        torch.rand(1)
        raise RuntimeError("inside")
    assert torch.equal(torch.get_rng_state(), before)


def test_seeded_blocks_of_threads_wait_for_each_other():
    entered = []

    def other():
        with seeded(1, CPU):
            entered.append(torch.rand(1))

    with seeded(1, CPU):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.05)
        assert not entered
        first = torch.rand(1)
    thread.join(10)
    assert torch.equal(entered[0], first)


def test_state_goes_back():
    with seeded(2, CPU):
        state = rng_state(CPU)
        first = torch.rand(2)
        set_rng_state(state, CPU)
        assert torch.equal(torch.rand(2), first)


def test_autocast():
    linear, x = nn.Linear(4, 4), torch.ones(2, 4)
    with autocast("bfloat16", "cpu"):
        assert linear(x).dtype == torch.bfloat16
    with autocast(None, "cpu"):
        assert linear(x).dtype == torch.float32
