"""Compiled loops divided over as many threads as torch uses."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch


def in_threads(function, n):
    """Call ``function(first, last)`` on consecutive parts of ``range(n)``, one for each of torch's threads, at the same time.

    The threads are started for each call: that takes some ten microseconds, and leaves nothing behind that a forked
    process would miss.

    Parameters
    ----------
    function : callable
        Lets go of Python's lock while it computes.
    n : int

    Raises
    ------
    Exception
        The first one that a part raised, after all parts have ended.
    """
    n_threads = min(torch.get_num_threads(), n)
    if n_threads < 2:
        function(0, n)
        return
    edges = np.linspace(0, n, n_threads + 1).astype(int)
    own, *others = itertools.pairwise(edges.tolist())
    with ThreadPoolExecutor(len(others), "amp_sklearn") as pool:
        tasks = [pool.submit(function, *part) for part in others]
        function(*own)
    for task in tasks:
        task.result()
