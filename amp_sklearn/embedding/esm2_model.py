"""Loading ESM-2 weights: once per process, with a fingerprint, never on an estimator."""

import contextlib
import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data.sequences import RESIDUES, residue_numbers
from ..exceptions import ModelLoadError
from ..nn.device import has_instructions, resolve_device, warn_if_emulated
from .packed_esm2 import PackedESM2

BUNDLED_MODEL = "esm2-mini"
_BUNDLED_FOLDER = Path(__file__).parent / "esm2_mini"
_MAY_BE_MISSING = ("contact_head", "pooler", "position_embeddings", "inv_freq", "position_ids")
_LOADING = threading.RLock()


@dataclass(frozen=True)
class LoadedESM2:
    """An ESM-2 model ready to compute.

    Parameters
    ----------
    forward : PackedESM2
        The forward pass.
    residue_tokens : ndarray of shape (len(RESIDUES) + 1,)
        Token id of each letter, in the order of ``RESIDUES``, then -1 for any other.
    cls_token, eos_token : int
        Token ids put before and after a sequence.
    fingerprint : str
        SHA-256 over configuration and weights as stored.
    """

    forward: PackedESM2
    residue_tokens: np.ndarray
    cls_token: int
    eos_token: int
    fingerprint: str

    @property
    def width(self):
        return self.forward.width

    def encode(self, sequence):
        """Token ids of ``<cls>``, the residues and ``<eos>``."""
        tokens = self.residue_tokens[residue_numbers(sequence)]
        return np.concatenate([[self.cls_token], tokens, [self.eos_token]])


def resolve_dtype(dtype, device):
    """``"auto"`` is bfloat16 where the hardware is faster in it, else float32."""
    if dtype == "auto":
        fast = torch.cuda.is_bf16_supported(False) if device.type == "cuda" else _cpu_gains_from_bfloat16()
        dtype = "bfloat16" if fast and device.type in ("cuda", "cpu") else "float32"
    if dtype not in ("float32", "bfloat16", "float16"):
        raise ValueError(f"dtype must be 'float32', 'bfloat16', 'float16' or 'auto', got {dtype!r}")
    warn_if_emulated(dtype, device, f"dtype={dtype!r}")
    return getattr(torch, dtype)


def _cpu_gains_from_bfloat16():
    """Whether matrix products are faster in bfloat16 than in float32 on this CPU.

    They are with matrix units (AMX) and on AMD's cores with AVX512-BF16. Intel's cores whose matrix units are absent
    or hidden have those instructions too, but were measured at 0.56 times their own float32 rate.
    """
    describe = getattr(torch.cpu, "get_capabilities", None)
    if describe is None or not has_instructions(torch.bfloat16, "cpu"):
        return False
    cpu = describe()
    slow = "intel" in str(cpu.get("cpu_name", "")).lower()
    return bool(cpu.get("amx_bf16") or (cpu.get("avx512_bf16") and not slow))


def load_esm2(name, revision=None, device="auto", dtype="float32"):
    """Load a model, or return the one that this process has loaded already.

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
    LoadedESM2

    Raises
    ------
    ModelLoadError
        If the model cannot be found, is not an ESM-2 model or lacks weights.
    """
    device = resolve_device(device)
    folder = _BUNDLED_FOLDER if str(name) == BUNDLED_MODEL else Path(name).expanduser()
    is_folder = folder.is_dir()
    files = sorted(folder.glob("*")) if is_folder else []
    stamp = tuple(
        (file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file()
    )
    with _LOADING:  # two threads would load twice
        source = str(folder.resolve()) if is_folder else str(name)
        return _load(source, revision, device, resolve_dtype(dtype, device), stamp)


@lru_cache(maxsize=2)
def _load(source, revision, device, dtype, stamp):
    model, vocabulary = _read(source, revision)
    missing = [letter for letter in (*RESIDUES, "<cls>", "<eos>") if letter not in vocabulary]
    if missing:
        raise ModelLoadError(f"the vocabulary of {source} lacks {missing}; an ESM-2 model is expected")
    lookup = np.array(
        [*(vocabulary[letter] for letter in RESIDUES), -1]
    )  # residue_numbers gives -1 to others
    digest = _fingerprint(model)
    try:
        forward = PackedESM2(model, device, dtype)
    except ValueError as error:
        raise ModelLoadError(f"{source}: {error}") from error
    return LoadedESM2(forward, lookup, vocabulary["<cls>"], vocabulary["<eos>"], digest)


def _read(source, revision):
    """The transformers model in float32 and its vocabulary."""
    from transformers import (
        AutoTokenizer,
        EsmModel,
    )  # slow to import, and not needed when everything is stored

    try:
        with _quiet_transformers():
            loaded: Any = EsmModel.from_pretrained(
                source, revision=revision or "main", add_pooling_layer=False, output_loading_info=True
            )
            vocabulary = AutoTokenizer.from_pretrained(
                source,
                revision=revision or "main",
                trust_remote_code=False,  # else it asks whether to run code
            ).get_vocab()
    except (OSError, ValueError, KeyError) as error:
        raise ModelLoadError(
            f"cannot load the ESM-2 model {source!r}: {error}\nGive 'esm2-mini' (bundled), a folder written by "
            "save_pretrained, or a hub name such as 'facebook/esm2_t6_8M_UR50D'; a hub name needs a network the first "
            "time, or weights already in the local Hugging Face cache."
        ) from error
    model, report = loaded
    lost = [key for key in report["missing_keys"] if not any(part in key for part in _MAY_BE_MISSING)]
    if lost:
        raise ModelLoadError(
            f"{source} holds no weights for {len(lost)} parameters of ESM-2, first {sorted(lost)[:3]}"
        )
    return model.float().eval(), vocabulary


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


def _fingerprint(model):
    digest = hashlib.sha256()
    config = model.config
    digest.update(f"{config.num_attention_heads} {config.layer_norm_eps} {config.token_dropout}".encode())
    for name, tensor in sorted(model.state_dict().items()):
        if not any(part in name for part in _MAY_BE_MISSING):
            digest.update(f"{name} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()
