"""Which sequences are accepted: the one check behind the readers and the embedder."""

import string
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..exceptions import SequenceError, SequenceWarning
from .id_matching import looks_like_id
from .text_files import shown

STANDARD_RESIDUES = "ACDEFGHIKLMNPQRSTVWY"

RESIDUES = STANDARD_RESIDUES + "XUBZO"
"""Letters that ESM-2 embeds as themselves: the 20 residues, X (any), U and O (Sec, Pyl), B, Z (Asx, Glx)."""

_NUMBERS = np.full(256, -1)
_NUMBERS[[ord(letter) for letter in RESIDUES]] = np.arange(len(RESIDUES))
_ALLOWED = RESIDUES.encode("ascii")
# ASCII only: str.upper turns a few characters into two (ligature fi into F, I), which would shift residues.
_UPPERCASE = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_LISTED_PROTEINS = 5
_LISTED_LETTERS = 8
_SHORTEST_GENE = 30  # a protein of 30 residues has no other letters than ACGTN in less than one of 10**16


def residue_numbers(sequence):
    """Number of each letter: its place in ``RESIDUES``, so that the twenty standard residues are 0 to 19.

    Parameters
    ----------
    sequence : str

    Returns
    -------
    ndarray of int of shape (len(sequence),)
        -1 where a letter is none of ``RESIDUES``.

    Examples
    --------
    >>> from amp_sklearn.data.sequences import residue_numbers
    >>> residue_numbers("ACYX*")
    array([ 0,  1, 19, 20, -1])
    """
    return _NUMBERS[np.frombuffer(sequence.encode("latin-1", "replace"), dtype=np.uint8)]


def check_sequences(sequences, ids=None, *, uppercase=False, source=None):
    """Check that every sequence can be embedded; a letter is never dropped, replaced or skipped.

    Parameters
    ----------
    sequences : sequence of str, Series or dict
        Protein sequences.
    ids : sequence, default=None
        Names for the error message, one per sequence; by default the keys of a dict, the index of a Series
        (unless it only numbers the rows), or else the position (from 0).
    uppercase : bool, default=False
        Turn lower-case letters a-z into upper case first. Without it they are an error: lower case often
        marks masked residues.
    source : str, default=None
        Where the sequences come from, such as a file name, for the error message.

    Returns
    -------
    list of str
        The sequences, in order.

    Raises
    ------
    SequenceError
        If a sequence is empty, is not text, or holds anything but the letters of ``RESIDUES``. The message
        lists proteins, 1-based positions and letters.
    TypeError
        If ``sequences`` is one string.
    ValueError
        If ``ids`` and ``sequences`` differ in length.

    Warns
    -----
    SequenceWarning
        If sequences of 30 letters or more hold nothing but A, C, G, T, U and N: nucleotides, in all likelihood.

    Examples
    --------
    >>> from amp_sklearn.data import check_sequences
    >>> check_sequences({"P1": "MKV", "P2": "mkt"}, uppercase=True)
    ['MKV', 'MKT']
    >>> check_sequences({"P1": "MKV", "P2": "MJT*"})
    Traceback (most recent call last):
    amp_sklearn.exceptions.SequenceError: 1 of 2 sequences cannot be used:
      P2: 'J' at 2, '*' at 4
    Allowed are the letters ACDEFGHIKLMNPQRSTVWYXUBZO. Replace J (I or L) by X; remove stop signs (*).
    """
    if isinstance(sequences, str):
        raise TypeError(
            f"sequences must be a list of sequences, got one string; pass [{sequences[:10]!r}...]"
        )
    if isinstance(sequences, Mapping):
        ids = list(sequences) if ids is None else ids
        sequences = list(sequences.values())
    elif isinstance(sequences, pd.Series):
        if ids is None and not isinstance(sequences.index, pd.RangeIndex):
            ids = sequences.index
        sequences = sequences.to_numpy(dtype=object)
    if ids is not None and len(ids) != len(sequences):
        raise ValueError(f"ids must match the {len(sequences)} sequences one by one, got {len(ids)} ids")
    checked: list[str] = []
    problems: dict[int, str] = {}
    letters: set[str] = set()
    nucleotides: list[int] = []
    for row, sequence in enumerate(sequences):
        if not isinstance(sequence, str):
            problems[row] = _not_text(sequence)
            continue
        if uppercase:
            sequence = sequence.translate(_UPPERCASE)
        if not sequence:
            problems[row] = "is empty"
        # Deleting bytes is the fastest test there is; "replace" makes all other characters a forbidden "?".
        elif sequence.encode("ascii", "replace").translate(None, _ALLOWED):
            illegal = [(place, letter) for place, letter in enumerate(sequence, 1) if letter not in RESIDUES]
            letters.update(letter for _, letter in illegal)
            problems[row] = _list_letters(illegal)
        elif len(sequence) >= _SHORTEST_GENE and not sequence.encode().translate(None, b"ACGTUN"):
            nucleotides.append(row)
        checked.append(str(sequence))  # numpy's own string type becomes a plain one

    def name_of(row):
        return f"row {row}" if ids is None else shown(ids[row])[1:-1]

    if problems:
        lines = [f"  {name_of(row)}: {text}" for row, text in list(problems.items())[:_LISTED_PROTEINS]]
        if len(problems) > _LISTED_PROTEINS:
            lines.append(f"  and {len(problems) - _LISTED_PROTEINS:,} more")
        where = f"{source}: " if source else ""
        head = f"{where}{len(problems):,} of {len(sequences):,} sequences cannot be used:"
        like_ids = [
            row for row in problems if isinstance(sequences[row], str) and looks_like_id(sequences[row])
        ]
        if 2 * len(like_ids) > len(problems):
            example = shown(sequences[like_ids[0]])
            advice = f"These look like ids of proteins ({example}), not sequences; use read_pairs to look sequences up."
            raise SequenceError("\n".join([head, *lines, advice]))
        raise SequenceError("\n".join([head, *lines, _advice(letters)]))
    if nucleotides:
        listed = ", ".join(name_of(row) for row in nucleotides[:_LISTED_PROTEINS])
        warnings.warn(
            f"{len(nucleotides):,} of {len(sequences):,} sequences ({listed}{', ...' if len(nucleotides) > 5 else ''}) hold "
            "only the letters of nucleotides; translate them if they are genes, for they are read as proteins",
            SequenceWarning,
            stacklevel=3,
        )
    return checked


def _not_text(value):
    missing = value is None or value is pd.NA or (isinstance(value, float | np.floating) and np.isnan(value))
    return "is missing" if missing else f"is not text but {type(value).__name__} ({value!r:.40})"


def _list_letters(illegal):
    listed = ", ".join(f"{letter!r} at {position}" for position, letter in illegal[:_LISTED_LETTERS])
    rest = len(illegal) - _LISTED_LETTERS
    return f"{listed} and {rest:,} more" if rest > 0 else listed


def _advice(letters):
    """What to do about the letters found."""
    advice = []
    if any(letter in string.ascii_lowercase for letter in letters):
        advice.append("pass uppercase=True if lower case means the same residues")
    if "J" in letters or "j" in letters:
        advice.append("replace J (I or L) by X")
    if "*" in letters:
        advice.append("remove stop signs (*)")
    if letters & set("-."):
        advice.append("remove alignment gaps (- and .)")
    if any(letter.isspace() for letter in letters):
        advice.append("remove white space")
    if any(letter.isdigit() for letter in letters):
        advice.append("remove digits")
    text = f"Allowed are the letters {RESIDUES}."
    if advice:
        joined = "; ".join(advice)
        text += f" {joined[0].upper()}{joined[1:]}."
    return text
