"""Loading a protein language model: once per process, with a fingerprint, never on an estimator."""

import contextlib
import hashlib
import json
import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data.sequences import RESIDUES, residue_numbers
from ..exceptions import ModelLoadError
from ..nn.device import resolve_device
from .dtypes import resolve_dtype
from .families import FAMILIES, Family, ResidueTokens
from .padded_model import TrainableModel

BUNDLED_MODEL = "esm2-mini"
_BUNDLED_FOLDER = Path(__file__).parent / "esm2_mini"
_LOADING = threading.RLock()


@dataclass(frozen=True)
class LanguageModel:
    """A protein language model ready to compute.

    Parameters
    ----------
    family : Family
        Its architecture.
    spelling : ResidueTokens
        How proteins are spelled in its vocabulary.
    forward : callable
        The forward pass: `PackedESM2` or `PaddedModel`.
    residue_tokens : ndarray of shape (len(RESIDUES) + 1,)
        Token id of each letter, in the order of ``RESIDUES``, then -1 for any other.
    before, after : ndarray of int
        Token ids put before and after a sequence.
    longest : int or None
        Residues that can be read in one piece at most; None where there is no limit.
    fingerprint : str
        SHA-256 over configuration and weights as stored; other weights, of another revision too, have another one.
    layers : tuple of int, default=None
        Layers whose hidden states are averaged, ascending, as transformers counts them; None is the last.
    """

    family: Family
    spelling: ResidueTokens
    forward: Any
    residue_tokens: np.ndarray
    before: np.ndarray
    after: np.ndarray
    longest: int | None
    fingerprint: str
    layers: tuple[int, ...] | None = None

    def at(self, layer):
        """The same model, read at other layers.

        Parameters
        ----------
        layer : int or sequence of int
            As the parameter of `ProteinLanguageModelEmbedder`.

        Returns
        -------
        LanguageModel

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        asked = [layer] if isinstance(layer, Integral) else list(layer)
        n_states = self.forward.n_layers + 1
        if not asked or any(not -n_states <= place < n_states for place in asked):
            raise ValueError(
                f"layer must be one or several of {-n_states}..{n_states - 1}, for this model has {n_states - 1} "
                f"layers (-1 is the last, 0 what the first one reads); got {layer!r}"
            )
        layers = tuple(sorted({int(place) % n_states for place in asked}))
        return replace(self, layers=None if layers == (n_states - 1,) else layers)

    def hidden(self, tokens):
        """Hidden states of token ids, at ``layers``; see the forward passes."""
        return self.forward(tokens, self.layers)

    @property
    def width(self):
        return self.forward.width

    @property
    def tokens(self):
        """Those of ``PROTEIN_TOKENS`` that features of this model have."""
        return self.spelling.protein_tokens

    @property
    def ends(self):
        """How many vectors of a protein's hidden states come before its residues and after them, each 0 or 1."""
        return int(self.spelling.has_cls), int(self.spelling.has_eos)

    def encode(self, sequence):
        """Token ids of a protein: special tokens, the residues, special tokens."""
        return np.concatenate([self.before, self.residue_tokens[residue_numbers(sequence)], self.after])


def load_language_model(name, revision=None, device="auto", dtype="float32"):
    """Load a model, or return the one that this process has loaded already.

    The family is told by ``model_type`` in ``config.json`` alone; names of models, folders and files say nothing. Code
    that comes with a model is never run, and nobody is asked whether it may be.

    Parameters
    ----------
    name : str or path-like
        ``"esm2-mini"``, a name on the Hugging Face hub such as ``"facebook/esm2_t33_650M_UR50D"``, or a folder
        written by ``save_pretrained``.
    revision : str, default=None
        Branch, tag or commit on the hub.
    device : str, default="auto"
        Torch device.
    dtype : str, default="float32"
        ``"float32"``, ``"bfloat16"``, ``"float16"`` or ``"auto"``.

    Returns
    -------
    LanguageModel

    Raises
    ------
    ModelLoadError
        If the model cannot be found, is of no known family, brings code of its own or lacks weights or letters.
    ValueError
        If ``dtype`` is not safe for the model's family.
    """
    device = resolve_device(device)
    source, stamp = _source(name)
    with _LOADING:  # two threads would load twice
        return _load(source, revision, device, resolve_dtype(dtype, device), stamp)


def open_trainable_model(name, revision=None, device="auto", dtype="float32"):
    """A copy of a model of one's own, through whose forward pass autograd can go.

    Parameters
    ----------
    name, revision, device
        As of `load_language_model`.
    dtype : {"float32", "float64"}, default="float32"

    Returns
    -------
    LanguageModel
        Whose ``forward`` is a `TrainableModel`.

    Raises
    ------
    ModelLoadError
        As by `load_language_model`.
    """
    return _open(_source(name)[0], revision, resolve_device(device), getattr(torch, dtype), TrainableModel)


def _source(name):
    """Where a model comes from, and what tells whether its files have changed."""
    folder = _BUNDLED_FOLDER if str(name) == BUNDLED_MODEL else Path(name).expanduser()
    if not folder.is_dir():
        return str(name), ()
    files = sorted(file for file in folder.glob("*") if file.is_file())
    stamp = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    return str(folder.resolve()), stamp


@lru_cache(maxsize=2)
def _load(source, revision, device, dtype, stamp):
    return _open(source, revision, device, dtype)


def _open(source, revision, device, dtype, forward=None):
    if Path(source, "adapter_config.json").exists():  # transformers would load the model that this file names
        raise ModelLoadError(
            f"{source} holds an adapter of another model (adapter_config.json), which is not loaded unasked; give the "
            "model itself, or a folder in which both were merged"
        )
    with _refused(source):
        family = _family(source, revision)
    name = str(dtype).removeprefix("torch.")
    if name not in (*family.dtypes, "float64"):
        raise ValueError(
            f"{source} is of the family {family.model_type!r} ({family.models}), which is safe in "
            f"{' and '.join(family.dtypes)}; got dtype={name!r}"
        )
    with _refused(source), _quiet_transformers():
        model, vocabulary = _read(source, revision, family)
    spelling = family.spell(vocabulary)
    needed = (*spelling.letters, *spelling.before, *spelling.after)
    missing = sorted({token for token in needed if token not in vocabulary})
    if missing:
        raise ModelLoadError(
            f"the vocabulary of {source} lacks {missing}; a protein language model such as {family.models} is expected"
        )
    digest = _fingerprint(model, family, spelling)
    lookup = [*(vocabulary[letter] for letter in spelling.letters), -1]  # residue_numbers gives -1 to others
    before, after = (
        np.array([vocabulary[token] for token in tokens], dtype=int)
        for tokens in (spelling.before, spelling.after)
    )
    skipped = len(before) - spelling.has_cls
    longest = family.longest(model.config)
    forward = (forward or family.forward)(model, device, dtype, skipped)
    return LanguageModel(family, spelling, forward, np.array(lookup), before, after, longest, digest)


def _family(source, revision):
    """The family of a model by its configuration, read as plain JSON."""
    from transformers import PretrainedConfig

    settings, _ = PretrainedConfig.get_config_dict(source, revision=revision or "main")
    if "auto_map" in settings:
        raise ModelLoadError(
            f"{source} brings code of its own (auto_map in its config.json), which is never run here, and its weights "
            "are meant for that code. Give a version of the model that transformers itself knows"
        )
    model_type = settings.get("model_type")
    if model_type not in FAMILIES:
        known = "; ".join(f"{name!r} ({family.models})" for name, family in FAMILIES.items())
        raise ModelLoadError(
            f"{source} is of model_type {model_type!r}, which is not known here. Known are {known}. "
            "The name of a model or folder does not matter; what its config.json says does"
        )
    return FAMILIES[model_type]


def _read(source, revision, family):
    """The transformers model in float32 and its vocabulary."""
    import transformers  # slow to import, and not needed when everything is stored

    architecture = getattr(transformers, family.architecture, None)
    if architecture is None:
        raise ModelLoadError(
            f"transformers {transformers.__version__} does not know {family.architecture}, the architecture of "
            f"{family.models}; install a later version"
        )
    model, report = architecture.from_pretrained(
        source,
        revision=revision or "main",
        output_loading_info=True,
        weights_only=True,  # a pickled file can run code when it is read in full
        **family.loading,
    )
    vocabulary = transformers.AutoTokenizer.from_pretrained(
        source,
        revision=revision or "main",
        trust_remote_code=False,  # else it asks whether to run code
    ).get_vocab()
    needless = family.needless(model.config)
    lost = [key for key in report["missing_keys"] if not any(part in key for part in needless)]
    if lost:
        raise ModelLoadError(
            f"{source} holds no weights for {len(lost)} parameters of {family.architecture}, first {sorted(lost)[:3]}"
        )
    return model.float().eval(), vocabulary


@contextlib.contextmanager
def _refused(source):
    """Say what to do where transformers cannot load a model."""
    try:
        yield
    except ModelLoadError:
        raise
    except Exception as error:  # of a damaged folder, transformers and tokenizers raise anything
        raise ModelLoadError(
            f"cannot load the protein language model {source!r}: {error}\nGive 'esm2-mini' (bundled), a folder written "
            "by save_pretrained, or a hub name such as 'facebook/esm2_t6_8M_UR50D'; a hub name needs a network the "
            "first time, or weights already in the local Hugging Face cache."
        ) from error


@contextlib.contextmanager
def _quiet_transformers():
    """Without the report on the language-model head, which is left out on purpose, and progress bars."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        logging.enable_progress_bar()


def _fingerprint(model, family, spelling):
    digest = hashlib.sha256()
    config, needless = model.config, family.needless(model.config)
    digest.update(" ".join(str(getattr(config, name)) for name in family.decided_by).encode())
    if spelling.letters != tuple(RESIDUES) or family.model_type != "esm":
        digest.update(
            json.dumps([family.model_type, spelling.letters, spelling.before, spelling.after]).encode()
        )
    for name, tensor in sorted(model.state_dict().items()):
        if not any(part in name for part in needless):
            digest.update(f"{name} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()
