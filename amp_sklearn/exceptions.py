"""Errors and warnings about users' input, so that callers can catch them apart from programming errors."""

__all__ = ["ModelLoadError", "PairTableError", "PairTableWarning", "SequenceError"]


class SequenceError(ValueError):
    """A protein sequence, or a file of sequences, cannot be used; the message names protein and position."""


class PairTableError(ValueError):
    """A table of protein pairs, or of sequences, cannot be used; the message names columns and rows."""


class PairTableWarning(UserWarning):
    """A table of protein pairs was read unchanged, but holds rows that a user should know about."""


class ModelLoadError(ValueError):
    """A model or its weights cannot be loaded; the message says what was looked for and what to give instead."""
