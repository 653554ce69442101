"""Inner loops of matrix products: tiles of six rows by sixteen columns, and the orders in which their factors lie."""

from numba import types
from numba.core import cgutils

from .vector_instructions import (
    FUSED,
    INT64,
    LANES,
    QUARTER,
    TILE_ROWS,
    VECTOR,
    broadcast,
    constant,
    first_of,
    instructions,
    load,
    prefetch,
    rows_of,
    shuffled,
    steps,
    store,
)


def _sums(builder, factor, b, n, unrolled):
    """Sums over ``k < n`` of ``factor(k, row) * b[k]``, a vector for each of six rows.

    ``unrolled``: steps between two jumps.
    """
    sums = [cgutils.alloca_once(builder, VECTOR) for _ in range(TILE_ROWS)]
    for total in sums:
        builder.store(constant(0), total)

    def step(k):
        factors = load(builder, builder.gep(b, [builder.mul(k, INT64(LANES))]))
        for row, total in enumerate(sums):
            product = builder.fmul(broadcast(builder, factor(k, row)), factors, flags=FUSED)
            builder.store(builder.fadd(builder.load(total), product, flags=FUSED), total)

    whole = builder.and_(n, INT64(-unrolled))
    with steps(builder, INT64(0), whole, unrolled) as (k, _):
        for extra in range(unrolled):
            step(builder.add(k, INT64(extra)))
    with steps(builder, whole, n, 1) as (k, _):
        step(k)
    return [builder.load(total) for total in sums]


def _write(builder, sums, results, add):
    """Six vectors to six places; ``add``: on top of what is there."""
    for value, result in zip(sums, results, strict=True):
        store(builder, builder.fadd(load(builder, result), value) if add else value, result)


def _tile_product(add):
    def tile(typingctx, a, b, n, c):
        return types.void(a, b, types.int64, c), generate

    def generate(context, builder, signature, arguments):
        a, b, n, c = arguments
        rows = rows_of(context, builder, signature.args[0], a)
        b = first_of(context, builder, signature.args[1], b)
        results = rows_of(context, builder, signature.args[3], c)

        def factor(k, row):
            return builder.load(builder.gep(rows[row], [k]))

        _write(builder, _sums(builder, factor, b, n, unrolled=4), results, add)
        return context.get_dummy_value()

    return instructions(tile)


multiply_tile = _tile_product(add=False)
"""``c[r, v] = sum over k < n of a[r, k] * b[k, v]`` for the first six rows and sixteen columns of ``c``.

All are float32 arrays of two dimensions whose rows are contiguous; ``b`` has sixteen columns.
"""

add_tile = _tile_product(add=True)
"""The same, added to what ``c`` holds."""


def _packed_tile_product(add):
    def tile(typingctx, a, b, n, bias, c):
        return types.void(a, b, types.int64, bias, c), generate

    def generate(context, builder, signature, arguments):
        a, b, bias = (
            first_of(context, builder, signature.args[place], arguments[place]) for place in (0, 1, 3)
        )
        results = rows_of(context, builder, signature.args[4], arguments[4])
        for result in results:  # they are far from each other in memory, and on their way while sums are made
            prefetch(builder, result)
            prefetch(builder, builder.gep(result, [INT64(LANES - 1)]))

        def factor(k, row):
            return builder.load(builder.gep(a, [builder.add(builder.mul(k, INT64(TILE_ROWS)), INT64(row))]))

        sums, start = _sums(builder, factor, b, arguments[2], unrolled=8), load(builder, bias)
        _write(builder, [builder.fadd(value, start) for value in sums], results, add)
        return context.get_dummy_value()

    return instructions(tile)


multiply_packed = _packed_tile_product(add=False)
"""``c[r, v] = bias[v] + sum over k < n of a[k, r] * b[k, v]`` for the first six rows and sixteen columns of ``c``.

All are float32 and contiguous but the rows of ``c``; ``a`` has six columns, ``b`` and ``bias`` have sixteen.
"""

add_packed = _packed_tile_product(add=True)
"""The same, added to what ``c`` holds."""


@instructions
def fetch(typingctx, b, first, last):
    """Begin to fetch rows of sixteen floats, from the first to the last, into the second cache."""
    signature = types.void(b, types.int64, types.int64)

    def generate(context, builder, signature, arguments):
        b = first_of(context, builder, signature.args[0], arguments[0])
        with steps(builder, arguments[1], arguments[2], 1) as (k, _):
            prefetch(builder, builder.gep(b, [builder.mul(k, INT64(LANES))]), cache=2)
        return context.get_dummy_value()

    return signature, generate


def _transposition(n_rows, by_columns):
    """Turn some rows by the diagonal, four columns at a time.

    ``by_columns(shuffle, parts)``: vectors of the rows' four numbers, as vectors of the columns' numbers.
    """

    def turn(typingctx, rows, n, out):
        return types.void(rows, types.int64, out), generate

    def generate(context, builder, signature, arguments):
        rows = rows_of(context, builder, signature.args[0], arguments[0], n_rows)
        out = first_of(context, builder, signature.args[2], arguments[2])
        with steps(builder, INT64(0), arguments[1], 4) as (k, _):
            parts = [load(builder, builder.gep(row, [k]), QUARTER) for row in rows]
            target = builder.gep(out, [builder.mul(k, INT64(n_rows))])
            turned = by_columns(lambda a, b, order: shuffled(builder, a, b, order), parts)
            for place, part in enumerate(turned):
                store(builder, part, builder.gep(target, [INT64(4 * place)]))
        return context.get_dummy_value()

    return instructions(turn)


def _six_by_columns(shuffle, parts):
    for order in ([0, 4, 1, 5], [2, 6, 3, 7]):  # two columns of two rows
        a, b, c = (shuffle(*couple, order) for couple in zip(parts[::2], parts[1::2], strict=True))
        yield shuffle(a, b, [0, 1, 4, 5])
        yield shuffle(c, a, [0, 1, 6, 7])
        yield shuffle(b, c, [2, 3, 6, 7])


def _sixteen_by_columns(shuffle, parts):
    for pair_order in ([0, 4, 1, 5], [2, 6, 3, 7]):
        pairs = [shuffle(*couple, pair_order) for couple in zip(parts[::2], parts[1::2], strict=True)]
        for order in ([0, 1, 4, 5], [2, 3, 6, 7]):
            for a, b in zip(pairs[::2], pairs[1::2], strict=True):
                yield shuffle(a, b, order)


transpose_six = _transposition(TILE_ROWS, _six_by_columns)
"""``out[k, r] = rows[r, k]`` for six rows and ``k < n``, a multiple of four.

Both are float32; the rows of ``rows`` are contiguous, ``out`` is contiguous and has six columns.
"""

transpose_sixteen = _transposition(LANES, _sixteen_by_columns)
"""The same for sixteen rows."""
