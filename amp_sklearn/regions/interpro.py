"""Readers for InterProScan (TSV, JSON, XML, GFF3) and InterPro tables."""

import re
from collections.abc import Mapping

from ..data.delimited import rows_of_lines
from ..data.text_files import shown
from ..exceptions import AnnotationError
from .feature_names import interpro_type
from .files import json_line, open_text, read_json, whole_number, xml_elements
from .gff import gff_rows
from .table import AnnotationRows, accession

SOURCE = "InterPro"
UNTYPED = "Untyped"
"""Type of a region that has an InterPro entry, in a format that does not tell the entry's type."""


def read_entry_types(path):
    """Read the type of every InterPro entry from InterPro's ``entry.list``.

    Parameters
    ----------
    path : path-like
        Tab-separated, with the columns ``ENTRY_AC``, ``ENTRY_TYPE``, ``ENTRY_NAME``.

    Returns
    -------
    dict
        Entry accession to type.

    Raises
    ------
    AnnotationError
        If a line does not begin with an entry accession and a type.
    """
    types = {}
    with open_text(path) as handle:
        for line, text in enumerate(handle, start=1):
            cells = text.rstrip("\n").split("\t")
            if not text.strip() or cells[0] == "ENTRY_AC":
                continue
            if len(cells) < 2 or not re.fullmatch(r"IPR\d{6}", cells[0]):
                raise AnnotationError(
                    f"expected 'IPR000000<tab>type<tab>name', got {shown(text.rstrip())}", path, line
                )
            types[cells[0]] = interpro_type(cells[1])
    return types


def _type_of(entry, entry_types):
    """Type of a region by its entry accession, where the format itself does not tell it."""
    if not entry:
        return interpro_type(None)
    return interpro_type(entry_types[entry]) if entry in entry_types else UNTYPED


def _entry_types(entry_types):
    if entry_types is None:
        return {}
    return entry_types if isinstance(entry_types, Mapping) else read_entry_types(entry_types)


def _evidence(library, signature, entry):
    return f"{library}:{signature}" + (f"|{entry}" if entry else "")


def read_interproscan_tsv(path, entry_types=None):
    """Read an InterProScan TSV file (version 5 or 6; no header).

    The format names the InterPro entry of a match, not the entry's type.

    Parameters
    ----------
    path : path-like
        May be gzipped.
    entry_types : mapping or path-like, default=None
        Type of each InterPro entry, or the path of InterPro's ``entry.list``. Without it regions with an
        entry are of type ``"Untyped"``; those without an entry are ``"Unintegrated"`` in any case.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``.

    Raises
    ------
    AnnotationError
        If a line is malformed; names it.
    """
    rows, types = AnnotationRows(path, SOURCE), _entry_types(entry_types)
    with open_text(path) as handle:
        for line, text in enumerate(handle, start=1):
            if not text.strip() or text.startswith("#"):
                continue
            cells = ["" if cell == "-" else cell for cell in text.rstrip("\n").split("\t")]
            if not 11 <= len(cells) <= 15:
                raise rows.error(f"expected 11 to 15 tab-separated columns, got {len(cells)}", line)
            cells += [""] * (15 - len(cells))
            length = rows.length(cells[2], "the protein length in column 3", line)
            rows.add(
                accession(cells[0]),
                _type_of(cells[11], types),
                cells[6],
                cells[7],
                line,
                cells[12] or cells[5],
                _evidence(cells[3], cells[4], cells[11]),
                length,
            )
    return rows.table()


def _fragments(location):
    """A discontinuous match is its fragments, not the stretch from the first to the last."""
    return location.get("location-fragments") or [location]


def read_interproscan_json(path):
    """Read an InterProScan JSON file.

    A discontinuous match gives one row per fragment; a sequence with several identifiers gives its regions
    to each.

    Parameters
    ----------
    path : path-like
        May be gzipped.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``. Signatures without an InterPro entry are
        ``"Unintegrated"``.

    Raises
    ------
    AnnotationError
        If the file is malformed; names the line.
    """
    content = read_json(path)
    rows = AnnotationRows(path, SOURCE)
    if not isinstance(content, dict) or not isinstance(content.get("results"), list):
        raise rows.error("expected InterProScan results (key results)", 1)
    for i, result in enumerate(content["results"]):
        way: tuple = ("results", i)
        try:
            if "openReadingFrames" in result:
                raise rows.error(
                    "the scan of a nucleotide sequence; scan the translated proteins, or read the GFF3, XML or TSV of "
                    "this scan",
                )
            proteins = [accession(xref["id"]) for xref in result["xref"]]
            length = len(result["sequence"])
            for j, match in enumerate(result["matches"]):
                way = ("results", i, "matches", j)
                signature = match["signature"]
                entry = signature.get("entry") or {}
                library = signature["signatureLibraryRelease"]["library"]
                description = (
                    entry.get("description") or signature.get("description") or signature.get("name") or ""
                )
                evidence = _evidence(library, signature["accession"], entry.get("accession"))
                for location in match["locations"]:
                    for part in _fragments(location):
                        start, end = ((whole_number(part[name]), "exact") for name in ("start", "end"))
                        for protein in proteins:
                            type_ = interpro_type(entry.get("type"))
                            rows.add(protein, type_, start, end, None, description, evidence, length)
        except AnnotationError as error:
            raise rows.error(str(error).removeprefix(f"{path}: "), json_line(path, *way)) from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"result {i + 1} is malformed ({type(error).__name__}: {error})"
            raise rows.error(message, json_line(path, *way)) from None
    return rows.table()


def read_interproscan_xml(path):
    """Read an InterProScan XML file.

    Unlike Biopython's reader it keeps the type of the InterPro entry, the fragments of a discontinuous
    match, and all identifiers of a sequence.

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
        If the file is malformed; names the line.
    """
    rows = AnnotationRows(path, SOURCE)
    n_proteins = 0
    for _, element, line in xml_elements(path, ("protein",)):
        n_proteins += 1
        proteins = [accession(xref.get("id", "")) for xref in element.findall("xref")]
        if not proteins:
            raise rows.error("protein without <xref>: its identifier is unknown", line)
        length = len("".join((element.findtext("sequence") or "").split())) or None
        for match in element.findall("matches/*"):
            signature = match.find("signature")
            if signature is None:
                raise rows.error(f"match of {proteins[0]} without <signature>", line)
            entry = signature.find("entry")
            entry = {} if entry is None else entry.attrib
            release = signature.find("signature-library-release")
            library = "" if release is None else release.get("library", "")
            description = entry.get("desc") or signature.get("desc") or signature.get("name") or ""
            evidence = _evidence(library, signature.get("ac", ""), entry.get("ac"))
            for location in match.findall("locations/*"):
                for part in location.findall("location-fragments/*") or [location]:
                    start, end = part.get("start"), part.get("end")
                    if start is None or end is None:
                        raise rows.error(f"match {evidence} of {proteins[0]} without start or end", line)
                    for protein in proteins:
                        type_ = interpro_type(entry.get("type"))
                        rows.add(protein, type_, start, end, line, description, evidence, length)
        element.clear()
    if not n_proteins:
        raise rows.error("the file holds no InterProScan <protein>", 1)
    return rows.table()


class _TranslatedProteins:
    """Which protein the matches of a scanned nucleotide sequence lie on."""

    def __init__(self):
        self.nucleotides, self._last, self._lengths = set(), {}, {}

    def takes(self, sequence, type_, end, attributes):
        """Look at a row; whether it is a sequence itself and no region."""
        if type_ in ("nucleic_acid", "ORF"):
            self.nucleotides.add(sequence)
        elif type_ == "polypeptide":
            self._last[sequence] = protein = attributes.get("ID", sequence)
            self._lengths[protein] = end
        return type_ in ("nucleic_acid", "ORF", "polypeptide")

    def protein_of(self, sequence, attributes):
        """Protein and text of its length, or None."""
        target = attributes.get("Target", "").split()[:1]
        protein = target[0] if target and target[0] in self._lengths else self._last.get(sequence)
        return None if protein is None or protein == sequence else (protein, self._lengths[protein])


def read_interproscan_gff(path, entry_types=None):
    """Read an InterProScan GFF3 file.

    In the scan of a nucleotide sequence (``-t n``) a match lies on the protein that an open reading frame was translated
    to, and is given to that protein: the ``polypeptide`` that its ``Target`` names, or else the last one above it of
    the same sequence. The protein is called as in that row's ``ID`` and in the file's FASTA part.

    Parameters
    ----------
    path : path-like
        May be gzipped.
    entry_types : mapping or path-like, default=None
        As in ``read_interproscan_tsv``.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``.

    Raises
    ------
    AnnotationError
        If a line is malformed; names it.
    """
    rows, types = AnnotationRows(path, SOURCE), _entry_types(entry_types)
    translated = _TranslatedProteins()
    for line, protein, library, type_, start, end, attributes, length in gff_rows(path):
        if translated.takes(protein, type_, end, attributes):
            continue
        if protein in translated.nucleotides:
            found = translated.protein_of(protein, attributes)
            if found is None:
                raise rows.error(
                    f"match on the nucleotide sequence {shown(protein)} without the polypeptide that it lies on",
                    line,
                )
            protein, length = found[0], rows.length(found[1], "the end of a polypeptide", line)
        found = re.search(r"IPR\d{6}", attributes.get("Dbxref", ""))
        entry = found[0] if found else ""
        signature = attributes.get("Name", "")
        description = attributes.get("signature_desc", signature)
        rows.add(
            protein,
            _type_of(entry, types),
            start,
            end,
            line,
            description,
            _evidence(library, signature, entry),
            length,
        )
    return rows.table()


_WEB = ("PROTEIN_ACCESSION", "PROTEIN_LENGTH", "METHOD_AC", "METHOD_DATABASE_NAME", "POS_FROM", "POS_TO")


def read_interpro_table(path):
    """Read the match table that the InterPro website offers for a protein.

    Parameters
    ----------
    path : path-like
        Tab-separated, with the columns ``PROTEIN_ACCESSION``, ``PROTEIN_LENGTH``, ``METHOD_AC``,
        ``METHOD_DATABASE_NAME``, ``POS_FROM``, ``POS_TO``, ``ENTRY_AC``, ``ENTRY_NAME``, ``ENTRY_TYPE``.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``.

    Raises
    ------
    AnnotationError
        If columns are missing or a line is malformed; names the line.
    """
    rows = AnnotationRows(path, SOURCE)
    with open_text(path) as handle:
        table = rows_of_lines(enumerate(handle, 1), path, AnnotationError, "\t")
        _, header = next(table, (1, []))
        missing = [name for name in (*_WEB, "ENTRY_AC", "ENTRY_NAME", "ENTRY_TYPE") if name not in header]
        if missing:
            raise rows.error(f"expected the columns {missing} in the header, got {shown(header, 200)}", 1)
        for line, cells in table:
            if len(cells) != len(header):
                raise rows.error(f"expected {len(header)} cells, got {len(cells)}", line)
            row = dict(zip(header, cells, strict=True))
            length = rows.length(row["PROTEIN_LENGTH"], "a number of residues", line)
            rows.add(
                row["PROTEIN_ACCESSION"],
                interpro_type(row["ENTRY_TYPE"]),
                row["POS_FROM"],
                row["POS_TO"],
                line,
                row["ENTRY_NAME"] or row.get("METHOD_NAME", ""),
                _evidence(row["METHOD_DATABASE_NAME"], row["METHOD_AC"], row["ENTRY_AC"]),
                length,
            )
    return rows.table()
