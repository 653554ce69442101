"""Linear layers of the forward pass: as torch computes them, or compiled, with the steps around the product built in."""

import functools

import numpy as np
import torch
from llvmlite import binding
from torch.nn import functional

from ..compilation import compiled
from .cpu_threads import in_threads
from .vector_kernels import LANES, TILE_ROWS, add_tile, replace_by_gelu

_ROWS, _DEPTH = 16 * TILE_ROWS, 320  # of a block; its sixteen columns of weights fit into the nearest cache

_compiled = compiled(fastmath={"contract"})


class TorchLinear:
    """A linear layer computed by torch.

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
        out = functional.linear(functional.gelu(x) if gelu else x, self.weight, self.bias)
        return out if add_to is None else out.add_(add_to)


class CompiledLinear:
    """A linear layer of float32 on a CPU, compiled: bias, sum and GELU cost no pass over memory of their own.

    Rows are multiplied in tiles of six by sixteen columns that stay in registers. A row's result is the same whatever the
    other rows are. Where gradients are asked for, torch computes.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_in), float32
        ``n_in`` is a multiple of sixteen.
    bias : Tensor of shape (n_out,), float32
    """

    def __init__(self, weight, bias):
        self.n_out, n_in = weight.shape
        n_panels = -(-self.n_out // LANES)
        padded = np.zeros((n_panels * LANES, n_in), np.float32)
        padded[: self.n_out] = weight.numpy()
        self.panels = np.ascontiguousarray(padded.reshape(n_panels, LANES, n_in).transpose(0, 2, 1))
        self.bias = bias

    @staticmethod
    def is_faster(weight):
        """Whether this class takes such weights and is faster with them than torch.

        It is on processors whose vectors have eight floats. With AVX-512, torch's library is.
        """
        features = binding.get_host_cpu_features()
        eight = features.get("avx2") and features.get("fma") and not features.get("avx512f")
        fits = weight.device.type == "cpu" and weight.dtype == torch.float32 and weight.shape[1] % LANES == 0
        return bool(eight and fits)

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
        rows, bias, result = x.numpy(), self.bias.numpy(), out.numpy()

        def multiply(first, last):
            _multiply(rows[first:last], self.panels, bias, result[first:last], add_to is not None, gelu)

        in_threads(multiply, len(x))
        return out


@_compiled
def _multiply(x, panels, bias, out, add, gelu):
    """Rows of a linear layer; see `CompiledLinear`.

    Parameters
    ----------
    x : ndarray of shape (n, n_in)
    panels : ndarray of shape (panels, n_in, 16)
        Sixteen output columns each, zero where there are fewer.
    bias : ndarray of shape (n_out,)
    out : ndarray of shape (n, n_out)
    add, gelu : bool
    """
    n, n_in = x.shape
    n_out = len(bias)
    block, edge = np.zeros((_ROWS, _DEPTH), np.float32), np.zeros((TILE_ROWS, LANES), np.float32)
    for first in range(0, n, _ROWS):
        n_rows = min(_ROWS, n - first)
        for row in range(first, first + n_rows):
            for j in range(n_out):
                out[row, j] = out[row, j] + bias[j] if add else bias[j]
        for left in range(0, n_in, _DEPTH):
            depth = min(_DEPTH, n_in - left)
            for row in range(n_rows):  # side by side, rows do not push each other out of the cache
                line, source = block[row], x[first + row, left : left + depth]
                for k in range(depth):
                    line[k] = source[k]
                if gelu:
                    replace_by_gelu(line, depth)
            for panel in range(len(panels)):
                column, columns = panel * LANES, panels[panel, left:]
                for row in range(0, n_rows, TILE_ROWS):
                    if row + TILE_ROWS <= n_rows and column + LANES <= n_out:
                        add_tile(block[row:], columns, depth, out[first + row :, column:])
                        continue
                    edge[:] = 0
                    add_tile(block[row:], columns, depth, edge)
                    for r in range(min(TILE_ROWS, n_rows - row)):
                        for c in range(min(LANES, n_out - column)):
                            out[first + row + r, column + c] += edge[r, c]
