"""Opening files: the kind of a file is recognised by its first bytes, not by its name."""

import gzip
import io
import os
import zlib
from contextlib import contextmanager
from pathlib import Path

from ..exceptions import AnnotationError

UNPACK_VARIABLE = "AMP_SKLEARN_UNPACK_LIMIT"
"""Environment variable: how many bytes a compressed file may unpack to."""

_SMALLEST_LIMIT = 2**28  # 256 MiB may come out of a file of any size
_LARGEST_RATIO = 100  # text of this field shrinks to a third or, for XML, a twentieth of its size
_GZIP = b"\x1f\x8b"
_BINARY = {b"PAR1": "parquet", b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "xls", b"\x89HDF": "hdf5"}
_OTHER_PACKERS = {b"BZh": "bzip2", b"\xfd7zX": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7-Zip"}
_MARKS = (  # the longer mark first: that of UTF-32 begins as that of UTF-16
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def shown(text, limit=40):
    """A text as a message shows it: in quotes, and cut where it is long, so that no sequence is printed whole."""
    text = str(text)
    return repr(text if len(text) <= limit else f"{text[: limit - 3]}...")


def located(error, message, path, line=None):
    """An exception that names the file, and the line where one is known.

    Parameters
    ----------
    error : type
        ``SequenceError``, ``PairTableError`` or ``AnnotationError``.
    message : str
        Begins with a verb, such as "is damaged", where no line is given.
    path : path-like
    line : int, default=None
        Counted from 1.

    Returns
    -------
    Exception
    """
    if issubclass(error, AnnotationError):
        return error(message, path, line)
    return error(f"{Path(path).name}{'' if line is None else f', line {line}:'} {message}")


def _first_bytes(path):
    with open(path, "rb") as file:
        return file.read(4)


def binary_kind(path):
    """``"parquet"``, ``"zip"`` (as Excel's .xlsx is), ``"xls"`` or ``"hdf5"``; None for any other file."""
    return _BINARY.get(_first_bytes(path))


def unpacked_limit(packed):
    """How many bytes a compressed file may unpack to.

    Parameters
    ----------
    packed : int
        Bytes on disk.

    Returns
    -------
    int
        The number in the environment variable ``AMP_SKLEARN_UNPACK_LIMIT``, or else 100 times ``packed`` and at
        least 256 MiB.

    Raises
    ------
    ValueError
        If the environment variable holds no number of bytes.
    """
    text = os.environ.get(UNPACK_VARIABLE, "")
    if not text:
        return max(_SMALLEST_LIMIT, _LARGEST_RATIO * packed)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(
            f"the environment variable {UNPACK_VARIABLE} must be a number of bytes, got {text!r}"
        )
    return int(text)


def too_large(error, path, limit):
    """The exception for a compressed file that holds more than `unpacked_limit` allows."""
    return located(
        error,
        f"unpacks to more than {limit:,} bytes, the limit for a file of {os.path.getsize(path):,} bytes, which "
        "guards against damaged and malicious files; if its content is meant to be that large, unpack it first or "
        f"set the environment variable {UNPACK_VARIABLE} to a larger number of bytes",
        path,
    )


class _TooLarge(Exception):
    """More came out of a compressed file than allowed."""


class _Bounded(io.RawIOBase):
    """Bytes of a file, up to a limit."""

    def __init__(self, file, limit):
        self._file, self._left = file, limit

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise _TooLarge
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _open_bytes(path, error):
    """The bytes of a file, unpacked where it is gzipped."""
    first = _first_bytes(path)
    packer = next((name for magic, name in _OTHER_PACKERS.items() if first.startswith(magic)), None)
    if packer is not None:
        raise located(error, f"is compressed with {packer}; unpack it, or compress it with gzip", path)
    with open(path, "rb") as file:
        if not first.startswith(_GZIP):
            yield file
            return
        limit = unpacked_limit(os.path.getsize(path))
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield io.BufferedReader(_Bounded(unpacked, limit), 2**18)
        except _TooLarge:
            raise too_large(error, path, limit) from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as wrong:
            message = f"is damaged or cut off, its gzip data cannot be read: {wrong}"
            raise located(error, message, path) from wrong


def _encoding(head):
    """Encoding by the mark at the beginning, or by the zero bytes of UTF-16; UTF-8 else."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    if not even and 2 * odd > len(head[1::2]):
        return "utf-16-le"
    return "utf-16-be" if not odd and 2 * even > len(head[::2]) else "utf-8"


@contextmanager
def open_text(path, error):
    """Open a text file for reading: every reader of this package does it here.

    Gzip is told by its bytes, whatever the name. A byte-order mark is taken off; UTF-16 and UTF-32 are read; text
    in any other encoding than these and UTF-8 is refused, for its letters would have to be guessed.

    Parameters
    ----------
    path : str or path-like
        File to open.
    error : type
        What to raise if it turns out not to be text, to be damaged, or to unpack to more than `unpacked_limit`
        allows: ``SequenceError``, ``PairTableError`` or ``AnnotationError``. It names the file, and the line where
        one can be told.

    Yields
    ------
    file : text file
        All line ends are ``\\n``.
    """
    with _open_bytes(path, error) as file:
        encoding = _encoding(file.peek(400)[:400])
        text = io.TextIOWrapper(file, encoding=encoding)
        try:
            yield text
        except UnicodeError as wrong:
            if not isinstance(wrong, UnicodeDecodeError) and encoding.startswith("utf-8"):
                raise
            raise _not_text(path, error, encoding, wrong) from wrong
        finally:
            if not text.closed:
                text.detach()  # the bytes below are closed where they were opened


def _not_text(path, error, encoding, wrong):
    if not encoding.startswith("utf-8"):
        return located(error, f"is not text in {encoding.upper()}, as which it begins: {wrong}", path)
    with _open_bytes(path, error) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as found:
                return located(
                    error,
                    f"is not text in UTF-8: byte {line[found.start]:#04x} at position {found.start + 1} of "
                    "the line; save the file as UTF-8 (from Latin-1: iconv -f LATIN1 -t UTF-8 old > new)",
                    path,
                    number,
                )
    return located(error, f"is not text in UTF-8: {wrong}", path)


def starts_as_fasta(path, error):
    """Whether the first character of a file, white space aside, is ``>``; parameters as of `open_text`."""
    if binary_kind(path):
        return False
    with open_text(path, error) as file:
        return next((line for line in file if line.strip()), "").lstrip().startswith(">")
