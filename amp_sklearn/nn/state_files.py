"""Parameters of torch modules from files: read without running anything, and put into modules built without drawing."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy._core.multiarray import scalar
from safetensors.torch import load, load_file
from torch.overrides import TorchFunctionMode

from ..exceptions import ModelLoadError
from .autoencoder import AutoEncoder
from .random_numbers import seeded
from .zipped_weights import weights_in_archive

STATE_KEYS = ("model_state_dict", "state_dict")
"""Where a checkpoint keeps the parameters beside other things."""

# metrics beside the parameters are numpy scalars, whose module was renamed in numpy 2
_SAFE_GLOBALS: list = [
    (scalar, "numpy._core.multiarray.scalar"),
    (scalar, "numpy.core.multiarray.scalar"),
    (np.dtype, "numpy.dtype"),
    *(type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")),
]


def read_state_dict(path, member=None):
    """Parameters of a module, and the numbers that a checkpoint holds beside them.

    Parameters
    ----------
    path : path-like
        A file by ``torch.save`` with a state dict, bare or under ``"model_state_dict"``, or a
        ``.safetensors`` file; or a zip archive that holds such a file, as it was downloaded. A leading ``"module."`` of a key, left by data-parallel training, is removed.
    member : str, default=None
        Name of the file within a zip archive that holds several.

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
    name, source = weights_in_archive(path, member)
    if member is not None and source is None:
        raise ModelLoadError(f"{path} is no zip archive of weights and has no member {member!r}")
    content = _read(path, source, name)
    state, values = content, {}
    for key in STATE_KEYS:
        if isinstance(content.get(key), Mapping):
            state = content[key]
            values = {k: v.item() if isinstance(v, np.generic) else v for k, v in content.items()}
            values = {k: v for k, v in values.items() if isinstance(v, bool | int | float | str)}
            break
    others = [key for key, value in state.items() if not (isinstance(key, str) and _is_plain(value))]
    if others or not state:
        raise ModelLoadError(
            f"{path} holds no state dict: expected dense tensors by name at the top or under "
            f"{' or '.join(map(repr, STATE_KEYS))}, got the keys {_shorten(content)}"
        )
    stripped = {key.removeprefix("module."): value for key, value in state.items()}
    if len(stripped) != len(state):
        twice = sorted(key for key in state if f"module.{key}" in state)
        raise ModelLoadError(
            f"{path} holds keys both with and without 'module.': {_shorten(twice)}; keep one of each"
        )
    return stripped, values


def _is_plain(value):
    """Whether a value is a dense tensor on the CPU that has memory for each of its elements."""
    if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.layout is not torch.strided:
        return False
    if value.device.type != "cpu" or value.is_quantized:
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def _read(path, source=None, name=None):
    """Content of a file, or of the member ``name`` of an archive, whose bytes are ``source``."""
    if (path.suffix if name is None else Path(name).suffix) == ".safetensors":
        try:
            return load_file(path) if source is None else load(source.getvalue())
        except Exception as error:
            raise ModelLoadError(f"{path} is no safetensors file: {error}") from error
    try:
        with torch.serialization.safe_globals(_SAFE_GLOBALS):
            content = torch.load(path if source is None else source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelLoadError(
            f"{path} holds more than tensors and numbers, or is damaged, and is not loaded because it could run code: "
            f"{_first_sentence(error)}. Ask its author for torch.save(model.state_dict(), path)"
        ) from error
    except Exception as error:  # what a hostile file makes of torch's reader cannot be listed
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
    """Raise unless a state fits a module and holds numbers.

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
        If keys are missing or too many, shapes differ, or a tensor holds NaN or infinity; the message names
        them.
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
    refuse_not_finite(state, path)


def not_finite(state):
    """Names of the tensors of a state that hold NaN or infinity."""
    # a sum is finite only if its terms are, and takes a tenth of the time; one of finite terms may overflow
    return [
        key
        for key, value in state.items()
        if value.is_floating_point() and not torch.isfinite(value.sum()) and not torch.isfinite(value).all()
    ]


def refuse_not_finite(state, source):
    """Raise a ModelLoadError, which names the tensors, if a state holds NaN or infinity.

    Parameters
    ----------
    state : dict of str to torch.Tensor
    source : path-like
        Where the state comes from, for the message.
    """
    bad = not_finite(state)
    if bad:
        raise ModelLoadError(
            f"{source} holds NaN or infinity in {_shorten(bad)}: its training diverged, every prediction would be NaN; "
            "take an earlier checkpoint, or train again with a smaller lr"
        )


class _EmptyWithoutMemory(TorchFunctionMode):
    """Within the block `torch.empty`, which parameters are made with, returns tensors on the ``meta`` device.

    They have a shape and no memory, so that drawing their initial values costs nothing. Buffers are made with
    functions that fill them, and are as usual.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func is torch.empty:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)


def module_from_state(kind, sizes, state, dtype):
    """A module with the given parameters, built without drawing initial values that would be replaced at once.

    Parameters
    ----------
    kind : type
        Class of the module.
    sizes : dict
        Its arguments.
    state : dict of str to torch.Tensor
        Copied, so that the module shares no memory with it.
    dtype : torch.dtype
        Of the module's floating-point parameters and buffers.

    Returns
    -------
    torch.nn.Module
        On the CPU.

    Raises
    ------
    RuntimeError
        If keys are missing or too many, or shapes differ; the message lists them.
    """
    try:
        with _EmptyWithoutMemory():
            module = kind(**sizes).to(dtype)
    except (RuntimeError, NotImplementedError):  # it computes with its initial values, so it needs them
        module = None
    if module is not None:
        module.load_state_dict(_copied(state, module), assign=True)
        if not _lacks_memory(module):
            return module
    # A tensor that is made with torch.empty and no part of the state must be made as the class makes it.
    module = kind(**sizes).to(dtype)
    module.load_state_dict(state)
    return module


def _copied(state, module):
    """The state in memory of its own and of the module's precision; one tensor where the module shares a parameter."""
    names = dict(module.named_parameters(remove_duplicate=False))
    last = {id(parameter): name for name, parameter in names.items() if name in state}
    expected, copied = module.state_dict(), {}
    for name, value in state.items():
        if (
            name not in expected or value.shape != expected[name].shape
        ):  # load_state_dict names it in its error
            copied[name] = value
        elif id(names.get(name)) in last:
            shared = last[id(names[name])]
            if shared not in copied:
                copied[shared] = torch.nn.Parameter(_copy(state[shared], expected[shared]))
            copied[name] = copied[shared]
        else:
            copied[name] = _copy(value, expected[name])
    return copied


def _copy(value, like):
    return torch.empty(value.shape, dtype=like.dtype).copy_(value.detach())


def _lacks_memory(module):
    """Whether a tensor of a module is still without memory."""
    if any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers())):
        return True
    return any(
        isinstance(value, torch.Tensor) and value.is_meta
        for part in module.modules()
        for name, value in vars(part).items()
        if f"{name}_orig" not in part._parameters  # computed from the parameter at the next forward pass
    )


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
        If the state does not fit an autoencoder, or holds NaN or infinity.
    """
    width, n_components = (len(state.get(f"{name}.weight_orig", ())) for name in ("fc3", "fc_latent"))
    with torch.device("meta"):
        compare_keys(AutoEncoder(max(width, 1), max(n_components, 1)), state, path)
    dtype = state["fc3.weight_orig"].dtype
    with seeded(0, torch.device("cpu")):  # should initial values be drawn, then not from the user's generator
        module = module_from_state(AutoEncoder, {"width": width, "n_components": n_components}, state, dtype)
    module.eval()
    with torch.no_grad():  # spectral normalisation keeps the last weight: one without a graph can be copied
        module(torch.zeros(1, width, dtype=dtype))
    return module
