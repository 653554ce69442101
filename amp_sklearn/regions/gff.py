"""Lines of a GFF3 file."""

from urllib.parse import unquote

from ..data.text_files import shown
from ..exceptions import AnnotationError
from .files import open_text, whole_number
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
            text = text.rstrip("\n")
            if text.startswith("##FASTA"):
                return
            if text.startswith("##sequence-region"):
                fields = text.split()
                try:
                    lengths[fields[1]] = whole_number(fields[3])
                except (IndexError, ValueError):
                    raise AnnotationError(
                        f"expected '##sequence-region id start end', got {shown(text)}", path, line
                    ) from None
                continue
            if not text.strip() or text.startswith("#"):
                continue
            columns = text.split("\t")
            if len(columns) < 9:
                raise AnnotationError(f"expected 9 tab-separated columns, got {len(columns)}", path, line)
            attributes = _attributes(columns[8], path, line)
            protein = columns[0]
            yield (
                line,
                accession(unquote(protein)),
                *columns[1:5],
                attributes,
                lengths.get(protein),
            )


def _attributes(text, path, line):
    """Attributes by key; a part without ``=`` continues the value before it, where a program left ``;`` unescaped."""
    attributes: dict[str, str] = {}
    key = None
    for part in text.strip().split(";"):
        name, equals, value = part.partition("=")
        if equals:
            key = unquote(name.strip())
            attributes[key] = unquote(value)
        elif part.strip() in ("", "."):
            continue
        elif key is None:
            raise AnnotationError(f"expected attributes key=value, got {shown(part)}", path, line)
        else:
            attributes[key] += ";" + unquote(part)
    return attributes
