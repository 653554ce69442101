"""Tables as text: every cell keeps its characters, every row its place in the file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from ..exceptions import PairTableError
from .delimited import delimiter_of, rows_of_lines
from .text_files import binary_kind, open_text, shown
from .workbooks import read_parquet, read_sheet

_LISTED_COLUMNS = 20
_USUAL_NAMES = ("proteina", "protein1", "entry", "protein", "proteinid", "accession", "id")  # normalised


@dataclass(frozen=True)
class Table:
    """Columns of a table with what is needed to point at a cell.

    Parameters
    ----------
    columns : dict of str to list
        Cells by column name.
    places : sequence of int
        Where each row stands.
    place : str
        What a place counts: ``"line"`` of a text file, ``"row"`` of a sheet, ``"row (from 0)"`` of a data
        frame.
    source : str
        Name of the table, for messages.
    notes : tuple of str, default=()
        What was left aside on reading: comment lines, other sheets.
    """

    columns: dict
    places: Sequence[int]
    place: str
    source: str
    notes: tuple[str, ...] = ()

    def __len__(self):
        return len(self.places)

    def at(self, rows, limit=5):
        """Words for the places of the given rows, such as ``"lines 3, 8 and 4 more"``."""
        listed = ", ".join(str(self.places[row]) for row in rows[:limit])
        more = f" and {len(rows) - limit:,} more" if len(rows) > limit else ""
        noun, _, counted = self.place.partition(" ")
        return f"{noun}{'s' if len(rows) > 1 else ''} {listed}{more} {counted}".rstrip()

    def find(self, accepted, what, advice):
        """Name of the one column that goes by an accepted name; case, blanks, ``_`` and ``-`` do not matter.

        Parameters
        ----------
        accepted : sequence of str
            Names, normalised.
        what : str
            What the column holds, for messages.
        advice : str
            How to name the column explicitly, for messages.

        Returns
        -------
        str or None
            None if there is no such column.

        Raises
        ------
        PairTableError
            If there are several.
        """
        found = [name for name in self.columns if _normalised(name) in accepted]
        if len(found) > 1:
            raise PairTableError(
                f"{self.source} has several columns for {what}: {found}; choose with {advice}"
            )
        return found[0] if found else None

    def require(self, name, advice):
        """The cells of a column that must exist.

        Raises
        ------
        PairTableError
            If it does not; the message lists the columns found.
        """
        return self.columns[self.resolve(name, advice)]

    def resolve(self, name, advice):
        """Name of a column that must exist, given by name, or by number from 0 where no column is called so.

        Raises
        ------
        PairTableError
            If it does not; the message lists the columns found.
        """
        if name in self.columns:
            return name
        if isinstance(name, int) and not isinstance(name, bool) and 0 <= name < len(self.columns):
            return list(self.columns)[name]
        raise PairTableError(f"{self.source} has no column {name!r} ({advice}); {self.found()}")

    def found(self):
        """Words for the columns there are."""
        listed = list(self.columns)[:_LISTED_COLUMNS]
        more = f" and {len(self.columns) - len(listed):,} more" if len(self.columns) > len(listed) else ""
        return f"columns found: {', '.join(str(name) if isinstance(name, int) else shown(name) for name in listed)}{more}"

    def texts(self, name):
        """Cells of a column of ids as text.

        Whole numbers become their digits; an empty cell is an error, and so is anything that a spreadsheet
        made of an id (a date, a fraction, TRUE).

        Raises
        ------
        PairTableError
            With the rows at fault.
        """
        texts, empty, odd = [], [], []
        for row, cell in enumerate(self.columns[name]):
            text = _as_text(cell)
            texts.append(text)
            if text is None:
                odd.append(row)
            elif not text.strip():
                empty.append(row)
        if empty:
            raise PairTableError(
                f"{self.source}: {len(empty):,} empty cell(s) in column {name!r}, {self.at(empty)}; "
                "fill them in or remove these rows"
            )
        if odd:
            cell = self.columns[name][odd[0]]
            raise PairTableError(
                f"{self.source}: {len(odd):,} cell(s) in column {name!r}, {self.at(odd)}, hold no id but a "
                f"{type(cell).__name__} ({str(cell)[:40]}); a spreadsheet may have converted them: restore ids as text"
            )
        return texts


def _normalised(name):
    return re.sub(r"[\s_-]+", "", str(name)).casefold()


def is_empty(cell):
    """Whether a cell of a table holds nothing."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, Real) and cell != cell)


def _as_text(cell):
    """An id as text, ``""`` for an empty cell, None for what cannot be an id."""
    if isinstance(cell, str):
        return str(cell)
    if is_empty(cell):
        return ""
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, Integral):
        return str(int(cell))
    return str(int(float(cell))) if isinstance(cell, Real) and float(cell).is_integer() else None


def read_table(source, *, header=0, sheet=None):
    """Read a table of any accepted kind, which is recognised by the first bytes of the file.

    Parameters
    ----------
    source : str, path-like or DataFrame
        Text with tabs, commas, semicolons or white space between the cells (gzipped or not), Excel (.xlsx), Parquet,
        or a data frame. Rows of a file without any content are skipped, and so are lines of text that begin with
        ``#``, which ``notes`` of the table counts; a ``#`` before the column names is taken off.
    header : {0, None}, default=0
        0: the first row holds the column names. None: a file has no such row; columns are called by number from 0.
    sheet : str or int, default=None
        Sheet of a workbook, by name or number from 0; by default the first.

    Returns
    -------
    Table

    Raises
    ------
    PairTableError
        If it is not a table, or rows and column names do not fit together.
    TypeError
        If ``source`` is neither a file nor a data frame.
    """
    if header not in (0, None) or isinstance(header, bool):
        raise ValueError(
            f"header must be 0 (the first row holds the column names) or None (no row does), got {header!r}"
        )
    if isinstance(source, pd.DataFrame):
        return _from_frame(source, "the data frame")
    if not isinstance(source, str | PathLike):
        raise TypeError(f"a table must be a file or a DataFrame, got {type(source).__name__}")
    kind = binary_kind(source)
    name = Path(source).name
    if sheet is not None and kind != "zip":
        raise PairTableError(f"{name} is no Excel workbook (.xlsx) and has no sheet {sheet!r}")
    if kind == "parquet":
        return _from_frame(read_parquet(source, PairTableError), name)
    if kind == "xls":
        raise PairTableError(f"{name} is an old Excel file (.xls); save it as .xlsx, .tsv or .csv")
    if kind == "hdf5":
        raise PairTableError(f"{name} is an HDF5 file; expected text with a line per row, Excel or Parquet")
    if kind == "zip":
        rows, ignored = read_sheet(source, PairTableError, sheet)
        place, notes = "row", []
        if ignored:
            notes = [f"other sheets were not read: {', '.join(map(shown, ignored))} (choose with sheet=name)"]
    else:
        rows, notes = _text_rows(source)
        place = "line"
    filled = [(number, row) for number, row in rows if not all(map(is_empty, row))]
    if not filled:
        others = f" ({'; '.join(notes)})" if notes else ""
        raise PairTableError(f"{name} is empty; expected a first line with column names, then rows{others}")
    names = list(filled[0][1])
    while names and is_empty(names[-1]):
        names.pop()
    if header is None:
        return _from_rows(list(range(len(names))), filled, place, name, notes)
    return _from_rows([str(cell).strip() for cell in names], filled[1:], place, name, notes)


def _text_rows(path):
    """Rows of a text file, and what to say about its comments."""
    with open_text(path, PairTableError) as file:
        lines = [(number, line) for number, line in enumerate(file, 1) if line.strip()]
    comments = [number for number, line in lines if line.startswith("#")]
    content = [(number, line) for number, line in lines if not line.startswith("#")]
    if comments and (not content or comments[0] < content[0][0]):
        number, line = [
            entry for entry in lines if entry[0] in comments and (not content or entry[0] < content[0][0])
        ][-1]
        if _is_header(line, content):
            comments.remove(number)
            content.insert(0, (number, line.lstrip("#")))
    notes = []
    if comments:
        listed = ", ".join(map(str, comments[:5])) + (
            f" and {len(comments) - 5:,} more" if len(comments) > 5 else ""
        )
        notes = [f"{len(comments):,} line(s) that begin with # were skipped as comments, line(s) {listed}"]
    return list(rows_of_lines(content, path, PairTableError)), notes


def _is_header(line, content):
    """Whether the last comment before the rows holds column names: as many as the row below, divided as it is."""
    if not content:
        return False
    mark = delimiter_of(content[0][1])
    n_cells = len(line.lstrip("#").strip("\n").split(mark))
    return (
        n_cells > 1
        and n_cells == len(content[0][1].rstrip("\n").split(mark))
        and not any(_normalised(cell) in _USUAL_NAMES for cell in content[0][1].split(mark))
    )


def _from_rows(header, rows, place, name, notes):
    _reject_repeated(header, name)
    for number, row in rows:
        if len(row) < len(header) or not all(map(is_empty, row[len(header) :])):
            names = ", ".join(str(column)[:40] for column in header[:_LISTED_COLUMNS])
            raise PairTableError(
                f"{name}: {place} {number} has {len(row)} cells, but there are {len(header)} column names ({names})"
                if isinstance(header[0], str)
                else f"{name}: {place} {number} has {len(row)} cells, but the first row has {len(header)}"
            )
    columns = {column: [row[i] for _, row in rows] for i, column in enumerate(header)}
    return Table(columns, [number for number, _ in rows], place, name, tuple(notes))


def _from_frame(frame, name):
    levels = {level: frame.index.get_level_values(level) for level in frame.index.names if level is not None}
    header = [*levels, *frame.columns]
    _reject_repeated([str(column) for column in header], name)
    columns = {str(level): cells.to_list() for level, cells in levels.items()}
    columns |= {str(column): frame[column].to_list() for column in frame.columns}
    return Table(columns, list(range(len(frame))), "row (from 0)", name)


def _reject_repeated(header, name):
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated:
        raise PairTableError(
            f"{name} has several columns of the same name: {repeated}; rename or remove them"
        )
