"""Validation of labels and probabilities of two-class predictions, shared by all metrics of this package."""

import numpy as np

from .label_words import class_of_word

NUMBERS = {"1": 1, "1.0": 1, "+1": 1, "0": 0, "0.0": 0, "-1": 0, "-1.0": 0}
"""Numbers that stand as text, and their classes."""


def positive_label(classes, pos_label=None):
    """Which of two labels is the positive one; never decided by the alphabet.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        The distinct labels, one or two.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, True of booleans, the larger of two numbers; of text labels the one that
        is a usual word for an interaction, where the other is a usual word for none.

    Returns
    -------
    object
        The label; of one that is 0 or -1 (only negative pairs) it is 1.

    Raises
    ------
    ValueError
        If there are more than two labels, ``pos_label`` is none of two, or nobody can tell which is positive.
    """
    values = list(classes)
    shown = [value.item() if hasattr(value, "item") else value for value in values[:5]]
    if pos_label is not None:
        if len(values) > 2 or (len(values) == 2 and not any(value == pos_label for value in values)):
            raise ValueError(f"expected two classes with pos_label={pos_label!r} among them, got {shown}")
        return pos_label
    if len(values) not in (1, 2):
        raise ValueError(f"expected two classes, got {len(values)}: {shown}")
    if not any(isinstance(value, str) for value in values):
        if len(values) == 2:
            return max(values)
        if values[0] in (-1, 0, 1):
            return 1
        raise ValueError(f"expected two classes, got 1: {shown}; name the positive one with pos_label")
    if len(values) == 2:
        meaning = [NUMBERS.get(str(value).strip(), class_of_word(value)) for value in values]
        if sorted(meaning, key=str) == [0, 1]:
            return values[meaning.index(1)]
    raise ValueError(
        f"expected two classes of which one is known to be the positive one, got {len(values)}: {shown}; name it with "
        f"pos_label, such as pos_label={shown[0]!r}"
    )


def positives(y_true, pos_label=None):
    """Which labels are the positive class.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        0 and 1, -1 and 1, booleans, two numbers, or two texts. Where one value only occurs it must be 0, 1 or -1: of
        others nobody can tell whether they are the positive ones.
    pos_label : object, default=None
        The positive label; see ``positive_label``.

    Returns
    -------
    ndarray of bool of shape (n,)

    Raises
    ------
    ValueError
        If there are more than two labels, or the positive one is unknown.
    """
    y = np.asarray(y_true)
    if y.ndim != 1:
        raise ValueError(f"expected one label per pair, got an array of shape {y.shape}")
    return np.asarray(y == positive_label(np.unique(y), pos_label), dtype=bool)


def checked(y_true, probability, pos_label=None):
    """Labels as booleans and probabilities of the positive class as floats, of one length.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels; see ``positives``.
    probability : array-like of shape (n,) or (n, 2)
        Of the positive class, or of both (the positive one in the second column).
    pos_label : object, default=None
        The positive label; see ``positive_label``.

    Returns
    -------
    y : ndarray of bool of shape (n,)
    probability : ndarray of float of shape (n,)

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no pair, or a probability lies outside of 0 to 1.
    """
    probability = np.asarray(probability, dtype=float)
    if probability.ndim == 2 and probability.shape[1] == 2:
        probability = probability[:, 1]
    if probability.ndim != 1 or not len(probability) or len(probability) != len(y_true):
        raise ValueError(
            f"expected one probability per pair and at least one pair, got shape {probability.shape} for {len(y_true)}"
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        wrong = int(np.flatnonzero(~((probability >= 0) & (probability <= 1)))[0])
        raise ValueError(f"probabilities must lie in 0 to 1, got {probability[wrong]} for pair {wrong}")
    return positives(y_true, pos_label), probability
