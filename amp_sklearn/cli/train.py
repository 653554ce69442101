"""amp-sklearn train"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .checks import count_parameters, warn_of_constant, warn_of_few_pairs
from .inputs import build_model, read_input
from .options import (
    DEFAULT_MODEL,
    ESM2,
    Device,
    Epochs,
    MaxLength,
    ModelOption,
    PairReading,
    Pairs,
    Seed,
    Sequences,
)
from .outputs import beside, write_text
from .run import Run, command

_TRUST = "Trust in single predictions"


class Calibration(StrEnum):
    none = "none"
    sigmoid = "sigmoid"
    isotonic = "isotonic"
    temperature = "temperature"


@command
def train(
    run: Run,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the trained model.")] = Path("model.amp"),
    model: ModelOption = DEFAULT_MODEL,
    esm2: ESM2 = None,
    max_length: MaxLength = None,
    epochs: Epochs = None,
    calibrate: Annotated[
        Calibration,
        typer.Option(
            "--calibrate",
            help="Calibrate probabilities on protein-disjoint folds; trains five times more.",
            rich_help_panel=_TRUST,
        ),
    ] = Calibration.none,
    domain: Annotated[
        bool,
        typer.Option(
            "--domain",
            help="Remember the training proteins, so that 'predict' flags pairs that are unlike them.",
            rich_help_panel=_TRUST,
        ),
    ] = False,
    seed: Seed = 0,
    device: Device = "auto",
    reading: PairReading = None,
):
    """Train a model on labelled pairs and save it, with a model card and a record of the run beside it.

    The file holds the classifier and the name of the ESM-2 model, not its weights. Loading it executes nothing.
    """
    run.reads(pairs, *sequences)
    run.writes(out)
    data = read_input(run, pairs, sequences, reading, labelled=True)
    X, y = data.X, data.y
    if calibrate is not Calibration.none:
        warn_of_few_pairs(run, y, folds=5)
    pipeline = build_model(run, model.value, esm2, max_length, device, seed, epochs, X)
    run.stop_if_dry(f"train {model.value} on {len(X):,} pairs")
    run.resumes = "no model was written; proteins that are embedded stay in the store, so that the same command starts there"
    from ..data.digests import data_digest
    from ..persistence import model_fingerprint, save_model
    from .cards import card_text

    fitted = _around(pipeline, calibrate, domain).fit(X, y)
    probability = fitted.predict_proba(X)[:, 1]
    warn_of_constant(run, probability, "the probabilities of the training pairs")
    save_model(fitted, out)
    run.results |= {
        "model": model.value,
        "n_parameters": count_parameters(_inner(fitted)),
        "fingerprint": model_fingerprint(fitted),
        "data_digest": data_digest(X.to_numpy(), y),
    }
    write_text(card_text(run, out), beside(out, ".card.md"))
    run.finish(
        f"trained {model.value} on {len(X):,} pairs: {out}\n"
        f"how good it is on proteins that it has not seen: amp-sklearn evaluate {pairs} "
        f"{' '.join(map(str, sequences))} --model {model.value}\n"
        f"predict with: amp-sklearn predict {out} PAIRS SEQUENCES"
    )


def _around(pipeline, calibrate, domain):
    """The pipeline inside what calibrates and flags."""
    from ..calibration import ApplicabilityDomain, CalibratedPairClassifier, SelectiveClassifier

    if calibrate is not Calibration.none:
        pipeline = CalibratedPairClassifier(pipeline, method=calibrate.value)
    return SelectiveClassifier(pipeline, domain=ApplicabilityDomain()) if domain else pipeline


def _inner(fitted):
    while hasattr(fitted, "estimator_") and not hasattr(fitted, "steps"):
        fitted = fitted.estimator_
    return fitted
