"""amp-sklearn evaluate"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    ESM2,
    Device,
    Epochs,
    MaxLength,
    ModelName,
    ModelOption,
    Pairs,
    Seed,
    Sequences,
    Uppercase,
    build_model,
    read_input,
)


class Scheme(StrEnum):
    """Ways to divide the pairs into folds."""

    both = "both"
    random = "random"
    protein_disjoint = "protein-disjoint"


def evaluate(
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("evaluation"),
    model: ModelOption = ModelName.late_interaction,
    scheme: Annotated[
        Scheme,
        typer.Option(
            "--cv",
            help="Folds: protein-disjoint (no test protein in training; what to expect on new proteins), random (test "
            "proteins occur in training; flattering), or both.",
        ),
    ] = Scheme.both,
    folds: Annotated[int, typer.Option(min=2, help="Number of folds.")] = 5,
    epochs: Epochs = None,
    esm2: ESM2 = "esm2-mini",
    max_length: MaxLength = None,
    uppercase: Uppercase = False,
    seed: Seed = 0,
    device: Device = "auto",
):
    """Cross-validate a model on labelled pairs, beside the composition baseline."""
    from ..presets import make_preset
    from ..workflows import evaluate_schemes, summarise

    X, y = read_input(pairs, sequences, uppercase, labelled=True)
    models = {model.value: build_model(model.value, esm2, max_length, device, seed, epochs)}
    models.setdefault("composition", make_preset("composition"))
    schemes = ("random", "protein-disjoint") if scheme is Scheme.both else (scheme.value,)
    metrics, predictions = evaluate_schemes(
        models, X, y, schemes, n_splits=folds, random_state=seed, verbose=1
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, table in {"folds": metrics, "summary": summarise(metrics), "predictions": predictions}.items():
        table.to_csv(out / f"{name}.tsv", sep="\t", index=False)
    print(summarise(metrics).to_string(index=False))
    print(f"tables: {out}")
