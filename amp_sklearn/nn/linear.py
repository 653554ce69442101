"""Linear layers whose matrix products, forwards and backwards, are the fastest at hand."""

import threading
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

from ..cpu import matrix_product

LEAST_ROWS, LEAST_PRODUCTS = 128, 2**25
"""Rows and multiplications from which our own matrix products are worth laying out the weights and starting threads."""

LEAST_ROWS_LAID_OUT, LEAST_PRODUCTS_LAID_OUT = 64, 2**21
"""The same within `constant_weights`, where the weights have been laid out before."""

_block = threading.local()


@contextmanager
def constant_weights(panels):
    """Within the block the parameters of `linear` do not change, so that each is laid out for products only once.

    Parameters
    ----------
    panels : dict
        Empty at first; threads that compute with the same weights share it. It holds a copy of each large weight.
    """
    before, _block.panels = getattr(_block, "panels", None), panels
    try:
        yield
    finally:
        _block.panels = before


def linear(x, weight, bias=None):
    """``x @ weight.T + bias``, as `torch.nn.functional.linear`.

    Large products of float32 on a CPU where `cpu.matrix_product` is faster than torch are done there, and so are those of the
    backward pass. Which ones are large depends on the number of rows, so that the last bits of a row can depend on how
    many there are, as torch's do.

    Parameters
    ----------
    x : Tensor of shape (..., n_in)
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,), default=None

    Returns
    -------
    Tensor of shape (..., n_out)
    """
    if _is_ours(x, weight, bias):
        return _Linear.apply(x, weight, bias)
    return functional.linear(x, weight, bias)


class Linear(nn.Linear):
    """`torch.nn.Linear` with the products of `linear`."""

    def forward(self, x):
        return linear(x, self.weight, self.bias)


def _is_ours(x, weight, bias):
    laid_out = getattr(_block, "panels", None) is not None
    least_rows = LEAST_ROWS_LAID_OUT if laid_out else LEAST_ROWS
    least_products = LEAST_PRODUCTS_LAID_OUT if laid_out else LEAST_PRODUCTS
    return (
        x.dim() > 0
        and x.numel() >= least_rows * x.shape[-1]
        and x.numel() * len(weight) >= least_products
        and weight.shape[1:] == x.shape[-1:]  # torch says what is wrong otherwise
        and (bias is None or bias.shape == weight.shape[:1])
        and all(_is_single_on_cpu(tensor) for tensor in (x, weight, bias) if tensor is not None)
        and not torch.is_autocast_enabled("cpu")
        and not _is_traced()
        and matrix_product.is_fast()
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
        ctx.shapes, ctx.has_bias = (x.shape, weight.shape), bias is not None
        rows = _array(x.reshape(-1, x.shape[-1]))
        out = x.new_empty(*x.shape[:-1], len(weight))
        shift = None if bias is None else _array(bias)
        matrix_product.multiply(rows, _panels(weight), shift, out.view(len(rows), -1).numpy())
        return out

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        x_shape, weight_shape = ctx.shapes
        of_x = of_weight = of_bias = None
        grad = grad.reshape(-1, weight_shape[0])
        if ctx.needs_input_grad[0]:
            of_x = _product(grad, weight).view(x_shape)
        if ctx.needs_input_grad[1]:
            of_weight = _product(grad.T, x.reshape(-1, x_shape[-1]))
        if ctx.has_bias and ctx.needs_input_grad[2]:
            of_bias = grad.sum(dim=0)
        return of_x, of_weight, of_bias


def _product(a, b):
    """``a @ b`` of the backward pass; by torch where its own gradients are asked for."""
    if torch.is_grad_enabled():
        return a @ b
    out = a.new_empty(len(a), b.shape[1])
    left = a.detach().numpy() if a.T.is_contiguous() else _array(a)
    matrix_product.multiply(left, matrix_product.pack(_array(b)), None, out.numpy())
    return out


def _panels(weight):
    """The transposed weight, laid out as the right factor of a product."""
    panels = getattr(_block, "panels", None)
    owner = weight if weight._base is None else weight._base
    if panels is None or not isinstance(owner, nn.Parameter):  # a computed weight is another one each time
        return matrix_product.pack(_array(weight).T)
    place = weight.data_ptr(), weight.shape, weight.stride()
    if place not in panels:  # the weight is kept too, so that no other can take its place
        panels[place] = weight, matrix_product.pack(_array(weight).T)
    return panels[place][1]


def _array(tensor):
    return tensor.detach().contiguous().numpy()
