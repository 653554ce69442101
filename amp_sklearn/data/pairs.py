"""Tables of protein pairs, joined with their sequences."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..exceptions import PairTableError, PairTableWarning
from .id_matching import match_ids, nearest_ids
from .label_cells import read_labels
from .sequence_tables import gather_sequences, remove_stops, source_name
from .sequences import check_sequences
from .tables import read_table
from .text_files import shown

_ID_NAMES = (("proteina", "protein1"), ("proteinb", "protein2"))
_LABEL_NAMES = ("label",)
_ADVICE = "columns=(a, b)"
_LISTED = 10


def read_pairs(
    pairs,
    sequences,
    *,
    label=None,
    columns=None,
    sequence_columns=None,
    full_id=False,
    uppercase=False,
    strip_stop=False,
    conflicts="error",
    header=0,
    sheet=None,
    sequence_header=0,
    sequence_sheet=None,
):
    """Read pairs of proteins and put their sequences beside each other, ready to fit or predict.

    Row order, orientation, repeated pairs and self pairs stay as they are; what a user should know about
    them is said in one `PairTableWarning`. Ids are compared as whole strings and never read as numbers, so
    that ``007``, ``1e5`` and ``NA`` stay what they are. Where no equal id exists, another form of it is looked up:
    without the white space around it, the accession or entry name of ``sp|P04637|P53_HUMAN`` on either side, the
    first isoform ``P04637-1`` for ``P04637`` and the other way round, entry and gene names (``GN=``) in FASTA headers
    and UniProt tables. It is taken where it means one sequence, and counted in the warning; else the error lists the
    nearest ids.

    Parameters
    ----------
    pairs : str, path-like or DataFrame
        Table of pairs: TSV, CSV, cells between white space (also gzipped), Excel, Parquet, or a data frame. Its first
        line names the columns: ``protein_a, protein_b``, ``Protein1, Protein2`` or ``ProteinA, ProteinB``,
        and, unless the pairs are to be predicted, ``label``. Case, blanks, ``_`` and ``-`` in these names
        do not matter; other columns are left alone. Lines that begin with ``#`` are comments.
    sequences : str, path-like, dict, Series, DataFrame or list of files
        Sequences by id, anything that `read_sequences` takes. Only the proteins that occur in pairs are
        checked.
    label : str, int or False, default=None
        Label column, by name or number from 0. None takes ``label`` if there is one; False reads no labels.
    columns : tuple of (str, str) or (int, int), default=None
        The two id columns, where they are called otherwise; numbers count from 0.
    sequence_columns : tuple of (str, str) or (int, int), default=None
        Id column and sequence column of a table of sequences, where they are called otherwise.
    full_id : bool, default=False
        For FASTA: keep UniProt ids whole, see `read_fasta`.
    uppercase : bool, default=False
        Turn lower-case residues into upper case; see `check_sequences`.
    strip_stop : bool, default=False
        Remove one stop sign (``*``) from the end of each sequence that has one; the warning counts them.
    conflicts : {"error", "keep"}, default="error"
        What to do about a pair that comes with different labels, in either orientation. Proteins of the same
        sequence count as one protein, whatever their ids. ``"keep"`` keeps all rows and counts them in the
        warning.
    header : {0, None}, default=0
        None for a table without a line of column names: its first two columns are the ids, and its third, if there are
        three, the labels.
    sheet : str or int, default=None
        Sheet of a workbook of pairs, by name or number from 0; by default the first, and the warning names others.
    sequence_header, sequence_sheet : default=0 and None
        The same for a table of sequences.

    Returns
    -------
    X : DataFrame of shape (n_pairs, 2)
        Columns ``sequence_a``, ``sequence_b``, indexed by ``protein_a``, ``protein_b``. Its dtype is
        object: all rows of one protein share one string, which a column of pandas' own string type would
        copy.
    y : ndarray of shape (n_pairs,) or None
        Labels: integers if all of them are whole numbers, floats if all are numbers. The usual words are 1 and 0: yes and
        no, true and false, + and -, positive and negative, interacts and no interaction. Other words are as given. None
        if no label column is read.

    Raises
    ------
    PairTableError
        If columns are missing or ambiguous, ids or labels are empty, one label is of another kind than the others,
        proteins have no sequence, or labels conflict. The message lists ids and rows: line numbers of a text file, row numbers of a sheet,
        positions from 0 else.
    SequenceError
        If a sequence of a protein in use cannot be used, or one id has several.

    Warns
    -----
    PairTableWarning
        If pairs are repeated, repeated in the other orientation, or pairs of a protein with itself; if ids were matched
        in another form; if comment lines or other sheets were left aside.

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
    table = read_table(pairs, header=header, sheet=sheet)
    by_id = gather_sequences(
        sequences, columns=sequence_columns, full_id=full_id, header=sequence_header, sheet=sequence_sheet
    )
    if strip_stop:
        remove_stops(by_id)
    name_a, name_b = id_columns_of(table, columns, by_id)
    name_y = label_column_of(table, label, (name_a, name_b))
    source = source_name(sequences)
    joined = join_pairs(table, (name_a, name_b), name_y, by_id, source=source, uppercase=uppercase)
    report_pairs(table, joined, conflicts, [*table.notes, *by_id.notes])
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
    matched : dict of str to str, default={}
        Ids that were matched to another form, and that form.
    """

    X: pd.DataFrame
    y: np.ndarray | None
    index: np.ndarray
    matched: dict = field(default_factory=dict)


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
    used = list(dict.fromkeys([*ids[0], *ids[1]]))
    known = match_ids(used, by_id)
    require_known(table, ids, known, by_id, source)
    checked = check_sequences(
        [by_id[known[protein]] for protein in used], used, uppercase=uppercase, source=source
    )
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
    y = None if label_column is None else read_labels(table, label_column)
    return JoinedPairs(X, y, index, {protein: form for protein, form in known.items() if protein != form})


def id_columns_of(table, columns, by_id):
    """Names of the two id columns; parameters and errors as of `read_pairs`, ``by_id`` the known proteins."""
    if columns is not None:
        if isinstance(columns, str) or len(columns) != 2 or columns[0] == columns[1]:
            raise ValueError(f"columns must be the names of two different columns, got {columns!r}")
        names = tuple(table.resolve(name, f"named in {_ADVICE}") for name in columns)
        if names[0] == names[1]:
            raise ValueError(f"columns must be two different columns, got {columns!r}")
        return names
    if not isinstance(next(iter(table.columns), ""), str):  # no column names
        if len(table.columns) < 2:
            raise PairTableError(f"{table.source} has one column; expected two columns of ids")
        return tuple(table.columns)[:2]
    a, b = (
        table.find(names, f"protein {side}", _ADVICE) for names, side in zip(_ID_NAMES, "AB", strict=True)
    )
    if a is None or b is None:
        headerless = bool(match_ids(table.columns, by_id))
        raise PairTableError(
            f"{table.source} needs two columns of ids, protein_a and protein_b (or Protein1 and Protein2); "
            + (
                "its first line holds ids instead of column names "
                f"({', '.join(name[:40] for name in list(table.columns)[:5])}): pass header=None, or add a line such as "
                "protein_a, protein_b, label above it"
                if headerless
                else f"{table.found()}; name yours with {_ADVICE}"
            )
        )
    return a, b


def label_column_of(table, label, id_columns):
    """Name of the label column, or None; parameters and errors as of `read_pairs`."""
    if label is False:
        return None
    if label is not None:
        return table.resolve(label, "named in label=name")
    if isinstance(next(iter(table.columns)), str):
        return table.find(_LABEL_NAMES, "labels", "label=name")
    rest = [column for column in table.columns if column not in id_columns]
    if len(rest) > 1:
        raise PairTableError(
            f"{table.source} has no column names and {len(table.columns)} columns; say which holds the labels, such as "
            "label=2, or pass label=False"
        )
    return rest[0] if rest else None


def require_known(table, ids, known, by_id, source):
    """Raise a PairTableError, which lists ids and rows, unless all ids of both columns are known."""
    rows: dict[str, list[int]] = {}
    for row, pair in enumerate(zip(*ids, strict=True)):
        for protein in dict.fromkeys(pair):
            if protein not in known:
                rows.setdefault(protein, []).append(row)
    if not rows:
        return
    lines = []
    for protein, at in list(rows.items())[:_LISTED]:
        nearest = ", ".join(map(shown, nearest_ids(protein, by_id)))
        lines.append(f"  {shown(protein)} ({table.at(at)})" + (f"; nearest: {nearest}" if nearest else ""))
    if len(rows) > _LISTED:
        lines.append(f"  and {len(rows) - _LISTED:,} more")
    n_rows = len({row for at in rows.values() for row in at})
    examples = ", ".join(map(shown, list(by_id)[:3]))
    raise PairTableError(
        "\n".join(
            [
                f"{table.source}: {len(rows):,} id(s) in {n_rows:,} pair(s) have no sequence:",
                *lines,
                f"{source} holds {len(by_id):,} ids such as {examples}; ids must be equal, or forms of one id that mean "
                "one sequence.",
            ]
        )
    )


def report_pairs(table, joined, conflicts, reading):
    """Raise on conflicting labels; warn once about what else a user should know."""
    n = joined.index.max() + 1  # a pair as one number
    ordered = pd.Series(joined.index @ [n, 1])
    unordered = pd.Series(np.sort(joined.index, axis=1) @ [n, 1])
    notes = list(reading)
    if joined.matched:
        listed = ", ".join(f"{shown(a)} to {shown(b)}" for a, b in list(joined.matched.items())[:3])
        more = f" and {len(joined.matched) - 3:,} more" if len(joined.matched) > 3 else ""
        notes.append(f"{len(joined.matched):,} id(s) were matched to another form: {listed}{more}")
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
            f"{' - '.join(name[:40] for name in joined.X.index[row])} is {joined.y[row]} ({table.at([row])})"
            for row in rows[:_LISTED]
        ]
        lines.append(f"  {'; '.join(listed)}")
    if len(pairs) > _LISTED:
        lines.append(f"  and {len(pairs) - _LISTED:,} more")
    advice = "Correct them, or pass conflicts='keep' to keep all rows."
    return "\n".join([f"{table.source}: {text}:", *lines, advice])
