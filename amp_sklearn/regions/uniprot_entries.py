"""Readers for UniProt entries: JSON, flat text and XML."""

from Bio import SwissProt
from Bio.SeqFeature import AfterPosition, BeforePosition, UncertainPosition, UnknownPosition

from ..data.text_files import shown
from ..exceptions import AnnotationError
from .feature_names import uniprot_type
from .files import CountedLines, json_line, open_text, read_json, whole_number, xml_elements
from .table import POSITION_MODIFIERS, AnnotationRows

SOURCE = "UniProt"


def _json_position(position):
    modifier = position.get("modifier", "EXACT").lower()
    value = position.get("value")
    if modifier not in POSITION_MODIFIERS:
        raise ValueError(f"expected a modifier such as EXACT or OUTSIDE, got {shown(modifier)}")
    return (None, "unknown") if value is None else (whole_number(value), modifier)


def _json_evidence(feature):
    parts = []
    for evidence in feature.get("evidences", ()):
        reference = (
            f"{evidence['source']}:{evidence['id']}" if evidence.get("id") else evidence.get("source", "")
        )
        parts.append(evidence["evidenceCode"] + (f"|{reference}" if reference else ""))
    return ", ".join(parts)


def read_uniprot_json(path):
    """Read the features of UniProt entries in JSON: one entry, or the results of a search.

    A feature of another isoform gets that isoform's identifier (``P05067-2``), since its positions count
    there.

    Parameters
    ----------
    path : path-like
        ``.json`` or ``.json.gz``.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``.

    Raises
    ------
    AnnotationError
        If the file is malformed; names the line.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from amp_sklearn.regions import read_uniprot_json
    >>> location = {"start": {"value": 3, "modifier": "EXACT"}, "end": {"value": None, "modifier": "UNKNOWN"}}
    >>> entry = {"primaryAccession": "P1", "features": [{"type": "Domain", "location": location}]}
    >>> path = pathlib.Path(tempfile.mkdtemp(), "P1.json")
    >>> _ = path.write_text(json.dumps(entry))
    >>> read_uniprot_json(path)[["protein", "type", "start", "end_modifier"]].to_dict("records")
    [{'protein': 'P1', 'type': 'Domain', 'start': 3, 'end_modifier': 'unknown'}]
    """
    content = read_json(path)
    rows = AnnotationRows(path, SOURCE)
    if isinstance(content, dict) and "primaryAccession" in content:
        entries, way = [content], ()
    elif isinstance(content, dict) and isinstance(content.get("results"), list):
        entries, way = content["results"], ("results",)
    elif isinstance(content, list):
        entries, way = content, ()
    else:
        raise rows.error("expected a UniProt entry (key primaryAccession) or search results (key results)", 1)
    for i, entry in enumerate(entries):
        here = (*way, i) if len(entries) > 1 or way or isinstance(content, list) else ()
        try:
            protein, features = entry["primaryAccession"], entry.get("features", ())
            length = entry.get("sequence", {}).get("length")
            length = None if length is None else whole_number(length)
            if not isinstance(features, list | tuple):
                raise TypeError
        except (KeyError, TypeError, ValueError, AttributeError):
            raise rows.error(
                "expected an entry with primaryAccession and features", json_line(path, *here)
            ) from None
        for j, feature in enumerate(features):
            where = (*here, "features", j)
            try:
                location = feature["location"]
                isoform = location.get("sequence")
                arguments = (
                    isoform or protein,
                    uniprot_type(feature["type"]),
                    _json_position(location["start"]),
                    _json_position(location["end"]),
                )
                evidence = _json_evidence(feature)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise rows.error(
                    f"feature {j + 1} of {protein} is malformed ({type(error).__name__}: {error})",
                    json_line(path, *where),
                ) from None
            try:
                description = feature.get("description", "")
                rows.add(*arguments, None, description, evidence, None if isoform else length)
            except ValueError as error:
                raise rows.error(_bare(error, path), json_line(path, *where)) from None
    return rows.table()


def _bare(error, path):
    """Message of an AnnotationError without the file name in front."""
    return str(error).removeprefix(f"{path}: ")


_MODIFIERS = {BeforePosition: "outside", AfterPosition: "outside", UncertainPosition: "unsure"}


def _text_position(position, offset):
    """Biopython's 0-based position as (1-based residue, modifier)."""
    if isinstance(position, UnknownPosition):
        return None, "unknown"
    return int(position) + offset, _MODIFIERS.get(type(position), "exact")


class _FeatureLines(CountedLines):
    """Also remembers the lines where features of the current entry begin."""

    def __init__(self, handle):
        super().__init__(handle)
        self.features = []

    def __next__(self):
        text = super().__next__()
        if text.startswith("FT   ") and text[5:6].strip():
            self.features.append(self.line)
        return text


def read_uniprot_text(path):
    """Read the features of UniProt entries in flat text (``.txt``, ``.dat``), of the old and the new layout.

    Parameters
    ----------
    path : path-like
        May be gzipped; may hold many entries.

    Returns
    -------
    DataFrame
        Annotation table, see ``annotation_table``.

    Raises
    ------
    AnnotationError
        If the file is malformed or ends within an entry; names the line.
    """
    rows = AnnotationRows(path, SOURCE)
    with open_text(path) as handle:
        lines = _FeatureLines(handle)
        records = SwissProt.parse(lines)
        n_records = 0
        while True:
            lines.features = []
            try:
                record = next(records, None)
            except AnnotationError:  # from the file below
                raise
            except Exception as error:  # Biopython meets damage with errors of many types
                raise rows.error(f"not a UniProt flat-text entry: {error}", max(lines.line, 1)) from None
            if record is None:
                break
            n_records += 1
            if not record.accessions:
                raise rows.error(f"entry {record.entry_name} has no accession (AC) line", lines.line)
            if len(record.features) != len(lines.features):
                raise rows.error(f"entry {record.entry_name} has a malformed feature (FT) line", lines.line)
            for feature, line in zip(record.features, lines.features, strict=True):
                qualifiers = feature.qualifiers
                location = feature.location
                rows.add(
                    location.ref or record.accessions[0],
                    uniprot_type(feature.type),
                    _text_position(location.start, 1),
                    _text_position(location.end, 0),
                    line,
                    qualifiers.get("note", qualifiers.get("description", "")),
                    qualifiers.get("evidence", ""),
                    None if location.ref else record.sequence_length,
                )
    if not n_records:
        raise rows.error("the file holds no entry", 1)
    return rows.table()


def _xml_position(element):
    status = element.get("status", "")
    value = element.get("position")
    if value is None or status == "unknown":
        return None, "unknown"
    modifier = {"less than": "outside", "greater than": "outside", "uncertain": "unsure", "": "exact"}[status]
    return whole_number(value), modifier


def read_uniprot_xml(path):
    """Read the features of UniProt entries in XML.

    The evidence keys of a feature are resolved to evidence codes, which Biopython's reader does not do.

    Parameters
    ----------
    path : path-like
        May be gzipped; may hold many entries.

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
    features, n_entries = [], 0
    for name, element, line in xml_elements(path, ("feature", "entry")):
        if name == "feature":
            features.append((element, line))
            continue
        n_entries += 1
        protein = element.findtext("accession")
        if protein is None:
            raise rows.error("entry without <accession>", line)
        sequence = element.find("sequence")
        length = None if sequence is None else sequence.get("length")
        length = rows.length(length, "the length of the sequence", line) if length else None
        codes = {e.get("key"): e.get("type", "") for e in element.findall("evidence")}
        for feature, feature_line in features:
            location = feature.find("location")
            if location is None or not feature.get("type"):
                raise rows.error(f"feature of {protein} without type or <location>", feature_line)
            single = location.find("position")
            ends = (single, single) if single is not None else (location.find("begin"), location.find("end"))
            if ends[0] is None or ends[1] is None:
                raise rows.error(
                    f"<location> of {protein} has neither <position> nor <begin> and <end>", feature_line
                )
            try:
                positions = [_xml_position(end) for end in ends]
            except (KeyError, ValueError) as error:
                raise rows.error(f"position of {protein} is malformed: {error}", feature_line) from None
            isoform = location.get("sequence")
            rows.add(
                isoform or protein,
                uniprot_type(feature.get("type")),
                positions[0],
                positions[1],
                feature_line,
                feature.get("description", ""),
                ", ".join(codes.get(key, key) for key in feature.get("evidence", "").split()),
                None if isoform else length,
            )
        features = []
        element.clear()
    if not n_entries:
        raise rows.error("the file holds no UniProt <entry>", 1)
    return rows.table()
