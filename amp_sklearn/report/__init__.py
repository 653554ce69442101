"""Self-contained HTML pages: about a fitted model and a set of pairs, and about a screen."""

from .report import Report
from .screen_report import ScreenReport

__all__ = ["Report", "ScreenReport"]
