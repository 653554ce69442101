"""Reading any supported annotation file."""

from pathlib import Path

import pandas as pd

from ..data.text_files import binary_kind, shown
from ..exceptions import AnnotationError
from .files import open_text
from .interpro import (
    read_interpro_table,
    read_interproscan_gff,
    read_interproscan_json,
    read_interproscan_tsv,
    read_interproscan_xml,
)
from .uniprot_entries import read_uniprot_json, read_uniprot_text, read_uniprot_xml
from .uniprot_tables import read_uniprot_gff, read_uniprot_table

READERS = {
    "uniprot-json": read_uniprot_json,
    "uniprot-text": read_uniprot_text,
    "uniprot-xml": read_uniprot_xml,
    "uniprot-gff": read_uniprot_gff,
    "uniprot-table": read_uniprot_table,
    "interproscan-tsv": read_interproscan_tsv,
    "interproscan-json": read_interproscan_json,
    "interproscan-xml": read_interproscan_xml,
    "interproscan-gff": read_interproscan_gff,
    "interpro-table": read_interpro_table,
}
"""Reader of each format."""

_NEEDS_ENTRY_TYPES = ("interproscan-tsv", "interproscan-gff")


def annotation_format(path):
    """Tell the format of an annotation file from its beginning.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str
        A key of ``READERS``.

    Raises
    ------
    AnnotationError
        If the beginning looks like no supported format.
    """
    if binary_kind(path) == "zip":
        return "uniprot-table"
    with open_text(path) as handle:
        head = handle.read(20_000)
    text = head.lstrip()
    first = text.split("\n", 1)[0]
    if text.startswith(("{", "[")):
        return "interproscan-json" if '"interproscan-version"' in head else "uniprot-json"
    if text.startswith("<"):
        return "interproscan-xml" if "interproscan" in head or "<protein-matches" in head else "uniprot-xml"
    if text.startswith("ID   "):
        return "uniprot-text"
    if text.startswith("##gff-version"):
        from_interproscan = "interproscan-version" in head or "\tprotein_match\t" in head
        return "interproscan-gff" if from_interproscan else "uniprot-gff"
    cells = [cell.strip(' "') for cell in first.split("\t")]
    if "PROTEIN_ACCESSION" in cells:
        return "interpro-table"
    if "Entry" in cells:
        return "uniprot-table"
    if 11 <= len(cells) <= 15 and cells[2].isascii() and cells[2].isdigit():
        return "interproscan-tsv"
    raise AnnotationError(
        f"not recognised; supported are {', '.join(READERS)}; the file begins with {shown(first, 60)}",
        path,
        1,
    )


def read_annotations(paths, format="auto", entry_types=None):
    """Read one or several annotation files into one tidy table.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Files, plain or gzipped; they may be of different formats.
    format : str, default="auto"
        A key of ``amp_sklearn.regions.READERS``; by default each file's format is told from its beginning.
    entry_types : mapping or path-like, default=None
        Types of InterPro entries, for InterProScan's TSV and GFF3, see ``read_interproscan_tsv``.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``: positions are 1-based and inclusive as in the sources.
        Rows that several files have in common appear once.

    Raises
    ------
    AnnotationError
        If a file is malformed or its format unknown; names file and line.
    ValueError
        If there is no file, or no such format.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from amp_sklearn.regions import read_annotations
    >>> path = pathlib.Path(tempfile.mkdtemp(), "export.tsv")
    >>> _ = path.write_text('Entry\\tDomain [FT]\\nP49841\\tDOMAIN 56..340; /note="Protein kinase"\\n')
    >>> read_annotations(path)[["protein", "type", "start", "end"]].to_dict("records")
    [{'protein': 'P49841', 'type': 'Domain', 'start': 56, 'end': 340}]
    """
    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    if not paths:
        raise ValueError("expected at least one annotation file, got none")
    if format != "auto" and format not in READERS:
        raise ValueError(f"format must be 'auto' or one of {', '.join(READERS)}, got {format!r}")
    tables = []
    for path in paths:
        name = annotation_format(path) if format == "auto" else format
        options = {"entry_types": entry_types} if name in _NEEDS_ENTRY_TYPES else {}
        tables.append(READERS[name](path, **options))
    return pd.concat(tables, ignore_index=True).drop_duplicates(ignore_index=True)
