"""Readers for tables and GFF3 of UniProt, and for the table form of the published analysis."""

import re

from ..data.delimited import rows_of_lines
from ..data.tables import is_empty
from ..data.text_files import binary_kind, shown
from ..data.workbooks import read_sheet
from ..exceptions import AnnotationError
from .feature_names import interpro_type, is_uniprot_type, uniprot_type
from .files import open_text
from .gff import gff_rows
from .table import INTERPRO_TYPES, AnnotationRows, parse_position

_POSITION = r"(?:[<>?]?\s*+[0-9]{1,9}|\?)"
_QUALIFIER = re.compile(r'/(\w++)="')
_QUALIFIER_END = re.compile(r'"(?=\s*+(?:;|$))')
# The quantifiers with a plus give nothing back, so that a failed match takes no longer than the text it looked at.
_REGION = re.compile(
    rf"(?P<bracketed>[A-Za-z][\w\-]*+(?: ++[\w\-]++)*+)\s*+"
    rf"\[\s*+(?P<b1>{_POSITION})\s*+(?:,\s*+(?P<b2>{_POSITION})\s*+)?\]"
    rf"|(?P<key>[A-Z][A-Z_]++)\s++(?:(?P<isoform>[\w\-]++):)?(?P<k1>{_POSITION})"
    rf"(?:\.\.(?P<k2>{_POSITION}))?(?=[\s;]|$)"
)
_SEPARATORS = re.compile(r"[ \t\r\n;:,]*+")


def parse_feature_cell(text):
    """Read the regions of one table cell.

    Both notations are understood, also mixed: that of UniProt's exports (``DOMAIN 3..9; /note="SH3"``) and
    that of the published tables (``Domain[3,9]: /note="SH3"``). Text inside quotes is never taken for a
    region.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of tuple
        ``(type, start, end, note, evidence, isoform)``; start and end as ``parse_position`` returns them,
        isoform None for the sequence of the entry itself.

    Raises
    ------
    ValueError
        If a part of the cell cannot be read; shows it.

    Examples
    --------
    >>> from amp_sklearn.regions import parse_feature_cell
    >>> parse_feature_cell('DNA-binding[<1,60]: /note="Homeobox"; MOTIF 7')[0][:4]
    ('DNA binding', (1, 'outside'), (60, 'exact'), 'Homeobox')
    """
    regions: list[dict] = []
    position = _after_separators(text, 0)
    while position < len(text):
        match = _QUALIFIER.match(text, position)
        end = _QUALIFIER_END.search(text, match.end()) if match and regions else None
        if match is not None and end is not None:
            if match[1] in ("note", "evidence"):
                regions[-1][match[1]] = text[match.end() : end.start()]
            match = end
        else:
            match = _REGION.match(text, position)
            if match is None:
                raise ValueError(
                    f'expected a region such as DOMAIN 3..9 or Domain[3,9], or /note="...", '
                    f"got {shown(text[position : position + 41])} at character {position + 1}"
                )
            first = match["b1"] or match["k1"]
            regions.append(
                {
                    "type": uniprot_type(match["bracketed"] or match["key"]),
                    "start": parse_position(first),
                    "end": parse_position(match["b2"] or match["k2"] or first),
                    "note": "",
                    "evidence": "",
                    "isoform": match["isoform"],
                }
            )
        position = _after_separators(text, match.end())
    return [tuple(region.values()) for region in regions]


def _after_separators(text, position):
    """Where the next part of a cell begins."""
    found = _SEPARATORS.match(text, position)
    return position if found is None else found.end()


def _rows_of_table(path):
    """Yield line number and cells of each row of a tab-separated file or of the first sheet of a workbook."""
    if binary_kind(path) in ("zip", "xls"):
        for number, cells in read_sheet(path, AnnotationError)[0]:
            cells = ["" if is_empty(cell) else str(cell) for cell in cells]
            if any(cells):
                yield number, cells
        return
    with open_text(path) as handle:
        yield from rows_of_lines(enumerate(handle, 1), path, AnnotationError, "\t")


def read_uniprot_table(path):
    """Read feature columns of a UniProt table export, or of the published ``*_processed_proteins`` table.

    Every column whose header is a feature type (``Domain [FT]``, ``Motif``, ``Active_site``) is read; the
    column ``Entry`` names the protein and ``Length``, where there is one, its residues. Other columns are
    not looked at.

    Parameters
    ----------
    path : path-like
        Tab-separated (``.tsv``, ``.txt``, optionally ``.gz``) or Excel (``.xlsx``); the first line is the
        header.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``. ``source`` is ``"InterPro"`` where the columns are
        InterPro types.

    Raises
    ------
    AnnotationError
        If there is no ``Entry`` column, no feature column, or a cell cannot be read; names the line.
    """
    table = _rows_of_table(path)
    _, header = next(table, (1, []))
    header = [name.strip() for name in header]
    while header and not header[-1]:
        header.pop()
    if "Entry" not in header:
        raise AnnotationError(
            f"expected a header line with the column Entry, got {shown(header, 200)}", path, 1
        )
    entry = header.index("Entry")
    length_column = header.index("Length") if "Length" in header else None
    features = {}
    for column, name in enumerate(header):
        bare = name.removesuffix("[FT]").strip()
        if name.endswith("[FT]") or is_uniprot_type(bare) or bare in INTERPRO_TYPES:
            features[column] = bare
    if not features:
        raise AnnotationError(
            f"expected feature columns such as 'Domain [FT]' or 'Domain', got {shown(header, 200)}", path, 1
        )
    from_interpro = set(features.values()) <= set(INTERPRO_TYPES) and "Motif" not in features.values()
    from_interpro = from_interpro and any("_" in name or name == "Ptm" for name in features.values())
    rows = AnnotationRows(path, "InterPro" if from_interpro else "UniProt")
    for line, cells in table:
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(header):
            raise rows.error(f"expected {len(header)} cells, got {len(cells)}", line)
        length = cells[length_column].strip().removesuffix(".0") if length_column is not None else ""
        n_residues = rows.length(length, "a number of residues in column Length", line) if length else None
        for column in features:
            try:
                found = parse_feature_cell(cells[column])
            except ValueError as error:
                raise rows.error(f"column {header[column]} of {cells[entry]}: {error}", line) from None
            for type_, start, end, note, evidence, isoform in found:
                type_ = interpro_type(type_) if from_interpro else type_
                rows.add(
                    isoform or cells[entry],
                    type_,
                    start,
                    end,
                    line,
                    note,
                    evidence,
                    None if isoform else n_residues,
                )
    return rows.table()


def read_uniprot_gff(path):
    """Read UniProt features in GFF3.

    Parameters
    ----------
    path : path-like
        May be gzipped.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``.

    Raises
    ------
    AnnotationError
        If a line is malformed; names it.
    """
    rows = AnnotationRows(path, "UniProt")
    for line, protein, _, type_, start, end, attributes, length in gff_rows(path):
        note = attributes.get("Note", "")
        evidence = attributes.get("Ontology_term", attributes.get("evidence", ""))
        rows.add(protein, uniprot_type(type_), start, end, line, note, evidence, length)
    return rows.table()
