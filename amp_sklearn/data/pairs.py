"""Tables of protein pairs, joined with their sequences."""

import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..exceptions import PairTableError, PairTableWarning
from .sequence_tables import gather_sequences, source_name
from .sequences import check_sequences
from .tables import is_empty, read_table

_ID_NAMES = (("proteina", "protein1"), ("proteinb", "protein2"))
_LABEL_NAMES = ("label",)
_ADVICE = "columns=(a, b)"
_LISTED = 10
_INTEGER = re.compile(r"[+-]?\d+(\.0*)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_pairs(
    pairs,
    sequences,
    *,
    label=None,
    columns=None,
    sequence_columns=None,
    full_id=False,
    uppercase=False,
    conflicts="error",
):
    """Read pairs of proteins and put their sequences beside each other, ready to fit or predict.

    Row order, orientation, repeated pairs and self pairs stay as they are; what a user should know about
    them is said in one `PairTableWarning`. Ids are compared as whole strings and never read as numbers, so
    that ``007``, ``1e5`` and ``NA`` stay what they are.

    Parameters
    ----------
    pairs : str, path-like or DataFrame
        Table of pairs: TSV, CSV (also gzipped), Excel (first sheet), Parquet, or a data frame. Its first
        line names the columns: ``protein_a, protein_b``, ``Protein1, Protein2`` or ``ProteinA, ProteinB``,
        and, unless the pairs are to be predicted, ``label``. Case, blanks, ``_`` and ``-`` in these names
        do not matter; other columns are left alone.
    sequences : str, path-like, dict, Series or DataFrame
        Sequences by id, anything that `read_sequences` takes. Only the proteins that occur in pairs are
        checked.
    label : str or False, default=None
        Name of the label column. None takes ``label`` if there is one; False reads no labels.
    columns : tuple of (str, str), default=None
        Names of the two id columns, where they are called otherwise.
    sequence_columns : tuple of (str, str), default=None
        Names of the id column and the sequence column of a table of sequences, where they are called
        otherwise.
    full_id : bool, default=False
        For FASTA: keep UniProt ids whole, see `read_fasta`.
    uppercase : bool, default=False
        Turn lower-case residues into upper case; see `check_sequences`.
    conflicts : {"error", "keep"}, default="error"
        What to do about a pair that comes with different labels, in either orientation. Proteins of the same
        sequence count as one protein, whatever their ids. ``"keep"`` keeps all rows and counts them in the
        warning.

    Returns
    -------
    X : DataFrame of shape (n_pairs, 2)
        Columns ``sequence_a``, ``sequence_b``, indexed by ``protein_a``, ``protein_b``. Its dtype is
        object: all rows of one protein share one string, which a column of pandas' own string type would
        copy.
    y : ndarray of shape (n_pairs,) or None
        Labels: integers if all of them are whole numbers, floats if all are numbers, else as given. None if
        no label column is read.

    Raises
    ------
    PairTableError
        If columns are missing or ambiguous, ids or labels are empty, proteins have no sequence, or labels
        conflict. The message lists ids and rows: line numbers of a text file, row numbers of a sheet,
        positions from 0 else.
    SequenceError
        If a sequence of a protein in use cannot be used, or one id has several.

    Warns
    -----
    PairTableWarning
        If pairs are repeated, repeated in the other orientation, or pairs of a protein with itself.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.data import read_pairs
    >>> pairs = pd.DataFrame({"Protein1": ["P1", "P2"], "Protein2": ["P2", "P3"], "Label": [1, 0]})
    >>> X, y = read_pairs(pairs, {"P1": "MKV", "P2": "MKTA", "P3": "MSDN"})
    >>> X.iloc[0].to_dict()
    {'sequence_a': 'MKV', 'sequence_b': 'MKTA'}
    >>> y
    array([1, 0])
    """
    if conflicts not in ("error", "keep"):
        raise ValueError(f"conflicts must be 'error' or 'keep', got {conflicts!r}")
    table = read_table(pairs)
    by_id = gather_sequences(sequences, columns=sequence_columns, full_id=full_id)
    name_a, name_b = _id_columns(table, columns, by_id)
    name_y = _label_column(table, label)
    source = source_name(sequences)
    joined = join_pairs(table, (name_a, name_b), name_y, by_id, source=source, uppercase=uppercase)
    _report(table, joined, conflicts)
    return joined.X, joined.y


@dataclass(frozen=True)
class JoinedPairs:
    """Pairs with their sequences.

    Parameters
    ----------
    X : DataFrame of shape (n_pairs, 2)
    y : ndarray of shape (n_pairs,) or None
    index : ndarray of int of shape (n_pairs, 2)
        Number of the distinct sequence of either protein.
    """

    X: pd.DataFrame
    y: np.ndarray | None
    index: np.ndarray


def join_pairs(table, id_columns, label_column, by_id, *, source="sequences", uppercase=False):
    """Look up the sequences of all pairs of a table; parameters and errors as of `read_pairs`.

    Parameters
    ----------
    table : Table
    id_columns : tuple of (str, str)
    label_column : str or None
    by_id : dict of str to str
        Sequences, unchecked.
    source : str, default="sequences"
        Name of the source of sequences, for messages.
    uppercase : bool, default=False
        See `check_sequences`.

    Returns
    -------
    JoinedPairs
    """
    if not len(table):
        raise PairTableError(f"{table.source} has column names but no pairs")
    ids = [table.texts(column) for column in id_columns]
    _require_known(table, ids, by_id, source)
    used = list(dict.fromkeys([*ids[0], *ids[1]]))
    checked = check_sequences([by_id[protein] for protein in used], used, uppercase=uppercase, source=source)
    sequence_of = dict(zip(used, checked, strict=True))
    number = {sequence: i for i, sequence in enumerate(dict.fromkeys(checked))}
    X = pd.DataFrame(
        {
            f"sequence_{side}": [sequence_of[p] for p in column]
            for side, column in zip("ab", ids, strict=True)
        },
        index=pd.MultiIndex.from_arrays(ids, names=["protein_a", "protein_b"]),
        dtype=object,
    )
    index = np.array([[number[sequence_of[protein]] for protein in column] for column in ids]).T
    y = None if label_column is None else _labels(table, label_column)
    return JoinedPairs(X, y, index)


def _id_columns(table, columns, by_id):
    if columns is not None:
        if isinstance(columns, str) or len(columns) != 2 or columns[0] == columns[1]:
            raise ValueError(f"columns must be the names of two different columns, got {columns!r}")
        for name in columns:
            table.require(name, f"named in {_ADVICE}")
        return tuple(columns)
    a, b = (
        table.find(names, f"protein {side}", _ADVICE) for names, side in zip(_ID_NAMES, "AB", strict=True)
    )
    if a is None or b is None:
        headerless = any(name in by_id for name in table.columns)
        raise PairTableError(
            f"{table.source} needs two columns of ids, protein_a and protein_b (or Protein1 and Protein2); "
            + (
                "its first line holds ids instead of column names "
                f"({', '.join(table.columns)}): add a line such as protein_a, protein_b, label above it"
                if headerless
                else f"{table.found()}; name yours with {_ADVICE}"
            )
        )
    return a, b


def _label_column(table, label):
    if label is False:
        return None
    if label is None:
        return table.find(_LABEL_NAMES, "labels", "label=name")
    table.require(label, "named in label=name")
    return label


def _require_known(table, ids, by_id, source):
    rows: dict[str, list[int]] = {}
    for row, pair in enumerate(zip(*ids, strict=True)):
        for protein in dict.fromkeys(pair):
            if protein not in by_id:
                rows.setdefault(protein, []).append(row)
    if not rows:
        return
    lines = [f"  {protein!r} ({table.at(at)})" for protein, at in list(rows.items())[:_LISTED]]
    if len(rows) > _LISTED:
        lines.append(f"  and {len(rows) - _LISTED:,} more")
    n_rows = len({row for at in rows.values() for row in at})
    known = ", ".join(map(repr, list(by_id)[:3]))
    advice = f"{source} holds {len(by_id):,} ids such as {known}; ids must be equal"
    if any(protein.strip() in by_id for protein in rows):
        advice += ", white space included"
    elif any(part in by_id for protein in rows for part in protein.split("|")):
        advice += ": pass full_id=True if the pairs hold ids such as 'sp|P04637|P53_HUMAN'"
    raise PairTableError(
        "\n".join(
            [
                f"{table.source}: {len(rows):,} id(s) in {n_rows:,} pair(s) have no sequence:",
                *lines,
                f"{advice}.",
            ]
        )
    )


def _labels(table, name):
    cells = table.columns[name]
    empty = [row for row, cell in enumerate(cells) if is_empty(cell)]
    if empty:
        raise PairTableError(
            f"{table.source}: {len(empty):,} empty cell(s) in label column {name!r}, {table.at(empty)}; "
            "fill them in, remove these rows, or pass label=False to read the pairs without labels"
        )
    if all(isinstance(cell, bool | np.bool_) for cell in cells):
        return np.array(cells, dtype=bool)
    texts = [str(cell).strip() for cell in cells]
    if all(map(_INTEGER.fullmatch, texts)):
        return np.array([int(text.partition(".")[0]) for text in texts])
    if all(map(_NUMBER.fullmatch, texts)):
        return np.array(texts, dtype=float)
    return np.array(texts, dtype=object)


def _report(table, joined, conflicts):
    """Raise on conflicting labels; warn once about what else a user should know."""
    n = joined.index.max() + 1  # a pair as one number
    ordered = pd.Series(joined.index @ [n, 1])
    unordered = pd.Series(np.sort(joined.index, axis=1) @ [n, 1])
    notes = []
    if joined.y is not None:
        labels = pd.Series(joined.y).groupby(unordered.to_numpy()).transform("nunique")
        rows = np.flatnonzero(labels.to_numpy() > 1)
        if len(rows):
            pairs = unordered[rows].unique()
            text = f"{len(pairs):,} pair(s) in {len(rows):,} rows come with different labels"
            if conflicts == "error":
                raise PairTableError(_list_conflicts(table, joined, unordered, pairs, text))
            notes.append(f"{text}, {table.at(rows)}")
    exact, repeated = ordered.duplicated(), unordered.duplicated()
    for mask, text in (
        (exact, "repeat an earlier pair"),
        (repeated & ~exact, "repeat an earlier pair with the proteins swapped"),
        (pd.Series(joined.index[:, 0] == joined.index[:, 1]), "pair a protein with itself"),
    ):
        rows = np.flatnonzero(mask)
        if len(rows):
            notes.append(f"{len(rows):,} row(s) {text}, {table.at(rows)}")
    if notes:
        warnings.warn(
            f"{table.source}, all {len(table):,} rows kept as they are: {'; '.join(notes)}. "
            "Proteins of the same sequence count as one.",
            PairTableWarning,
            stacklevel=3,
        )


def _list_conflicts(table, joined, unordered, pairs, text):
    lines = []
    for pair in pairs[:_LISTED]:
        rows = np.flatnonzero(unordered == pair)
        listed = [
            f"{' - '.join(joined.X.index[row])} is {joined.y[row]} ({table.at([row])})"
            for row in rows[:_LISTED]
        ]
        lines.append(f"  {'; '.join(listed)}")
    if len(pairs) > _LISTED:
        lines.append(f"  and {len(pairs) - _LISTED:,} more")
    advice = "Correct them, or pass conflicts='keep' to keep all rows."
    return "\n".join([f"{table.source}: {text}:", *lines, advice])
