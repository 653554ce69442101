"""What adapters for methods of captum and shap share: their parameters, and the seeds of the libraries' own draws."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from .base import Explainer


@dataclass
class LibraryAdapter(Explainer):
    """A method of another library: what its adapters share.

    Parameters
    ----------
    method : str
        Class of the library.
    baseline : {"mean", "zero", "sample"} or array-like, default="mean"
        What absent tokens are replaced by; see ``baseline_rows``.
    n_background : int, default=200
        Background rows that ``"mean"`` averages.
    random_state : int, RandomState or None, default=0
        Seed of background rows and of the library's own draws.
    batch_size : int, default=64
        Pairs at a time.
    options : dict, default={}
        Arguments of the library's method, such as ``n_samples``; ``explain`` takes them as settings.
    """

    method: str = ""
    baseline: str | np.ndarray = "mean"
    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    batch_size: int = 64
    options: dict[str, Any] = field(default_factory=dict)

    def settings(self):
        plain = super().settings()
        return {key: value for key, value in plain.items() if key != "options"} | {
            key: value if isinstance(value, str | int | float | bool) else str(value)
            for key, value in self.options.items()
        }


@contextlib.contextmanager
def seeded(random_state):
    """Both libraries draw from global generators: within the block these have a seed, afterwards what they had."""
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    before = np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield seed
        finally:
            np.random.set_state(before)  # noqa: NPY002
