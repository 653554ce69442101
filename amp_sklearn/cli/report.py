"""amp-sklearn report"""

from pathlib import Path
from typing import Annotated

import typer

from .inputs import load_fitted, model_file, read_input, require_two_classes
from .options import Device, Limit, Model, PairReading, Pairs, Seed, Sequences
from .run import Run, command


@command
def report(
    run: Run,
    model: Model,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write: .html.")] = Path("report.html"),
    train_pairs: Annotated[
        Path | None,
        typer.Option(
            "--train-pairs",
            help="Training pairs: metrics by class of pair (C1, C2, C3), explanations compared with them.",
            show_default=False,
        ),
    ] = None,
    explained: Annotated[
        int, typer.Option("--explained", min=0, max=100, help="Pairs to explain and draw, the most probable.")
    ] = 8,
    annotations: Annotated[
        list[Path] | None,
        typer.Option(
            "--annotations",
            help="File of annotated regions (UniProt, InterProScan, InterPro), drawn along the explained pairs; may be given "
            "several times.",
            show_default=False,
        ),
    ] = None,
    no_audit: Annotated[bool, typer.Option("--no-audit", help="Leave out the audit of the pairs.")] = False,
    title: Annotated[
        str, typer.Option("--title", help="Title of the page.")
    ] = "Protein-protein interactions",
    limit: Limit = None,
    seed: Seed = 0,
    device: Device = "auto",
    reading: PairReading = None,
):
    """Write one HTML page about a model and pairs: warnings, metrics, curves, audit, explanations, a table to search.

    The page needs no network. Labels are used where the table has them.
    """
    model = model_file(model)
    run.reads(model, pairs, *sequences, *([] if train_pairs is None else [train_pairs]), *(annotations or []))
    run.writes(out, (".html",))
    data = read_input(run, pairs, sequences, reading, labelled=None, limit=limit)
    regions = None
    if annotations:
        from ..regions import read_annotations

        regions = read_annotations(annotations)
    training = None
    if train_pairs is not None:
        training = read_input(run, train_pairs, sequences, reading, labelled=False).X
    fitted = load_fitted(model, device, run.verbose)
    require_two_classes(model, fitted)
    run.stop_if_dry(f"report on {len(data.X):,} pairs")
    run.resumes = "no page was written; proteins that are embedded stay in the store, so that the same command starts there"
    from ..report import Report

    made = Report(
        fitted,
        data.X,
        data.y,
        X_train=training,
        title=title,
        n_pairs_explained=explained,
        annotations=regions,
        audit=not no_audit,
        random_state=seed,
    )
    for text in made.warnings:
        run.warn(text)
    made.save(out)
    run.finish(f"{len(data.X):,} pairs: {out}")
