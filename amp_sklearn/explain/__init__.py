"""Explanations of fitted models: one contract, several methods."""

from .explanation import Explanation

__all__ = ["Explanation"]
