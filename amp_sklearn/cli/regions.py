"""amp-sklearn regions"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

CHANCE_PAIRS = 100_000
"""Beyond so many pairs hit rates come without those by chance, which count all pairs in each draw."""

EXCEL_ROWS = 1_048_575
"""Rows of data that one sheet holds below its header."""


class TableFormat(StrEnum):
    tsv = "tsv"
    xlsx = "xlsx"


class PictureFormat(StrEnum):
    png = "png"
    svg = "svg"
    pdf = "pdf"


class Unit(StrEnum):
    segment = "segment"
    residue = "residue"


class Null(StrEnum):
    rotation = "rotation"
    position = "position"


def regions(
    explanation: Annotated[
        Path, typer.Argument(help="Explanation saved with Explanation.save (.npz).", show_default=False)
    ],
    annotations: Annotated[
        list[Path],
        typer.Argument(
            help="Annotation files, formats may be mixed: UniProt JSON, flat text, XML, GFF3, TSV export or "
            "processed-proteins table; InterProScan TSV, JSON, XML, GFF3; InterPro match table. Plain or "
            ".gz.",
            show_default=False,
        ),
    ],
    sequences: Annotated[
        Path,
        typer.Option(
            help="Sequences of all proteins: FASTA, a table with Entry and Sequence, or one with Entry "
            "and Length.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures; made if needed.")] = Path(
        "regions"
    ),
    types: Annotated[
        str,
        typer.Option(help="Types of regions: uniprot, interpro, any, or names with commas between them."),
    ] = "uniprot",
    k: Annotated[
        int, typer.Option("--k", min=1, help="Top and low segments (or residues) of each pair.")
    ] = 3,
    unit: Annotated[Unit, typer.Option(help="What is ranked within a pair.")] = Unit.segment,
    thresholds: Annotated[str, typer.Option(help="Thresholds of the hit rates, percent.")] = "25,50,75",
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Table with protein_a, protein_b, label (1, 0): with the explanation's predictions it "
            "splits the pairs into TP, FP, FN and TN."
        ),
    ] = None,
    cutoff: Annotated[
        float, typer.Option(help="Predicted probability from which on a pair counts as 1.")
    ] = 0.5,
    entry_types: Annotated[
        Path | None,
        typer.Option(help="InterPro's entry.list: types of the entries in InterProScan TSV and GFF3 files."),
    ] = None,
    null: Annotated[
        Null,
        typer.Option(
            help="Chance model: the same protein's picks moved along it, or another protein's picks at the "
            "same relative positions."
        ),
    ] = Null.rotation,
    resamples: Annotated[int, typer.Option(min=1, help="Draws from the chance model.")] = 9999,
    random_state: Annotated[int, typer.Option("--random-state", help="Seed of all draws.")] = 0,
    drop_fuzzy: Annotated[
        bool, typer.Option("--drop-fuzzy", help="Leave out regions with a position such as <1, >100 or ?5.")
    ] = False,
    clip: Annotated[
        bool,
        typer.Option("--clip", help="Cut regions off at the end of the sequence instead of refusing them."),
    ] = False,
    tables: Annotated[TableFormat, typer.Option(help="TSV files, or one Excel workbook.")] = TableFormat.tsv,
    pictures: Annotated[PictureFormat, typer.Option(help="Format of the pictures.")] = PictureFormat.png,
    pair: Annotated[
        list[int] | None, typer.Option(help="Row of a pair to draw as a sequence track; may be given again.")
    ] = None,
):
    """Lay a model's top and low segments on annotated regions, and test them against chance.

    Writes the annotations read (counts), coverage per pair, hit rates, enrichment with confidence intervals
    and corrected p-values, top against low, and pictures of them.
    """
    from ..regions import AnnotationError

    options = {"fuzzy": "drop" if drop_fuzzy else "use", "outside": "clip" if clip else "raise"}
    try:
        _analyse(
            explanation, annotations, sequences, out, types, k, str(unit), thresholds, labels, cutoff,
            entry_types, str(null), resamples, random_state, options, tables, pictures, pair or [],
        )  # fmt: skip
    except (AnnotationError, KeyError, ValueError, IndexError, FileNotFoundError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"amp-sklearn regions: {message}", file=sys.stderr)
        raise typer.Exit(2) from error


def _analyse(
    explanation_path, annotation_paths, sequences, out, types, k, unit, thresholds, labels, cutoff,
    entry_types, null, resamples, random_state, options, table_format, picture_format, pairs,
):  # fmt: skip
    import pandas as pd

    from ..explanation import Explanation
    from ..regions import (
        AnnotatedResidues,
        annotation_summary,
        coverage,
        enrichment,
        hit_rate,
        hit_rate_by_chance,
        read_annotations,
        top_vs_low,
    )

    explanation = Explanation.load(explanation_path)
    for row in pairs:
        if not 0 <= row < len(explanation):
            raise IndexError(f"--pair must lie in 0..{len(explanation) - 1}, got {row}")
    lengths = _lengths(sequences)
    annotations = read_annotations(annotation_paths, entry_types=entry_types)
    group = None if labels is None else _outcomes(explanation, labels, cutoff)
    limits = tuple(float(t) for t in thresholds.split(","))
    wanted = _types(types)
    used = lengths[lengths.index.isin(pd.unique(explanation.pair_ids.ravel()))]
    annotated = AnnotatedResidues(annotations, used, wanted, **options)
    common = {"k": k, "unit": unit}
    covered = [coverage(explanation, annotated, None, which=which, **common) for which in ("top", "low")]
    if unit == "segment" and len(explanation) <= CHANCE_PAIRS:
        draws = {"n_resamples": min(resamples, 999), "random_state": random_state}
        rates = hit_rate_by_chance(explanation, annotated, None, k=k, thresholds=limits, by=group, **draws)
    else:
        rates = pd.concat([hit_rate(table, limits, by=group) for table in covered], ignore_index=True)
    tests = common | {"by": group, "n_resamples": resamples, "random_state": random_state}
    results = {
        "annotations": annotation_summary(annotations),
        "coverage": pd.concat(covered, ignore_index=True),
        "hit_rates": rates,
        "enrichment": enrichment(explanation, annotated, None, null=null, **tests),
        "top_vs_low": top_vs_low(explanation, annotated, None, **tests),
    }
    out.mkdir(parents=True, exist_ok=True)
    written = _write_tables(results, out, table_format)
    written += _draw(results, group, limits, out, picture_format)
    if pairs:
        written += _tracks(explanation, annotations, used, wanted, k, options, pairs, out, picture_format)
    without = (
        f", {annotated.n_unannotated} of them without a region of these types"
        if annotated.n_unannotated
        else ""
    )
    print(f"{len(explanation):,} pairs, {len(used):,} proteins{without}; {len(annotations):,} regions read")
    for path in written:
        print(path)


def _types(text):
    from ..regions import INTERPRO_TYPES, UNIPROT_TYPES

    known = {"uniprot": UNIPROT_TYPES, "interpro": INTERPRO_TYPES, "any": "any"}
    return known.get(text.lower()) or tuple(name.strip() for name in text.split(",") if name.strip())


def _lengths(path):
    """Lengths of the proteins, from sequences or from a table that tells the lengths only."""
    import pandas as pd

    from ..data import read_sequences
    from ..regions import protein_lengths

    name = str(path).lower().removesuffix(".gz")
    if name.endswith((".tsv", ".txt", ".xlsx")):
        table = pd.read_excel(path) if name.endswith(".xlsx") else pd.read_csv(path, sep="\t")
        if {"Entry", "Length"} <= set(table.columns) and "Sequence" not in table.columns:
            return protein_lengths(table.set_index("Entry")["Length"])
    return protein_lengths(read_sequences(path))


def _outcomes(explanation, path, cutoff):
    import numpy as np
    import pandas as pd

    from ..regions import outcomes

    if explanation.predictions is None:
        raise ValueError(
            "--labels needs an explanation that holds the model's predictions; this one has none"
        )
    table = pd.read_csv(path, sep=None, engine="python")
    missing = [name for name in ("protein_a", "protein_b", "label") if name not in table.columns]
    if missing:
        raise ValueError(f"{path}: expected the columns protein_a, protein_b, label; {missing} are missing")
    known = table.drop_duplicates(["protein_a", "protein_b"]).set_index(["protein_a", "protein_b"])["label"]
    y_true = known.reindex(pd.MultiIndex.from_arrays(explanation.pair_ids.T.tolist())).to_numpy(float)
    if np.isnan(y_true).any():
        a, b = explanation.pair_ids[int(np.flatnonzero(np.isnan(y_true))[0])]
        raise ValueError(f"{path}: no label for pair {a}, {b} and {int(np.isnan(y_true).sum()) - 1} others")
    return outcomes(y_true, (explanation.predictions >= cutoff).astype(int))


def _write_tables(results, out, table_format):
    import pandas as pd

    written = []
    if table_format is TableFormat.xlsx:
        workbook = out / "regions.xlsx"
        with pd.ExcelWriter(workbook) as writer:
            for name in [n for n in results if len(results[n]) <= EXCEL_ROWS]:
                results[name].to_excel(writer, sheet_name=name, index=False)
        written.append(workbook)
    for name, table in results.items():
        if table_format is TableFormat.tsv or len(table) > EXCEL_ROWS:  # more rows than a sheet can hold
            path = out / f"{name}.tsv"
            table.to_csv(path, sep="\t", index=False, float_format="%.6g")
            written.append(path)
    return written


def _draw(results, group, limits, out, picture_format):
    from ..plotting import CoverageDonutDisplay, EnrichmentForestDisplay, HitRateDisplay

    written = []

    def save(display, name):
        path = out / f"{name}.{picture_format}"
        display.save(path)
        written.append(path)

    covered = results["coverage"]
    for name in [None] if group is None else sorted(set(group)):
        pairs = None if name is None else group == name
        title = "all pairs" if name is None else name
        save(CoverageDonutDisplay.from_coverage(covered, pairs=pairs, title=title), f"donuts_{name or 'all'}")
    middle = limits[len(limits) // 2]
    save(HitRateDisplay.from_hit_rates(results["hit_rates"], threshold=middle), "hit_rates")
    if results["enrichment"]["fold"].notna().any():
        save(EnrichmentForestDisplay.from_enrichment(results["enrichment"]), "enrichment")
    return written


def _tracks(explanation, annotations, lengths, types, k, options, pairs, out, picture_format):
    from ..plotting import RegionTrackDisplay

    written = []
    for row in pairs:
        display = RegionTrackDisplay.from_explanation(
            explanation, annotations, lengths, pair=row, types=types, k=k, **options
        )
        a, b = (str(name).replace("/", "_").replace("|", "_") for name in explanation.pair_ids[row])
        path = out / f"track_{row}_{a}_{b}.{picture_format}"
        display.save(path)
        written.append(path)
    return written
