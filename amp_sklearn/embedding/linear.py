"""Linear layers of the forward pass: step by step, or compiled, with the steps around the product built in."""

import functools

import numpy as np
import torch
from torch.nn import functional

from ..cpu import matrix_product
from ..nn.linear import linear


class TorchLinear:
    """A linear layer step by step, in any type, on any device, and with gradients.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,)
    """

    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def __call__(self, x, *, gelu=False, add_to=None):
        """``activation(x) @ weight.T + bias``, and ``add_to`` where it is given.

        Parameters
        ----------
        x : Tensor of shape (n, n_in)
        gelu : bool, default=False
            Take the GELU of ``x`` first.
        add_to : Tensor of shape (n, n_out), default=None
            May be overwritten.

        Returns
        -------
        Tensor of shape (n, n_out)
        """
        out = linear(functional.gelu(x) if gelu else x, self.weight, self.bias)
        return out if add_to is None else out.add_(add_to)


class CompiledLinear:
    """A linear layer of float32 on a CPU, compiled: bias, sum and GELU cost no pass over memory of their own.

    A row's result is the same whatever the other rows are. Where gradients are asked for, `TorchLinear` computes.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_in), float32
    bias : Tensor of shape (n_out,), float32
    """

    def __init__(self, weight, bias):
        self.n_out = len(weight)
        self.panels, self.bias = matrix_product.pack(weight.numpy().T), bias

    @staticmethod
    def is_faster(weight):
        """Whether this class takes such weights and is faster with them than torch."""
        return weight.device.type == "cpu" and weight.dtype == torch.float32 and matrix_product.is_fast()

    @functools.cached_property
    def with_gradients(self):
        """The same layer for torch, made from the panels where it is needed."""
        weight = self.panels.transpose(0, 2, 1).reshape(-1, self.panels.shape[1])[: self.n_out]
        return TorchLinear(torch.from_numpy(np.ascontiguousarray(weight)), self.bias)

    def __call__(self, x, *, gelu=False, add_to=None):
        """As `TorchLinear` does; tensors are contiguous."""
        if torch.is_grad_enabled():
            return self.with_gradients(x, gelu=gelu, add_to=add_to)
        out = x.new_empty(len(x), self.n_out) if add_to is None else add_to
        matrix_product.multiply(
            x.numpy(),
            self.panels,
            self.bias.numpy(),
            out.numpy(),
            add=add_to is not None,
            gelu=gelu,
        )
        return out
