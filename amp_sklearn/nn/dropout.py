"""Dropout whose masks cost little on a CPU."""

import numpy as np
import torch
from torch.nn import functional

from ..cpu.compilation import compiled, uses_own_kernels
from ..cpu.threads import in_threads

LEAST_NUMBERS = 2**20
"""Numbers from which masks are drawn here; torch draws the smaller ones."""

_LEVELS = 2**16
_TYPES = torch.float32, torch.bfloat16, torch.float16


def dropout(x, p, training):
    """Numbers of ``x``, each 0 with probability ``p``, the others scaled to keep the mean, while training.

    As `torch.nn.functional.dropout`, which on a CPU draws each number of a mask with one thread and in double precision.
    Here, where ``x`` is large, sixteen random bits of torch's generator decide about a number, so that ``p`` is rounded to a
    multiple of 1/65,536, and a mask takes two bytes a number until the backward pass. Double precision is left to torch.

    Parameters
    ----------
    x : Tensor
    p : float
    training : bool

    Returns
    -------
    Tensor of the shape of ``x``
    """
    n_dropped = round(p * _LEVELS)
    large = x.device.type == "cpu" and x.dtype in _TYPES and x.numel() >= LEAST_NUMBERS
    if not (training and large and 0 < n_dropped < _LEVELS and uses_own_kernels()):
        return functional.dropout(x, p, training)
    bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device="cpu").random_(-(2**63), None)
    bits = bits.view(torch.int16)
    if x.dtype == torch.float32:
        return _Dropout.apply(x, bits, n_dropped)
    return x * _half_mask(bits[: x.numel()], n_dropped, x.dtype).view(x.shape)


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, bits, n_dropped):
        ctx.bits, ctx.n_dropped = bits, n_dropped
        return _kept(x, bits, n_dropped)

    @staticmethod
    def backward(ctx, grad):
        return _Dropout.apply(grad, ctx.bits, ctx.n_dropped), None, None


def _kept(x, bits, n_dropped):
    """Numbers that are not dropped, scaled; the others 0."""
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    arrays = x.detach().contiguous().view(-1).numpy(), bits.numpy(), out.view(-1).numpy()
    scale = np.float32(_scale(n_dropped))

    def keep_some(first, last):
        _keep(*(array[first:last] for array in arrays), _least(n_dropped), scale)

    in_threads(keep_some, x.numel())
    return out


def _half_mask(bits, n_dropped, dtype):
    """The bits, overwritten by the factors of numbers of two bytes: 0, or what scales the others."""
    scale = torch.tensor(_scale(n_dropped), dtype=dtype, device="cpu").view(torch.int16).numpy()[()]

    def mask_some(first, last):
        _mask(bits.numpy()[first:last], _least(n_dropped), scale)

    in_threads(mask_some, len(bits))
    return bits.view(dtype)


def _scale(n_dropped):
    return _LEVELS / (_LEVELS - n_dropped)


def _least(n_dropped):
    """Least number of sixteen bits that stands for a number that is kept."""
    return n_dropped - _LEVELS // 2


@compiled()
def _keep(x, bits, out, least, scale):
    for i in range(len(x)):
        out[i] = x[i] * scale if bits[i] >= least else 0


@compiled()
def _mask(bits, least, scale):
    for i in range(len(bits)):
        bits[i] = scale if bits[i] >= least else 0
