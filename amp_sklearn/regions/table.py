"""The annotation table: one tidy form for regions of every source."""

import re

import numpy as np
import pandas as pd

from ..data.text_files import shown
from ..exceptions import AnnotationError
from .files import whole_number

UNIPROT_TYPES = ("Domain", "Region", "Compositional bias", "Repeat", "Motif")
"""UniProt feature types of the published region analysis."""

INTERPRO_TYPES = ("Domain", "Repeat", "Active_site", "Binding_site", "Conserved_site", "Ptm")
"""InterPro entry types of the published region analysis: neither Family nor Homologous_superfamily."""

ANNOTATION_COLUMNS = (
    "protein",
    "type",
    "start",
    "end",
    "description",
    "source",
    "evidence",
    "start_modifier",
    "end_modifier",
    "protein_length",
)

POSITION_MODIFIERS = ("exact", "outside", "unsure", "unknown")
"""How a position is known: ``12`` exact, ``<12`` or ``>12`` outside, ``?12`` unsure, ``?`` unknown."""

_POSITION = re.compile(r"([<>?]?)\s*([0-9]{1,9})")
_MODIFIER_OF = {"": "exact", "<": "outside", ">": "outside", "?": "unsure"}


def parse_position(text):
    """Read one position as the annotation databases write it.

    Parameters
    ----------
    text : str
        ``"12"``, ``"<12"``, ``">12"``, ``"?12"``, ``"?"`` or ``""``.

    Returns
    -------
    position : int or None
        Residue number counted from 1; None where the position is unknown.
    modifier : str
        A member of ``POSITION_MODIFIERS``.

    Raises
    ------
    ValueError
        If the text is no position.

    Examples
    --------
    >>> from amp_sklearn.regions import parse_position
    >>> [parse_position(text) for text in ("12", ">74", "?5", "?")]
    [(12, 'exact'), (74, 'outside'), (5, 'unsure'), (None, 'unknown')]
    """
    text = text.strip()
    if text in ("", "?", "."):
        return None, "unknown"
    match = _POSITION.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a residue number such as 12, <1, >100, ?5 or ?, got {shown(text)}")
    return int(match[2]), _MODIFIER_OF[match[1]]


def accession(identifier):
    """Accession inside a FASTA-style UniProt identifier; any other identifier is returned as it is.

    Parameters
    ----------
    identifier : str

    Returns
    -------
    str

    Examples
    --------
    >>> from amp_sklearn.regions.table import accession
    >>> accession("sp|P38398|BRCA1_HUMAN"), accession("FUN_000011-T1")
    ('P38398', 'FUN_000011-T1')
    """
    match = re.match(r"(?:sp|tr)\|([^|]+)\|", identifier)
    return match[1] if match else identifier.strip()


class AnnotationRows:
    """Collects the regions of one file and checks each of them where the file and line are still known.

    Parameters
    ----------
    path : path-like
        File that is read, for error messages.
    source : str
        Database, such as ``"UniProt"``.
    """

    def __init__(self, path, source):
        self.path, self.source = path, source
        self._rows = []

    def add(self, protein, type_, start, end, line, description="", evidence="", length=None):
        """Add one region.

        Parameters
        ----------
        protein, type_ : str
        start, end : str or tuple
            Text of the position, or what ``parse_position`` returns.
        line : int or None
            Line of the file.
        description, evidence : str
        length : int, default=None
            Residues of the protein, where the file tells it.

        Raises
        ------
        AnnotationError
            If the positions are malformed, in the wrong order or outside the protein.
        """
        self._check_texts(line, protein, type_, description, evidence)
        try:
            (first, first_modifier), (last, last_modifier) = (
                parse_position(p) if isinstance(p, str) else p for p in (start, end)
            )
        except ValueError as error:
            raise self.error(f"{type_} of {protein}: {error}", line) from None
        if not protein:
            raise self.error(f"{type_} region without a protein identifier", line)
        if first is not None and first < 1:
            raise self.error(f"{type_} of {protein} starts at {first}; residues count from 1", line)
        if first is not None and last is not None and first > last:
            raise self.error(f"{type_} of {protein}: start {first} lies after end {last}", line)
        if length is not None and last is not None and last > length:
            raise self.error(
                f"{type_} of {protein} ends at {last}, but the protein has {length} residues", line
            )
        self._rows.append(
            (
                protein,
                type_,
                first,
                last,
                description,
                self.source,
                evidence,
                first_modifier,
                last_modifier,
                length,
            )
        )

    def _check_texts(self, line, *texts):
        for text in texts:
            if not isinstance(text, str):
                raise self.error(f"expected text, got {type(text).__name__} ({shown(text)})", line)
            if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
                raise self.error(f"{shown(text)} holds half a character (a lone surrogate)", line)

    def length(self, text, what, line):
        """A number of residues from a cell; the error says what was expected."""
        try:
            return whole_number(text)
        except ValueError as error:
            raise self.error(f"expected {what}: {error}", line) from None

    def error(self, message, line=None):
        """An ``AnnotationError`` that names the file."""
        return AnnotationError(message, self.path, line)

    def table(self):
        """The annotation table of what was added."""
        columns = list(zip(*self._rows, strict=True)) or [()] * len(ANNOTATION_COLUMNS)
        data = dict(zip(ANNOTATION_COLUMNS, columns, strict=True))
        integers = ("start", "end", "protein_length")
        return pd.DataFrame(
            {n: pd.array(v, dtype="Int64" if n in integers else "str") for n, v in data.items()}
        )


def annotation_summary(annotations):
    """Count regions, proteins and positions that are not exact, by source and type.

    Parameters
    ----------
    annotations : DataFrame
        Annotation table.

    Returns
    -------
    DataFrame
        One row per source and type: ``regions``, ``proteins``, and the number of regions with an ``outside``
        (``<1``, ``>100``), ``unsure`` (``?5``) or ``unknown`` (``?``) start or end. A region with an unknown
        end cannot be laid on a sequence.

    Examples
    --------
    >>> from amp_sklearn.regions import annotation_summary, annotation_table
    >>> table = annotation_table([("P1", "Domain", 1, 9), ("P1", "Domain", 5, 20)])
    >>> annotation_summary(table)[["type", "regions", "proteins", "unknown"]].to_dict("records")
    [{'type': 'Domain', 'regions': 2, 'proteins': 1, 'unknown': 0}]
    """
    columns = {"regions": ("protein", "size"), "proteins": ("protein", "nunique")}
    frame = annotations.assign(
        **{
            m: (annotations[["start_modifier", "end_modifier"]] == m).any(axis=1)
            for m in POSITION_MODIFIERS[1:]
        }
    )
    columns |= {modifier: (modifier, "sum") for modifier in POSITION_MODIFIERS[1:]}
    return frame.groupby(["source", "type"], as_index=False).agg(**columns)


def annotation_table(regions, source="user"):
    """Make an annotation table from regions that do not come from a file.

    Parameters
    ----------
    regions : iterable of tuple
        ``(protein, type, start, end)`` or ``(protein, type, start, end, description)``; positions are
        1-based and inclusive, as numbers or as text (``"<1"``).
    source : str, default="user"
        Content of the column ``source``.

    Returns
    -------
    DataFrame
        One row per region: ``protein``, ``type``, ``start``, ``end`` (1-based, inclusive; missing where
        unknown), ``description``, ``source``, ``evidence``, ``start_modifier``, ``end_modifier``,
        ``protein_length``.

    Raises
    ------
    AnnotationError
        If a region is malformed; the message counts its row from 1.

    Examples
    --------
    >>> from amp_sklearn.regions import annotation_table
    >>> table = annotation_table([("P1", "Domain", 3, 9, "SH3"), ("P1", "Motif", "<1", 4)])
    >>> table[["type", "start", "end", "start_modifier"]].to_dict("list")
    {'type': ['Domain', 'Motif'], 'start': [3, 1], 'end': [9, 4], 'start_modifier': ['exact', 'outside']}
    """
    rows = AnnotationRows("regions", source)
    for line, (protein, type_, start, end, *rest) in enumerate(regions, start=1):
        rows.add(protein, type_, str(start), str(end), line, description=rest[0] if rest else "")
    return rows.table()


def check_annotations(annotations):
    """Check that a table has what the analysis needs, and return it with plain columns.

    Parameters
    ----------
    annotations : DataFrame
        At least ``protein``, ``type``, ``start``, ``end``; modifiers default to exact, or unknown where a
        position is missing.

    Returns
    -------
    DataFrame

    Raises
    ------
    AnnotationError
        If columns are missing, or a region starts before 1 or after its end.
    """
    missing = [name for name in ANNOTATION_COLUMNS[:4] if name not in annotations]
    if missing:
        raise AnnotationError(
            f"annotations lack the columns {missing}; they have {list(annotations.columns)}"
        )
    table = annotations.copy()
    for name in ("start", "end"):
        table[name] = table[name].astype("Int64")
        modifier = f"{name}_modifier"
        if modifier not in table:
            table[modifier] = np.where(table[name].isna(), "unknown", "exact")
    wrong = ((table["start"] < 1) | (table["start"] > table["end"])).fillna(False).to_numpy(bool)
    if wrong.any():
        row = table[wrong].iloc[0]
        raise AnnotationError(
            f"{row['type']} of {row['protein']} runs from {row['start']} to {row['end']}; expected 1 <= "
            f"start <= end "
            f"(1-based, inclusive), in {int(wrong.sum())} of {len(table)} rows"
        )
    return table
