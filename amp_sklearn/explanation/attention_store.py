"""Attention of more pairs than fit into memory: written to disk block by block, resumable."""

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ..data.digests import data_digest
from ..data.layout import FeatureLayout
from ..writing import write_atomically
from .attention import AttentionExplainer
from .base import RefusedExplanation
from .explanation import Explanation
from .model import PERMUTATION_INVARIANT_NOTE, read_model

FORMAT_NUMBER = 1
"""Raised by one whenever older readers could not read what is written."""

_ROWS_AT_ONCE = 4096


class AttentionStore:
    """Attention maps in a folder, as ``write_attention`` leaves them; nothing is loaded before it is asked for.

    Parameters
    ----------
    path : path-like
        The folder.

    Attributes
    ----------
    layout : FeatureLayout
    map_names : tuple of str
        One name per map, such as ``"layer 1"``.
    pair_ids : ndarray of shape (n_pairs, 2)
    n_pairs : int
        Pairs that the store is for.
    n_done : int
        Pairs written so far, the first ones; fewer than ``n_pairs`` after an interruption.

    Raises
    ------
    FileNotFoundError
        If there is no such store.
    ValueError
        If it was written by a later version, or if a file is damaged, cut short or missing.

    See Also
    --------
    AttentionStore.verify : Compare every block with the digest that was taken when it was written.
    """

    def __init__(self, path):
        self.path = Path(path)
        if not (self.path / "header.json").exists():
            raise FileNotFoundError(f"{self.path} holds no attention maps: it has no header.json")
        try:
            self._open()
        except (LookupError, TypeError, AttributeError, OSError, EOFError, ValueError) as error:
            if str(self.path) in str(error) and type(error) is ValueError:
                raise
            raise ValueError(_damaged(self.path, f"{type(error).__name__}: {error}")) from error

    def _open(self):
        self.header = json.loads((self.path / "header.json").read_text())
        if self.header["format"] > FORMAT_NUMBER:
            raise ValueError(
                f"{self.path} has attention format {self.header['format']}, this version reads up to "
                f"{FORMAT_NUMBER}; update amp_sklearn to read it"
            )
        self.layout = FeatureLayout(**self.header["layout"])
        self.map_names = tuple(self.header["map_names"])
        self.pair_ids = np.array(self.header["pair_ids"], dtype=object).reshape(-1, 2)
        self.n_pairs = self.header["n_pairs"]
        text = (self.path / "done").read_text()
        if not (text.isascii() and text.isdigit() and int(text) <= self.n_pairs == len(self.pair_ids)):
            raise ValueError(_damaged(self.path, f"done holds {text[:20]!r} for {self.n_pairs} pairs"))
        self.n_done = int(text)
        n_tokens = self.layout.n_tokens
        shapes = {
            "token_maps": (self.n_pairs, len(self.map_names), n_tokens, n_tokens),
            "values": (self.n_pairs, n_tokens),
        }
        for name, shape in shapes.items():
            self._check_array(f"{name}.npy", shape)

    def _check_array(self, name, shape):
        """Raise unless the file of an array has its shape, and all of its bytes."""
        try:
            there = np.load(self.path / name, mmap_mode="r").shape
        except ValueError as error:
            raise ValueError(_damaged(self.path, f"{name}: {error}")) from error
        if there != shape:
            raise ValueError(_damaged(self.path, f"{name} has shape {there}, expected {shape}"))

    def verify(self):
        """Read every block and compare it with the digest that was taken when it was written.

        Raises
        ------
        ValueError
            If a block is not as it was written, or no digest was taken of it.
        """
        path = self.path / "digests"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        position = 0
        blocks = {}  # the last digest of a block counts: an interrupted one is written again
        for line in lines:
            parts = line.split(" ")
            if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
                blocks[int(parts[0])] = int(parts[1]), parts[2]
        token_maps, values = self.token_maps, self.values
        while position < self.n_done:
            stop, digest = blocks.get(position, (0, ""))
            rows = slice(position, stop)
            if stop <= position or _block_digest(token_maps[rows], values[rows]) != digest:
                raise ValueError(
                    _damaged(self.path, f"pairs from {position} on are not as they were written")
                )
            position = stop

    @property
    def token_maps(self):
        """Memory map of the attention weights, shape (n_done, n_maps, n_tokens, n_tokens)."""
        return np.load(self.path / "token_maps.npy", mmap_mode="r")[: self.n_done]

    @property
    def values(self):
        """Memory map of the attention that each token receives, shape (n_done, n_tokens)."""
        return np.load(self.path / "values.npy", mmap_mode="r")[: self.n_done]

    def mean_maps(self):
        """Maps averaged over the pairs, read block by block.

        Returns
        -------
        ndarray of shape (n_maps, n_tokens, n_tokens)
        """
        total = np.zeros((len(self.map_names), self.layout.n_tokens, self.layout.n_tokens))
        for start in range(0, self.n_done, _ROWS_AT_ONCE):
            total += self.token_maps[start : start + _ROWS_AT_ONCE].sum(axis=0, dtype=float)
        return total / max(self.n_done, 1)

    def explanation(self, rows):
        """Some pairs as an ``Explanation``, for pictures and the region analysis.

        Parameters
        ----------
        rows : slice or array-like of int
            Rows of the pairs.

        Returns
        -------
        Explanation
            Without predictions.
        """
        rows = np.arange(self.n_done)[rows]
        return Explanation(
            values=self.values[rows],
            layout=self.layout,
            method=AttentionExplainer.name,
            pair_ids=self.pair_ids[rows],
            token_maps=self.token_maps[rows].astype(np.float32),
            map_names=self.map_names,
            notes=tuple(self.header["notes"]),
            model=self.header["model"],
            parameters=self.header["settings"],
        )


def write_attention(path, fitted, X, *, explainer=None, layout=None, dtype="float32", verbose=0):
    """Write the attention maps of all pairs to disk, a block of pairs at a time.

    Memory holds one block whatever the number of pairs. After an interruption the same call goes on after the last
    complete block; a finished store is left as it is.

    Parameters
    ----------
    path : path-like
        Folder; made if it does not exist.
    fitted : Pipeline, classifier, search or torch.nn.Module
        A fitted model with one Transformer encoder; see ``explain``.
    X : DataFrame, PairMatrix or array-like
        What ``fitted.predict`` takes.
    explainer : AttentionExplainer, default=None
        Layers, heads or rollout, and pairs at a time (``batch_size``); None is ``AttentionExplainer()``.
    layout : FeatureLayout, default=None
        Meaning of the columns; needed only where neither the features nor the classifier know it.
    dtype : {"float32", "float16"}, default="float32"
        Precision of the maps on disk.
    verbose : int, default=0
        Show a progress bar when positive.

    Returns
    -------
    AttentionStore

    Raises
    ------
    RefusedExplanation
        If the model has no attention that could be shown.
    ValueError
        If the folder holds attention of another model, of other pairs or with other settings, or is damaged: what is
        there is read and compared with its digests before the work goes on.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import write_attention
    >>> from amp_sklearn.nn import PairTransformer
    >>> network = PairTransformer(4, 8, n_layers=2, n_heads=2, dim_feedforward=16, hidden=(8, 4))
    >>> x = np.random.RandomState(0).normal(size=(30, 32)).astype(np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = write_attention(folder, network, x, layout=FeatureLayout(("cls", "mean"), width=8))
    ...     print(store.token_maps.shape, store.map_names, store.mean_maps().sum(axis=-1).round(3)[0])
    (30, 2, 4, 4) ('layer 1', 'layer 2') [1. 1. 1. 1.]
    """
    explainer = AttentionExplainer() if explainer is None else explainer
    if not explainer.keep_maps:
        raise ValueError("writing attention maps needs an explainer with keep_maps=True")
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype must be 'float32' or 'float16', got {dtype!r}")
    model = read_model(fitted, X, layout=layout)
    reason = explainer.reason_unsuitable(model)
    if reason is not None:
        raise RefusedExplanation(f"attention refuses this model: {reason}")
    work = {
        "format": FORMAT_NUMBER,
        "model": model.fingerprint(),
        "pairs": data_digest(model.features),
        "n_pairs": len(model),
        "layout": model.layout.to_dict(),
        "settings": explainer.settings(),
        "dtype": dtype,
    }
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    n_done = _check_folder(folder, work)
    with tqdm(
        total=len(model), initial=n_done or 0, unit="pair", unit_scale=True, disable=not verbose
    ) as progress:
        for start in range(n_done or 0, len(model), explainer.batch_size):
            rows = slice(start, min(start + explainer.batch_size, len(model)))
            found = explainer.attribute(dataclasses.replace(model, features=model.features[rows]))
            if n_done is None:
                n_done = 0
                _begin(folder, work, model, found)
            _write_rows(folder / "token_maps.npy", start, found.token_maps)
            _write_rows(folder / "values.npy", start, found.values)
            _write_digest(folder, rows, found, dtype)
            _write_text(folder / "done", str(rows.stop))  # last: what it counts is on disk
            progress.update(rows.stop - start)
    return AttentionStore(folder)


def _check_folder(folder, work):
    """Pairs already written by the same work, None if nothing has been begun."""
    if not (folder / "header.json").exists():
        return None
    there = AttentionStore(folder)
    other = [name for name, value in json.loads(json.dumps(work)).items() if there.header[name] != value]
    if other:
        raise ValueError(
            f"{folder} holds attention that differs in {', '.join(other)}; give another folder, or remove this one"
        )
    there.verify()
    return there.n_done


def _damaged(folder, what):
    return f"the attention maps in {folder} are damaged ({what}); remove that folder and write them again"


def _block_digest(token_maps, values):
    digest = hashlib.blake2b(np.ascontiguousarray(token_maps).data, digest_size=16)
    digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def _write_digest(folder, rows, found, dtype):
    digest = _block_digest(found.token_maps.astype(dtype), found.values.astype("float64"))
    with open(folder / "digests", "a") as file:
        file.write(f"{rows.start} {rows.stop} {digest}\n")
        file.flush()
        os.fsync(file.fileno())


def _begin(folder, work, model, found):
    n_tokens = model.layout.n_tokens
    shape = (len(model), len(found.map_names), n_tokens, n_tokens)
    for name, dtype, size in (
        ("token_maps", work["dtype"], shape),
        ("values", "float64", (len(model), n_tokens)),
    ):
        np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=dtype, shape=size).flush()
    ids = model.pair_ids if model.pair_ids is not None else [[f"A{i}", f"B{i}"] for i in range(len(model))]
    permutation_invariant = (PERMUTATION_INVARIANT_NOTE,) if model.permutation_invariant() else ()
    header = {
        **work,
        "map_names": list(found.map_names),
        "pair_ids": [[str(a), str(b)] for a, b in ids],
        "notes": [*model.notes, *permutation_invariant, *found.notes],
    }
    _write_text(folder / "done", "0")
    _write_text(folder / "header.json", json.dumps(header))  # last: with it the store exists


def _write_rows(path, start, rows):
    """Overwrite rows of a ``.npy`` file; through a file, since pages of a memory map count as memory of the process."""
    there = np.load(path, mmap_mode="r")
    offset, dtype, row_bytes = there.offset, there.dtype, there[:1].nbytes
    with open(path, "r+b") as file:
        file.seek(offset + start * row_bytes)
        file.write(np.ascontiguousarray(rows, dtype=dtype).data)
        file.flush()
        os.fsync(file.fileno())


def _write_text(path, text):
    with write_atomically(path) as unfinished:
        unfinished.write_text(text)
