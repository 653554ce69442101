"""The machine: what it is, how fast its matrix products are, how much memory a call took."""

import contextlib
import gc
import os
import platform
import shutil
import statistics
import subprocess
from importlib import metadata
from pathlib import Path
from time import perf_counter

import torch
from llvmlite.binding import get_host_cpu_name

from amp_sklearn.nn.linear import has_onednn, onednn_linear

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("torch", "transformers", "numpy", "pandas", "scikit-learn", "shap", "captum", "numba", "skorch")
_EXTENSIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def describe():
    """Hardware, versions of libraries, state of the repository."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "extensions": _extensions(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in LIBRARIES},
        "commit": _commit(),
    }


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _proc(path):
    file = Path("/proc") / path
    return file.read_text() if file.exists() else ""


def _cpu():
    """Name of the processor and, because virtual machines shorten it, LLVM's name of its generation."""
    models = [line.split(":")[1].strip() for line in _proc("cpuinfo").splitlines() if "model name" in line]
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{model} ({get_host_cpu_name()})"


def _extensions():
    flags = next((line for line in _proc("cpuinfo").splitlines() if line.startswith("flags")), "").split()
    return [name for name in _EXTENSIONS if name in flags]


def _commit():
    """Short commit, with a plus sign where the package was changed since; None outside a repository."""
    if shutil.which("git") is None:
        return None

    def git(*arguments):
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True).stdout.strip()

    commit = git("rev-parse", "--short", "HEAD")
    return commit + ("+" if commit and git("status", "--porcelain", "--", "amp_sklearn") else "") or None


def synchronise():
    """Wait for a GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(function):
    """Seconds, and what the function returned."""
    synchronise()
    start = perf_counter()
    result = function()
    synchronise()
    return perf_counter() - start, result


def gemm_gflops(precision, size=2048, seconds=0.5, device="cpu"):
    """Rate of square matrix products, by torch's default library or by oneDNN, the measured peak that shares are taken of.

    Parameters
    ----------
    precision : {"float32", "bfloat16"}
    size : int, default=2048
        Rows and columns.
    seconds : float, default=0.5
        Time to spend on each kind of product, at least; the best one counts.
    device : str, default="cpu"

    Returns
    -------
    float
        10**9 multiplications and additions per second.
    """
    a, b = (torch.randn(size, size, device=device).to(getattr(torch, precision)) for _ in range(2))
    products = [lambda: torch.mm(a, b)]
    if device == "cpu" and has_onednn():
        products.append(lambda: onednn_linear(a, b.T))
    fastest = float("inf")
    for product in products:
        product()
        times: list[float] = []
        while sum(times) < seconds:
            times.append(timed(product)[0])
        fastest = min(fastest, *times)
    return 2 * size**3 / fastest / 1e9


def peak_memory_gib(function):
    """Memory that a call took on top of what was there, in GiB (None where the system does not tell), and its result.

    On Linux the resident peak of the process is reset before the call; with a GPU its peak is taken instead.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        result = function()
        return (torch.cuda.max_memory_allocated() - before) / 2**30, result
    reset = False
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
        reset = True
    before = resident_gib("VmRSS")
    result = function()
    after = resident_gib("VmHWM")
    return (after - before if reset and before is not None else None), result


def resident_gib(field):
    """``VmRSS`` (resident now) or ``VmHWM`` (its peak) of this process in GiB; None where the system does not tell."""
    for line in _proc("self/status").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 2**20
    return None


def spread(values):
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
