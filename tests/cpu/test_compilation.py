"""Compiled functions are kept on disk where that is possible, and compiled all the same where it is not."""

import numpy as np
from numba.core import caching

from amp_sklearn.cpu.compilation import compiled


def double(x):
    for i in range(len(x)):
        x[i] = 2 * x[i]


def doubled_by(function):
    x = np.arange(3.0)
    function(x)
    return x.tolist()


def test_compiled_functions_are_kept():
    function = compiled()(double)
    assert doubled_by(function) == [0, 2, 4]
    assert function.stats.cache_path


def test_without_a_writable_folder_a_function_is_compiled_in_every_process(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    function = compiled(fastmath=True)(double)
    assert doubled_by(function) == [0, 2, 4]
    assert function.stats.cache_path is None
