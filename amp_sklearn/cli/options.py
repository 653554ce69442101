"""Arguments and options that several commands share, and what they are turned into."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ModelName(StrEnum):
    """Pipelines that ``amp_sklearn.make_preset`` makes, by name."""

    late_interaction = "late-interaction"
    ensemble = "late-interaction-ensemble"
    amps_small = "amps-small"
    amps = "ESM2_AMPS"
    composition = "composition"


Pairs = Annotated[
    Path,
    typer.Argument(
        help="Table of pairs (TSV, CSV, Excel, Parquet) with columns protein_a, protein_b and, where known, label "
        "(also understood: Protein1, Protein2, ProteinA, ProteinB, Label).",
        show_default=False,
    ),
]
Sequences = Annotated[
    Path,
    typer.Argument(
        help="Sequences of all proteins in the pairs: FASTA (.gz too), or a table with columns Entry and Sequence.",
        show_default=False,
    ),
]
ESM2 = Annotated[
    str,
    typer.Option(
        "--esm2",
        help="ESM-2 model: esm2-mini (bundled, offline), a name such as facebook/esm2_t33_650M_UR50D, or a folder.",
    ),
]
ModelOption = Annotated[
    ModelName,
    typer.Option(
        "--model",
        help="Classifier: late-interaction, the mean of three of them, and amps-small (minutes on a laptop), ESM2_AMPS (as published), composition "
        "(the baseline, reads no embedding).",
    ),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        help="Embed proteins longer than this many residues in overlapping windows. Default: whole."
    ),
]
Uppercase = Annotated[
    bool, typer.Option("--uppercase", help="Accept lower-case residues and turn them upper case.")
]
Seed = Annotated[
    int,
    typer.Option(
        help="Seed of everything random; on one kind of processor the same seed gives the same numbers."
    ),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Training epochs. Default: the model's own.")]
Device = Annotated[str, typer.Option(help="Torch device: auto, cpu, cuda.")]


def read_input(pairs, sequences, uppercase, *, labelled):
    """Pairs and labels from files; with ``labelled`` the label column must be there and hold 1 and 0."""
    import numpy as np

    from ..data import read_pairs
    from ..exceptions import PairTableError

    X, y = read_pairs(pairs, sequences, uppercase=uppercase)
    if labelled and y is None:
        raise PairTableError(f"{pairs} has no label column; this command needs one, named label (1 and 0)")
    found = sorted(map(str, np.unique(y))) if labelled else []
    others = [row for row, label in enumerate(y) if label not in (0, 1, "0", "1")] if labelled else []
    if others:  # only 1 and 0 say which pairs interact
        pair = " and ".join(map(str, X.index[others[0]]))
        raise PairTableError(
            f"the labels of {pairs} are {', '.join(found[:5])}, first {y[others[0]]} of {pair}; "
            "write 1 for interacting pairs, else 0"
        )
    if len(found) == 1:
        raise PairTableError(f"all labels of {pairs} are {found[0]}; there must be pairs with 1 and with 0")
    return X, y


def build_model(name, esm2, max_length, device, seed, epochs=None):
    """The pipeline that ``--model`` names."""
    if name == ModelName.composition:  # it reads letters, and is fitted at once
        for option, value, default in (
            ("--epochs", epochs, None),
            ("--esm2", esm2, "esm2-mini"),
            ("--max-length", max_length, None),
        ):
            if value != default:
                raise typer.BadParameter(f"{option} is not for --model {name}")
    from ..presets import make_preset

    return make_preset(
        name,
        None if name == ModelName.composition else esm2,
        max_length=max_length,
        device=device,
        random_state=seed,
        max_epochs=epochs,
        verbose=1,
    )


def load_fitted(path):
    """A fitted model from a file by ``save_model``, or, with a warning, by joblib."""
    from ..persistence import load_model

    if path.suffix not in (".joblib", ".pkl", ".pickle"):
        try:
            return load_model(path)
        except ValueError as error:
            raise ValueError(
                f"{path} is no model that 'amp-sklearn train' wrote ({error}); the order is MODEL PAIRS SEQUENCES"
            ) from error
    import joblib

    print(
        f"amp-sklearn: loading {path} can run code that its author put there; use it only if you trust the author, and "
        "train again to get a file that cannot",
        file=sys.stderr,
    )
    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:  # whatever the bytes of another file make it do
        raise ValueError(f"{path} is no model file by joblib ({type(error).__name__}: {error})") from error
