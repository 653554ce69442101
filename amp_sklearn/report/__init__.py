"""One self-contained HTML page about a fitted model and a set of pairs."""

from .report import Report

__all__ = ["Report"]
