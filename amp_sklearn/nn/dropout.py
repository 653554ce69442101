"""Dropout whose masks cost little on a CPU."""

import numpy as np
import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from ..cpu.compilation import compiled
from ..cpu.threads import in_threads

LEAST_NUMBERS = 2**20
"""Numbers from which masks are drawn here; torch draws the smaller ones."""

_LEVELS = 2**16


def dropout(x, p, training):
    """Numbers of ``x``, each 0 with probability ``p``, the others scaled to keep the mean, while training.

    As `torch.nn.functional.dropout`, which on a CPU draws each number of a mask with one thread and in double precision.
    Here, where ``x`` is large, sixteen random bits of torch's generator decide about a number, so that ``p`` is rounded to a
    multiple of 1/65,536, and a mask takes two bytes a number until the backward pass.

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
    large = x.device.type == "cpu" and x.dtype == torch.float32 and x.numel() >= LEAST_NUMBERS
    if training and large and 0 < n_dropped < _LEVELS:
        return _Dropout.apply(x, n_dropped)
    return functional.dropout(x, p, training)


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, n_dropped):
        ctx.n_dropped = n_dropped
        ctx.bits = (
            torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        )
        return _kept(x, ctx.bits, n_dropped)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        return _kept(grad, ctx.bits, ctx.n_dropped), None


def _kept(x, bits, n_dropped):
    """Numbers that are not dropped, scaled; the others 0."""
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    arrays = x.detach().contiguous().view(-1).numpy(), bits.numpy(), out.view(-1).numpy()
    scale = np.float32(_LEVELS / (_LEVELS - n_dropped))

    def keep_some(first, last):
        _keep(*(array[first:last] for array in arrays), n_dropped - _LEVELS // 2, scale)

    in_threads(keep_some, x.numel())
    return out


@compiled()
def _keep(x, bits, out, least, scale):
    for i in range(len(x)):
        out[i] = x[i] * scale if bits[i] >= least else 0
