"""Compiled loops divided over as many threads as torch uses."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

_pools: list[
    ThreadPoolExecutor
] = []  # one at most; threads are kept, because starting them takes as long as small products
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # threads do not survive in a forked process


def in_threads(function, n, *, step=1, largest=None):
    """Call ``function(first, last)`` on consecutive parts of ``range(n)``, as many at the same time as there are threads.

    Parameters
    ----------
    function : callable
        Lets go of Python's lock while it computes.
    n : int
    step : int, default=1
        Parts begin at multiples of it.
    largest : int, default=None
        Length of a part at most, not less than ``step``: a thread that is free takes the next part. By default each
        thread has one part.
    """
    n_steps = -(-n // step)
    n_threads = min(torch.get_num_threads(), n_steps)
    if n_threads < 2:
        function(0, n)
        return
    n_rounds = 1 if largest is None else -(-n_steps // (n_threads * (largest // step)))
    edges = np.linspace(0, n_steps, min(n_threads * n_rounds, n_steps) + 1).astype(int) * step
    edges[-1] = n
    parts = iter(list(itertools.pairwise(edges)))  # all threads take from it

    def work():
        for first, last in parts:
            function(first, last)

    if not _pools:
        _pools.append(ThreadPoolExecutor(os.cpu_count(), "amp_sklearn"))
    others = [_pools[0].submit(work) for _ in range(n_threads - 1)]
    work()
    for other in others:
        other.result()
