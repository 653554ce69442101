"""Tables of results for the documentation and for reading as they are."""

import os
import platform

import sklearn
import torch


def list_table(header, rows, title=""):
    """Table in reStructuredText."""
    lines = [f".. list-table:: {title}".rstrip(), "   :header-rows: 1", ""]
    for row in [header, *rows]:
        lines += [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def markdown_table(header, rows):
    """Table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in lines) + "\n"


def mean_and_deviation(values):
    """Mean ± standard deviation as text; the mean alone of a single value."""
    text = f"{values.mean():.3f}"
    return f"{text} ± {values.std():.3f}" if len(values) > 1 else text


def made_on():
    """Hardware and versions in a few words."""
    versions = f"scikit-learn {sklearn.__version__}, torch {torch.__version__.partition('+')[0]}"
    return f"{versions}, {os.cpu_count()} CPU cores ({platform.machine()})"
