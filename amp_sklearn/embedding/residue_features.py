"""Vectors of single residues on disk: computed in batches, resumable, memory-mapped; HDF5 as other tools write it."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np

from ..writing import write_atomically
from .batching import hidden_states, in_batches

DTYPES = ("float16", "float32")
"""Types of numbers on disk."""

_AT_ONCE = 16  # batches that are in memory at the same time, and marked as done together
_FORMAT = 1
_PLAN, _VECTORS, _DONE = "proteins.json", "vectors.npy", "done.npy"


class ResidueFeatures(Mapping):
    """Vectors of the residues of proteins, by id; each protein is read from disk when it is asked for.

    Made by ``ProteinLanguageModelEmbedder.residue_features`` and by `read_residue_features`.

    Parameters
    ----------
    arrays : dict of str to array of shape (n_residues, d)
        Memory-mapped arrays, or HDF5 datasets.
    sequences : dict of str to str, default=None
        The residues, where they are known.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.embedding import ResidueFeatures
    >>> features = ResidueFeatures({"P1": np.zeros((10, 4), dtype="float16")})
    >>> list(features), features["P1"].shape
    (['P1'], (10, 4))
    """

    def __init__(self, arrays, sequences=None):
        self._arrays, self.sequences = dict(arrays), sequences

    def __getitem__(self, name):
        array = self._arrays[name]
        return array if isinstance(array, np.ndarray) else array[()]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        return f"ResidueFeatures(n_proteins={len(self):,})"

    def write_hdf5(self, path):
        """Write an HDF5 file as bio_embeddings and biotrainer write and read them.

        One dataset per protein, of shape (n_residues, d), whose attribute ``original_id`` is the id. Its key is biotrainer's
        digest of the sequence, where sequences are known and differ, else a number, as in bio_embeddings.

        Parameters
        ----------
        path : str or path-like
            File; it is complete or absent, whatever interrupts the writing.

        Raises
        ------
        ImportError
            If h5py is not installed.
        """
        h5py = _h5py()
        with write_atomically(path) as unfinished, h5py.File(unfinished, "w") as file:
            for number, (name, vectors) in enumerate(self.items()):
                key = str(number)
                if self.sequences is not None:
                    sequence = self.sequences[name]
                    digest = hashlib.sha256(f"{sequence}_{len(sequence)}".encode()).hexdigest()
                    key = key if digest in file else digest
                file.create_dataset(key, data=vectors).attrs["original_id"] = name


def read_residue_features(path):
    """Open residue vectors: a folder of ``residue_features``, or an HDF5 file of bio_embeddings or biotrainer.

    Parameters
    ----------
    path : str or path-like
        Folder, or HDF5 file with one dataset per protein; the id is its attribute ``original_id``, or else its key.

    Returns
    -------
    ResidueFeatures

    Raises
    ------
    ValueError
        If the folder is incomplete, ids repeat, or the file holds one vector per protein instead of one per residue.
    FileNotFoundError
        If there is nothing.
    ImportError
        If the file needs h5py, which is not installed.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from amp_sklearn.embedding import ResidueFeatures, read_residue_features
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ResidueFeatures({"P1": np.ones((10, 4))}).write_hdf5(f"{folder}/residues.h5")
    ...     read_residue_features(f"{folder}/residues.h5")["P1"].shape
    (10, 4)
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise FileNotFoundError(f"there are no residue features at {path}")
    file = _h5py().File(path, "r")
    arrays = {}
    for key, dataset in file.items():
        name = str(dataset.attrs.get("original_id", key))
        if getattr(dataset, "ndim", 0) != 2:
            raise ValueError(
                f"{path}: {name!r} is not a table of residues by dimensions (shape {getattr(dataset, 'shape', None)}); "
                "files of one vector per protein (reduced embeddings) hold no residues"
            )
        if name in arrays:
            raise ValueError(f"{path}: the id {name!r} occurs more than once")
        arrays[name] = dataset
    return ResidueFeatures(arrays)


def compute_residue_features(
    sequences, path, model, *, rule, dtype="float16", batch_size=32, batch_tokens=4096, verbose=0
):
    """Compute what a folder lacks of the residue vectors of proteins, and open it.

    Parameters
    ----------
    sequences : dict of str to str
        Checked residues by id.
    path : path-like
    model : LanguageModel
    rule : LongProteinRule
    dtype : {"float16", "float32"}, default="float16"
    batch_size, batch_tokens, verbose
        As of ``embed_distinct``.

    Returns
    -------
    ResidueFeatures
    """
    path, names = Path(path).expanduser(), list(sequences)
    residues = list(sequences.values())
    plan = {
        "format": _FORMAT,
        "fingerprint": model.fingerprint,
        "layers": None if model.layers is None else list(model.layers),
        "precision": str(model.forward.dtype),
        "max_length": rule.max_length,
        "window_overlap": rule.overlap,
        "dtype": dtype,
        "width": model.width,
        "sequences": sequences,
    }
    vectors, done = _open_for_writing(path, plan)
    ends = np.cumsum([len(sequence) for sequence in residues])
    before, after = model.ends

    def compute(members):
        return hidden_states(members, model, rule, batch_tokens).cpu().numpy()

    def commit(rows):
        vectors.flush()  # what is marked as done must be on the disk before its mark
        done[rows] = True
        done.flush()

    settings = {"batch_size": batch_size, "batch_tokens": batch_tokens, "verbose": verbose}
    missing, device = np.flatnonzero(~done).tolist(), model.forward.device
    written, n_batches = [], 0
    with closing(in_batches(compute, missing, residues, device, at_once=_AT_ONCE, **settings)) as results:
        for batch, packed in results:
            start = 0
            for row in batch:
                length = len(residues[row])
                states = packed[start + before : start + before + length]
                start += before + length + after
                vectors[ends[row] - length : ends[row]] = _as_type(states, dtype, names[row])
            written += batch
            n_batches += 1
            if n_batches % _AT_ONCE == 0:
                commit(written)
                written = []
    commit(written)
    return _read_folder(path)


def _as_type(states, dtype, name):
    if not np.isfinite(states).all():
        raise ValueError(
            f"the language model gave NaN or infinity for {name}; compute with dtype='float32' of the embedder, and "
            "check the model's weights"
        )
    largest = float(np.abs(states).max())
    if largest > float(np.finfo(dtype).max):
        raise ValueError(
            f"vectors of {name} reach {largest:.3g}, which {dtype} cannot hold; give residue_features dtype='float32'"
        )
    return states.astype(dtype)


def _open_for_writing(path, plan):
    """The memory-mapped vectors and marks of a folder, new or begun with the same plan."""
    plan_file = path / _PLAN
    n_residues = sum(map(len, plan["sequences"].values()))
    if not plan_file.exists():
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise ValueError(f"{path} is not empty and holds no residue features; give a new folder")
        _reserve(path / _VECTORS, (n_residues, plan["width"]), plan["dtype"])
        _reserve(path / _DONE, (len(plan["sequences"]),), "bool")
        with write_atomically(plan_file) as unfinished:  # last: with it the folder is a begun one
            unfinished.write_text(json.dumps(plan))
    found = _read_plan(path)
    different = [key for key in plan if found.get(key) != plan[key]]
    if different:
        raise ValueError(
            f"{path} holds residue features of other proteins or settings (they differ in {', '.join(different)}); give "
            "another folder, or remove it"
        )
    return np.load(path / _VECTORS, mmap_mode="r+"), np.load(path / _DONE, mmap_mode="r+")


def _reserve(file, shape, dtype):
    """A file of zeros that has its room on the disk: writing to a memory map of a full disk would end the process."""
    array = np.lib.format.open_memmap(file, "w+", np.dtype(dtype), shape)
    array.flush()
    if hasattr(os, "posix_fallocate"):
        with open(file, "r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, os.path.getsize(file))


def _read_plan(path):
    plan = json.loads((path / _PLAN).read_text())
    if plan.get("format") != _FORMAT:
        raise ValueError(f"{path} is of format {plan.get('format')!r}; this version reads format {_FORMAT}")
    return plan


def _read_folder(path):
    if not (path / _PLAN).exists():
        raise ValueError(f"{path} holds no residue features: {_PLAN} is missing")
    plan = _read_plan(path)
    missing = int((~np.load(path / _DONE)).sum())
    if missing:
        raise ValueError(
            f"the residue features at {path} are incomplete: {missing:,} of {len(plan['sequences']):,} proteins are "
            "missing. Call residue_features with the same proteins and settings, and it goes on where it ended"
        )
    vectors, sequences = np.load(path / _VECTORS, mmap_mode="r"), plan["sequences"]
    ends = np.cumsum([len(sequence) for sequence in sequences.values()])
    return ResidueFeatures(
        {name: vectors[end - len(s) : end] for (name, s), end in zip(sequences.items(), ends, strict=True)},
        sequences,
    )


def _h5py():
    try:
        import h5py
    except ImportError:
        raise ImportError(
            "HDF5 files need h5py: pip install 'amp-sklearn[hdf5]' (or pip install h5py)"
        ) from None
    return h5py
