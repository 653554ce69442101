"""Device, precision and random numbers: how a torch module is run."""

import heapq
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import torch

MOST_WORKERS = 8
"""Pieces of work side by side at most: each holds activations of its own."""

DIVIDED = 0.8
"""Speed of a thread where all work on one item, as a part of that of a worker with an item of its own."""

_GLOBAL_RNG = threading.RLock()  # torch's generator belongs to the process: one seeded fit at a time
_THREAD_COUNT = threading.RLock()  # so does its number of threads


def resolve_device(device):
    """The device meant by a ``device`` parameter.

    Parameters
    ----------
    device : str or torch.device
        ``"auto"`` is the first CUDA device where there is one, else the CPU; anything else goes to torch.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If CUDA is asked for where there is none.

    Examples
    --------
    >>> from amp_sklearn.nn.runtime import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={str(device)!r}, but torch finds no CUDA device here; use device='auto' or 'cpu'"
        )
    return device


def has_instructions(dtype, device):
    """Whether a device multiplies matrices of a type; without, a CPU takes many times as long as in float32.

    Parameters
    ----------
    dtype : torch.dtype
    device : str or torch.device

    Returns
    -------
    bool

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn.runtime import has_instructions
    >>> has_instructions(torch.float32, "cpu")
    True
    """
    if torch.device(device).type != "cpu":
        return True
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if dtype == torch.float16:
        return torch.ops.mkldnn._is_mkldnn_fp16_supported()
    return True


def warn_if_emulated(dtype, device, parameter):
    """Warn that a type asked for by a parameter is slow here; what is computed is what was asked for.

    Parameters
    ----------
    dtype : torch.dtype or str
    device : torch.device
    parameter : str
        How the user asked, such as ``"dtype='bfloat16'"``.
    """
    dtype = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    if not has_instructions(dtype, device):
        warnings.warn(
            f"{parameter}, but this processor has no instructions for it: expect many times the time of float32, "
            "which is the default",
            stacklevel=3,
        )


@contextmanager
def seeded(seed, device):
    """Within the block torch's own random numbers start from ``seed``; afterwards they go on as before.

    Other threads that enter the block wait, so that results do not depend on what they do.

    Parameters
    ----------
    seed : int
    device : torch.device
    """
    device, cuda = torch.device(device), []
    if device.type == "cuda":
        cuda = [torch.cuda.current_device() if device.index is None else device.index]
    with _GLOBAL_RNG, torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(
            seed
        )  # torch.manual_seed would reach devices that are not restored
        for index in cuda:
            with torch.cuda.device(index):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def threads_per_worker(n_threads):
    """Within the block torch uses this many threads per operation, also in threads started there.

    Parameters
    ----------
    n_threads : int
    """
    with _THREAD_COUNT:
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def workers_on(device):
    """Pieces of work that run side by side on a device: on a CPU as many as torch has threads, at most `MOST_WORKERS`."""
    return min(torch.get_num_threads(), MOST_WORKERS) if torch.device(device).type == "cpu" else 1


def side_by_side(function, items, sizes, n_workers):
    """``function(item)`` of each item, in order, as many at the same time as there are workers, with few threads each.

    Parts of a small network are too short to be divided among threads, and torch's threads keep processors busy for a while
    after each of them. Where workers would wait long for the last of them, the last items are computed one after another
    with all threads.

    Parameters
    ----------
    function : callable
    items : sequence
    sizes : sequence of int
        How long an item takes, in any unit.
    n_workers : int

    Yields
    ------
    object
    """
    n_together = items_together(sizes, n_workers)
    if n_together:
        with threads_per_worker(torch.get_num_threads() // n_workers), ThreadPoolExecutor(n_workers) as pool:
            tasks = [pool.submit(function, item) for item in items[:n_together]]
            try:
                for task in tasks:
                    yield task.result()
            finally:  # after an error or an interruption, what has not begun is dropped
                pool.shutdown(cancel_futures=True)
    yield from map(function, items[n_together:])


def items_together(sizes, n_workers):
    """How many of the first items are best computed side by side, and the others one after another by all workers.

    Parameters
    ----------
    sizes : sequence of int
        How long an item takes one worker.
    n_workers : int

    Returns
    -------
    int

    Examples
    --------
    >>> from amp_sklearn.nn.runtime import items_together
    >>> items_together([10, 10, 10], n_workers=2)
    2
    """
    ends, rest = [0] * n_workers, sum(sizes)
    together, shortest = 0, rest / (n_workers * DIVIDED)
    if n_workers == 1:
        return 0
    for number, size in enumerate(sizes, start=1):
        heapq.heapreplace(ends, ends[0] + size)  # it goes to the worker that is free first
        rest -= size
        time = max(ends) + rest / (n_workers * DIVIDED)
        if time <= shortest:
            together, shortest = number, time
    return together


def rng_state(device):
    """State of torch's generators, CPU and ``device``; see `set_rng_state`."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def set_rng_state(states, device):
    """Put torch's generators back to what `rng_state` returned."""
    torch.set_rng_state(states[0].cpu())
    if device.type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1].cpu(), device)


def autocast(precision, device):
    """Context in which a forward pass runs in the given precision; None leaves it in that of the weights."""
    if precision is None:
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=getattr(torch, precision))
