"""The whole region analysis of an explanation: every table that the command ``amp-sklearn regions`` writes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..data import read_sequences
from ..data.label_cells import read_labels
from ..data.pairs import id_columns_of, label_column_of
from ..data.tables import read_table
from ..data.text_files import shown
from ..exceptions import PairTableError
from ..metrics import positive_label
from .coverage import coverage
from .enrichment import enrichment
from .hit_rate_null import hit_rate_by_chance
from .hit_rates import hit_rate, outcomes
from .intervals import AnnotatedResidues, protein_lengths
from .paired import top_vs_low
from .table import UNIPROT_TYPES, annotation_summary

CHANCE_PAIRS = 100_000
"""Beyond so many pairs hit rates come without those by chance, which count all pairs in each draw."""

EXCEL_ROWS = 1_048_575
"""Rows of data that one sheet holds below its header."""


@dataclass(frozen=True)
class RegionAnalysis:
    """Tables of a region analysis.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``annotations`` (counts), ``coverage``, ``hit_rates``, ``enrichment`` and ``top_vs_low``.
    by : ndarray of str of shape (n_pairs,) or None
        Group of each pair.
    thresholds : tuple of float
        Thresholds of the hit rates, percent.
    n_proteins : int
        Proteins of the explained pairs.
    n_unannotated : int
        Those without a region of the chosen types.
    """

    tables: dict[str, pd.DataFrame]
    by: np.ndarray | None
    thresholds: tuple[float, ...]
    n_proteins: int
    n_unannotated: int

    def write(self, folder, file_format="tsv"):
        """Write the tables.

        Parameters
        ----------
        folder : path-like
            It is made if it does not exist.
        file_format : {"tsv", "xlsx"}, default="tsv"
            One file per table, or one workbook; a table with more rows than a sheet can hold is a file of its own.

        Returns
        -------
        list of pathlib.Path
            Files written.
        """
        folder, written = Path(folder), []
        folder.mkdir(parents=True, exist_ok=True)
        in_workbook = {n for n, t in self.tables.items() if file_format == "xlsx" and len(t) <= EXCEL_ROWS}
        if in_workbook:
            written.append(folder / "regions.xlsx")
            with pd.ExcelWriter(written[0]) as writer:
                for name, table in self.tables.items():
                    if name in in_workbook:
                        table.to_excel(writer, sheet_name=name, index=False)
        for name, table in self.tables.items():
            if name not in in_workbook:
                written.append(folder / f"{name}.tsv")
                table.to_csv(written[-1], sep="\t", index=False, float_format="%.6g")
        return written


def analyse_regions(
    explanation,
    annotations,
    lengths,
    *,
    types=UNIPROT_TYPES,
    k=3,
    unit="segment",
    thresholds=(25.0, 50.0, 75.0),
    by=None,
    null="rotation",
    n_resamples=9999,
    random_state=0,
    fuzzy="use",
    outside="raise",
):
    """Coverage, hit rates, enrichment, and top against low of one explanation.

    Parameters
    ----------
    explanation : Explanation
    annotations : DataFrame
        From `read_annotations`.
    lengths : Series of int
        Lengths of the proteins by id; see `read_protein_lengths`.
    types, fuzzy, outside
        As of `AnnotatedResidues`.
    k, unit, by, null, n_resamples, random_state
        As of `coverage` and `enrichment`.
    thresholds : tuple of float, default=(25, 50, 75)
        Thresholds of the hit rates, percent.

    Returns
    -------
    RegionAnalysis

    Raises
    ------
    ValueError, KeyError
        As of the functions that make the tables.
    """
    used = lengths[lengths.index.isin(pd.unique(explanation.pair_ids.ravel()))]
    annotated = AnnotatedResidues(annotations, used, types, fuzzy=fuzzy, outside=outside)
    common = {"k": k, "unit": unit}
    covered = [coverage(explanation, annotated, None, which=which, **common) for which in ("top", "low")]
    if unit == "segment" and len(explanation) <= CHANCE_PAIRS:
        draws = {"n_resamples": min(n_resamples, 999), "random_state": random_state}
        rates = hit_rate_by_chance(explanation, annotated, None, k=k, thresholds=thresholds, by=by, **draws)
    else:
        rates = pd.concat([hit_rate(table, thresholds, by=by) for table in covered], ignore_index=True)
    tests = common | {"by": by, "n_resamples": n_resamples, "random_state": random_state}
    tables = {
        "annotations": annotation_summary(annotations),
        "coverage": pd.concat(covered, ignore_index=True),
        "hit_rates": rates,
        "enrichment": enrichment(explanation, annotated, None, null=null, **tests),
        "top_vs_low": top_vs_low(explanation, annotated, None, **tests),
    }
    return RegionAnalysis(tables, by, thresholds, len(used), annotated.n_unannotated)


def read_protein_lengths(path):
    """Lengths of proteins from a file of sequences, or from a table that holds the lengths only.

    Parameters
    ----------
    path : path-like
        FASTA, a table with ``Entry`` and ``Sequence``, or one with ``Entry`` and ``Length``.

    Returns
    -------
    Series of int
        By protein id.

    Raises
    ------
    ValueError
        If one protein has two lengths, or the file cannot be read.
    """
    if str(path).lower().removesuffix(".gz").endswith((".tsv", ".txt", ".csv", ".xlsx")):
        table = read_table(path)
        if {"Entry", "Length"} <= set(table.columns) and "Sequence" not in table.columns:
            return protein_lengths(pd.Series(_whole_numbers(table, "Length"), index=table.texts("Entry")))
    return protein_lengths(read_sequences(path))


def _whole_numbers(table, name):
    """Cells of a column as positive integers."""
    texts = [str(cell).strip().removesuffix(".0") for cell in table.columns[name]]
    odd = [row for row, text in enumerate(texts) if not (text.isascii() and text.isdigit())]
    if odd:
        raise PairTableError(
            f"{table.source}: {len(odd):,} cell(s) of column {name!r} hold no whole number "
            f"({shown(texts[odd[0]])}), {table.at(odd)}"
        )
    return [int(text) for text in texts]


def outcomes_by_labels(explanation, path, cutoff=0.5):
    """Outcome of each explained pair (TP, FP, FN, TN), with labels from a table.

    Parameters
    ----------
    explanation : Explanation
        With predictions.
    path : path-like
        Table of pairs as `read_pairs` takes it, with a label of two classes; the proteins of a pair may stand in either
        order.
    cutoff : float, default=0.5
        Predicted probability from which on a pair counts as 1.

    Returns
    -------
    ndarray of str of shape (n_pairs,)

    Raises
    ------
    ValueError
        If there are no predictions, a column is missing, a pair has no label or both, or nobody can tell which label is
        the positive one.
    """
    if explanation.predictions is None:
        raise ValueError("labels need an explanation that holds the model's predictions; this one has none")
    table = read_table(path)
    columns = id_columns_of(table, None, {})
    label = label_column_of(table, None, columns)
    if label is None:
        raise PairTableError(f"{table.source} has no column of labels; {table.found()}; call it 'label'")
    labels = read_labels(table, label)
    positive = labels == positive_label(np.unique(labels))
    known: dict[frozenset, bool] = {}
    for row, (a, b, value) in enumerate(zip(*map(table.texts, columns), positive, strict=True)):
        if known.setdefault(frozenset((a, b)), bool(value)) != value:
            raise PairTableError(
                f"{table.source}: pair {shown(a)}, {shown(b)} has both labels, {table.at([row])}"
            )
    found = [known.get(frozenset(pair)) for pair in explanation.pair_ids.tolist()]
    without = [row for row, value in enumerate(found) if value is None]
    if without:
        a, b = explanation.pair_ids[without[0]]
        raise PairTableError(f"{table.source}: no label for pair {a}, {b} and {len(without) - 1} others")
    return outcomes(np.array(found, dtype=int), (explanation.predictions >= cutoff).astype(int))
