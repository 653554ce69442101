"""Labels from the cells of a table."""

import re

import numpy as np

from ..exceptions import PairTableError
from ..metrics.label_words import MISSING_WORDS, class_of_word, normalised_word
from .tables import is_empty
from .text_files import shown

_INTEGER = re.compile(r"[+-]?[0-9]{1,15}(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_labels(table, name):
    """Labels of all rows of a table.

    Parameters
    ----------
    table : Table
    name : str
        Label column.

    Returns
    -------
    ndarray of shape (n_rows,)
        Booleans stay; whole numbers are integers, other numbers floats; the usual words for the two classes
        (yes and no, true and false, + and -, positive and negative, interacts and no interaction) are 1 and 0; any
        other words are kept.

    Raises
    ------
    PairTableError
        If a cell is empty or holds a word for a missing value, a number is infinite or too large, or numbers and words
        are mixed; the message lists the rows.
    """
    cells = table.columns[name]
    empty = [row for row, cell in enumerate(cells) if is_empty(cell)]
    _refuse(empty, "empty cell(s)", table, name, "")
    if all(isinstance(cell, bool | np.bool_) for cell in cells):
        return np.array(cells, dtype=bool)
    texts = [str(cell).strip() for cell in cells]
    numbers = [_NUMBER.fullmatch(text) is not None for text in texts]
    if any(numbers):
        odd = [row for row, number in enumerate(numbers) if not number]
        _refuse(odd, "cell(s) that hold no number, unlike the others,", table, name, texts)
        values = np.array(texts, dtype=float)
        _refuse(np.flatnonzero(~np.isfinite(values)), "infinite number(s)", table, name, texts)
        if all(map(_INTEGER.fullmatch, texts)):
            return np.array([int(text.partition(".")[0]) for text in texts])
        return values
    classes = [class_of_word(text) for text in texts]
    if None not in classes:
        return np.array(classes)
    missing = [row for row, text in enumerate(texts) if normalised_word(text) in MISSING_WORDS]
    _refuse(missing, "cell(s) without a label", table, name, texts)
    if any(value is not None for value in classes):
        odd = [row for row, value in enumerate(classes) if value is None]
        _refuse(odd, "cell(s) with another word than the two classes of the others", table, name, texts)
    return np.array(texts, dtype=object)


def _refuse(rows, what, table, name, texts):
    if not len(rows):
        return
    such = f" ({', '.join(dict.fromkeys(shown(texts[row]) for row in rows[:3]))})" if texts else ""
    raise PairTableError(
        f"{table.source}: {len(rows):,} {what} in label column {name!r}{such}, {table.at(list(rows))}; "
        "fill them in, remove these rows, or pass label=False to read the pairs without labels"
    )
