"""Compiled loops divided over as many threads as torch uses."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch


def in_threads(function, n, step=1):
    """Call ``function(first, last)`` on consecutive parts of ``range(n)`` at the same time.

    Parameters
    ----------
    function : callable
        Lets go of Python's lock while it computes.
    n : int
    step : int, default=1
        Parts begin at multiples of it.
    """
    n_steps = -(-n // step)
    n_threads = min(torch.get_num_threads(), n_steps)
    if n_threads < 2:
        function(0, n)
        return
    edges = np.minimum(np.linspace(0, n_steps, n_threads + 1).astype(int) * step, n)
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(function, edges[:-1], edges[1:]))
