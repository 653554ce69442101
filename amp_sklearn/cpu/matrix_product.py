"""Matrix products of float32, compiled, where they are faster than those of torch's library.

A block of the left factor is laid out in the order of its use and stays in the second cache, a panel of some columns of the
right one in the first, a tile of the result in registers. A row of the result has the same bits whatever the other rows
are, and whatever the number of threads.

References
----------
Goto, van de Geijn, ACM Transactions on Mathematical Software 2008, :doi:`10.1145/1356052.1356053`.
"""

import numpy as np
import torch

from .compilation import compiled, processor
from .threads import in_threads
from .tiles import add_packed, fetch, multiply_packed, transpose_sixteen_to_panel, transpose_tile
from .vector_functions import copy, replace_by_gelu
from .vector_instructions import LANES, TILE_COLUMNS, TILE_ROWS, TILE_VECTORS

_ROWS, _DEPTH = 48 * TILE_ROWS, 320 if TILE_VECTORS == 1 else 256
"""Of a block of the left factor, which fills about two thirds of the second cache; a panel of that depth fits into the
first."""

_compiled = compiled(fastmath={"contract"})


def is_fast():
    """Whether products are faster here than torch's: on AMD's processors with AVX2 or AVX-512.

    Torch's library is made by Intel, and leaves much of what these processors can do unused.
    """
    name, features = processor()
    return name.startswith("znver") and {"avx2", "fma"} <= features


def pack(matrix):
    """A right factor, laid out for `multiply`.

    Parameters
    ----------
    matrix : ndarray of shape (n_in, n_out), float32
        C- or Fortran-contiguous.

    Returns
    -------
    ndarray of shape (panels, n_in, TILE_COLUMNS)
        Some columns each, zero where there are fewer.
    """
    n_in, n_out = matrix.shape
    # torch allocates memory at addresses that are multiples of 64 bytes, which aligned vector loads need
    shape = -(-n_out // TILE_COLUMNS), n_in, TILE_COLUMNS
    panels = torch.empty(shape, dtype=torch.float32, device="cpu").numpy()
    by_columns = not matrix.flags.c_contiguous
    in_threads(lambda first, last: _pack(matrix, by_columns, panels, first, last), len(panels))
    return panels


def multiply(x, panels, bias, out, *, add=False, gelu=False):
    """Write ``x @ matrix + bias`` to ``out``.

    Parameters
    ----------
    x : ndarray of shape (n, n_in), float32
        C- or Fortran-contiguous.
    panels : ndarray of shape (panels, n_in, TILE_COLUMNS)
        What `pack` returned for the matrix.
    bias : ndarray of shape (n_out,), float32, or None
    out : ndarray of shape (n, n_out), float32
        Its rows are contiguous.
    add : bool, default=False
        Add to what ``out`` holds.
    gelu : bool, default=False
        Take the GELU of ``x`` on its way.
    """
    n, n_out = out.shape
    assert x.shape == (n, panels.shape[1]) and 0 <= len(panels) * TILE_COLUMNS - n_out < TILE_COLUMNS
    shifts = np.zeros(len(panels) * TILE_COLUMNS, np.float32)
    if bias is not None:
        shifts[:n_out] = bias
    by_columns = not x.flags.c_contiguous
    x = x.T if by_columns else x

    def multiply_some(first, last):
        _multiply(x, by_columns, first, last, panels, shifts, out, add, gelu)

    in_threads(multiply_some, n, step=TILE_ROWS, largest=_ROWS)


@_compiled
def _pack(matrix, by_columns, panels, first, last):
    """Panels from the first to the last of a right factor; see `pack`."""
    n_in, n_out = matrix.shape
    for panel in range(first, last):
        column, target = panel * TILE_COLUMNS, panels[panel]
        width, done = min(TILE_COLUMNS, n_out - column), 0
        if by_columns and width == TILE_COLUMNS:
            done = n_in // 4 * 4
            for left in range(0, width, LANES):
                transpose_sixteen_to_panel(matrix.T[column + left :], done, target[:, left:])
        for k in range(done, n_in):
            if width == TILE_COLUMNS and not by_columns:
                copy(matrix[k, column:], TILE_COLUMNS, target[k])
                continue
            for lane in range(width):
                target[k, lane] = matrix[k, column + lane]
            for lane in range(width, TILE_COLUMNS):
                target[k, lane] = 0


@_compiled
def _multiply(x, by_columns, first, last, panels, bias, out, add, gelu):
    """Rows from the first to the last of a product; see `multiply`.

    Parameters
    ----------
    x : ndarray of shape (n, n_in), or (n_in, n) ``by_columns``
    by_columns : bool
    first, last : int
    panels : ndarray of shape (panels, n_in, TILE_COLUMNS)
    bias : ndarray of shape (panels * TILE_COLUMNS,)
        Zero beyond the columns of ``out``.
    out : ndarray of shape (n, n_out)
    add, gelu : bool
    """
    n_in, n_out = panels.shape[1], out.shape[1]
    block = np.empty((_ROWS // TILE_ROWS, _DEPTH, TILE_ROWS), np.float32)
    lines = np.zeros((TILE_ROWS, _DEPTH), np.float32)
    # tiles that reach beyond the last row or column are made here first
    edge, no_bias = np.empty((TILE_ROWS, TILE_COLUMNS), np.float32), np.zeros(TILE_COLUMNS, np.float32)
    for start in range(first, last, _ROWS):
        stop = min(start + _ROWS, last)
        for left in range(0, n_in, _DEPTH):
            depth = min(_DEPTH, n_in - left)
            for row in range(start, stop, TILE_ROWS):
                tile, n_rows = block[(row - start) // TILE_ROWS], min(TILE_ROWS, stop - row)
                if by_columns:
                    _lay_out_columns(x, row, n_rows, left, depth, tile)
                else:
                    _lay_out_rows(x, row, n_rows, left, depth, lines, tile)
                if gelu:
                    replace_by_gelu(tile.reshape(-1), -(-depth * TILE_ROWS // LANES) * LANES)
            for panel in range(len(panels)):
                column, factors = panel * TILE_COLUMNS, panels[panel, left:]
                shift = no_bias if left else bias[column:]
                # the next panel comes from far away while this one is used, a share of it with each tile
                following = panels[min(panel + 1, len(panels) - 1), left:]
                n_vectors = depth * TILE_VECTORS
                share = -(-n_vectors * TILE_ROWS // (stop - start))
                for row in range(start, stop, TILE_ROWS):
                    number = (row - start) // TILE_ROWS
                    tile = block[number]
                    fetch(following, number * share, min((number + 1) * share, n_vectors))
                    if row + TILE_ROWS > stop or column + TILE_COLUMNS > n_out:
                        multiply_packed(tile, factors, depth, shift, edge)
                        for r in range(min(TILE_ROWS, stop - row)):
                            for c in range(min(TILE_COLUMNS, n_out - column)):
                                before = out[row + r, column + c] if add or left else np.float32(0)
                                out[row + r, column + c] = before + edge[r, c]
                    elif add or left:
                        add_packed(tile, factors, depth, shift, out[row:, column:])
                    else:
                        multiply_packed(tile, factors, depth, shift, out[row:, column:])


@_compiled
def _lay_out_rows(x, row, n_rows, left, depth, lines, tile):
    """``tile[k, r] = x[row + r, left + k]``; rows beyond ``n_rows`` are zero."""
    whole = depth // 4 * 4
    if n_rows == TILE_ROWS:
        transpose_tile(x[row:, left:], whole, tile)
    else:
        lines[:n_rows, :depth] = x[row : row + n_rows, left : left + depth]
        lines[n_rows:, :depth] = 0
        transpose_tile(lines, whole, tile)
    for k in range(whole, depth):
        for r in range(TILE_ROWS):
            tile[k, r] = x[row + r, left + k] if r < n_rows else 0


@_compiled
def _lay_out_columns(x, row, n_rows, left, depth, tile):
    """``tile[k, r] = x[left + k, row + r]``; rows beyond ``n_rows`` are zero."""
    for k in range(depth):
        line = x[left + k, row:]
        for r in range(n_rows):
            tile[k, r] = line[r]
        for r in range(n_rows, TILE_ROWS):
            tile[k, r] = 0
