"""The entries of the suite by name."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

SIZES = ("smoke", "small", "full")
ENTRIES: dict[str, "Entry"] = {}
_MODULES = ("embedding", "training", "prediction", "memory", "autoencoder", "attribution", "screening", "gpu")


@dataclass(frozen=True)
class Context:
    """How an entry is to run.

    Parameters
    ----------
    size : {"smoke", "small", "full"}
    threads : int
    """

    size: str
    threads: int

    @property
    def rounds(self):
        return 1 if self.size == "smoke" else 3

    @property
    def gemm(self):
        """Settings of the GEMM measurement."""
        return {"size": 256, "seconds": 0.02} if self.size == "smoke" else {"size": 2048, "seconds": 1.0}


@dataclass(frozen=True)
class Entry:
    """One path.

    Parameters
    ----------
    name : str
    title : str
        What is measured, for the table.
    run : callable
        From a `Context` to a result (see `paired.compare`).
    needs : str or None
        ``"cuda"``, or a module that must be installed.
    """

    name: str
    title: str
    run: Callable[[Context], dict]
    needs: str | None = None

    def obstacle(self):
        """Why the entry cannot run here, or None."""
        if self.needs == "cuda":
            import torch

            return None if torch.cuda.is_available() else "not measured: this machine has no CUDA device"
        if self.needs is not None and importlib.util.find_spec(self.needs) is None:
            return f"not measured: the Python package {self.needs} is not installed"
        return None


def entry(name, title, needs=None):
    """Decorator that adds a function of a `Context` to the suite."""

    def register(run):
        ENTRIES[name] = Entry(name, title, run, needs)
        return run

    return register


def load_entries():
    """All entries by name, in the order of the table."""
    for module in _MODULES:
        importlib.import_module(f"speed.{module}")
    return ENTRIES
