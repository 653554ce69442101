"""Lines of a GFF3 file."""

from urllib.parse import unquote

from ..exceptions import AnnotationError
from .files import open_text
from .table import accession


def gff_rows(path):
    """Yield the features of a GFF3 file.

    The sequences after ``##FASTA`` are not read; ``##sequence-region`` gives the protein's length.

    Parameters
    ----------
    path : path-like
        May be gzipped.

    Yields
    ------
    tuple
        ``(line, protein, source, type, start, end, attributes, length)``; positions are text.

    Raises
    ------
    AnnotationError
        If a line does not have nine columns, or an attribute is not ``key=value``.
    """
    lengths = {}
    with open_text(path) as handle:
        for line, text in enumerate(handle, start=1):
            text = text.rstrip("\r\n")
            if text.startswith("##FASTA"):
                return
            if text.startswith("##sequence-region"):
                fields = text.split()
                if len(fields) != 4 or not fields[3].isdigit():
                    raise AnnotationError(
                        f"expected '##sequence-region id start end', got {text!r}", path, line
                    )
                lengths[fields[1]] = int(fields[3])
                continue
            if not text.strip() or text.startswith("#"):
                continue
            columns = text.split("\t")
            if len(columns) < 9:
                raise AnnotationError(f"expected 9 tab-separated columns, got {len(columns)}", path, line)
            attributes = {}
            for part in columns[8].strip().split(";"):
                if part in ("", "."):
                    continue
                key, equals, value = part.partition("=")
                if not equals:
                    raise AnnotationError(f"expected attributes key=value, got {part!r}", path, line)
                attributes[unquote(key)] = unquote(value)
            protein = columns[0]
            yield (
                line,
                accession(unquote(protein)),
                *columns[1:5],
                attributes,
                lengths.get(protein),
            )
