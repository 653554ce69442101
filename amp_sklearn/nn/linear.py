"""Linear layers whose matrix products, forwards and backwards, are the fastest at hand."""

import threading
from contextlib import contextmanager

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from ..cpu import matrix_product

LEAST_ROWS, LEAST_PRODUCTS = 128, 2**25
"""Rows and multiplications from which our own matrix products are worth laying out the weights and starting threads."""

LEAST_ROWS_KEPT, LEAST_PRODUCTS_KEPT = 64, 2**21
"""The same where the weights have been laid out before."""

_kept = threading.local()


@contextmanager
def constant_weights(panels):
    """Within the block the weights of `linear` do not change, so that each is laid out for products only once.

    Parameters
    ----------
    panels : dict
        Empty at first; threads that compute with the same weights share it. It holds a copy of each large weight.
    """
    before, _kept.panels = getattr(_kept, "panels", None), panels
    try:
        yield
    finally:
        _kept.panels = before


def linear(x, weight, bias=None):
    """``x @ weight.T + bias``, as `torch.nn.functional.linear`.

    Large products of float32 on a CPU where `cpu.matrix_product` is faster than torch are done there, and so are those of the
    backward pass.

    Parameters
    ----------
    x : Tensor of shape (..., n_in)
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,), default=None

    Returns
    -------
    Tensor of shape (..., n_out)
    """
    if _is_ours(x, weight):
        return _Linear.apply(x, weight, bias)
    return functional.linear(x, weight, bias)


class Linear(nn.Linear):
    """`torch.nn.Linear` with the products of `linear`."""

    def forward(self, x):
        return linear(x, self.weight, self.bias)


def _is_ours(x, weight):
    kept = getattr(_kept, "panels", None) is not None
    least_rows, least_products = (
        (LEAST_ROWS_KEPT, LEAST_PRODUCTS_KEPT) if kept else (LEAST_ROWS, LEAST_PRODUCTS)
    )
    return (
        x.numel() >= least_rows * x.shape[-1]
        and x.numel() * len(weight) >= least_products
        and x.dtype == weight.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and matrix_product.is_fast()
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        rows = _array(x.reshape(-1, x.shape[-1]))
        out = x.new_empty(*x.shape[:-1], len(weight))
        shift = None if bias is None else _array(bias)
        matrix_product.multiply(rows, _panels(weight), shift, out.view(len(rows), -1).numpy())
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        of_x = of_weight = of_bias = None
        grad = grad.reshape(-1, len(weight))
        rows = _array(grad)
        if ctx.needs_input_grad[0]:
            of_x = torch.empty_like(x, memory_format=torch.contiguous_format)
            result = of_x.view(-1, x.shape[-1]).numpy()
            matrix_product.multiply(rows, matrix_product.pack(_array(weight)), None, result)
        if ctx.needs_input_grad[1]:
            of_weight = torch.empty_like(weight, memory_format=torch.contiguous_format)
            panels = matrix_product.pack(_array(x.reshape(-1, x.shape[-1])))
            matrix_product.multiply(rows.T, panels, None, of_weight.numpy())
        if ctx.has_bias and ctx.needs_input_grad[2]:
            of_bias = grad.sum(dim=0)
        return of_x, of_weight, of_bias


def _panels(weight):
    """The transposed weight, laid out as the right factor of a product."""
    kept = getattr(_kept, "panels", None)
    if kept is None:
        return matrix_product.pack(_array(weight).T)
    place = weight.data_ptr(), weight.shape, weight.stride()
    if place not in kept:  # the weight is kept too, so that no other can take its place
        kept[place] = weight, matrix_product.pack(_array(weight).T)
    return kept[place][1]


def _array(tensor):
    return tensor.detach().contiguous().numpy()
