"""Scores of all pairs of many proteins, in blocks of bounded size, in memory or on disk."""

from .disk_screen import screen
from .pair_screen import PairScreen, ScreenedBlock, screen_pairs
from .plan import ScreeningPlan
from .score_meaning import ScoreHistogram, ScreenSummary
from .screen_result import ScreenResult, merge_screen

__all__ = [
    "PairScreen",
    "ScoreHistogram",
    "ScreenResult",
    "ScreenSummary",
    "ScreenedBlock",
    "ScreeningPlan",
    "merge_screen",
    "screen",
    "screen_pairs",
]
