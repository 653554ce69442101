"""Compiled inner loops: numba with the settings that all of the package's share, and what it compiles for."""

import functools

import numba
from numba.core.registry import cpu_target


@functools.cache
def processor():
    """What compiled code is made for: LLVM's name of the processor, and the instructions that it has.

    Returns
    -------
    name : str
        Such as ``"znver5"``; ``"generic"`` where numba was told so.
    features : frozenset of str
        Such as ``"avx512f"``.
    """
    _, name, features = cpu_target.target_context.codegen().magic_tuple()
    return name, frozenset(part[1:] for part in features.split(",") if part.startswith("+"))


def compiled(**options):
    """Decorator that compiles a function for the processor at hand when it is first called.

    The compiled code lets go of Python's lock, divides by zero as numpy does, and is kept on disk beside the package or in
    the user's cache folder. Where neither can be written to, it is compiled anew in every process.

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
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            return numba.njit(**options)(function)

    return decorate
