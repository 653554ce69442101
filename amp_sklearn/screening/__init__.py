"""Scores of all pairs of many proteins, in blocks of bounded size."""

from .plan import ScreeningPlan
from .screen import PairScreen, ScreenedBlock, screen_pairs

__all__ = ["PairScreen", "ScreenedBlock", "ScreeningPlan", "screen_pairs"]
