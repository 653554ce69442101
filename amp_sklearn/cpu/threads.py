"""Compiled loops divided over as many threads as torch uses: over torch's own threads where they can be had.

Torch's threads wait for their next work by spinning, for some milliseconds. Threads of our own would have to share the
processor with them just then.
"""

import ctypes
import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

_WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _openmp_team():
    """What runs a function on torch's threads, or None: ``GOMP_parallel`` of the OpenMP library that came with torch."""
    for path in (Path(torch.__file__).parent / "lib").glob("libgomp*.so*"):
        try:
            team = ctypes.CDLL(str(path), mode=os.RTLD_NOLOAD | os.RTLD_LAZY).GOMP_parallel
        except OSError:  # the file is there, but torch has not loaded it
            continue
        team.argtypes, team.restype = [_WORK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint], None
        return team
    return None


class _Threads:
    """Threads that are kept, because starting them takes as long as small products."""

    def __init__(self, team=None):
        self.team: Callable | None = team
        self.pools: list[ThreadPoolExecutor] = []  # one at most, where there is no team

    def forget(self):
        """In a forked process: threads do not survive there, and OpenMP cannot start others."""
        self.team = None
        self.pools.clear()

    def run(self, work, n_threads):
        """Call ``work()`` in this thread and in others at the same time."""
        if self.team is not None:
            _run_in_team(self.team, work, n_threads)
            return
        if not self.pools:
            self.pools.append(ThreadPoolExecutor(os.cpu_count(), "amp_sklearn"))
        others = [self.pools[0].submit(work) for _ in range(n_threads - 1)]
        try:
            work()
        finally:  # nothing goes on when this returns; what has not begun need not: the work is done or has failed
            for other in others:
                if not other.cancel():
                    other.result()


def _run_in_team(team, work, n_threads):
    """`_Threads.run` in a team, as OpenMP calls threads that compute together: this one is its first."""
    errors: list[BaseException] = []
    finished = {}

    def work_and_keep_error(_):
        thread = threading.get_ident()
        try:
            work()
        except BaseException as error:  # it could not pass through the library
            errors.append(error)
        finished[thread] = True  # no call: an interruption cannot come after it

    team(_WORK(work_and_keep_error), None, n_threads, 0)
    try:
        if errors:
            raise errors[0]
    finally:
        errors.clear()
    # an interruption outside of the try block above is printed by ctypes, not raised
    if threading.get_ident() not in finished:
        raise KeyboardInterrupt("a signal came while compiled code was being called")


_threads = _Threads(_openmp_team())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _threads.forget())


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

    _threads.run(work, n_threads)
