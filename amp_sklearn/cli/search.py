"""amp-sklearn search"""

from pathlib import Path
from typing import Annotated

import typer

from .checks import warn_of_few_pairs
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
from .outputs import write_table
from .run import Run, command


@command
def search(
    run: Run,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for search.db, trials.tsv and model.amp.")
    ] = Path("search"),
    model: ModelOption = DEFAULT_MODEL,
    trials: Annotated[
        int, typer.Option("--trials", min=1, help="Settings that the search shall have tried in the end.")
    ] = 20,
    folds: Folds = 3,
    scoring: Annotated[str, typer.Option("--scoring", help="Score to maximise.")] = "average_precision",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in this folder.")] = False,
    esm2: ESM2 = None,
    max_length: MaxLength = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    device: Device = "auto",
    reading: PairReading = None,
):
    """Search a model's settings on protein-disjoint folds, and train the best on all pairs.

    What is searched is what the registered pipeline says; for a published one what its authors searched.
    """
    run.reads(pairs, *sequences)
    run.writes_into(out, resume=resume)
    data = read_input(run, pairs, sequences, reading, labelled=True)
    X, y = data.X, data.y.astype(int)
    warn_of_few_pairs(run, y, folds)
    pipeline = build_model(run, model.value, esm2, max_length, device, seed, epochs, X)
    from ..presets import preset_search_space

    space = preset_search_space(model.value)
    if epochs is not None:
        space = {name: values for name, values in space.items() if not name.endswith("max_epochs")}
    if not space:
        raise ValueError(f"--model {model.value} has no settings to search")
    run.stop_if_dry(f"search {', '.join(sorted(space))} in {trials} trials of {folds} folds")
    run.resumes = f"finished trials are in {out}; go on with --resume"
    import pandas as pd

    from ..model_selection import OptunaSearchCV, ProteinDisjointKFold
    from ..persistence import model_fingerprint, save_model

    if (out / "search.db").exists() and not resume:
        (out / "search.db").unlink()  # --force: a new search
    found = OptunaSearchCV(
        pipeline,
        space,
        cv=ProteinDisjointKFold(folds, random_state=seed),
        n_trials=trials,
        scoring=scoring,
        random_state=seed,
        storage=out / "search.db",
        verbose=run.verbose,
    ).fit(X, y)
    write_table(pd.DataFrame(found.cv_results_), out / "trials.tsv")
    save_model(found.best_estimator_, out / "model.amp")
    best = {name: value for name, value in found.best_params_.items()}
    run.finish(
        f"best {scoring} {found.best_score_:.3f}, the mean of {folds} protein-disjoint folds ({len(X):,} pairs) and the best "
        f"of {found.n_iter_} trials, hence flattering: "
        f"{', '.join(f'{name} {value}' for name, value in best.items())}\nmodel: {out / 'model.amp'}",
        best_parameters={name: str(value) for name, value in best.items()},
        best_score=float(found.best_score_),
        fingerprint=model_fingerprint(found.best_estimator_),
    )
