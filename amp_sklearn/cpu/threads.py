"""Compiled loops divided over as many threads as torch uses."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch


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
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(function, edges[:-1], edges[1:]))
