"""Errors and warnings about users' input, so that callers can catch them apart from programming errors."""

__all__ = [
    "AnnotationError",
    "ModelLoadError",
    "PairTableError",
    "PairTableWarning",
    "ScreenError",
    "SequenceError",
    "SequenceWarning",
]


class SequenceError(ValueError):
    """A protein sequence, or a file of sequences, cannot be used; the message names protein and position."""


class SequenceWarning(UserWarning):
    """Sequences can be used, but look like something else than proteins."""


class PairTableError(ValueError):
    """A table of protein pairs, or of sequences, cannot be used; the message names columns and rows."""


class PairTableWarning(UserWarning):
    """A table of protein pairs was read unchanged, but holds rows that a user should know about."""


class ModelLoadError(ValueError):
    """A model or its weights cannot be loaded; the message says what was looked for and what to give instead."""


class AnnotationError(ValueError):
    """An annotation file, or a row of an annotation table, does not say what it should.

    Parameters
    ----------
    message : str
        What was expected and what came.
    path : path-like, default=None
        File that was read.
    line : int, default=None
        Line of the file, counted from 1.

    Examples
    --------
    >>> from amp_sklearn.exceptions import AnnotationError
    >>> str(AnnotationError("start 9 lies after end 3", "regions.tsv", 12))
    'regions.tsv, line 12: start 9 lies after end 3'
    """

    def __init__(self, message, path=None, line=None):
        self.path, self.line = path, line
        place = "" if path is None else str(path) + ("" if line is None else f", line {line}") + ": "
        super().__init__(place + message)


class ScreenError(ValueError):
    """A screen cannot be started, continued or merged; the message names its folder and says what to do."""
