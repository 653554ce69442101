"""Inner loops of matrix products: tiles of some rows by some vectors, and the orders in which their factors lie."""

import itertools

from numba import types
from numba.core import cgutils

from .vector_instructions import (
    FUSED,
    INT64,
    LANES,
    QUARTER,
    TILE_COLUMNS,
    TILE_ROWS,
    TILE_VECTORS,
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


def _sums(builder, factor, b, n, n_vectors, unrolled):
    """Sums over ``k < n`` of ``factor(k, row) * b[k]``, some vectors for each row of a tile.

    ``unrolled``: steps between two jumps.
    """
    sums = [[cgutils.alloca_once(builder, VECTOR) for _ in range(n_vectors)] for _ in range(TILE_ROWS)]
    for total in itertools.chain(*sums):
        builder.store(constant(0), total)

    def step(k):
        first = builder.mul(k, INT64(n_vectors * LANES))
        factors = [
            load(builder, builder.gep(b, [builder.add(first, INT64(v * LANES))])) for v in range(n_vectors)
        ]
        for row, totals in enumerate(sums):
            scale = broadcast(builder, factor(k, row))
            for vector, total in zip(factors, totals, strict=True):
                product = builder.fmul(scale, vector, flags=FUSED)
                builder.store(builder.fadd(builder.load(total), product, flags=FUSED), total)

    whole = builder.and_(n, INT64(-unrolled))
    with steps(builder, INT64(0), whole, unrolled) as (k, _):
        for extra in range(unrolled):
            step(builder.add(k, INT64(extra)))
    with steps(builder, whole, n, 1) as (k, _):
        step(k)
    return [[builder.load(total) for total in totals] for totals in sums]


def _write(builder, sums, results, add):
    """Rows of vectors to as many places; ``add``: on top of what is there."""
    for row, result in zip(sums, results, strict=True):
        for place, value in zip(_vectors_of(builder, result, len(row)), row, strict=True):
            store(builder, builder.fadd(load(builder, place), value) if add else value, place)


def _vectors_of(builder, address, n_vectors):
    """Addresses of vectors that lie one after another."""
    return [builder.gep(address, [INT64(v * LANES)]) for v in range(n_vectors)]


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

        _write(builder, _sums(builder, factor, b, n, n_vectors=1, unrolled=4), results, add)
        return context.get_dummy_value()

    return instructions(tile)


multiply_tile = _tile_product(add=False)
"""``c[r, v] = sum over k < n of a[r, k] * b[k, v]`` for the first ``TILE_ROWS`` rows and sixteen columns of ``c``.

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
            for place in _vectors_of(builder, result, TILE_VECTORS):
                prefetch(builder, place)
            prefetch(builder, builder.gep(result, [INT64(TILE_VECTORS * LANES - 1)]))

        def factor(k, row):
            return builder.load(builder.gep(a, [builder.add(builder.mul(k, INT64(TILE_ROWS)), INT64(row))]))

        sums = _sums(builder, factor, b, arguments[2], n_vectors=TILE_VECTORS, unrolled=8)
        shifts = [load(builder, place) for place in _vectors_of(builder, bias, TILE_VECTORS)]
        shifted = [
            [builder.fadd(value, shift) for value, shift in zip(row, shifts, strict=True)] for row in sums
        ]
        _write(builder, shifted, results, add)
        return context.get_dummy_value()

    return instructions(tile)


multiply_packed = _packed_tile_product(add=False)
"""``c[r, v] = bias[v] + sum over k < n of a[k, r] * b[k, v]`` for the first rows and columns of ``c``, as many as a tile has.

All are float32 and contiguous but the rows of ``c``; ``a`` has as many columns as a tile has rows, ``b`` and ``bias`` as many as
it has columns.
"""

add_packed = _packed_tile_product(add=True)
"""The same, added to what ``c`` holds."""


@instructions
def fetch(typingctx, b, first, last):
    """Begin to fetch vectors of an array, from the first to the last, into the second cache."""
    signature = types.void(b, types.int64, types.int64)

    def generate(context, builder, signature, arguments):
        b = first_of(context, builder, signature.args[0], arguments[0])
        with steps(builder, arguments[1], arguments[2], 1) as (k, _):
            prefetch(builder, builder.gep(b, [builder.mul(k, INT64(LANES))]), cache=2)
        return context.get_dummy_value()

    return signature, generate


def _transposition(n_rows, by_columns, width):
    """Turn some rows by the diagonal, four columns at a time, into rows of a width.

    ``by_columns(shuffle, parts)``: vectors of the rows' four numbers, as vectors of the columns' numbers.
    """
    # six rows are no whole number of vectors: there the columns follow each other without a gap
    per_column = n_rows // 4 if n_rows % 4 == 0 else 4 * n_rows

    def turn(typingctx, rows, n, out):
        return types.void(rows, types.int64, out), generate

    def generate(context, builder, signature, arguments):
        rows = rows_of(context, builder, signature.args[0], arguments[0], n_rows)
        out = first_of(context, builder, signature.args[2], arguments[2])
        with steps(builder, INT64(0), arguments[1], 4) as (k, _):
            parts = [load(builder, builder.gep(row, [k]), QUARTER) for row in rows]
            target = builder.gep(out, [builder.mul(k, INT64(width))])
            turned = by_columns(lambda a, b, order: shuffled(builder, a, b, order), parts)
            for number, part in enumerate(turned):
                column, place = divmod(number, per_column)
                store(builder, part, builder.gep(target, [INT64(column * width + 4 * place)]))
        return context.get_dummy_value()

    return instructions(turn)


def _six_by_columns(shuffle, parts):
    for order in ([0, 4, 1, 5], [2, 6, 3, 7]):  # two columns of two rows
        a, b, c = (shuffle(*couple, order) for couple in zip(parts[::2], parts[1::2], strict=True))
        yield shuffle(a, b, [0, 1, 4, 5])
        yield shuffle(c, a, [0, 1, 6, 7])
        yield shuffle(b, c, [2, 3, 6, 7])


def _fours_by_columns(shuffle, parts):
    for pair_order in ([0, 4, 1, 5], [2, 6, 3, 7]):
        pairs = [shuffle(*couple, pair_order) for couple in zip(parts[::2], parts[1::2], strict=True)]
        for order in ([0, 1, 4, 5], [2, 3, 6, 7]):
            for a, b in zip(pairs[::2], pairs[1::2], strict=True):
                yield shuffle(a, b, order)


transpose_tile = _transposition(
    TILE_ROWS, _six_by_columns if TILE_ROWS == 6 else _fours_by_columns, TILE_ROWS
)
"""``out[k, r] = rows[r, k]`` for as many rows as a tile has, and ``k < n``, a multiple of four.

Both are float32; the rows of ``rows`` are contiguous, ``out`` is contiguous and has as many columns as there are rows.
"""

transpose_sixteen = _transposition(LANES, _fours_by_columns, LANES)
"""The same for sixteen rows."""

transpose_sixteen_to_panel = _transposition(LANES, _fours_by_columns, TILE_COLUMNS)
"""The same for sixteen rows, into sixteen columns of as many as a tile has."""
