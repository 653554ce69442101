"""Cells of a table in a text file: no line is swallowed by a quotation mark."""

import re

from .text_files import located

DELIMITERS = ("\t", ",", ";")
"""In this order: a tab in the first line settles it. A line without any of them is divided at white space."""

_WHOLE = re.compile(r'\s*"([^"]*(?:""[^"]*)*)"\s*')
_QUOTED = {mark: re.compile(rf'"([^"]*(?:""[^"]*)*)"[ ]*(?={re.escape(mark)}|\Z)') for mark in DELIMITERS}
_OPEN = re.compile(r'"[^"]*(?:""[^"]*)*\Z')


def delimiter_of(line):
    """What divides the cells of a table with this first line: a member of ``DELIMITERS``, or None for white space."""
    found = next((mark for mark in DELIMITERS if mark in line), None)
    return "\t" if found is None and len(line.split()) < 2 else found


def rows_of_lines(lines, path, error, delimiter=""):
    """Yield the cells of each row of a table.

    A cell that begins and ends with a quotation mark is taken out of it, and doubled marks inside are one; any
    other quotation mark is a letter. In tab-separated tables a row is one line. In the others a cell in quotation
    marks may span lines, unless one of the lines would be a row by itself: then nobody can tell whether the mark
    is a letter, and the table is refused.

    Parameters
    ----------
    lines : iterable of (int, str)
        Lines with their numbers; those without content are passed over.
    path, error : see `located`
    delimiter : str or None, default=""
        A member of ``DELIMITERS``, None for white space, or ``""`` to tell it from the first line with content.

    Yields
    ------
    line : int
        Number of the row's first line.
    cells : list of str

    Raises
    ------
    error
        If a quotation mark opens on a line and does not close; the message names the line.
    """
    width = None
    lines = iter(lines)
    for number, line in lines:
        line = line.rstrip("\n")
        if not line.strip():
            continue
        if delimiter == "":
            delimiter = delimiter_of(line)
        if delimiter is None:
            cells = line.split()
        elif '"' not in line:
            cells = line.split(delimiter)
        elif delimiter == "\t":
            raw = line.split("\t")
            fits = width is not None and len(raw) == width
            cells = list(map(_unquoted, raw)) if fits else _split(line, "\t")
        else:
            cells = _split(line, delimiter, lines, width, number, path, error)
        width = len(cells) if width is None else width
        yield number, cells


def _unquoted(cell):
    match = _WHOLE.fullmatch(cell) if '"' in cell else None
    return cell if match is None else match[1].replace('""', '"')


def _split(line, delimiter, following=None, width=None, number=None, path=None, error=None):
    """Cells of a line with quotation marks; of the lines that follow too, where a quoted cell goes on there."""
    cells, position = [], 0
    while True:
        quoted = line.startswith('"', position)
        match = _QUOTED[delimiter].match(line, position) if quoted else None
        if quoted and match is None and following is not None and _OPEN.match(line, position):
            line = _joined(line, delimiter, following, width, number, path, error)
            continue
        if match is not None:
            cells.append(match[1].replace('""', '"'))
            end = match.end()
        else:
            end = line.find(delimiter, position)
            end = len(line) if end < 0 else end
            cells.append(line[position:end])
        if end >= len(line):
            return cells
        position = end + 1
        if position == len(line):
            return [*cells, ""]


def _joined(line, delimiter, following, width, number, path, error):
    """A line together with those that its open quotation mark reaches."""
    parts, closing = [line], re.compile(rf'[^"]*(?:""[^"]*)*"(?:[ ]*(?:{re.escape(delimiter)}|\Z))')
    for further, text in following:
        text = text.rstrip("\n")
        if width is None or len(text.split(delimiter)) == width:
            raise located(
                error,
                f"a quotation mark opens a cell and does not close on its line, while line {further} looks like a row "
                "of its own; close the mark, or double it and put the cell in quotation marks",
                path,
                number,
            )
        parts.append(text)
        if closing.match(text):
            return "\n".join(parts)
    raise located(
        error,
        "a quotation mark opens a cell and does not close until the end of the file; close or remove it",
        path,
        number,
    )
