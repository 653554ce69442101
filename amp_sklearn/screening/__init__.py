"""Scores of all pairs of many proteins, in blocks of bounded size, in memory or on disk."""

from .disk_screen import ScreenResult, merge_screen, screen
from .pair_screen import PairScreen, ScreenedBlock, screen_pairs
from .plan import ScreeningPlan
from .score_meaning import ScoreHistogram, ScreenSummary

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
