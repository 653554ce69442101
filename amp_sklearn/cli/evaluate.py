"""amp-sklearn evaluate"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .checks import warn_of_constant, warn_of_few_pairs
from .inputs import build_model, read_input
from .options import (
    DEFAULT_MODEL,
    ESM2,
    Device,
    Epochs,
    Folds,
    MaxLength,
    ModelOption,
    PairReading,
    Pairs,
    Seed,
    Sequences,
)
from .outputs import save_picture, write_table
from .run import Run, command


class Scheme(StrEnum):
    """Ways to divide the pairs into folds."""

    both = "both"
    random = "random"
    protein_disjoint = "protein-disjoint"
    new_side_a = "new-side-a"
    new_side_b = "new-side-b"


@command
def evaluate(
    run: Run,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables and the picture.")] = Path(
        "evaluation"
    ),
    model: ModelOption = DEFAULT_MODEL,
    scheme: Annotated[
        Scheme,
        typer.Option(
            "--cv",
            help="Folds: protein-disjoint (no test protein in training; what to expect on new proteins), random (test "
            "proteins occur in training; flattering), or both. Of two kinds of protein, such as virus and host: new-side-a "
            "(the protein of the first column's kind is new, the other known) or new-side-b.",
        ),
    ] = Scheme.both,
    folds: Folds = 5,
    esm2: ESM2 = None,
    max_length: MaxLength = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    device: Device = "auto",
    reading: PairReading = None,
):
    """Cross-validate a model on labelled pairs, beside the composition baseline.

    Every score comes with the numbers of test pairs, positive ones and pairs left out.
    """
    run.reads(pairs, *sequences)
    run.writes_into(out)
    data = read_input(run, pairs, sequences, reading, labelled=True)
    X, y = data.X, data.y.astype(int)
    warn_of_few_pairs(run, y, folds)
    models = {model.value: build_model(run, model.value, esm2, max_length, device, seed, epochs, X)}
    schemes = ("random", "protein-disjoint") if scheme is Scheme.both else (scheme.value,)
    run.stop_if_dry(f"cross-validate {model.value} in {folds} folds ({', '.join(schemes)})")
    run.resumes = "no table was written; proteins that are embedded stay in the store, so that the same command starts there"
    from ..plotting import FoldsDisplay
    from ..presets import make_preset
    from ..workflows import evaluate_schemes, summarise

    models.setdefault("composition", make_preset("composition"))
    metrics, predictions = evaluate_schemes(
        models, X, y, schemes, n_splits=folds, random_state=seed, verbose=run.verbose and not run.json_
    )
    for (name, kind), table in predictions.groupby(["model", "scheme"]):
        warn_of_constant(run, table["probability"], f"{name}, {kind} folds: the predictions")
    for row in metrics.itertuples():
        if row.n_dropped > 0.5 * len(X):
            run.warn(
                f"{row.scheme} folds leave out {row.n_dropped:,} of {len(X):,} pairs, whose proteins stand in both parts"
            )
            break
    summary = summarise(metrics)
    for name, table in {"folds": metrics, "summary": summary, "predictions": predictions}.items():
        write_table(table, out / f"{name}.tsv")
    save_picture(FoldsDisplay.from_metrics(metrics), out / "folds.png")
    run.finish(f"{summary.to_string(index=False)}\ntables: {out}", summary=summary.to_dict("records"))
