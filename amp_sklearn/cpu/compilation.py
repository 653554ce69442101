"""Compiled inner loops: the one setting that turns them off, and numba with the options that all of them share."""

import functools
import os
from pathlib import Path

import numba
from numba.core.caching import FunctionCache
from numba.core.registry import cpu_target

KERNELS_VARIABLE = "AMP_SKLEARN_KERNELS"
KERNELS = ("own", "torch")


def uses_own_kernels():
    """Whether this package's compiled loops are used where they are faster than the libraries' functions.

    The environment variable ``AMP_SKLEARN_KERNELS`` decides: ``own``, which is the default, or ``torch``, with which torch
    computes attention and draws dropout masks, and the shap library explains trees. Where numba is told not to compile
    (``NUMBA_DISABLE_JIT=1``) the libraries are used as well.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If the variable has another value.
    """
    choice = os.environ.get(KERNELS_VARIABLE) or "own"
    if choice not in KERNELS:
        raise ValueError(
            f"the environment variable {KERNELS_VARIABLE} is {choice!r}; it must be one of {', '.join(KERNELS)}"
        )
    return choice == "own" and not vars(numba.config)["DISABLE_JIT"]


@functools.cache
def _target():
    """What numba compiles for: LLVM's name of the processor, and its instructions such as ``+avx512f``."""
    _, name, features = cpu_target.target_context.codegen().magic_tuple()
    return name, features.split(",")


def is_amd():
    """Whether the processor is one of AMD's (Zen), on which torch's default library, Intel's MKL, is slow."""
    return _target()[0].startswith("znver")


def has_avx512():
    """Whether compiled code may use AVX-512."""
    return "+avx512f" in _target()[1]


@functools.cache
def _stamp_of_vectors():
    """Time and size of the file with the vector instructions; nothing where it is no file."""
    try:
        found = Path(__file__).with_name("vectors.py").stat()
    except OSError:
        return None
    return found.st_mtime, found.st_size


class _BestEffortCache(FunctionCache):
    """Numba's cache on disk, where a disk that cannot be read or written to costs time and nothing else.

    Code is kept until the file of the function changes, or that of the vector instructions which it may use.
    """

    def __init__(self, function):
        super().__init__(function)
        self._cache_file._source_stamp = (self._cache_file._source_stamp, _stamp_of_vectors())

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except OSError:
            return None  # it is compiled again

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError:
            self.disable()  # the next process compiles again


def compiled(**options):
    """Decorator that compiles a function for the processor at hand when it is first called.

    The compiled code lets go of Python's lock, divides by zero as numpy does, and is kept on disk beside the package or in
    the user's cache folder. Where neither can be written to, or the disk is full, every process compiles it anew.
    Kept code is out of date when the file changes that the function stands in: what a compiled function calls stands in
    the same file, therefore, or in ``vectors.py``, which is watched as well.

    Parameters
    ----------
    **options
        For ``numba.njit``, such as ``fastmath``.

    Returns
    -------
    callable
    """
    options = {"nogil": True, "error_model": "numpy", **options}

    def decorate(function):
        dispatcher = numba.njit(**options)(function)
        if dispatcher is function:  # numba is told not to compile
            return function
        try:
            dispatcher._cache = _BestEffortCache(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
        return dispatcher

    return decorate
