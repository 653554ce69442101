"""Files of blocks: which pairs are kept, and how they are written as Parquet."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def among_best(rows, score, top_k, among_themselves):
    """Which pairs of a tile are among the best of one of their proteins; of equal scores the earlier partner.

    Parameters
    ----------
    rows : ndarray of int of shape (n, 2)
        Row of the query and of the target of each pair.
    score : ndarray of shape (n,)
    top_k : int
    among_themselves : bool
        Whether targets count as well as queries.

    Returns
    -------
    ndarray of bool of shape (n,)
    """
    keep = np.zeros(len(rows), dtype=bool)
    if not len(rows):
        return keep
    place = rows - rows.min(axis=0)
    tile = np.full(place.max(axis=0) + 1, -np.inf, dtype=score.dtype)
    tile[place[:, 0], place[:, 1]] = score
    for side in (0, 1) if among_themselves else (0,):
        scores = tile if side == 0 else np.ascontiguousarray(tile.T)
        rest = scores.shape[1] - top_k
        if rest <= 0:
            keep[:] = True
            continue
        last = np.partition(scores, rest, axis=1)[:, rest]
        able = np.flatnonzero(score >= last[place[:, side]])  # few, so that only they need to be sorted
        order = able[np.lexsort((place[able, 1 - side], -score[able], place[able, side]))]
        protein = place[order, side]
        rank = np.arange(len(order)) - np.searchsorted(protein, protein)
        keep[order[rank < top_k]] = True
    return keep


def pair_columns(rows, columns, scorer):
    """Arrow table of pairs: ids, then what is said of them."""
    names = {}
    for side, (name, proteins) in enumerate((("protein_a", scorer.queries), ("protein_b", scorer.targets))):
        first = rows[:, side].min() if len(rows) else 0
        occurs = np.bincount(rows[:, side] - first) > 0
        code = np.cumsum(occurs, dtype=np.int32) - 1
        used = np.flatnonzero(occurs) + first
        names[name] = pa.DictionaryArray.from_arrays(
            pa.array(code[rows[:, side] - first], pa.int32()), pa.array(proteins.ids[used], pa.string())
        )
    return pa.table({**names, **columns})


def parquet_bytes(table):
    """Content of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
