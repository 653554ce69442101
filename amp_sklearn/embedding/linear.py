"""A linear layer of the forward pass, whose weight is laid out once where torch ships oneDNN."""

import functools

import torch

from ..nn.device import has_instructions
from ..nn.linear import has_onednn, linear, onednn_linear


class PackedLinear:
    """A linear layer with constant weights.

    On a CPU the weight is kept in the order in which oneDNN reads it, so that no call has to lay it out again. A row's result
    does not depend on the other rows, from some hundred rows on. Elsewhere, and where gradients are asked for, torch's
    ordinary linear layer computes.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,)
    """

    def __init__(self, weight, bias):
        self.bias, self.is_packed = bias, can_pack(weight)
        self._kept = torch.ops.mkldnn._reorder_linear_weight(weight) if self.is_packed else weight

    @functools.cached_property
    def weight(self):
        """The weight as torch keeps it; from a packed one it is made where it is first needed."""
        return self._kept.to_dense() if self.is_packed else self._kept

    def __call__(self, x):
        """``x @ weight.T + bias``.

        Parameters
        ----------
        x : Tensor of shape (n, n_in)

        Returns
        -------
        Tensor of shape (n, n_out)
        """
        if self.is_packed and not torch.is_grad_enabled():
            return onednn_linear(x, self._kept, self.bias)
        return linear(x, self.weight, self.bias)


def can_pack(weight):
    """Whether oneDNN lays out a weight: on a CPU, in float32, or in bfloat16 where the processor multiplies that."""
    return (
        weight.device.type == "cpu"
        and weight.dtype in (torch.float32, torch.bfloat16)
        and has_onednn()
        and has_instructions(weight.dtype, "cpu")
    )
