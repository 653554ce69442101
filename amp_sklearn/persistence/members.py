"""Members of archives from strangers: only those expected, and sizes checked before anything is unpacked or made."""

import io
import json
import math
import zipfile
from collections import Counter

import numpy as np

from ..data.text_files import UNPACK_VARIABLE, unpacked_limit
from ..exceptions import ModelLoadError

_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LARGEST_MANIFEST = 2**20


def read_members(archive, names, path, packed):
    """Contents of some members of an archive; others are not looked at.

    Parameters
    ----------
    archive : zipfile.ZipFile
    names : iterable of str
    path : path-like
        Of the file, for messages.
    packed : int
        Bytes of the file on disk, from which the limit follows.

    Returns
    -------
    dict of str to bytes

    Raises
    ------
    KeyError
        If one is missing.
    ModelLoadError
        If one is there twice, is compressed in another way than Deflate, or if they unpack to too much.
    """
    names, limit = list(names), unpacked_limit(packed)
    every = Counter(entry.filename for entry in archive.infolist())
    for name in names:
        if every[name] > 1:
            raise ModelLoadError(f"{path} holds {name} twice and is not loaded")
        if not every[name]:
            raise KeyError(name)
        if archive.getinfo(name).compress_type not in _PLAIN_METHODS:
            raise ModelLoadError(
                f"{path}: {name} is compressed in a way that save_model does not use; not loaded"
            )
    total = sum(archive.getinfo(name).file_size for name in names)
    if total > limit:
        raise ModelLoadError(
            f"{path} unpacks to {total:,} bytes, more than {limit:,}, and is not loaded; if you trust it, set the "
            f"environment variable {UNPACK_VARIABLE} to a larger number of bytes"
        )
    return {name: archive.read(name) for name in names}


def read_manifest(archive, name, path):
    """The description of a model file, which tells what else is in it."""
    if name in archive.namelist() and archive.getinfo(name).file_size > _LARGEST_MANIFEST:
        raise ModelLoadError(f"{path}: {name} is longer than {_LARGEST_MANIFEST:,} bytes; not loaded")
    manifest = json.loads(read_members(archive, [name], path, 0)[name])
    if not isinstance(manifest, dict):
        raise ModelLoadError(f"{path}: {name} holds no JSON object; not loaded")
    return manifest


def counted(manifest, key, archive, path):
    """How many nets or tables a manifest declares; no more than the archive has members."""
    number = manifest[key]
    if type(number) is not int or not 0 <= number <= len(archive.namelist()):
        raise ModelLoadError(f"{path} declares {number!r} {key}, which are not in it; not loaded")
    return number


def check_skeleton(content, path):
    """The schema of a skeleton in skops's format, whose arrays are as large as they declare themselves.

    Parameters
    ----------
    content : bytes
    path : path-like
        For messages.

    Returns
    -------
    dict

    Raises
    ------
    ModelLoadError
        If members unpack to too much, or an array declares a size other than that of its data.
    KeyError
        If there is no schema.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = read_members(archive, archive.namelist(), path, len(content))
    for name, data in members.items():
        if name.endswith(".npy"):
            _check_array(data, f"{path}: {name}")
        elif name.endswith(".npz"):
            with zipfile.ZipFile(io.BytesIO(data)) as arrays:
                for part, array in read_members(arrays, arrays.namelist(), path, len(data)).items():
                    _check_array(array, f"{path}: {name}, {part}")
    schema = json.loads(members["schema.json"])
    _check_tree_arguments(schema, members, path)
    return schema


def _array_header(data):
    buffer = io.BytesIO(data)
    version = np.lib.format.read_magic(buffer)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(buffer)
    return shape, dtype, len(data) - buffer.tell()


def _check_array(data, place):
    shape, dtype, there = _array_header(data)
    if dtype.hasobject or any(n < 0 for n in shape):
        raise ModelLoadError(f"{place} is an array of {dtype} and shape {shape}; not loaded")
    if math.prod(shape) * dtype.itemsize != there:
        raise ModelLoadError(
            f"{place} declares an array of shape {shape} ({math.prod(shape) * dtype.itemsize:,} bytes) and holds {there:,} "
            "bytes; not loaded"
        )


def _check_tree_arguments(schema, members, path):
    """Decision trees are made by compiled code, which believes the number of outputs that it is given."""
    stack = [schema]
    while stack:
        entry = stack.pop()
        if isinstance(entry, dict):
            if entry.get("__loader__") == "TreeNode":
                features, classes, outputs = entry["__reduce__"]["args"]["content"]
                kinds = [part["__loader__"] for part in (features, classes, outputs)]
                if kinds != ["JsonNode", "NdArrayNode", "JsonNode"] or classes["type"] != "numpy":
                    raise ModelLoadError(f"{path} holds a damaged decision tree and is not loaded")
                shape, dtype, _ = _array_header(members[classes["file"]])
                n_outputs, n_features = (json.loads(part["content"]) for part in (outputs, features))
                if type(n_outputs) is not int or type(n_features) is not int or dtype.kind not in "iu":
                    raise ModelLoadError(f"{path} holds a damaged decision tree and is not loaded")
                if shape != (n_outputs,) or n_outputs < 1:
                    raise ModelLoadError(f"{path} holds a damaged decision tree and is not loaded")
            stack.extend(entry.values())
        elif isinstance(entry, list):
            stack.extend(entry)
