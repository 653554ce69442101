"""Sequences by protein, from any source that holds them."""

import warnings
from collections.abc import Mapping
from os import PathLike
from os.path import isfile
from pathlib import Path

import pandas as pd

from ..exceptions import PairTableError, PairTableWarning, SequenceError
from .fasta import parse_fasta, sequence_series
from .id_matching import NamedSequences
from .sequences import check_sequences
from .tables import Table, is_empty, read_table
from .text_files import shown, starts_as_fasta

ID_NAMES = ("entry", "protein", "proteinid", "accession", "id")  # normalised, see Table.find
_SEQUENCE_NAMES = ("sequence", "seq")
_NAME_COLUMNS = (
    "entryname",
    "genenames",
    "genenames(primary)",
)  # of UniProt; the first word is the name in use


def read_sequences(
    source, *, columns=None, full_id=False, uppercase=False, strip_stop=False, header=0, sheet=None
):
    """Read protein sequences from FASTA, a table or a mapping.

    Parameters
    ----------
    source : str, path-like, dict, Series, DataFrame or list of files
        FASTA file; table (TSV, CSV, Excel, Parquet) or data frame with a column of ids (``Entry``,
        ``protein``, ``protein_id``, ``accession`` or ``id``) and one of sequences (``Sequence`` or
        ``seq``), as UniProt exports it; or a dictionary or Series of sequences by id. What a file is, its
        content tells, not its name. Upper or lower case of column names does not matter. A list of files is
        read as one: an id must have the same sequence in all of them.
    columns : tuple of (str, str) or (int, int), default=None
        Id column and sequence column of a table, where they are called otherwise; numbers count from 0.
    full_id : bool, default=False
        For FASTA: keep UniProt ids whole, see `read_fasta`.
    uppercase : bool, default=False
        Turn lower-case letters into upper case; see `check_sequences`.
    strip_stop : bool, default=False
        Remove one stop sign (``*``) from the end of each sequence that has one; the warning counts them.
    header : {0, None}, default=0
        None for a table without a line of column names: its first two columns are ids and sequences.
    sheet : str or int, default=None
        Sheet of a workbook, by name or number from 0; by default the first.

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

    Warns
    -----
    PairTableWarning
        If a table has comment lines or other sheets, which are left aside.
    SequenceWarning
        If sequences look like nucleotides, see `check_sequences`.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.data import read_sequences
    >>> table = pd.DataFrame({"Entry": ["P1", "P2"], "Length": [3, 4], "Sequence": ["MKV", "MKTA"]})
    >>> read_sequences(table).to_dict()
    {'P1': 'MKV', 'P2': 'MKTA'}
    """
    sequences = gather_sequences(source, columns=columns, full_id=full_id, header=header, sheet=sheet)
    if strip_stop:
        remove_stops(sequences)
    if sequences.notes:
        warnings.warn(f"{source_name(source)}: {'; '.join(sequences.notes)}", PairTableWarning, stacklevel=2)
    checked = check_sequences(sequences, uppercase=uppercase, source=source_name(source))
    return sequence_series(dict(zip(sequences, checked, strict=True)))


def remove_stops(sequences):
    """Remove the stop sign at the end of sequences, in place; ``notes`` counts them."""
    ended = [name for name, text in sequences.items() if isinstance(text, str) and text.endswith("*")]
    for protein in ended:
        sequences[protein] = sequences[protein][:-1]
    if ended:
        sequences.notes += (f"the stop sign (*) at the end of {len(ended):,} sequence(s) was removed",)


def source_name(source):
    """What to call a source in messages."""
    if isinstance(source, list | tuple):
        return ", ".join(source_name(one) for one in source)
    return Path(source).name if not isinstance(source, Mapping | pd.Series | pd.DataFrame) else "sequences"


def gather_sequences(source, *, columns=None, full_id=False, header=0, sheet=None):
    """Sequences by id as they stand, letters unchecked; parameters as of `read_sequences`.

    Returns
    -------
    NamedSequences of str to object
        Cells that are not text are left for `check_sequences` to report.
    """
    if isinstance(source, list | tuple) and any(map(_is_file, source)):
        parts = [
            gather_sequences(one, columns=columns, full_id=full_id, header=header, sheet=sheet)
            for one in source
        ]
        return _merged(parts, [Path(one).name for one in source])
    if isinstance(source, pd.Series | Mapping):
        cells = {"id": list(source.keys()), "sequence": [sequence for _, sequence in source.items()]}
        return _by_id(Table(cells, range(len(source)), "row (from 0)", "sequences"), "id", "sequence")
    if not isinstance(source, str | PathLike | pd.DataFrame):
        raise TypeError(
            "sequences must be a file (FASTA or table), a list of files, a dict, a Series or a DataFrame of sequences "
            f"by id, got {type(source).__name__}"
        )
    if not isinstance(source, pd.DataFrame) and starts_as_fasta(source, SequenceError):
        return parse_fasta(source, full_id=full_id)
    if not isinstance(source, pd.DataFrame) and Path(source).stat().st_size == 0:
        raise PairTableError(f"{Path(source).name} is empty; expected FASTA, or a table of ids and sequences")
    table = read_table(source, header=header, sheet=sheet)
    sequences = _by_id(table, *_names_of_columns(table, columns, header))
    sequences.notes = table.notes
    return sequences


def _is_file(source):
    return isinstance(source, PathLike) or (isinstance(source, str) and isfile(source))


def _names_of_columns(table, columns, header):
    advice = "columns=(id, sequence), which read_pairs calls sequence_columns"
    if columns is not None:
        return [table.resolve(name, f"named in {advice}") for name in columns]
    if header is None and not isinstance(next(iter(table.columns)), str):
        if len(table.columns) < 2:
            raise PairTableError(f"{table.source} has one column; expected ids and sequences")
        return list(table.columns)[:2]
    names = []
    for accepted, what in ((ID_NAMES, "ids"), (_SEQUENCE_NAMES, "sequences")):
        name = table.find(accepted, what, advice)
        if name is None:
            raise PairTableError(
                f"{table.source} is neither FASTA nor a table with a column of {what} "
                f"({' or '.join(accepted)}); {table.found()}; name yours with {advice}, or pass header=None "
                "(sequence_header=None to read_pairs) if its first line holds no column names"
            )
        names.append(name)
    return names


def _merged(parts, names):
    """Sequences of several files as one."""
    merged = NamedSequences()
    home: dict[str, str] = {}
    for part, name in zip(parts, names, strict=True):
        for protein, sequence in part.items():
            if protein in merged and not _same(merged[protein], sequence):
                raise SequenceError(
                    f"{name} and {home[protein]} give {shown(protein)} different sequences; give each sequence an id of "
                    "its own"
                )
            merged[protein] = sequence
            home.setdefault(protein, name)
        for other, proteins in part.names.items():
            merged.names.setdefault(other, set()).update(proteins)
        merged.notes += tuple(f"{name}: {note}" for note in part.notes)
    return merged


def _by_id(table, id_column, sequence_column):
    sequences: dict[str, object] = {}
    first: dict[str, int] = {}
    conflicts: dict[str, list[int]] = {}
    ids = table.texts(id_column)
    for row, (protein, sequence) in enumerate(zip(ids, table.columns[sequence_column], strict=True)):
        if isinstance(sequence, str) and table.place in (
            "line",
            "row",
        ):  # a file's cell; an object's is as given
            sequence = sequence.strip()
        if protein not in sequences:
            first[protein], sequences[protein] = row, sequence
        elif not _same(sequences[protein], sequence):
            conflicts.setdefault(protein, [first[protein]]).append(row)
    if not sequences:
        raise SequenceError(f"{table.source} holds no sequence")
    if conflicts:
        listed = "; ".join(
            f"{shown(protein)} ({table.at(rows)})" for protein, rows in list(conflicts.items())[:5]
        )
        more = f" and {len(conflicts) - 5:,} more" if len(conflicts) > 5 else ""
        raise SequenceError(
            f"{table.source}: {len(conflicts):,} id(s) stand for different sequences: {listed}{more}; "
            "give each sequence an id of its own"
        )
    named = NamedSequences(sequences)
    for accepted in _NAME_COLUMNS:
        name = table.find((accepted,), "names", "columns=(id, sequence)")
        if name is not None and name != id_column:
            for protein, cell in zip(ids, table.columns[name], strict=True):
                named.add_names(protein, str(cell).split()[:1] if isinstance(cell, str) else [])
    return named


def _same(a, b):
    return is_empty(a) and is_empty(b) if is_empty(a) or is_empty(b) else a == b
