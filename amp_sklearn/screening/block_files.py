"""Files of blocks: which pairs are kept, and how they are written as Parquet."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def among_best(rows, score, top_k, among_themselves):
    """Which pairs are among the best of one of their proteins; of equal scores the earlier partner."""
    keep = np.zeros(len(rows), dtype=bool)
    for side in (0, 1) if among_themselves else (0,):
        order = np.lexsort((rows[:, 1 - side], -score, rows[:, side]))
        protein = rows[order, side]
        rank = np.arange(len(order)) - np.searchsorted(protein, protein)
        keep[order[rank < top_k]] = True
    return keep


def pair_columns(rows, columns, scorer):
    """Arrow table of pairs: ids, then what is said of them."""
    names = {}
    for side, (name, proteins) in enumerate((("protein_a", scorer.queries), ("protein_b", scorer.targets))):
        used, codes = np.unique(rows[:, side], return_inverse=True)
        names[name] = pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32)), pa.array(proteins.ids[used], pa.string())
        )
    return pa.table({**names, **columns})


def parquet_bytes(table):
    """Content of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
