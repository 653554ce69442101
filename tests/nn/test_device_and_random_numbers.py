"""Device, seeds and precision."""

import threading
import warnings

import pytest
import torch
from torch import nn

from amp_sklearn.classification import TokenMeanClassifier
from amp_sklearn.embedding.dtypes import resolve_dtype
from amp_sklearn.nn.device import autocast, has_instructions, resolve_device
from amp_sklearn.nn.parallel import MOST_WORKERS, items_together, side_by_side, workers_on
from amp_sklearn.nn.random_numbers import rng_state, seeded, set_rng_state

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


def test_precisions_that_the_processor_lacks_are_warned_of(monkeypatch):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_fp16_supported", lambda: True)
    assert not has_instructions(torch.bfloat16, CPU)
    assert has_instructions(torch.float16, CPU) and has_instructions(torch.float32, CPU)
    assert has_instructions(torch.bfloat16, torch.device("cuda"))
    with pytest.warns(UserWarning, match="^dtype='bfloat16', but this processor has no instructions for it"):
        assert resolve_dtype("bfloat16", CPU) is torch.bfloat16
    model = TokenMeanClassifier(precision="bfloat16", device="cpu", max_epochs=1)
    with pytest.warns(UserWarning, match="^precision='bfloat16', but"):
        model.fit(torch.randn(8, 40).numpy(), [0, 1] * 4)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    with warnings.catch_warnings(action="error"):
        resolve_dtype("bfloat16", CPU)


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


@pytest.mark.parametrize("n_workers", [1, 3])
def test_work_side_by_side_comes_back_in_order(n_workers, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    names = []

    def square(number):
        names.append(threading.current_thread().name)
        return number**2

    assert list(side_by_side(square, range(21), [1] * 21, n_workers)) == [number**2 for number in range(21)]
    assert all(name.startswith("ThreadPool") == (n_workers > 1) for name in names)


@pytest.mark.parametrize(
    ("sizes", "n_workers", "expected"),
    [
        ([], 2, 0),
        ([100], 2, 0),
        ([50, 50], 1, 0),
        ([50, 50], 2, 2),
        ([60, 20, 20, 20], 2, 4),
        ([90, 20, 20], 2, 0),
        ([50, 50, 50, 50, 50], 2, 4),
        ([10] * 97, 8, 96),
        ([10, 10], 8, 0),
    ],
)
def test_the_last_items_are_divided_where_workers_would_wait(sizes, n_workers, expected):
    assert items_together(sizes, n_workers) == expected


def test_what_is_left_runs_with_all_threads(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    names = list(side_by_side(lambda _: threading.current_thread().name, range(3), [1] * 3, 2))
    assert [name.startswith("ThreadPool") for name in names] == [True, True, False]


def test_an_error_ends_the_work_of_all(monkeypatch):
    done = []

    def fail_at_two(number):
        if number == 2:
            raise MemoryError("no room")
        done.append(number)

    with pytest.raises(MemoryError, match="no room"):
        list(side_by_side(fail_at_two, range(1000), [1] * 1000, 2))
    assert len(done) < 999


def test_workers_are_for_cpus(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    assert workers_on(CPU) == MOST_WORKERS
    assert workers_on("cuda:0") == 1
