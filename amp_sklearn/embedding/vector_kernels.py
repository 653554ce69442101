"""Inner loops of the forward pass over vectors of sixteen floats, as instructions that numba compiles in place.

Written as instructions of LLVM, whose vectors have the same length on every processor: two registers with AVX2, one with
AVX-512. In plain loops the compiler does not keep a tile of results in registers. Nothing here depends on how
many threads run or on what else is computed.

Numba keeps compiled callers by the file that they stand in: after a change here, theirs must be touched too.
"""

import functools
import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from scipy import special

LANES = 16
"""Floats of a vector."""

TILE_ROWS = 6
"""Rows of a tile: six rows of two registers leave room for the factors among AVX2's sixteen registers."""

_FLOAT, _INT32, _INT64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR, _BITS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_INT32, LANES)
_FUSED = ("contract",)  # a multiplication and an addition may be one instruction
_LOWEST_POWER = -126.0  # of two, among normal floats
# added to x, it leaves the nearest integer to x, plus a float's exponent of 1.0 (127), in the lowest bits
_ROUNDER = 1.5 * 2**23 + 127
_ERF_END = 3.92  # beyond, the error function is 1 to within a float's rounding

_instructions: Any = intrinsic  # called without its first parameter, which type checkers cannot know


def _powers_of_two(degree=6):
    """Coefficients, highest first, of 2^x for -1/2 <= x <= 1/2: the polynomial through its Chebyshev nodes."""
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)) / 2
    return np.polyfit(nodes, 2.0**nodes, degree)


def _error_function(degree=16):
    """Coefficients, highest first, of erf(z) / z by powers of ``2 (z / _ERF_END)^2 - 1``, by least squares."""
    u = np.cos(np.pi * (np.arange(256) + 0.5) / 256)
    z = _ERF_END * np.sqrt((u + 1) / 2)
    series = np.polynomial.chebyshev.chebfit(u, special.erf(z) / z, degree, w=z)
    return np.polynomial.chebyshev.cheb2poly(series)[::-1]


def _constant(value):
    return ir.Constant(_VECTOR, [float(np.float32(value))] * LANES)


def _broadcast(builder, scalar):
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, scalar, _INT32(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_BITS, [0] * LANES))


def _larger(builder, a, b):
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _smaller(builder, a, b):
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def _polynomial(builder, coefficients, x):
    """Value of a polynomial, coefficients highest first."""
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = builder.fadd(builder.fmul(total, x, flags=_FUSED), coefficient, flags=_FUSED)
    return total


def _load(builder, pointer):
    return builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()), align=4)


def _store(builder, vector, pointer):
    builder.store(vector, builder.bitcast(pointer, _VECTOR.as_pointer()), align=4)


def _first(context, builder, array_type, array):
    """Address of an array's first element."""
    return context.make_array(array_type)(context, builder, array).data


def _rows(context, builder, array_type, array):
    """Addresses of the first elements of six rows."""
    array = context.make_array(array_type)(context, builder, array)
    step = builder.sdiv(builder.extract_value(array.strides, 0), _INT64(4))
    return [builder.gep(array.data, [builder.mul(step, _INT64(row))]) for row in range(TILE_ROWS)]


def _folded(builder, vector, combine):
    """One number from the sixteen of a vector, halving its length each time."""
    width = LANES
    while width > 1:
        width //= 2
        mask = ir.Constant(ir.VectorType(_INT32, width), list(range(width)))
        other = ir.Constant(ir.VectorType(_INT32, width), list(range(width, 2 * width)))
        low, high = (builder.shuffle_vector(vector, vector, half) for half in (mask, other))
        vector = combine(low, high)
    return builder.extract_element(vector, _INT32(0))


def _tile_product(add):
    """Six rows and sixteen columns of a matrix product; ``add``: on top of what is there."""
    unrolled = 4  # steps between two jumps

    def tile(typingctx, a, b, n, c):
        return types.void(a, b, types.int64, c), generate

    def generate(context, builder, signature, arguments):
        a, b, n, c = arguments
        rows = _rows(context, builder, signature.args[0], a)
        b = _first(context, builder, signature.args[1], b)
        results = _rows(context, builder, signature.args[3], c)
        sums = [cgutils.alloca_once(builder, _VECTOR) for _ in rows]
        for total in sums:
            builder.store(_constant(0), total)

        def step(k):
            factors = _load(builder, builder.gep(b, [builder.mul(k, _INT64(LANES))]))
            for row, total in zip(rows, sums, strict=True):
                factor = _broadcast(builder, builder.load(builder.gep(row, [k])))
                product = builder.fmul(factor, factors, flags=_FUSED)
                builder.store(builder.fadd(builder.load(total), product, flags=_FUSED), total)

        whole = builder.and_(n, _INT64(-unrolled))
        with cgutils.for_range_slice(builder, _INT64(0), whole, _INT64(unrolled)) as (k, _):
            for extra in range(unrolled):
                step(builder.add(k, _INT64(extra)))
        with cgutils.for_range_slice(builder, whole, n, _INT64(1)) as (k, _):
            step(k)
        for total, result in zip(sums, results, strict=True):
            value = builder.load(total)
            _store(builder, builder.fadd(_load(builder, result), value) if add else value, result)
        return context.get_dummy_value()

    return _instructions(tile)


multiply_tile = _tile_product(add=False)
"""``c[r, v] = sum over k < n of a[r, k] * b[k, v]`` for the first six rows and sixteen columns of ``c``.

All are float32 arrays of two dimensions whose rows are contiguous; ``b`` has sixteen columns.
"""

add_tile = _tile_product(add=True)
"""The same, added to what ``c`` holds."""


@_instructions
def largest(typingctx, array, n):
    """Largest of the first ``n`` numbers, a multiple of sixteen."""
    signature = types.float32(array, types.int64)

    def generate(context, builder, signature, arguments):
        array, n = arguments
        first = _first(context, builder, signature.args[0], array)

        found = cgutils.alloca_once_value(builder, _load(builder, first))
        builder.store(_load(builder, first), found)
        with cgutils.for_range_slice(builder, _INT64(LANES), n, _INT64(LANES)) as (index, _):
            vector = _load(builder, builder.gep(first, [index]))
            builder.store(_larger(builder, vector, builder.load(found)), found)
        return _folded(builder, builder.load(found), functools.partial(_larger, builder))

    return signature, generate


@_instructions
def raise_two(typingctx, array, n, shift):
    """Replace the first ``n`` numbers, a multiple of sixteen, by ``2^(number - shift)`` and return their sum.

    ``number - shift`` is at most 0; below -126 it counts as -126. The relative error is about 2e-7.
    """
    signature = types.float32(array, types.int64, types.float32)

    def generate(context, builder, signature, arguments):
        array, n, shift = arguments
        first = _first(context, builder, signature.args[0], array)
        shift, lowest = _broadcast(builder, shift), _constant(_LOWEST_POWER)
        coefficients = [_constant(value) for value in _powers_of_two()]
        total = cgutils.alloca_once_value(builder, _constant(0))
        builder.store(_constant(0), total)
        with cgutils.for_range_slice(builder, _INT64(0), n, _INT64(LANES)) as (index, _):
            address = builder.gep(first, [index])
            x = builder.fsub(_load(builder, address), shift)
            x = builder.select(builder.fcmp_ordered("<", x, lowest), lowest, x)  # NaN stays NaN
            rounded = builder.fadd(x, _constant(_ROUNDER))
            rest = builder.fsub(x, builder.fsub(rounded, _constant(_ROUNDER)))
            power = _polynomial(builder, coefficients, rest)
            exponent = builder.shl(builder.bitcast(rounded, _BITS), ir.Constant(_BITS, [23] * LANES))
            power = builder.fmul(power, builder.bitcast(exponent, _VECTOR))
            _store(builder, power, address)
            builder.store(builder.fadd(builder.load(total), power), total)
        return _folded(builder, builder.load(total), builder.fadd)

    return signature, generate


@_instructions
def replace_by_gelu(typingctx, array, n):
    """Replace the first ``n`` numbers, a multiple of sixteen, by their GELU, ``x (1 + erf(x / sqrt(2))) / 2``."""
    signature = types.void(array, types.int64)

    def generate(context, builder, signature, arguments):
        array, n = arguments
        first = _first(context, builder, signature.args[0], array)
        coefficients = [_constant(value) for value in _error_function()]
        with cgutils.for_range_slice(builder, _INT64(0), n, _INT64(LANES)) as (index, _):
            address = builder.gep(first, [index])
            x = _load(builder, address)
            whole = builder.fmul(x, _constant(math.sqrt(0.5)))
            z = _smaller(builder, _larger(builder, whole, _constant(-_ERF_END)), _constant(_ERF_END))
            square = builder.fmul(z, z)
            u = _polynomial(builder, [_constant(2 / _ERF_END**2), _constant(-1)], square)
            error = builder.fmul(z, _polynomial(builder, coefficients, u))
            for comparison, end in (("<", -1), (">", 1)):  # exactly: x may be large
                beyond = builder.fcmp_ordered(comparison, whole, _constant(end * _ERF_END))
                error = builder.select(beyond, _constant(end), error)
            half = builder.fmul(x, _constant(0.5))
            _store(builder, _polynomial(builder, [half, half], error), address)
        return context.get_dummy_value()

    return signature, generate
