"""Vectors of sixteen floats in the instructions of LLVM: what compiled inner loops are built from.

LLVM's vectors have the same length on every processor: two registers with AVX2, one with AVX-512. In plain loops the
compiler does not keep a tile of results in registers. Nothing here depends on how many threads run or on what else
is computed.

Numba keeps compiled callers by the file that they stand in: after a change here or in a file of inner loops, theirs must
be touched too.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from .compilation import processor

LANES = 16
"""Floats of a vector."""

TILE_ROWS, TILE_VECTORS = (12, 2) if "avx512f" in processor()[1] else (6, 1)
"""Rows of a tile of results, and vectors of each row. They leave room for the factors: with AVX-512, 24 of 32 registers hold
a tile; with AVX2, where a vector takes two registers, 12 of 16."""

TILE_COLUMNS = TILE_VECTORS * LANES

FLOAT, INT32, INT64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
VECTOR, QUARTER = ir.VectorType(FLOAT, LANES), ir.VectorType(FLOAT, LANES // 4)
BITS = ir.VectorType(INT32, LANES)
FUSED = ("contract",)  # a multiplication and an addition may be one instruction

instructions: Any = intrinsic  # called without its first parameter, which type checkers cannot know


def constant(value):
    """A vector of one number."""
    return ir.Constant(VECTOR, [float(np.float32(value))] * LANES)


def broadcast(builder, scalar):
    """A vector of one number that is known when it runs."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    start = builder.insert_element(undefined, scalar, INT32(0))
    return builder.shuffle_vector(start, undefined, ir.Constant(BITS, [0] * LANES))


def shuffled(builder, a, b, order):
    """Numbers of two vectors in the given order, those of ``b`` counted after those of ``a``."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(INT32, len(order)), order))


def load(builder, pointer, vector=VECTOR):
    return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=4)


def store(builder, value, pointer):
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=4)


def prefetch(builder, pointer, cache=1):
    """Begin to fetch what is at an address into the first or second cache."""
    byte = ir.IntType(8).as_pointer()
    signature = ir.FunctionType(ir.VoidType(), [byte, INT32, INT32, INT32])
    instruction = builder.module.declare_intrinsic("llvm.prefetch", [byte], fnty=signature)
    read, locality, data = INT32(0), INT32(4 - cache), INT32(1)
    builder.call(instruction, [builder.bitcast(pointer, byte), read, locality, data])


def first_of(context, builder, array_type, array):
    """Address of an array's first element."""
    return context.make_array(array_type)(context, builder, array).data


def rows_of(context, builder, array_type, array, n_rows=TILE_ROWS):
    """Addresses of the first elements of an array's first rows."""
    array = context.make_array(array_type)(context, builder, array)
    step = builder.sdiv(builder.extract_value(array.strides, 0), INT64(4))
    return [builder.gep(array.data, [builder.mul(step, INT64(row))]) for row in range(n_rows)]


def steps(builder, start, stop, step):
    """A loop, as a context manager that gives the index."""
    return cgutils.for_range_slice(builder, start, stop, INT64(step))
