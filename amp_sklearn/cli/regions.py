"""amp-sklearn regions"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .options import Seed
from .outputs import save_picture
from .run import Run, command

_RULES, _FILES = "Regions and what is ranked", "Output formats"


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


@command
def regions(
    run: Run,
    explanation: Annotated[
        Path,
        typer.Argument(
            help="explanation.npz by 'amp-sklearn explain', or saved with Explanation.save.",
            show_default=False,
        ),
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
            help="Chance model: the same protein's selected segments moved along it, or another protein's at the "
            "same relative positions."
        ),
    ] = Null.rotation,
    resamples: Annotated[int, typer.Option(min=1, help="Draws from the chance model.")] = 9999,
    seed: Seed = 0,
    drop_fuzzy: Annotated[
        bool,
        typer.Option(
            "--drop-fuzzy",
            help="Leave out regions with a position such as <1, >100 or ?5.",
            rich_help_panel=_RULES,
        ),
    ] = False,
    clip: Annotated[
        bool,
        typer.Option(
            "--clip",
            help="Cut regions off at the end of the sequence instead of refusing them.",
            rich_help_panel=_RULES,
        ),
    ] = False,
    tables: Annotated[
        TableFormat, typer.Option(help="TSV files, or one Excel workbook.", rich_help_panel=_FILES)
    ] = TableFormat.tsv,
    pictures: Annotated[
        PictureFormat, typer.Option(help="Format of the pictures.", rich_help_panel=_FILES)
    ] = PictureFormat.png,
    pair: Annotated[
        list[int] | None, typer.Option(help="Row of a pair to draw as a sequence track; may be given again.")
    ] = None,
):
    """Lay a model's top and low segments on annotated regions, and test them against chance.

    Writes the annotations read (counts), coverage per pair, hit rates, enrichment with confidence intervals
    and corrected p-values, top against low, and pictures of them.
    """
    run.reads(explanation, *annotations, sequences, labels, entry_types)
    run.writes_into(out)
    limits = _thresholds(thresholds)
    from ..explanation import Explanation
    from ..regions import analyse_regions, outcomes_by_labels, read_annotations, read_protein_lengths

    rules = {"fuzzy": "drop" if drop_fuzzy else "use", "outside": "clip" if clip else "raise"}
    explained = Explanation.load(explanation)
    for row in pair or []:
        if not 0 <= row < len(explained):
            raise ValueError(f"--pair must lie in 0..{len(explained) - 1}, got {row}")
    if labels is not None and explained.predictions is None:
        raise ValueError(
            "--labels needs an explanation that holds the model's predictions; this one has none"
        )
    lengths = read_protein_lengths(sequences)
    read = read_annotations(annotations, entry_types=entry_types)
    wanted = _types(types)
    run.stop_if_dry(f"analyse {len(explained):,} pairs on {len(read):,} regions")
    analysis = analyse_regions(
        explained,
        read,
        lengths,
        types=wanted,
        k=k,
        unit=str(unit),
        thresholds=limits,
        by=None if labels is None else outcomes_by_labels(explained, labels, cutoff),
        null=str(null),
        n_resamples=resamples,
        random_state=seed,
        **rules,
    )
    written = analysis.write(out, str(tables))
    annotated = read["protein"] if wanted == "any" else read.loc[read["type"].isin(wanted), "protein"]
    written += _draw(analysis, set(annotated), out, pictures)
    written += _tracks(explained, read, lengths, pair or [], out, pictures, types=wanted, k=k, **rules)
    n = analysis.n_unannotated
    without = f", {n} of them without a region of these types" if n else ""
    text = f"{len(explained):,} pairs, {analysis.n_proteins:,} proteins{without}; {len(read):,} regions read"
    run.finish(
        "\n".join([text, *map(str, written)]),
        n_pairs=len(explained),
        n_proteins=analysis.n_proteins,
        n_unannotated=n,
        n_regions=len(read),
    )


def _thresholds(text):
    try:
        return tuple(float(threshold) for threshold in text.split(","))
    except ValueError as error:
        raise ValueError(f"--thresholds takes numbers with commas between them, got {text!r}") from error


def _types(text):
    from ..regions import INTERPRO_TYPES, UNIPROT_TYPES

    known = {"uniprot": UNIPROT_TYPES, "interpro": INTERPRO_TYPES, "any": "any"}
    return known.get(text.lower()) or tuple(name.strip() for name in text.split(",") if name.strip())


def _draw(analysis, annotated, out, picture_format):
    from ..plotting import CoverageDonutDisplay, EnrichmentForestDisplay, HitRateDisplay

    tables, by = analysis.tables, analysis.by
    displays = {}
    for name in [None] if by is None else sorted(set(by)):
        pairs, title = (None, "all pairs") if name is None else (by == name, name)
        shown = {"pairs": pairs, "annotated": annotated, "title": title}
        donuts = CoverageDonutDisplay.from_coverage(tables["coverage"], **shown)
        displays[f"donuts_{name or 'all'}"] = donuts
    middle = analysis.thresholds[len(analysis.thresholds) // 2]
    displays["hit_rates"] = HitRateDisplay.from_hit_rates(tables["hit_rates"], threshold=middle)
    if tables["enrichment"]["fold"].notna().any():
        displays["enrichment"] = EnrichmentForestDisplay.from_enrichment(tables["enrichment"])
    return _save(displays, out, picture_format)


def _tracks(explanation, annotations, lengths, pairs, out, picture_format, **settings):
    from ..plotting import RegionTrackDisplay

    displays = {}
    for row in pairs:
        a, b = (str(name).replace("/", "_").replace("|", "_") for name in explanation.pair_ids[row])
        displays[f"track_{row}_{a}_{b}"] = RegionTrackDisplay.from_explanation(
            explanation, annotations, lengths, pair=row, **settings
        )
    return _save(displays, out, picture_format)


def _save(displays, out, picture_format):
    return [save_picture(display, out / f"{name}.{picture_format}") for name, display in displays.items()]
