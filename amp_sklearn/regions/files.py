"""Content of annotation files, with the line number at hand, and what their numbers and texts may be."""

import json
import re
from json import scanner
from typing import Any
from xml.etree import ElementTree

from ..data import text_files
from ..exceptions import AnnotationError

_DEEPEST = 200  # levels of a JSON or XML file; those of the databases have ten
_WHOLE = re.compile(r"[0-9]{1,9}")


def open_text(path):
    """Open a text file for reading, as every reader does; what cannot be read is an ``AnnotationError``."""
    return text_files.open_text(path, AnnotationError)


def whole_number(value):
    """A number of residues, or a residue's number, from JSON or text.

    Parameters
    ----------
    value : int or str

    Returns
    -------
    int

    Raises
    ------
    ValueError
        For anything else, such as ``1.9``, ``True`` or a number of ten digits.
    """
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
        return value
    raise ValueError(f"expected a whole number below a thousand million, got {text_files.shown(value)}")


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
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise AnnotationError(f"not valid JSON: {error.msg}", path, error.lineno) from None
    except RecursionError:
        raise AnnotationError("not valid: the JSON is nested too deeply", path) from None
    except ValueError as error:  # NaN and Infinity, or a number of thousands of digits
        raise AnnotationError(f"not valid JSON: {error}", path) from None


def _no_number(name):
    raise ValueError(f"{name} is no number of JSON")


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
    parser: Any = ElementTree.XMLPullParser(events=("start", "end"))
    depth = 0
    with open_text(path) as handle:
        number = 0
        try:
            for number, text in enumerate(handle, start=1):
                parser.feed(text)
                for event, element in parser.read_events():
                    depth += 1 if event == "start" else -1
                    if depth > _DEEPEST:
                        raise AnnotationError(f"nested deeper than {_DEEPEST} levels", path, number)
                    if event == "start":
                        continue
                    element.tag = name = element.tag.rpartition("}")[2]
                    if name in names:
                        yield name, element, number
            parser.close()
        except ElementTree.ParseError as error:
            raise AnnotationError(
                f"not well-formed XML: {error}", path, error.position[0] or number
            ) from None
