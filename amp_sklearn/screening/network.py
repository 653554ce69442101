"""The kept pairs of a screen as a network: a table as of STRING, GraphML for Cytoscape, a graph of networkx."""

import re
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow.parquet as pq

from ..writing import write_atomically

ENDINGS = (".tsv", ".graphml")


def batches_of_edges(result, threshold=None):
    """Kept pairs as data frames, one for each file of a screen.

    Parameters
    ----------
    result : ScreenResult
    threshold : float, default=None
        Lowest score, the calibrated probability where there is one; None takes all kept pairs.

    Yields
    ------
    DataFrame
        Columns ``protein_a``, ``protein_b``, ``score``, and all that the files say of pairs.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold is a probability, from 0 to 1, got {threshold!r}")
    for file in result.files:
        table = pq.read_table(file).to_pandas()
        table.insert(2, "score", table["calibrated"] if "calibrated" in table else table["probability"])
        yield table if threshold is None else table[table["score"] >= threshold]


def network(result, threshold=None):
    """Graph of the kept pairs; see `ScreenResult.network`."""
    graph = nx.Graph()
    for table in batches_of_edges(result, threshold):
        said = table.drop(columns=["protein_a", "protein_b"])
        columns = [_plain(said[name].to_numpy()) for name in said]
        for a, b, *values in zip(table["protein_a"], table["protein_b"], *columns, strict=True):
            graph.add_edge(a, b, **dict(zip(said.columns, values, strict=True)))
    return graph


def write_network(result, path, threshold=None):
    """Write the kept pairs as a network; see `ScreenResult.write_network`."""
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path} must end in {' or '.join(ENDINGS)}, which says the format")
    with write_atomically(path) as unfinished:
        if path.suffix.lower() == ".graphml":
            graph = network(result, threshold)
            _refuse_control_characters(graph.nodes, path)
            nx.write_graphml(graph, unfinished, named_key_ids=True)
            return path
        with open(unfinished, "w", encoding="utf-8", newline="\n") as file:
            file.write("protein1\tprotein2\tcombined_score\n")
            for table in batches_of_edges(result, threshold):
                score = (table["score"].to_numpy(float) * 1000 + 0.5).astype(int)
                for name in ("protein_a", "protein_b"):
                    _refuse_control_characters(table[name].unique(), path)
                rows = zip(table["protein_a"], table["protein_b"], score, strict=True)
                file.writelines(f"{a}\t{b}\t{s}\n" for a, b, s in rows)
    return path


def _plain(values):
    """Numbers and truth values of Python, which GraphML knows; numbers to six decimals."""
    return np.round(values.astype(float), 6).tolist() if values.dtype.kind == "f" else values.tolist()


def _refuse_control_characters(ids, path):
    for protein in ids:
        if re.search(r"[\x00-\x1f]", protein):
            raise ValueError(
                f"the protein id {protein!r} holds a tab, a line break or another control character, which {path} cannot "
                "hold; screen with other ids"
            )
