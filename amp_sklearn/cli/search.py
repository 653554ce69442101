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
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            help="Record of the trials that several processes share: journal:///file.log, sqlite:///file.db or "
            "postgresql://user@host/database. Run the same command as often as you like. Default: search.db in --out.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in this folder.")] = False,
    esm2: ESM2 = None,
    max_length: MaxLength = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    device: Device = "auto",
    reading: PairReading = None,
):
    """Search a model's settings on protein-disjoint folds, and train the best on all pairs.

    What is searched is what the registered pipeline says; for a published one what its authors searched. With --storage
    several processes, on several computers, share one search: each evaluates trials until there are --trials, trials of
    processes that died are taken up again, and the process that ends last trains the model.
    """
    run.reads(pairs, *sequences)
    run.writes_into(out, resume=resume or storage is not None)
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
    run.resumes = (
        f"finished trials are in {storage or out}; go on with {'the same command' if storage else '--resume'}"
    )
    import pandas as pd
    from sklearn.base import clone

    from ..model_selection import OptunaSearchCV, ProteinDisjointKFold
    from ..persistence import model_fingerprint, save_model

    if storage is None and (out / "search.db").exists() and not resume:
        (out / "search.db").unlink()  # --force: a new search
    found = OptunaSearchCV(
        pipeline,
        space,
        cv=ProteinDisjointKFold(folds, random_state=seed),
        n_trials=trials,
        scoring=scoring,
        random_state=seed,
        storage=storage or out / "search.db",
        refit=False,
        verbose=run.verbose,
    ).fit(X, y)
    elsewhere = sum(trial.state.name == "RUNNING" for trial in found.trials_)
    if elsewhere:  # the worker that ends last knows all trials
        return run.finish(
            f"{found.n_iter_} of {trials} trials are finished, {elsewhere} run in other processes: the last one to end "
            "trains the model; if they died, run the same command again",
            n_finished=found.n_iter_,
            n_running_elsewhere=elsewhere,
        )
    best_model = clone(pipeline).set_params(**clone(found.best_params_, safe=False)).fit(X, y)
    write_table(pd.DataFrame(found.cv_results_), out / "trials.tsv")
    save_model(best_model, out / "model.amp")
    best = {name: value for name, value in found.best_params_.items()}
    run.finish(
        f"best {scoring} {found.best_score_:.3f}, the mean of {folds} protein-disjoint folds ({len(X):,} pairs) and the best "
        f"of {found.n_iter_} trials, hence flattering: "
        f"{', '.join(f'{name} {value}' for name, value in best.items())}\nmodel: {out / 'model.amp'}",
        best_parameters={name: str(value) for name, value in best.items()},
        best_score=float(found.best_score_),
        fingerprint=model_fingerprint(best_model),
    )
