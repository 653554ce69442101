"""Embedding and screening on many processes and machines with Dask: workers get paths and numbers, never arrays."""

from .embedding import embed_on_dask
from .screening import screen_on_dask

__all__ = ["embed_on_dask", "screen_on_dask"]
