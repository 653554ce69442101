"""Attention of packed sequences on a CPU in float32: exact, compiled, a head at a time.

Keys and values of a sequence are laid out once, per head and in blocks of sixteen. Then some queries at a time are taken
through all keys: products, softmax, weighted sum of values, while their weights stay in the nearest cache. Nothing of
the size of a sequence squared is ever stored. ESM-2's heads are narrow (16 to 64 dimensions), for which a general
library's matrix products are slow.
"""

import math

import numpy as np
import torch

from ..cpu.compilation import compiled
from ..cpu.threads import in_threads
from ..cpu.tiles import add_tile, multiply_tile, transpose_sixteen
from ..cpu.vector_functions import copy, largest, raise_two
from ..cpu.vector_instructions import LANES, TILE_ROWS

_QUERIES = 12  # taken together, one tile or two; their weights stay in the nearest cache
_KEYS = 128  # whose values are added up together

_compiled = compiled(fastmath={"contract"})


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
        by_fours = head_width // 4 * 4 if n == LANES else 0
        if by_fours:
            transpose_sixteen(keys[first:], by_fours, block)
        for i in range(by_fours, head_width):
            for lane in range(n):
                block[i, lane] = keys[first + lane, i]
            for lane in range(n, LANES):
                block[i, lane] = 0
    for left in range(0, head_width, LANES):
        block, width = head_values[left // LANES], min(LANES, head_width - left)
        for j in range(length):
            if width % 8 == 0:
                copy(values[j, left:], width, block[j])
            else:
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
        for row in range(0, n_rows, TILE_ROWS):
            multiply_tile(queries[row:], keys[block], len(keys[block]), weights[row:, block * LANES :])
    attended[:] = 0
    for row in range(n_rows):
        for j in range(length, n_columns):
            weights[row, j] = -np.inf
        totals[row] = raise_two(weights[row], n_columns, largest(weights[row], n_columns))
    for first in range(0, length, _KEYS):
        for block in range(len(values)):
            for row in range(0, n_rows, TILE_ROWS):
                add_tile(
                    weights[row:, first:],
                    values[block, first:],
                    min(_KEYS, length - first),
                    attended[row:, block * LANES :],
                )
