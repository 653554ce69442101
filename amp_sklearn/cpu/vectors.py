"""Vector instructions for compiled loops: what plain loops do not make the compiler write.

A vector has sixteen floats on every processor: two registers with AVX2, one with AVX-512. The functions build instructions
of LLVM; they are called while numba compiles an intrinsic.
"""

import numpy as np
from llvmlite import ir

LANES = 16
FLOAT, INT32, INT64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
VECTOR, BITS = ir.VectorType(FLOAT, LANES), ir.VectorType(INT32, LANES)
FUSED = ("contract",)
"""A multiplication and an addition may be one instruction."""

_LOWEST_POWER = -126.0  # of two, among normal floats
# added to x, it leaves the nearest integer to x, plus a float's exponent of 1.0 (127), in the lowest bits
_ROUNDER = 1.5 * 2**23 + 127


def constant(value):
    """A vector of one number."""
    return ir.Constant(VECTOR, [float(np.float32(value))] * LANES)


def broadcast(builder, scalar):
    """A vector of one number that is known when it runs."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    start = builder.insert_element(undefined, scalar, INT32(0))
    return builder.shuffle_vector(start, undefined, ir.Constant(BITS, [0] * LANES))


def load(builder, pointer):
    """Sixteen floats from an address."""
    return builder.load(builder.bitcast(pointer, VECTOR.as_pointer()), align=4)


def store(builder, value, pointer):
    """Write sixteen floats to an address."""
    builder.store(value, builder.bitcast(pointer, VECTOR.as_pointer()), align=4)


def larger(builder, a, b):
    """The larger of each two numbers; the second where one is NaN."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def power_of_two(builder, x):
    """``2^x`` of each number of a vector that is at most 127; below -126 it counts as -126.

    The relative error is about 2e-7, and NaN stays NaN.
    """
    lowest = constant(_LOWEST_POWER)
    x = builder.select(builder.fcmp_ordered("<", x, lowest), lowest, x)
    rounded = builder.fadd(x, constant(_ROUNDER))
    rest = builder.fsub(x, builder.fsub(rounded, constant(_ROUNDER)))
    first, *others = (constant(value) for value in _coefficients())
    power = first
    for coefficient in others:
        power = builder.fadd(builder.fmul(power, rest, flags=FUSED), coefficient, flags=FUSED)
    exponent = builder.shl(builder.bitcast(rounded, BITS), ir.Constant(BITS, [23] * LANES))
    return builder.fmul(power, builder.bitcast(exponent, VECTOR))


def _coefficients(degree=6):
    """Coefficients, highest first, of 2^x for -1/2 <= x <= 1/2: the polynomial through its Chebyshev nodes."""
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)) / 2
    return np.polyfit(nodes, 2.0**nodes, degree)
