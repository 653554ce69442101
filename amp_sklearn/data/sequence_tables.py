"""Sequences by protein, from any source that holds them."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import pandas as pd

from ..exceptions import PairTableError, SequenceError
from .fasta import parse_fasta, sequence_series
from .sequences import check_sequences
from .tables import Table, is_empty, read_table
from .text_files import starts_as_fasta

_ID_NAMES = ("entry", "protein", "proteinid", "accession", "id")  # normalised, see Table.find
_SEQUENCE_NAMES = ("sequence", "seq")


def read_sequences(source, *, columns=None, full_id=False, uppercase=False):
    """Read protein sequences from FASTA, a table or a mapping.

    Parameters
    ----------
    source : str, path-like, dict, Series or DataFrame
        FASTA file; table (TSV, CSV, Excel, Parquet) or data frame with a column of ids (``Entry``,
        ``protein``, ``protein_id``, ``accession`` or ``id``) and one of sequences (``Sequence`` or
        ``seq``), as UniProt exports it; or a dictionary or Series of sequences by id. What a file is, its
        content tells, not its name. Upper or lower case of column names does not matter.
    columns : tuple of (str, str), default=None
        Names of the id column and the sequence column of a table, where they are called otherwise.
    full_id : bool, default=False
        For FASTA: keep UniProt ids whole, see `read_fasta`.
    uppercase : bool, default=False
        Turn lower-case letters into upper case; see `check_sequences`.

    Returns
    -------
    Series
        Sequences (str) in the order of the source, named ``"sequence"``, indexed by id (``"protein"``). An
        id that comes back with the same sequence is kept once.

    Raises
    ------
    SequenceError
        If there is no sequence, one id has several, or a sequence cannot be used.
    PairTableError
        If the table lacks a column or an id.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.data import read_sequences
    >>> table = pd.DataFrame({"Entry": ["P1", "P2"], "Length": [3, 4], "Sequence": ["MKV", "MKTA"]})
    >>> read_sequences(table).to_dict()
    {'P1': 'MKV', 'P2': 'MKTA'}
    """
    sequences = gather_sequences(source, columns=columns, full_id=full_id)
    checked = check_sequences(sequences, uppercase=uppercase, source=source_name(source))
    return sequence_series(dict(zip(sequences, checked, strict=True)))


def source_name(source):
    """What to call a source in messages."""
    return Path(source).name if not isinstance(source, Mapping | pd.Series | pd.DataFrame) else "sequences"


def gather_sequences(source, *, columns=None, full_id=False):
    """Sequences by id as they stand, letters unchecked; parameters as of `read_sequences`.

    Returns
    -------
    dict of str to object
        Cells that are not text are left for `check_sequences` to report.
    """
    if isinstance(source, pd.Series | Mapping):
        cells = {"id": list(source.keys()), "sequence": [sequence for _, sequence in source.items()]}
        return _by_id(Table(cells, range(len(source)), "row (from 0)", "sequences"), "id", "sequence")
    if not isinstance(source, str | PathLike | pd.DataFrame):
        raise TypeError(
            "sequences must be a file (FASTA or table), a dict, a Series or a DataFrame of sequences by id, "
            f"got {type(source).__name__}"
        )
    if not isinstance(source, pd.DataFrame) and starts_as_fasta(source, SequenceError):
        return parse_fasta(source, full_id=full_id)
    if not isinstance(source, pd.DataFrame) and Path(source).stat().st_size == 0:
        raise PairTableError(f"{Path(source).name} is empty; expected FASTA, or a table of ids and sequences")
    table = read_table(source)
    advice = "columns=(id, sequence), which read_pairs calls sequence_columns"
    if columns is None:
        names = []
        for accepted, what in ((_ID_NAMES, "ids"), (_SEQUENCE_NAMES, "sequences")):
            name = table.find(accepted, what, advice)
            if name is None:
                raise PairTableError(
                    f"{table.source} is neither FASTA nor a table with a column of {what} "
                    f"({' or '.join(accepted)}); {table.found()}; name yours with {advice}"
                )
            names.append(name)
    else:
        names = list(columns)
        for name in names:
            table.require(name, f"named in {advice}")
    return _by_id(table, *names)


def _by_id(table, id_column, sequence_column):
    sequences: dict[str, object] = {}
    first: dict[str, int] = {}
    conflicts: dict[str, list[int]] = {}
    for row, (protein, sequence) in enumerate(
        zip(table.texts(id_column), table.columns[sequence_column], strict=True)
    ):
        if protein not in sequences:
            first[protein], sequences[protein] = row, sequence
        elif not _same(sequences[protein], sequence):
            conflicts.setdefault(protein, [first[protein]]).append(row)
    if not sequences:
        raise SequenceError(f"{table.source} holds no sequence")
    if conflicts:
        listed = "; ".join(f"{protein!r} ({table.at(rows)})" for protein, rows in list(conflicts.items())[:5])
        more = f" and {len(conflicts) - 5:,} more" if len(conflicts) > 5 else ""
        raise SequenceError(
            f"{table.source}: {len(conflicts):,} id(s) stand for different sequences: {listed}{more}; "
            "give each sequence an id of its own"
        )
    return sequences


def _same(a, b):
    return is_empty(a) and is_empty(b) if is_empty(a) or is_empty(b) else a == b
