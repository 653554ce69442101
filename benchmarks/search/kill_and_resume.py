"""Kill a hyperparameter search half way with SIGKILL, resume it, and compare it with one that nobody
disturbed.

Runs the published systems AE_RF (30 trials) and ESM2_AMPS (6 trials, as published) on pairs of the Guo yeast
set with the bundled embedder, three folds in which no protein is on both sides, and few epochs, because the
search is what is tried here and not the models. Writes ``benchmarks/results/search_kill_and_resume.json``.

    python benchmarks/search/kill_and_resume.py
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import optuna

from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.model_selection import OptunaSearchCV, ProteinDisjointKFold
from amp_sklearn.model_selection.optuna_study import open_storage
from amp_sklearn.presets import make_preset, preset_search_space

RESULT = Path(__file__).parents[1] / "results" / "search_kill_and_resume.json"
LONGEST = 500
SEARCHES: dict[str, dict] = {
    "AE_RF_segments": {"trials": 30, "settings": {"reduce__n_components": 16, "reduce__max_epochs": 2}},
    "ESM2_AMPS": {
        "trials": 6,
        "settings": {"classify__n_layers": 2, "classify__d_model": 64, "classify__max_epochs": 3},
    },
}


def pairs(n_pairs):
    """Pairs of proteins short enough to embed quickly, the same at every call."""
    X, y = load_yeast_ppi()
    short = np.flatnonzero(X.map(len).max(axis=1) <= LONGEST)
    rows = np.sort(np.random.default_rng(0).choice(short, n_pairs, replace=False))
    return X.iloc[rows], y[rows]


def search(name, storage, store, n_pairs):
    """Run the search of one preset to its total of trials."""
    settings = {"embed__store": store, "embed__device": "cpu", "classify__random_state": 42}
    settings.update(SEARCHES[name]["settings"])
    if name == "AE_RF_segments":
        settings["reduce__random_state"] = 0
    model = make_preset(name, model="esm2-mini", **settings)
    return OptunaSearchCV(
        model,
        preset_search_space(name),
        cv=ProteinDisjointKFold(3, random_state=0),
        n_trials=SEARCHES[name]["trials"],
        scoring="matthews_corrcoef",
        random_state=0,
        storage=storage,
        refit=False,
    ).fit(*pairs(n_pairs))


def finished(storage):
    """Trials of the only study of a storage, or none before it exists."""
    if not Path(storage).exists():
        return []
    names = optuna.get_all_study_names(open_storage(storage))
    return optuna.load_study(study_name=names[0], storage=open_storage(storage)).trials if names else []


def run(name, folder, store, n_pairs):
    storage = str(folder / f"{name}.log")
    command = [sys.executable, __file__, "--worker", name, storage, store, "--pairs", str(n_pairs)]
    half = SEARCHES[name]["trials"] // 2
    worker = subprocess.Popen(command)
    while sum(t.state.is_finished() for t in finished(storage)) < half:
        if worker.poll() is not None:
            raise RuntimeError(f"the search of {name} ended before it could be killed")
        time.sleep(0.5)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    killed = finished(storage)
    resumed = search(name, storage, store, n_pairs)
    whole = search(name, None, store, n_pairs)
    return {
        "trials": SEARCHES[name]["trials"],
        "states_after_kill": {
            s: [t.state.name for t in killed].count(s) for s in ("COMPLETE", "RUNNING", "FAIL")
        },
        "trials_after_resuming": resumed.n_trials_,
        "all_complete": all(t.state.name == "COMPLETE" for t in resumed.trials_),
        "distinct_parameter_sets": len({tuple(t.params.values()) for t in resumed.trials_}),
        "same_parameters_as_undisturbed": [t.params for t in resumed.trials_]
        == [t.params for t in whole.trials_],
        "largest_score_difference": max(
            abs(a.value - b.value) for a, b in zip(resumed.trials_, whole.trials_, strict=True)
        ),
        "best_mcc": resumed.best_score_,
        "best_parameters": {k: v for k, v in resumed.best_params_.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200, help="pairs to search on")
    parser.add_argument("--worker", nargs=3, metavar=("PRESET", "STORAGE", "STORE"), help="run one search")
    arguments = parser.parse_args()
    if arguments.worker:
        name, storage, store = arguments.worker
        search(name, storage, store, arguments.pairs)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store")
        X, _ = pairs(arguments.pairs)
        ESM2Embedder(store=store, device="cpu").fit_transform(X)
        results = {name: run(name, Path(folder), store, arguments.pairs) for name in SEARCHES}
    table = {"pairs": arguments.pairs, "python": platform.python_version(), "searches": results}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(table, indent=1) + "\n")
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
