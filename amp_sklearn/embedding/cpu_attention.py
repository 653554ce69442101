"""Attention of packed sequences on a CPU in float32: exact, compiled, a head at a time.

Keys and values of a sequence are laid out once, per head and in blocks of sixteen. Then twelve queries at a time are taken
through all keys: products, softmax, weighted sum of values, while their weights stay in the nearest cache. Nothing of
the size of a sequence squared is ever stored. ESM-2's heads are narrow (16 to 64 dimensions); for the narrowest of them a
general library's matrix products are slow (``benchmarks/speed/kernels.py`` measures it).

The innermost loops are written in LLVM's vector instructions, because in plain loops the compiler does not keep a tile of
results in registers. Vectors have sixteen floats on every processor: two registers with AVX2, one with AVX-512. All that
is compiled together stands in this file, so that numba notices every change of it.
"""

import math
from functools import partial
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..cpu.compilation import compiled, has_avx512, is_amd, uses_own_kernels
from ..cpu.threads import in_threads
from ..cpu.vectors import (
    FUSED,
    INT32,
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

WIDEST_HEAD = 64 if is_amd() else 32
"""Dimensions of a head up to which the kernel is clearly faster than torch's attention, which uses Intel's MKL."""

_TILE_ROWS = (
    12 if has_avx512() else 6
)  # registers hold the results of so many rows, and leave room for the factors
_QUERIES = 12  # taken together, one tile or two; their weights stay in the nearest cache
_KEYS = 128  # whose values are added up together

_compiled = compiled(fastmath={"contract"})
_instructions: Any = intrinsic  # called without its first parameter, which type checkers cannot know


def is_faster_than_torch(head_width):
    """Whether `attend_packed` is to be used for heads of some dimensions."""
    return head_width <= WIDEST_HEAD and uses_own_kernels()


def attend_packed(heads, lengths):
    """Attended values of sequences one after another.

    Heads are divided over as many threads as torch uses.

    Parameters
    ----------
    heads : Tensor of shape (T, 3, n_heads, head_width), float32
        Queries, keys and values of all tokens, positions turned in.
    lengths : ndarray of int64 of shape (n_sequences,)
        Tokens of each sequence; they add up to ``T``.

    Returns
    -------
    Tensor of shape (T, n_heads * head_width)
    """
    out = torch.empty_like(heads[:, 0])
    arrays = [*heads.numpy().swapaxes(0, 1), out.numpy()]
    starts = np.cumsum(lengths) - lengths

    def attend_some(first, last):
        queries, keys, values, attended = (array[:, first:last] for array in arrays)
        attend(queries, keys, values, starts, lengths, attended)

    in_threads(attend_some, heads.shape[2])
    return out.flatten(1)


def _rows_of(context, builder, array_type, array, n_rows):
    """Addresses of the first elements of an array's first rows."""
    array = context.make_array(array_type)(context, builder, array)
    step = builder.sdiv(builder.extract_value(array.strides, 0), INT64(4))
    return [builder.gep(array.data, [builder.mul(step, INT64(row))]) for row in range(n_rows)]


def _tile_product(add):
    def tile(typingctx, a, b, n, c):
        return types.void(a, b, types.int64, c), generate

    def generate(context, builder, signature, arguments):
        a, b, n, c = arguments
        rows = _rows_of(context, builder, signature.args[0], a, _TILE_ROWS)
        b = context.make_array(signature.args[1])(context, builder, b).data
        results = _rows_of(context, builder, signature.args[3], c, _TILE_ROWS)
        sums = [cgutils.alloca_once(builder, VECTOR) for _ in rows]
        for total in sums:
            builder.store(constant(0), total)

        def step(k):
            factor = load(builder, builder.gep(b, [builder.mul(k, INT64(LANES))]))
            for row, total in zip(rows, sums, strict=True):
                scale = broadcast(builder, builder.load(builder.gep(row, [k])))
                product = builder.fmul(scale, factor, flags=FUSED)
                builder.store(builder.fadd(builder.load(total), product, flags=FUSED), total)

        whole = builder.and_(n, INT64(-4))
        with cgutils.for_range_slice(builder, INT64(0), whole, INT64(4)) as (k, _):
            for extra in range(4):  # fewer jumps
                step(builder.add(k, INT64(extra)))
        with cgutils.for_range_slice(builder, whole, n, INT64(1)) as (k, _):
            step(k)
        for total, result in zip(sums, results, strict=True):
            value = builder.load(total)
            store(builder, builder.fadd(load(builder, result), value) if add else value, result)
        return context.get_dummy_value()

    return _instructions(tile)


_multiply_tile = _tile_product(add=False)
"""``c[r, v] = sum over k < n of a[r, k] * b[k, v]`` for the first ``_TILE_ROWS`` rows and sixteen columns of ``c``.

All are float32 arrays of two dimensions whose rows are contiguous; ``b`` has sixteen columns.
"""

_add_tile = _tile_product(add=True)
"""The same, added to what ``c`` holds."""


def _folded(builder, vector, combine):
    """One number from the sixteen of a vector, halving its length each time."""
    width = LANES
    while width > 1:
        width //= 2
        mask = ir.VectorType(INT32, width)
        halves = (ir.Constant(mask, list(range(first, first + width))) for first in (0, width))
        vector = combine(*(builder.shuffle_vector(vector, vector, half) for half in halves))
    return builder.extract_element(vector, INT32(0))


def _vectors_of(builder, n):
    """A loop over the first numbers of each vector among ``n`` numbers, as a context manager."""
    return cgutils.for_range_slice(builder, INT64(0), n, INT64(LANES))


@_instructions
def _largest(typingctx, array, n):
    """Largest of the first ``n`` numbers, a multiple of sixteen."""

    def generate(context, builder, signature, arguments):
        first = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        found = cgutils.alloca_once_value(builder, load(builder, first))
        builder.store(load(builder, first), found)

        with _vectors_of(builder, arguments[1]) as (index, _):
            vector = load(builder, builder.gep(first, [index]))
            builder.store(larger(builder, vector, builder.load(found)), found)
        return _folded(builder, builder.load(found), partial(larger, builder))

    return types.float32(array, types.int64), generate


@_instructions
def _raise_two(typingctx, array, n, shift):
    """Replace the first ``n`` numbers, a multiple of sixteen, by ``2^(number - shift)`` and return their sum.

    ``number - shift`` is at most 0; below -126 it counts as -126. The relative error is about 2e-7.
    """

    def generate(context, builder, signature, arguments):
        first = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        shift = broadcast(builder, arguments[2])
        total = cgutils.alloca_once_value(builder, constant(0))
        builder.store(constant(0), total)
        with _vectors_of(builder, arguments[1]) as (index, _):
            address = builder.gep(first, [index])
            power = power_of_two(builder, builder.fsub(load(builder, address), shift))
            store(builder, power, address)
            builder.store(builder.fadd(builder.load(total), power), total)
        return _folded(builder, builder.load(total), builder.fadd)

    return types.float32(array, types.int64, types.float32), generate


@_compiled
def attend(queries, keys, values, starts, lengths, out):
    """Attended values of all sequences.

    Parameters
    ----------
    queries, keys, values : ndarray of shape (T, n_heads, head_width), float32
        Of all tokens, positions turned in.
    starts, lengths : ndarray of int64 of shape (n_sequences,)
        First token and number of tokens of each sequence.
    out : ndarray of shape (T, n_heads, head_width), float32
        Written to.
    """
    n_heads, head_width = out.shape[1:]
    n_blocks, n_value_blocks = _blocks(lengths.max()), _blocks(head_width)
    head_keys = np.empty((n_blocks, head_width, LANES), np.float32)
    head_values = np.empty((n_value_blocks, n_blocks * LANES, LANES), np.float32)
    rows = np.zeros((_QUERIES, head_width), np.float32)
    weights = np.empty((_QUERIES, n_blocks * LANES), np.float32)
    attended = np.empty((_QUERIES, n_value_blocks * LANES), np.float32)
    totals = np.empty(_QUERIES, np.float32)
    scale = np.float32(math.log2(math.e) / math.sqrt(head_width))  # the softmax is one of powers of two
    for start, length in zip(starts, lengths):  # noqa: B905 - numba's zip has no strict
        stop = start + length
        for head in range(n_heads):
            _lay_out(keys[start:stop, head], values[start:stop, head], head_keys, head_values)
            for first in range(start, stop, _QUERIES):
                n_rows = min(_QUERIES, stop - first)
                for row in range(n_rows):
                    for i in range(head_width):
                        rows[row, i] = queries[first + row, head, i] * scale
                _attend_rows(rows, head_keys, head_values, length, weights, attended, totals)
                for row in range(n_rows):
                    share = 1 / totals[row]
                    for i in range(head_width):
                        out[first + row, head, i] = attended[row, i] * share


@_compiled
def _blocks(n):
    return -(-n // LANES)


@_compiled
def _lay_out(keys, values, head_keys, head_values):
    """Keys and values of one head of a sequence, in blocks of sixteen.

    Parameters
    ----------
    keys, values : ndarray of shape (length, head_width)
    head_keys : ndarray of shape (blocks of tokens, head_width, 16)
        Written to; zero where the last block has no token.
    head_values : ndarray of shape (blocks of dimensions, at least length, 16)
        Written to.
    """
    length, head_width = keys.shape
    for first in range(0, length, LANES):
        n, block = min(LANES, length - first), head_keys[first // LANES]
        block[:, n:] = 0
        for i in range(head_width):
            for lane in range(n):
                block[i, lane] = keys[first + lane, i]
    for left in range(0, head_width, LANES):
        block, width = head_values[left // LANES], min(LANES, head_width - left)
        for j in range(length):
            for lane in range(width):
                block[j, lane] = values[j, left + lane]


@_compiled
def _attend_rows(queries, keys, values, length, weights, attended, totals):
    """Attended values of some queries of one head.

    Parameters
    ----------
    queries : ndarray of shape (rows, head_width)
        Scaled.
    keys : ndarray of shape (blocks of tokens, head_width, 16)
    values : ndarray of shape (blocks of dimensions, at least length, 16)
    length : int
        Tokens of the sequence.
    weights : ndarray of shape (rows, at least length)
        Room for attention weights.
    attended : ndarray of shape (rows, at least head_width)
        Written to; still to be divided by ``totals``.
    totals : ndarray of shape (rows,)
        Written to.
    """
    n_rows, n_columns = len(weights), _blocks(length) * LANES
    for block in range(_blocks(length)):
        for row in range(0, n_rows, _TILE_ROWS):
            _multiply_tile(queries[row:], keys[block], len(keys[block]), weights[row:, block * LANES :])
    attended[:] = 0
    for row in range(n_rows):
        for j in range(length, n_columns):
            weights[row, j] = -np.inf
        totals[row] = _raise_two(weights[row], n_columns, _largest(weights[row], n_columns))
    for first in range(0, length, _KEYS):
        for block in range(len(values)):
            for row in range(0, n_rows, _TILE_ROWS):
                _add_tile(
                    weights[row:, first:],
                    values[block, first:],
                    min(_KEYS, length - first),
                    attended[row:, block * LANES :],
                )
