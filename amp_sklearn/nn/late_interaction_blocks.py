"""Late interaction of many proteins with many proteins on a CPU in float32, compiled: nothing of a pair's matrix is kept.

A query protein meets sixteen targets at a time. All their similarities in one channel fit into the nearest cache; there
they are computed, read once for the largest of each row and column and once for the softmax, and overwritten by the next
channel. All that is compiled together stands in this file and in `amp_sklearn.cpu.vectors`, so that numba notices changes.
"""

from typing import Any

import numpy as np
import torch
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..cpu.compilation import compiled, uses_own_kernels
from ..cpu.threads import in_threads
from ..cpu.vectors import (
    FUSED,
    INT64,
    LANES,
    VECTOR,
    broadcast,
    constant,
    larger,
    load,
    power_of_two,
    store,
)

_TILE_ROWS = 5  # registers hold the results of so many tokens, and leave room for the factors

_compiled = compiled(fastmath={"contract"})
_instructions: Any = intrinsic  # called without its first parameter, which type checkers cannot know


def is_compiled_for(*tensors):
    """Whether `add_largest_and_smooth` can be used: float32 on the CPU, without gradients, and kernels are not turned off."""
    return (
        uses_own_kernels()
        and not torch.is_grad_enabled()
        and all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in tensors)
    )


def add_largest_and_smooth(logits, left, right, weight):
    """Add the weighted second and third reading of the matrices of all pairs of two lists of proteins.

    Queries are divided over as many threads as torch uses; the result does not depend on their number.

    Parameters
    ----------
    logits : Tensor of shape (n, m)
        Added to, in place.
    left : Tensor of shape (n, n_channels, tokens of A, d)
    right : Tensor of shape (m, n_channels, tokens of B, d)
        Projected tokens; see `LateInteraction.protein_part`.
    weight : Tensor of shape (n_channels, 2)
        Of the mean largest entry of rows and of columns, and of the smooth maximum.
    """
    m = len(right)
    n_blocks = -(-m // LANES)
    padded = torch.nn.functional.pad(right, (0, 0, 0, 0, 0, 0, 0, n_blocks * LANES - m))
    targets = padded.unflatten(0, (n_blocks, LANES)).permute(0, 2, 3, 4, 1).contiguous().numpy()
    tokens, weights = left.contiguous().numpy(), weight.contiguous().numpy()
    added = np.empty((len(left), n_blocks * LANES), dtype=np.float32)

    def read_some(first, last):
        _read(tokens[first:last], targets, weights, added[first:last])

    in_threads(read_some, len(left))
    logits += torch.from_numpy(added)[:, :m]


def _data(context, builder, array_type, array):
    """Address of an array's first element."""
    return context.make_array(array_type)(context, builder, array).data


def _products_of(n_rows):
    """An instruction for the similarities of some consecutive tokens of a query with one token of sixteen targets."""

    def products(typingctx, tokens, first, targets, column, cells):
        return types.void(tokens, types.int64, targets, types.int64, cells), generate

    def generate(context, builder, signature, arguments):
        tokens, targets, cells = (_data(context, builder, signature.args[i], arguments[i]) for i in (0, 2, 4))
        first, column = arguments[1], arguments[3]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        d = builder.extract_value(array.shape, 1)
        array = context.make_array(signature.args[4])(context, builder, arguments[4])
        width = builder.mul(builder.extract_value(array.shape, 1), INT64(LANES))
        rows = [builder.add(first, INT64(row)) for row in range(n_rows)]
        sums = [cgutils.alloca_once(builder, VECTOR) for _ in rows]
        for total in sums:
            builder.store(constant(0), total)
        start = builder.mul(column, builder.mul(d, INT64(LANES)))
        with cgutils.for_range(builder, d) as loop:
            place = builder.add(start, builder.mul(loop.index, INT64(LANES)))
            factor = load(builder, builder.gep(targets, [place]))
            for row, total in zip(rows, sums, strict=True):
                number = builder.load(builder.gep(tokens, [builder.add(builder.mul(row, d), loop.index)]))
                product = builder.fmul(broadcast(builder, number), factor, flags=FUSED)
                builder.store(builder.fadd(builder.load(total), product, flags=FUSED), total)
        for row, total in zip(rows, sums, strict=True):
            place = builder.add(builder.mul(row, width), builder.mul(column, INT64(LANES)))
            store(builder, builder.load(total), builder.gep(cells, [place]))
        return context.get_dummy_value()

    return _instructions(products)


_products_of_tile, _products_of_one = _products_of(_TILE_ROWS), _products_of(1)


@_instructions
def _add_readings(typingctx, cells, columns, n_rows, n_columns, by_row, by_column, by_smooth, out):
    """Add what is read from the matrices of sixteen pairs to ``out``.

    ``cells`` has shape (rows, columns, 16), ``columns`` (columns, 16) is room for the largest of each column; the three
    weights are those of the sum of the largest of each row, of each column, and of the smooth maximum.
    """

    def generate(context, builder, signature, arguments):
        cells, columns, out = (_data(context, builder, signature.args[i], arguments[i]) for i in (0, 1, 7))
        n_rows, n_columns = arguments[2:4]
        by_row, by_column, by_smooth = (broadcast(builder, weight) for weight in arguments[4:7])
        lowest = constant(-np.inf)

        def variable(start):
            place = cgutils.alloca_once(builder, VECTOR)
            builder.store(start, place)
            return place

        def vectors(base, n):
            return cgutils.for_range_slice(builder, INT64(0), builder.mul(n, INT64(LANES)), INT64(LANES))

        rows, best, row = variable(constant(0)), variable(lowest), variable(lowest)
        with vectors(columns, n_columns) as (index, _):
            store(builder, lowest, builder.gep(columns, [index]))
        width = builder.mul(n_columns, INT64(LANES))
        with cgutils.for_range(builder, n_rows) as loop:
            builder.store(lowest, row)
            own = builder.gep(cells, [builder.mul(loop.index, width)])
            with vectors(own, n_columns) as (index, _):
                value, column = load(builder, builder.gep(own, [index])), builder.gep(columns, [index])
                builder.store(larger(builder, value, builder.load(row)), row)
                store(builder, larger(builder, value, load(builder, column)), column)
            builder.store(builder.fadd(builder.load(rows), builder.load(row)), rows)
        sums = variable(constant(0))
        with vectors(columns, n_columns) as (index, _):
            value = load(builder, builder.gep(columns, [index]))
            builder.store(builder.fadd(builder.load(sums), value), sums)
            builder.store(larger(builder, value, builder.load(best)), best)
        total, smooth = variable(constant(0)), variable(constant(0))
        best, log2_e = builder.load(best), constant(np.log2(np.e))
        with vectors(cells, builder.mul(n_rows, n_columns)) as (index, _):
            value = load(builder, builder.gep(cells, [index]))
            power = power_of_two(builder, builder.fmul(builder.fsub(value, best), log2_e))
            builder.store(builder.fadd(builder.load(total), power), total)
            product = builder.fmul(power, value, flags=FUSED)
            builder.store(builder.fadd(builder.load(smooth), product, flags=FUSED), smooth)
        found = load(builder, out)
        for weight, value in (
            (by_row, builder.load(rows)),
            (by_column, builder.load(sums)),
            (by_smooth, builder.fdiv(builder.load(smooth), builder.load(total))),
        ):
            found = builder.fadd(found, builder.fmul(weight, value))
        store(builder, found, out)
        return context.get_dummy_value()

    weight = types.float32
    return types.void(cells, columns, types.int64, types.int64, weight, weight, weight, out), generate


@_compiled
def _read(left, targets, weights, added):
    """See `add_largest_and_smooth`.

    Parameters
    ----------
    left : ndarray of shape (n, n_channels, tokens of A, d)
    targets : ndarray of shape (blocks of targets, n_channels, tokens of B, d, 16)
    weights : ndarray of shape (n_channels, 2)
    added : ndarray of shape (n, targets)
        Written to.
    """
    n, n_channels, n_rows, _ = left.shape
    n_columns = targets.shape[2]
    cells = np.empty((n_rows, n_columns, LANES), np.float32)
    columns = np.empty((n_columns, LANES), np.float32)
    whole = n_rows - n_rows % _TILE_ROWS
    added[:] = 0
    for block in range(len(targets)):
        for query in range(n):
            out = added[query, block * LANES :]
            for channel in range(n_channels):
                tokens, others = left[query, channel], targets[block, channel]
                for column in range(n_columns):
                    for row in range(0, whole, _TILE_ROWS):
                        _products_of_tile(tokens, row, others, column, cells)
                    for row in range(whole, n_rows):
                        _products_of_one(tokens, row, others, column, cells)
                largest, smooth = weights[channel]
                _add_readings(
                    cells, columns, n_rows, n_columns, largest / n_rows, largest / n_columns, smooth, out
                )
