"""The file format of explanations: named arrays and a JSON header in one ``.npz`` file, never a pickle."""

import json
import zipfile

import numpy as np

from ..data.layout import FeatureLayout
from ..writing import plain_value, write_atomically

FORMAT_NUMBER = 1
"""Raised by one whenever older readers could not read what is written."""

_ARRAYS = (
    "values",
    "predictions",
    "base_values",
    "feature_values",
    "lengths",
    "token_maps",
    "pair_values",
    "error",
)


def write_explanation(explanation, path):
    """Write an ``Explanation``; see ``Explanation.save``."""
    header = {
        "format": FORMAT_NUMBER,
        "layout": explanation.layout.to_dict(),
        "method": explanation.method,
        "pair_ids": [[plain_value(a), plain_value(b)] for a, b in explanation.pair_ids],
        "map_names": list(explanation.map_names),
        "notes": list(explanation.notes),
        "model": explanation.model,
        "parameters": explanation.parameters,
    }
    try:
        text = json.dumps(header, default=plain_value)
    except TypeError as error:
        raise TypeError(
            f"cannot save the explanation: {error}; parameters and ids must be plain values"
        ) from error
    arrays = {name: getattr(explanation, name) for name in _ARRAYS if getattr(explanation, name) is not None}
    if explanation.residue_values is not None:
        sides = [np.asarray(side) for pair in explanation.residue_values for side in pair]
        arrays["residue_values"] = np.concatenate([*sides, np.empty(0)])
        arrays["residue_counts"] = np.array([len(side) for side in sides], dtype=np.int64)
    with write_atomically(path) as unfinished, open(unfinished, "wb") as file:
        np.savez_compressed(file, header=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)


def read_explanation(path):
    """Arguments of the ``Explanation`` in a file; see ``Explanation.load``."""
    try:
        archive = np.load(path, allow_pickle=False)
        names = set(archive.files)
    except (ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not an explanation file (an .npz archive with a header)") from error
    with archive:
        if "header" not in names:
            raise ValueError(f"{path} is not an explanation file: it has no header, only {sorted(names)}")
        header = json.loads(archive["header"].tobytes().decode())
        number = header.pop("format", None)
        if not isinstance(number, int) or number > FORMAT_NUMBER:
            raise ValueError(
                f"{path} has explanation format {number!r}, this version reads up to {FORMAT_NUMBER}; "
                "update amp_sklearn to read it"
            )
        arguments = {name: archive[name] for name in _ARRAYS if name in names}
        if "residue_counts" in names:
            ends = np.cumsum(archive["residue_counts"])
            sides = np.split(archive["residue_values"], ends[:-1])
            arguments["residue_values"] = tuple(zip(sides[::2], sides[1::2], strict=True))
    header["layout"] = FeatureLayout(**header["layout"])
    return {**header, **arguments}
