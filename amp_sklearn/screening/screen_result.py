"""A finished screen on disk: merged from its blocks, read back, summarised."""

import csv
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..exceptions import ScreenError
from ..writing import write_atomically
from .best_partners import BestPartners
from .block_files import parquet_bytes
from .journal import ScreenJournal
from .network import network, write_network
from .score_meaning import ScoreHistogram, ScreenSummary

PAIRS, SUMMARY, PROTEINS, PARTNERS = "pairs", "summary.json", "proteins.tsv", "partners.tsv"


@dataclass(frozen=True)
class ScreenResult:
    """A finished screen on disk.

    Parameters
    ----------
    folder : Path
        ``pairs/`` holds the kept pairs as Parquet files, ``summary.json`` the counts, ``manifest.json`` what was asked.
    """

    folder: Path

    @property
    def files(self):
        """The Parquet files, in order."""
        return sorted((self.folder / PAIRS).glob("*.parquet"))

    @property
    def n_pairs(self):
        """Number of pairs that were kept."""
        return sum(pq.read_metadata(file).num_rows for file in self.files)

    def pairs(self):
        """All kept pairs in memory.

        Returns
        -------
        DataFrame
            Columns ``protein_a``, ``protein_b``, ``probability``, and where the model has them ``calibrated``,
            ``uncertainty`` and ``outside_domain``. For more than memory holds read ``files`` one by one.
        """
        table = pa.concat_tables([pq.read_table(file) for file in self.files])
        return table.to_pandas(categories=[]).astype({"protein_a": object, "protein_b": object})

    def network(self, threshold=None):
        """The kept pairs as a graph.

        Parameters
        ----------
        threshold : float, default=None
            Lowest score, the calibrated probability where there is one; None takes all kept pairs.

        Returns
        -------
        networkx.Graph
            Nodes are protein ids. Edges have ``score`` and what the files say of the pair: ``probability``, and where the
            model has them ``calibrated``, ``uncertainty`` and ``outside_domain``; numbers to six decimals. All of it is in
            memory, about 1 KB for each edge.
        """
        return network(self, threshold)

    def write_network(self, path, threshold=None):
        """Write the kept pairs as a network for another program.

        Parameters
        ----------
        path : path-like
            ``.tsv``: columns ``protein1``, ``protein2`` and ``combined_score``, the score times 1,000 as of
            STRING, each pair once, written file by file. ``.graphml``: what `network` returns, for Cytoscape, Gephi and igraph.
        threshold : float, default=None
            As of `network`.

        Returns
        -------
        Path

        Raises
        ------
        ValueError
            If the ending is none of these, or an id holds a control character.
        """
        return write_network(self, path, threshold)

    @property
    def summary(self):
        """Counts and distribution of the scores.

        Returns
        -------
        ScreenSummary
        """
        return ScreenSummary.from_dict(json.loads((self.folder / SUMMARY).read_bytes()))


def merge_screen(out):
    """Finish a screen whose blocks are all there, such as those that the jobs of an array have computed.

    Parameters
    ----------
    out : path-like
        Folder of the screen.

    Returns
    -------
    ScreenResult

    Raises
    ------
    ScreenError
        If the folder holds no screen, blocks are missing (the message says how many, and which), or a file is damaged.

    Examples
    --------
    See `screen`.
    """
    journal = ScreenJournal(out)
    manifest, entries, folder = journal.manifest(), journal.finished(), Path(out)
    if (folder / SUMMARY).exists():
        return ScreenResult(folder)
    missing = sorted(set(range(manifest["n_blocks"])) - set(entries))
    if missing:
        raise ScreenError(
            f"{len(missing)} of the {manifest['n_blocks']} blocks of {folder} are not there yet (the first is number "
            f"{missing[0]}); run the screen, or the parts that are missing, again with the same model, proteins and options"
        )
    journal.verified(entries)
    pairs = folder / PAIRS
    shutil.rmtree(pairs, ignore_errors=True)
    partial = folder / f"{PAIRS}.{os.getpid()}.partial"
    partial.mkdir(exist_ok=True)
    blocks = [journal.block_file(number) for number in range(manifest["n_blocks"]) if entries[number]["kept"]]
    blocks = blocks or [journal.block_file(0)]
    if manifest["top_k"] is None:
        for path in blocks:
            shutil.copyfile(path, partial / path.name)
    else:
        _merge_best(blocks, partial, manifest)
    os.replace(partial, pairs)
    histogram = sum(
        (ScoreHistogram.from_dict(entries[n]["histogram"]) for n in sorted(entries)), ScoreHistogram()
    )
    degrees = _degrees(pairs)
    summary = {
        "n_pairs": manifest["n_pairs"],
        "scored": sum(entry["scored"] for entry in entries.values()),
        "kept": sum(pq.read_metadata(path).num_rows for path in pairs.glob("*.parquet")),
        "histogram": histogram.to_dict(),
        "degrees": degrees,
        "prefilter": _prefilter_report(folder),
    }
    with write_atomically(folder / SUMMARY) as unfinished:
        unfinished.write_text(json.dumps(summary, indent=1))
    shutil.rmtree(journal.blocks)
    for path in journal.feature_files:
        path.unlink()
    return ScreenResult(folder)


def _prefilter_report(folder):
    found = sorted(folder.glob("prefilter*.json"))
    return json.loads(found[0].read_bytes()) if found else None


def _degrees(pairs):
    """Kept pairs of each protein: how many proteins have 1, 2, ... partners."""
    degree = pd.Series(dtype=int)
    for path in sorted(pairs.glob("*.parquet")):
        table = pq.read_table(path, columns=["protein_a", "protein_b"])
        for name in table.column_names:
            counted = table[name].to_pandas().value_counts()
            degree = degree.add(counted, fill_value=0)
    partners, proteins = np.unique(degree.to_numpy(dtype=int), return_counts=True)
    return {str(k): int(n) for k, n in zip(partners.tolist(), proteins, strict=True) if k > 0}


def _merge_best(blocks, folder, manifest):
    """Pairs among the best of one of their proteins over all blocks; each block's file without the others."""
    root, among = folder.parent, manifest["n_partners"] is None
    sides = (
        [pd.Index(_ids(root / PROTEINS))] * 2
        if among
        else [pd.Index(_ids(root / name)) for name in (PROTEINS, PARTNERS)]
    )

    def scores(path):
        table = pq.read_table(path, columns=["protein_a", "protein_b", "probability"]).to_pandas()
        a, b = (
            side.get_indexer(table[name].cat.categories.astype(object))[table[name].cat.codes.to_numpy()]
            for side, name in zip(sides, table.columns[:2], strict=True)
        )
        return a, b, table["probability"].to_numpy()

    best = BestPartners(len(sides[0]), manifest["top_k"])
    for a, b, score in map(scores, blocks):
        best.add(a, b, score)
        if among:
            other = a != b
            best.add(b[other], a[other], score[other])
    full = (best.partners >= 0).all(axis=1)
    lowest, last = np.where(full, best.scores[:, -1], -np.inf), best.partners[:, -1]
    for path in blocks:
        a, b, score = scores(path)
        keep = (score > lowest[a]) | ((score == lowest[a]) & (b <= last[a]))
        if among:
            keep |= (score > lowest[b]) | ((score == lowest[b]) & (a <= last[b]))
        with write_atomically(folder / path.name) as unfinished:
            unfinished.write_bytes(parquet_bytes(pq.read_table(path).filter(pa.array(keep))))


def _ids(path):
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE)[
        "protein"
    ].to_numpy()
