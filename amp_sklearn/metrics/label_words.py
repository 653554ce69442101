"""Words that tables write for the two classes of pairs, and for no label at all."""

import re

POSITIVE_WORDS = frozenset(
    [
        "yes",
        "y",
        "true",
        "t",
        "+",
        "pos",
        "positive",
        "interacts",
        "interact",
        "interacting",
        "interaction",
        "interactor",
        "ppi",
        "binds",
        "bind",
        "binding",
        "binder",
    ]
)
NEGATIVE_WORDS = frozenset(
    [
        "no",
        "n",
        "false",
        "f",
        "-",
        "neg",
        "negative",
        "nointeraction",
        "notinteracting",
        "noninteracting",
        "noninteraction",
        "doesnotinteract",
        "donotinteract",
        "noninteractor",
        "nonppi",
        "notinteract",
        "nointeract",
        "doesnotbind",
        "donotbind",
        "nobinding",
        "notbinding",
        "nonbinding",
        "nonbinder",
    ]
)
MISSING_WORDS = frozenset(
    [
        "na",
        "n/a",
        "#n/a",
        "nan",
        "<na>",
        "null",
        "missing",
        "unknown",
        "?",
        ".",
        "..",
        "#value!",
        "#ref!",
        "nd",
        "n.d.",
    ]
)
"""What spreadsheets and databases write where there is no value."""


def normalised_word(text):
    """A word without case, blanks, ``_`` and, between letters, ``-``; a typographic minus is a hyphen."""
    text = str(text).strip().casefold().replace("\u2212", "-").replace("\u2013", "-")
    return text if len(text) == 1 else re.sub(r"[\s_-]+", "", text)


def class_of_word(text):
    """Class that a word names.

    Parameters
    ----------
    text : str
        Such as ``"Yes"``, ``"+"``, ``"interacts"`` or ``"no interaction"``.

    Returns
    -------
    int or None
        1 for pairs that interact, 0 for those that do not, None for any other word.

    Examples
    --------
    >>> from amp_sklearn.metrics.label_words import class_of_word
    >>> [class_of_word(word) for word in ("Yes", "-", "no interaction", "non-interacting", "strong")]
    [1, 0, 0, 0, None]
    """
    word = normalised_word(text)
    return 1 if word in POSITIVE_WORDS else 0 if word in NEGATIVE_WORDS else None
