"""Opening annotation files: gzip or plain, with the line number at hand."""

import gzip
import json
from json import scanner
from typing import Any
from xml.etree import ElementTree

from ..exceptions import AnnotationError


def open_text(path):
    """Open a text file for reading; ``.gz`` is decompressed on the way."""
    return (
        gzip.open(path, "rt", encoding="utf-8") if str(path).endswith(".gz") else open(path, encoding="utf-8")
    )


class CountedLines:
    """Lines of a file that know how many of them have been read."""

    def __init__(self, handle):
        self._handle, self.line = handle, 0

    def __iter__(self):
        return self

    def __next__(self):
        text = next(self._handle)
        self.line += 1
        return text

    def read(self, size=-1):
        return self._handle.read(size)

    def close(self):
        self._handle.close()


class _Located(dict):
    """A JSON object that remembers the line where it begins."""

    line: int


class _LocatingDecoder(json.JSONDecoder):
    """Decodes JSON more slowly, and tells where each object begins."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        parse_object = json.decoder.JSONObject  # type: ignore[attr-defined]

        def located(text_and_end, *args, **named):
            value, end = parse_object(text_and_end, *args, **named)
            value = _Located(value)
            text, start = text_and_end
            value.line = text.count("\n", 0, start) + 1
            return value, end

        self.parse_object = located
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def read_json(path):
    """Content of a JSON file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    object
        What the file holds.

    Raises
    ------
    AnnotationError
        If the file is not JSON; names the line.
    """
    with open_text(path) as handle:
        text = handle.read()
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise AnnotationError(f"not valid JSON: {error.msg}", path, error.lineno) from None


def json_line(path, *keys):
    """Line where a part of a JSON file begins, for error messages; None if it cannot be told.

    Parameters
    ----------
    path : path-like
    *keys : str or int
        The way from the root to the part, such as ``"results", 3, "features", 7``.

    Returns
    -------
    int or None
    """
    with open_text(path) as handle:
        part = _LocatingDecoder().decode(handle.read())
    line = getattr(part, "line", None)
    for key in keys:
        if (isinstance(part, dict) and key in part) or (isinstance(part, list) and isinstance(key, int)):
            part = part[key]
        else:
            break
        line = getattr(part, "line", line)
    return line


def xml_elements(path, names):
    """Walk through an XML file and yield elements as they end, with the line where they end.

    Parameters
    ----------
    path : path-like
    names : collection of str
        Names, without namespace, of the elements wanted.

    Yields
    ------
    name : str
        Name without namespace.
    element : xml.etree.ElementTree.Element
        Namespaces are removed from it and its children.
    line : int

    Raises
    ------
    AnnotationError
        If the file is not well-formed; names the line.
    """
    parser: Any = ElementTree.XMLPullParser(events=("end",))
    with open_text(path) as handle:
        number = 0
        try:
            for number, text in enumerate(handle, start=1):
                parser.feed(text)
                for _, element in parser.read_events():
                    element.tag = name = element.tag.rpartition("}")[2]
                    if name in names:
                        yield name, element, number
            parser.close()
        except ElementTree.ParseError as error:
            raise AnnotationError(
                f"not well-formed XML: {error}", path, error.position[0] or number
            ) from None
