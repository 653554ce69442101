"""Reading the parameters of a torch module from a file, without running anything that the file may contain."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy._core.multiarray import scalar
from safetensors import SafetensorError
from safetensors.torch import load_file

from ..exceptions import ModelLoadError
from .autoencoder import AutoEncoder
from .random_numbers import seeded

STATE_KEYS = ("model_state_dict", "state_dict")
"""Where a checkpoint keeps the parameters beside other things."""

# metrics beside the parameters are numpy scalars, whose module was renamed in numpy 2
_SAFE_GLOBALS: list = [
    (scalar, "numpy._core.multiarray.scalar"),
    (scalar, "numpy.core.multiarray.scalar"),
    (np.dtype, "numpy.dtype"),
    *(type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")),
]


def read_state_dict(path):
    """Parameters of a module, and the numbers that a checkpoint holds beside them.

    Parameters
    ----------
    path : path-like
        A file by ``torch.save`` with a state dict, bare or under ``"model_state_dict"``, or a
        ``.safetensors`` file. A leading ``"module."`` of a key, left by data-parallel training, is removed.

    Returns
    -------
    state : dict of str to torch.Tensor
        On the CPU.
    values : dict of str to int, float, str or bool
        Epoch and metrics, where there are any.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelLoadError
        If the file is none of these, is damaged, or holds anything but tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {os.fspath(path)!r}")
    content = _read(path)
    state, values = content, {}
    for key in STATE_KEYS:
        if isinstance(content.get(key), Mapping):
            state = content[key]
            values = {k: v.item() if isinstance(v, np.generic) else v for k, v in content.items()}
            values = {k: v for k, v in values.items() if isinstance(v, bool | int | float | str)}
            break
    others = [key for key, value in state.items() if not isinstance(value, torch.Tensor)]
    if others or not state:
        raise ModelLoadError(
            f"{path} holds no state dict: expected tensors at the top or under {' or '.join(map(repr, STATE_KEYS))}, "
            f"got the keys {_shorten(content)}"
        )
    stripped = {key.removeprefix("module."): value for key, value in state.items()}
    if len(stripped) != len(state):
        twice = sorted(key for key in state if f"module.{key}" in state)
        raise ModelLoadError(
            f"{path} holds keys both with and without 'module.': {_shorten(twice)}; keep one of each"
        )
    return stripped, values


def _read(path):
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise ModelLoadError(f"{path} is no safetensors file: {error}") from error
    try:
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelLoadError(
            f"{path} holds more than tensors and numbers, or is damaged, and is not loaded because it could run code: "
            f"{_first_sentence(error)}. Ask its author for torch.save(model.state_dict(), path)"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise ModelLoadError(f"{path} is no file written by torch.save: {_first_sentence(error)}") from error
    if not isinstance(content, Mapping):
        raise ModelLoadError(f"{path} holds a {type(content).__name__}, expected a dict of tensors")
    return content


def _first_sentence(error):
    lines = str(error).strip().splitlines() or [type(error).__name__]
    refused = [line for line in lines if "Unsupported" in line or "GLOBAL" in line]
    return (refused or lines)[0].strip().rstrip(".")


def _shorten(keys, limit=12):
    keys = [str(key) for key in keys]
    return f"{', '.join(keys[:limit])}{f' and {len(keys) - limit} more' if len(keys) > limit else ''}"


def compare_keys(module, state, path):
    """Raise unless a state fits a module.

    Parameters
    ----------
    module : torch.nn.Module
        May be on the ``meta`` device.
    state : dict of str to torch.Tensor
    path : path-like
        For the message.

    Raises
    ------
    ModelLoadError
        If keys are missing or too many, or shapes differ; the message names them.
    """
    expected = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    missing = [key for key in expected if key not in state]
    unexpected = [key for key in state if key not in expected]
    wrong = [
        f"{key} is {tuple(state[key].shape)}, expected {shape}"
        for key, shape in expected.items()
        if key in state and tuple(state[key].shape) != shape
    ]
    problems = [
        f"{what}: {_shorten(keys)}"
        for what, keys in (
            ("missing keys", missing),
            ("unexpected keys", unexpected),
            ("wrong shapes", wrong),
        )
        if keys
    ]
    if problems:
        raise ModelLoadError(f"{path} does not fit {type(module).__name__}: {'; '.join(problems)}")


def autoencoder_from_state(state, path):
    """The autoencoder that a state belongs to, in evaluation mode.

    Parameters
    ----------
    state : dict of str to torch.Tensor
    path : path-like
        For messages.

    Returns
    -------
    AutoEncoder

    Raises
    ------
    ModelLoadError
        If the state does not fit an autoencoder.
    """
    width, n_components = (len(state.get(f"{name}.weight_orig", ())) for name in ("fc3", "fc_latent"))
    with torch.device("meta"):
        compare_keys(AutoEncoder(max(width, 1), max(n_components, 1)), state, path)
    with seeded(0, torch.device("cpu")):  # initial values, replaced at once
        module = AutoEncoder(width, n_components).to(state["fc3.weight_orig"].dtype)
    module.load_state_dict(state)
    module.eval()
    with torch.no_grad():  # spectral normalisation keeps the last weight: one without a graph can be copied
        module(torch.zeros(1, width, dtype=state["fc3.weight_orig"].dtype))
    return module
