"""Functions of many floats, sixteen at a time: copies, softmax, GELU."""

import functools
import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from scipy import special

from .vector_instructions import (
    BITS,
    FLOAT,
    FUSED,
    INT32,
    INT64,
    LANES,
    VECTOR,
    broadcast,
    constant,
    first_of,
    instructions,
    load,
    steps,
    store,
)

_LOWEST_POWER = -126.0  # of two, among normal floats
# added to x, it leaves the nearest integer to x, plus a float's exponent of 1.0 (127), in the lowest bits
_ROUNDER = 1.5 * 2**23 + 127
_ERF_END = 3.92  # beyond, the error function is 1 to within a float's rounding


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


def _larger(builder, a, b):
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _smaller(builder, a, b):
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def _polynomial(builder, coefficients, x):
    """Value of a polynomial, coefficients highest first."""
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = builder.fadd(builder.fmul(total, x, flags=FUSED), coefficient, flags=FUSED)
    return total


def _folded(builder, vector, combine):
    """One number from the sixteen of a vector, halving its length each time."""
    width = LANES
    while width > 1:
        width //= 2
        mask = ir.Constant(ir.VectorType(INT32, width), list(range(width)))
        other = ir.Constant(ir.VectorType(INT32, width), list(range(width, 2 * width)))
        low, high = (builder.shuffle_vector(vector, vector, half) for half in (mask, other))
        vector = combine(low, high)
    return builder.extract_element(vector, INT32(0))


@instructions
def copy(typingctx, array, n, out):
    """``out[i] = array[i]`` for ``i < n``, a multiple of eight."""
    signature = types.void(array, types.int64, out)

    def generate(context, builder, signature, arguments):
        source, target = (
            first_of(context, builder, signature.args[place], arguments[place]) for place in (0, 2)
        )
        with steps(builder, INT64(0), arguments[1], 8) as (index, _):
            numbers = load(builder, builder.gep(source, [index]), ir.VectorType(FLOAT, 8))
            store(builder, numbers, builder.gep(target, [index]))
        return context.get_dummy_value()

    return signature, generate


@instructions
def largest(typingctx, array, n):
    """Largest of the first ``n`` numbers, a multiple of sixteen."""
    signature = types.float32(array, types.int64)

    def generate(context, builder, signature, arguments):
        array, n = arguments
        first = first_of(context, builder, signature.args[0], array)

        found = cgutils.alloca_once_value(builder, load(builder, first))
        builder.store(load(builder, first), found)
        with steps(builder, INT64(LANES), n, LANES) as (index, _):
            vector = load(builder, builder.gep(first, [index]))
            builder.store(_larger(builder, vector, builder.load(found)), found)
        return _folded(builder, builder.load(found), functools.partial(_larger, builder))

    return signature, generate


@instructions
def raise_two(typingctx, array, n, shift):
    """Replace the first ``n`` numbers, a multiple of sixteen, by ``2^(number - shift)`` and return their sum.

    ``number - shift`` is at most 0; below -126 it counts as -126. The relative error is about 2e-7.
    """
    signature = types.float32(array, types.int64, types.float32)

    def generate(context, builder, signature, arguments):
        array, n, shift = arguments
        first = first_of(context, builder, signature.args[0], array)
        shift, lowest = broadcast(builder, shift), constant(_LOWEST_POWER)
        coefficients = [constant(value) for value in _powers_of_two()]
        total = cgutils.alloca_once_value(builder, constant(0))
        builder.store(constant(0), total)
        with steps(builder, INT64(0), n, LANES) as (index, _):
            address = builder.gep(first, [index])
            x = builder.fsub(load(builder, address), shift)
            x = builder.select(builder.fcmp_ordered("<", x, lowest), lowest, x)  # NaN stays NaN
            rounded = builder.fadd(x, constant(_ROUNDER))
            rest = builder.fsub(x, builder.fsub(rounded, constant(_ROUNDER)))
            power = _polynomial(builder, coefficients, rest)
            exponent = builder.shl(builder.bitcast(rounded, BITS), ir.Constant(BITS, [23] * LANES))
            power = builder.fmul(power, builder.bitcast(exponent, VECTOR))
            store(builder, power, address)
            builder.store(builder.fadd(builder.load(total), power), total)
        return _folded(builder, builder.load(total), builder.fadd)

    return signature, generate


@instructions
def replace_by_gelu(typingctx, array, n):
    """Replace the first ``n`` numbers, a multiple of sixteen, by their GELU, ``x (1 + erf(x / sqrt(2))) / 2``."""
    signature = types.void(array, types.int64)

    def generate(context, builder, signature, arguments):
        array, n = arguments
        first = first_of(context, builder, signature.args[0], array)
        coefficients = [constant(value) for value in _error_function()]
        with steps(builder, INT64(0), n, LANES) as (index, _):
            address = builder.gep(first, [index])
            x = load(builder, address)
            whole = builder.fmul(x, constant(math.sqrt(0.5)))
            z = _smaller(builder, _larger(builder, whole, constant(-_ERF_END)), constant(_ERF_END))
            square = builder.fmul(z, z)
            u = _polynomial(builder, [constant(2 / _ERF_END**2), constant(-1)], square)
            error = builder.fmul(z, _polynomial(builder, coefficients, u))
            for comparison, end in (("<", -1), (">", 1)):  # exactly: x may be large
                beyond = builder.fcmp_ordered(comparison, whole, constant(end * _ERF_END))
                error = builder.select(beyond, constant(end), error)
            half = builder.fmul(x, constant(0.5))
            store(builder, _polynomial(builder, [half, half], error), address)
        return context.get_dummy_value()

    return signature, generate
