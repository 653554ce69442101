"""Errors and warnings about users' input, so that callers can catch them apart from programming errors."""

__all__ = [
    "AnnotationError",
    "EmbeddingStoreError",
    "EmbeddingStoreWarning",
    "FoldWarning",
    "ModelLoadError",
    "PairTableError",
    "PairTableWarning",
    "ScreenError",
    "SequenceError",
    "SequenceWarning",
    "TrainingWarning",
]


class SequenceError(ValueError):
    """A protein sequence, or a file of sequences, cannot be used; the message names protein and position."""


class SequenceWarning(UserWarning):
    """Sequences can be used, but look like something else than proteins."""


class PairTableError(ValueError):
    """A table of protein pairs, or of sequences, cannot be used; the message names columns and rows."""


class PairTableWarning(UserWarning):
    """A table of protein pairs was read unchanged, but holds rows that a user should know about."""


class TrainingWarning(UserWarning):
    """A model was trained, but there is reason not to trust it; the message says why and what to change.

    A fit of a torch classifier warns when

    - the loss, the parameters or the predictions became NaN or infinite, and the fit stopped at an earlier epoch;
    - a user interrupted it (Ctrl-C): the model has the best complete epoch, and the interruption goes on;
    - its predictions are nearly constant: their standard deviation is below 1 % of that of a label that is
      drawn with the mean probability;
    - there are fewer than 50 training pairs and more parameters than pairs, or more than 20,000 parameters per
      pair (full-size published models have about 4,400);
    - the ROC AUC of at least 50 validation pairs stayed within two standard errors of one half in all epochs.
    """


class FoldWarning(UserWarning):
    """Folds were made, but the pairs do not allow them to be what they should; the message gives the numbers."""


class EmbeddingStoreError(OSError):
    """A folder of embeddings that the user named cannot be read or written; the message names it and says what to do.

    On a full disk, in a folder without permission, where the folder was removed while in use, or where its file is
    damaged as a whole. A single damaged value raises nothing: it is computed anew, with an `EmbeddingStoreWarning`.
    """


class EmbeddingStoreWarning(UserWarning):
    """Embeddings are computed anew, or not kept: a stored one is damaged, or the default store cannot be used."""


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
