"""Linear layers by the library that is fastest on the processor at hand: torch's default, or oneDNN, which torch also ships."""

import functools

import torch
from torch import nn
from torch.nn import functional

from ..cpu.compilation import is_amd

LEAST_ROWS, LEAST_PRODUCTS = 64, 2**22
"""Rows and multiplications from which oneDNN is asked: it takes longer to start than torch's default library."""


def linear(x, weight, bias=None):
    """``x @ weight.T + bias``, as `torch.nn.functional.linear`.

    Large products of float32 on a processor of AMD are computed by oneDNN, forwards and backwards: there torch's default
    library, Intel's MKL, uses half of what the processor can do. Which products are large depends on the number of rows,
    so that the last bits of a row can depend on how many there are, as torch's do.

    Parameters
    ----------
    x : Tensor of shape (..., n_in)
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,), default=None

    Returns
    -------
    Tensor of shape (..., n_out)
    """
    if _is_for_onednn(x, weight, bias):
        rows = _Linear.apply(x.reshape(-1, x.shape[-1]), weight, bias)
        return rows.view(*x.shape[:-1], len(weight))
    return functional.linear(x, weight, bias)


class Linear(nn.Linear):
    """`torch.nn.Linear` with the products of `linear`."""

    def forward(self, x):
        return linear(x, self.weight, self.bias)


@functools.cache
def has_onednn():
    """Whether the installed torch brings oneDNN's linear layers for inference."""
    return torch.backends.mkldnn.is_available() and all(
        hasattr(torch.ops.mkldnn, name) for name in ("_linear_pointwise", "_reorder_linear_weight")
    )


def onednn_linear(x, weight, bias=None):
    """``x @ weight.T + bias`` by oneDNN, without gradients.

    Parameters
    ----------
    x : Tensor of shape (..., n_in)
    weight : Tensor of shape (n_out, n_in)
        Dense, or in oneDNN's own order as ``torch.ops.mkldnn._reorder_linear_weight`` returns it.
    bias : Tensor of shape (n_out,), default=None

    Returns
    -------
    Tensor of shape (..., n_out)
    """
    return torch.ops.mkldnn._linear_pointwise(x, dense_weight(weight), bias, "none", [], "")


def dense_weight(weight):
    """The weights in an order that oneDNN has fast products for: columns cut out of wider weights are copied.

    With gaps between its rows oneDNN falls back on reference code that is a thousand times as slow.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_in)

    Returns
    -------
    Tensor of shape (n_out, n_in)
    """
    if weight.is_mkldnn or weight.is_contiguous() or weight.T.is_contiguous():
        return weight
    return weight.contiguous()


def prefers_onednn():
    """Whether dense products of float32 are faster by oneDNN than by torch's default library."""
    return is_amd() and has_onednn()


def _is_for_onednn(x, weight, bias):
    return (
        x.dim() > 1
        and x.numel() >= LEAST_ROWS * x.shape[-1]
        and x.numel() * len(weight) >= LEAST_PRODUCTS
        and weight.shape[1:] == x.shape[-1:]  # torch says what is wrong otherwise
        and (bias is None or bias.shape == weight.shape[:1])
        and all(_is_single_on_cpu(tensor) for tensor in (x, weight, bias) if tensor is not None)
        and not torch.is_autocast_enabled("cpu")
        and not _is_traced()
        and prefers_onednn()
    )


def _is_single_on_cpu(tensor):
    return tensor.dtype == torch.float32 and tensor.device.type == "cpu"


def _is_traced():
    """Whether torch compiles or exports what runs, or transforms it by ``torch.func``: then there are no numbers yet."""
    return torch.compiler.is_compiling() or torch._C._functorch.maybe_current_level() is not None


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        of_x, of_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(x if of_weight else None, weight if of_x else None)
        return onednn_linear(x, weight, bias)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            _product(grad, weight) if of_x else None,
            _product(grad.T, x) if of_weight else None,
            grad.sum(dim=0) if of_bias else None,
        )


def _product(a, b):
    """``a @ b`` of the backward pass; by torch where its own gradients are asked for."""
    return a @ b if torch.is_grad_enabled() else onednn_linear(a, b.T)
