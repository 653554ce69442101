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
from .delimited import rows_of_lines
from .text_files import binary_kind, open_text
from .workbooks import read_parquet, read_sheet


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
    """

    columns: dict
    places: Sequence[int]
    place: str
    source: str

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
        if name not in self.columns:
            raise PairTableError(f"{self.source} has no column {name!r} ({advice}); {self.found()}")
        return self.columns[name]

    def found(self):
        """Words for the columns there are."""
        return f"columns found: {', '.join(map(repr, self.columns))}"

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
                f"{type(cell).__name__} ({cell}); a spreadsheet may have converted them: restore ids as text"
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


def read_table(source):
    """Read a table of any accepted kind; what a file is, its first bytes tell.

    Parameters
    ----------
    source : str, path-like or DataFrame
        Text with tabs, commas or semicolons (gzipped or not), Excel (.xlsx, first sheet), Parquet, or a data
        frame. The first line holds the column names. Rows of a file without any content are skipped.

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
    if isinstance(source, pd.DataFrame):
        return _from_frame(source, "the data frame")
    if not isinstance(source, str | PathLike):
        raise TypeError(f"a table must be a file or a DataFrame, got {type(source).__name__}")
    kind = binary_kind(source)
    name = Path(source).name
    if kind == "parquet":
        return _from_frame(read_parquet(source, PairTableError), name)
    if kind == "xls":
        raise PairTableError(f"{name} is an old Excel file (.xls); save it as .xlsx, .tsv or .csv")
    if kind == "hdf5":
        raise PairTableError(f"{name} is an HDF5 file; expected text with a line per row, Excel or Parquet")
    if kind == "zip":
        rows, place = read_sheet(source, PairTableError)[0], "row"
    else:
        with open_text(source, PairTableError) as file:
            rows, place = list(rows_of_lines(enumerate(file, 1), source, PairTableError)), "line"
    filled = [(number, row) for number, row in rows if not all(map(is_empty, row))]
    if not filled:
        raise PairTableError(f"{name} is empty; expected a first line with column names, then rows")
    header = list(filled[0][1])
    while header and is_empty(header[-1]):
        header.pop()
    return _from_rows([str(cell).strip() for cell in header], filled[1:], place, name)


def _from_rows(header, rows, place, name):
    _reject_repeated(header, name)
    for number, row in rows:
        if len(row) < len(header) or not all(map(is_empty, row[len(header) :])):
            raise PairTableError(
                f"{name}: {place} {number} has {len(row)} cells, but there are {len(header)} column names "
                f"({', '.join(header)})"
            )
    columns = {column: [row[i] for _, row in rows] for i, column in enumerate(header)}
    return Table(columns, [number for number, _ in rows], place, name)


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
