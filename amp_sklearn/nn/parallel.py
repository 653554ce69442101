"""Pieces of torch work side by side: how many workers, and how many threads each."""

import heapq
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

MOST_WORKERS = 8
"""Pieces of work side by side at most: each holds activations of its own."""

DIVIDED = 0.8
"""Speed of a thread where all work on one item, as a part of that of a worker with an item of its own."""

_THREAD_COUNT = threading.RLock()  # torch's number of threads belongs to the process


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
    >>> from amp_sklearn.nn.parallel import items_together
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
