"""amp-sklearn train"""

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


def train(
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[Path, typer.Option(help="File of the trained model.")] = Path("model.amp"),
    model: ModelOption = ModelName.late_interaction,
    epochs: Epochs = None,
    esm2: ESM2 = "esm2-mini",
    max_length: MaxLength = None,
    uppercase: Uppercase = False,
    seed: Seed = 0,
    device: Device = "auto",
):
    """Train a model on labelled pairs and save it.

    The saved file holds the classifier and the name of the ESM-2 model, not its weights. Loading it executes nothing.
    """
    from ..persistence import save_model

    X, y = read_input(pairs, sequences, uppercase, labelled=True)
    fitted = build_model(model, esm2, max_length, device, seed, epochs).fit(X, y)
    save_model(fitted, out)
    print(f"trained on {len(X):,} pairs: {out}")
    print(f"predict with: amp-sklearn predict {out} PAIRS SEQUENCES")
