"""The setting that turns compiled loops off; compiled functions are kept on disk where that is possible."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core import caching

from amp_sklearn.cpu import compilation
from amp_sklearn.cpu.compilation import compiled, uses_own_kernels

needs_compiler = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="numba is told not to compile")


def double(x):
    for i in range(len(x)):
        x[i] = 2 * x[i]


def doubled_by(function):
    x = np.arange(3.0)
    function(x)
    return x.tolist()


@needs_compiler
def test_one_variable_turns_the_kernels_off(monkeypatch):
    for value, expected in ((None, True), ("", True), ("own", True), ("torch", False)):
        if value is None:
            monkeypatch.delenv("AMP_SKLEARN_KERNELS", raising=False)
        else:
            monkeypatch.setenv("AMP_SKLEARN_KERNELS", value)
        assert uses_own_kernels() is expected
    monkeypatch.setenv("AMP_SKLEARN_KERNELS", "cuda")
    with pytest.raises(ValueError, match=r"AMP_SKLEARN_KERNELS is 'cuda'; it must be one of own, torch"):
        uses_own_kernels()


def test_without_a_compiler_the_libraries_are_used(monkeypatch):
    monkeypatch.delenv("AMP_SKLEARN_KERNELS", raising=False)
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert not uses_own_kernels()
    assert compiled()(double) is double


def test_the_variable_is_read_in_one_place():
    package = Path(compilation.__file__).parents[1]
    files = [file for file in package.rglob("*.py") if "AMP_SKLEARN_KERNELS" in file.read_text("utf-8")]
    assert files == [package / "cpu" / "compilation.py"]


@needs_compiler
def test_compiled_functions_are_kept():
    function = compiled()(double)
    assert doubled_by(function) == [0, 2, 4]
    assert function.stats.cache_path


@needs_compiler
def test_without_a_writable_folder_a_function_is_compiled_in_every_process(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    function = compiled(fastmath=True)(double)
    assert doubled_by(function) == [0, 2, 4]
    assert function.stats.cache_path is None


@needs_compiler
def test_a_full_disk_does_not_stop_a_function(monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    function = compiled()(double)
    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    monkeypatch.setattr(caching.IndexDataCacheFile, "load", full)
    assert doubled_by(function) == [0, 2, 4]


_IN_ANOTHER_PROCESS = """
import numpy as np, torch
from amp_sklearn.embedding.cpu_attention import attend_packed
print(attend_packed(torch.ones(5, 3, 2, 8), np.array([5])).sum().item())
"""


@needs_compiler
def test_a_cache_folder_that_cannot_be_written_to_does_not_stop_attention(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    variables = {**os.environ, "NUMBA_CACHE_DIR": str(file / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", _IN_ANOTHER_PROCESS], env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(80)
