"""Device and precision: where a torch module runs, and in which type of numbers."""

import warnings
from contextlib import nullcontext

import torch


def resolve_device(device):
    """The device meant by a ``device`` parameter.

    Parameters
    ----------
    device : str or torch.device
        ``"auto"`` is the first CUDA device where there is one, else the CPU; anything else goes to torch.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If CUDA is asked for where there is none.

    Examples
    --------
    >>> from amp_sklearn.nn.device import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={str(device)!r}, but torch finds no CUDA device here; use device='auto' or 'cpu'"
        )
    return device


def has_instructions(dtype, device):
    """Whether a device multiplies matrices of a type; without, a CPU takes many times as long as in float32.

    Parameters
    ----------
    dtype : torch.dtype
    device : str or torch.device

    Returns
    -------
    bool

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn.device import has_instructions
    >>> has_instructions(torch.float32, "cpu")
    True
    """
    if torch.device(device).type != "cpu":
        return True
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if dtype == torch.float16:
        return torch.ops.mkldnn._is_mkldnn_fp16_supported()
    return True


def warn_if_emulated(dtype, device, parameter):
    """Warn that a type asked for by a parameter is slow here; what is computed is what was asked for.

    Parameters
    ----------
    dtype : torch.dtype or str
    device : torch.device
    parameter : str
        How the user asked, such as ``"dtype='bfloat16'"``.
    """
    dtype = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    if not has_instructions(dtype, device):
        warnings.warn(
            f"{parameter}, but this processor has no instructions for it: expect many times the time of float32, "
            "which is the default",
            stacklevel=3,
        )


def autocast(precision, device):
    """Context in which a forward pass runs in the given precision; None leaves it in that of the weights."""
    if precision is None:
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=getattr(torch, precision))
