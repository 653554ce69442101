"""Opening files: what a file is, its first bytes tell, not its name."""

import gzip
import zlib
from contextlib import contextmanager
from pathlib import Path

_GZIP = b"\x1f\x8b"
_BINARY = {b"PAR1": "parquet", b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xls"}


def _first_bytes(path):
    with open(path, "rb") as file:
        return file.read(4)


def binary_kind(path):
    """``"parquet"``, ``"xlsx"`` or ``"xls"``; None for any other file."""
    return _BINARY.get(_first_bytes(path))


@contextmanager
def open_text(path, error):
    """Open a text file for reading, gzipped or not.

    Parameters
    ----------
    path : str or path-like
        File to open.
    error : type of ValueError
        What to raise if it turns out not to be text in UTF-8, or damaged.

    Yields
    ------
    file : text file
    """
    opener = gzip.open if _first_bytes(path).startswith(_GZIP) else open
    name = Path(path).name
    try:
        with opener(path, "rt", encoding="utf-8-sig") as file:
            yield file
    except UnicodeDecodeError as wrong:
        raise error(f"{name} is not a text file in UTF-8: {wrong}") from wrong
    except (EOFError, zlib.error, gzip.BadGzipFile) as wrong:
        raise error(f"{name} is damaged or cut off, its gzip data cannot be read: {wrong}") from wrong


def starts_as_fasta(path):
    """Whether the first character of a file, white space aside, is ``>``."""
    if binary_kind(path):
        return False
    with open_text(path, ValueError) as file:
        return next((line for line in file if line.strip()), "").lstrip().startswith(">")
