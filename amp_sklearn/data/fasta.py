"""FASTA files."""

from pathlib import Path

import pandas as pd

from ..exceptions import SequenceError
from .id_matching import NamedSequences, names_in_header
from .sequences import check_sequences
from .text_files import open_text, shown

_UNIPROT_PREFIXES = ("sp", "tr")


def read_fasta(path, *, full_id=False, uppercase=False):
    """Read protein sequences from a FASTA file, gzipped or not.

    Line ends of any system, blank lines and white space at the end of a line are accepted; nothing else is
    altered. An id that comes back with the same sequence is kept once.

    Parameters
    ----------
    path : str or path-like
        File to read.
    full_id : bool, default=False
        The id of a protein is the first word of its header. UniProt headers, ``>sp|P04637|P53_HUMAN ...``,
        give the accession (``P04637``) unless ``full_id=True``, which keeps the word whole.
    uppercase : bool, default=False
        Turn lower-case letters into upper case; see `check_sequences`.

    Returns
    -------
    Series
        Sequences (str) in the order of the file, named ``"sequence"``, indexed by id (``"protein"``).

    Raises
    ------
    SequenceError
        If the file is empty, is not FASTA, gives one id two sequences, or holds a sequence that cannot be
        used; the message names lines, ids and positions.

    See Also
    --------
    read_sequences : The same from tables, dictionaries and data frames too.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from amp_sklearn.data import read_fasta
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "proteins.fasta")
    ...     _ = path.write_text(">sp|P04637|P53_HUMAN tumor antigen\\nMEEPQ\\nSDPSV\\n>P2\\nMKV\\n")
    ...     read_fasta(path).to_dict()
    {'P04637': 'MEEPQSDPSV', 'P2': 'MKV'}
    """
    sequences = parse_fasta(path, full_id=full_id)
    checked = check_sequences(sequences, uppercase=uppercase, source=Path(path).name)
    return sequence_series(dict(zip(sequences, checked, strict=True)))


def sequence_series(sequences):
    """Series of sequences by protein, from a dictionary."""
    index = pd.Index(list(sequences), dtype=object, name="protein")
    return pd.Series(list(sequences.values()), index=index, name="sequence", dtype=object)


def parse_fasta(path, *, full_id=False):
    """Read id and sequence of each entry as they stand, letters unchecked.

    Parameters
    ----------
    path : str or path-like
        FASTA file.
    full_id : bool, default=False
        See `read_fasta`.

    Returns
    -------
    NamedSequences of str to str
        With the names of the proteins that their headers tell.

    Raises
    ------
    SequenceError
        If the file is empty or not FASTA, or an id comes with two sequences.
    """
    name = Path(path).name
    starts: dict[str, int] = {}
    sequences = NamedSequences()
    repeated: dict[str, list[int]] = {}
    for header, line, sequence in _entries(path, name):
        protein = _header_id(header, line, name, full_id)
        sequences.add_names(protein, names_in_header(header))
        if protein not in sequences:
            starts[protein], sequences[protein] = line, sequence
        elif sequences[protein] != sequence:
            repeated.setdefault(protein, [starts[protein]]).append(line)
    if not sequences:
        raise SequenceError(f"{name} holds no sequence; expected FASTA: a line '>id', then lines of residues")
    if repeated:
        first = list(repeated.items())[:5]
        listed = "; ".join(
            f"{shown(protein)} (lines {', '.join(map(str, lines[:9]))})" for protein, lines in first
        )
        more = f" and {len(repeated) - 5:,} more" if len(repeated) > 5 else ""
        raise SequenceError(
            f"{name}: {len(repeated):,} id(s) stand for different sequences: {listed}{more}; give each "
            "sequence an id of its own"
            + ("" if full_id else ", or pass full_id=True to tell UniProt headers apart")
        )
    return sequences


def _entries(path, name):
    """Yield header without its mark, line of the header and sequence of each entry."""
    header, start = None, 0
    parts: list[str] = []
    with open_text(path, SequenceError) as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip()
            if line.startswith(">"):
                if header is not None:
                    yield header, start, "".join(parts)
                header, start, parts = line[1:], number, []
            elif header is not None:
                parts.append(line)
            elif line:
                raise SequenceError(
                    f"{name} is not FASTA: line {number} should be a header such as '>P04637', "
                    f"got {shown(line)}"
                )
    if header is not None:
        yield header, start, "".join(parts)


def _header_id(header, number, name, full_id):
    word = header.split(maxsplit=1)[0] if header[:1].strip() else ""
    fields = word.split("|")
    if not full_id and len(fields) == 3 and fields[0] in _UNIPROT_PREFIXES:
        word = fields[1]
    if not word:
        raise SequenceError(
            f"{name}: the header on line {number} has no id right after '>': {shown('>' + header)}"
        )
    return word
