"""Predict whether two proteins interact from their sequences, and show why."""

__version__ = "0.1.0"
