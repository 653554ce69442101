import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.storages import JournalStorage, RDBStorage
from optuna.trial import TrialState
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from amp_sklearn.model_selection import OptunaSearchCV
from amp_sklearn.model_selection.optuna_study import (
    WORKER_KEY,
    is_abandoned,
    open_storage,
    this_worker,
)

SPACE = {"C": FloatDistribution(1e-3, 10.0, log=True), "tol": FloatDistribution(1e-5, 1e-2, log=True)}
FITS: list[float] = []


class CountingClassifier(ClassifierMixin, BaseEstimator):
    """Score is a smooth function of two parameters; each fit is written down."""

    def __init__(self, C=1.0, tol=1e-3, interrupt_at=None):
        self.C = C
        self.tol = tol
        self.interrupt_at = interrupt_at

    def fit(self, X, y):
        FITS.append(self.C)
        if self.interrupt_at is not None and len(FITS) == self.interrupt_at:
            raise KeyboardInterrupt
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        return -((np.log(self.C) - 1) ** 2) - (np.log(self.tol) + 7) ** 2 + X[:, 0].mean()


@pytest.fixture(scope="module")
def data():
    return make_classification(90, 5, random_state=0)


@pytest.fixture(autouse=True)
def _no_fits():
    FITS.clear()


@pytest.fixture
def postgresql(postgresql_server):
    """URL of an empty database, dropped afterwards."""
    psycopg = pytest.importorskip("psycopg")
    name = f"amp_sklearn_{uuid.uuid4().hex[:12]}"
    connection = psycopg.connect(postgresql_server, autocommit=True)
    connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgresql_server.rpartition('/')[0]}/{name}"
    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


@pytest.fixture(params=["path.db", "journal", pytest.param("postgresql", marks=pytest.mark.slow)])
def storage(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    return {"path.db": tmp_path / "search.db", "journal": f"journal:///{tmp_path}/search.log"}[request.param]


def search_of(storage=None, estimator=None, space=None, **parameters):
    parameters = {"cv": 3, "n_trials": 14, "random_state": 0, "storage": storage, **parameters}
    return OptunaSearchCV(estimator or CountingClassifier(), SPACE if space is None else space, **parameters)


def draws(search):
    return [trial.params for trial in search.trials_]


def test_resumes_to_a_total_with_the_draws_of_an_uninterrupted_search(data, storage):
    whole = search_of().fit(*data)
    first = search_of(storage, n_trials=12).fit(*data)
    assert first.n_trials_ == 12 and len(FITS) == (14 + 1 + 12 + 1) * 3 - 2 * 2
    FITS.clear()
    rest = search_of(storage).fit(*data)
    assert rest.n_trials_ == 14
    assert len(FITS) == 2 * 3 + 1
    assert draws(rest) == draws(whole)
    assert len({tuple(d.values()) for d in draws(rest)}) == 14
    assert rest.best_params_ == whole.best_params_ and rest.best_score_ == whole.best_score_
    FITS.clear()
    again = search_of(storage).fit(*data)
    assert len(FITS) == 1  # nothing is missing: only the refit
    np.testing.assert_array_equal(again.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"])


def test_resumes_without_a_seed_where_it_stopped(data, storage):
    first = draws(search_of(storage, n_trials=3, random_state=None).fit(*data))
    rest = search_of(storage, n_trials=6, random_state=None).fit(*data)
    assert draws(rest)[:3] == first
    assert len({tuple(d.values()) for d in draws(rest)}) == 6


def test_resumes_a_study_object_whose_sampler_has_a_fixed_seed(data, tmp_path):
    def study():
        sampler = optuna.samplers.TPESampler(seed=1)
        url = f"sqlite:///{tmp_path}/search.db"
        return optuna.create_study(
            storage=url, study_name="s", direction="maximize", sampler=sampler, load_if_exists=True
        )

    mine = study()
    search_of(study=mine, n_trials=4, random_state=None).fit(*data)
    assert isinstance(mine.sampler, optuna.samplers.TPESampler)
    rest = search_of(study=study(), n_trials=8, random_state=None).fit(*data)
    assert rest.n_trials_ == 8
    assert len({tuple(d.values()) for d in draws(rest)}) == 8


def test_tuples_and_other_choices_resume(data, storage):
    space = {"C": [(1.0, 2.0), (3.0,)], "tol": SPACE["tol"]}

    class_ = TupleClassifier()
    first = search_of(storage, class_, space, n_trials=3).fit(*data)
    rest = search_of(storage, class_, space, n_trials=6).fit(*data)
    assert all(isinstance(p["C"], tuple) for p in rest.cv_results_["params"])
    assert rest.cv_results_["params"][:3] == first.cv_results_["params"]


class TupleClassifier(CountingClassifier):
    def score(self, X, y):
        return len(self.C)


def test_interrupted_trial_is_finished_with_its_parameters(data, storage):
    whole = search_of(n_trials=5, refit=False).fit(*data)
    FITS.clear()
    with pytest.raises(KeyboardInterrupt):  # third fold of trial 2
        search_of(storage, CountingClassifier(interrupt_at=9), n_trials=5).fit(*data)
    FITS.clear()
    rest = search_of(storage, n_trials=5, refit=False).fit(*data)
    assert len(FITS) == 1 + 2 * 3  # two of its three folds were recorded
    assert draws(rest) == draws(whole)
    assert [t.state for t in rest.trials_] == [TrialState.COMPLETE] * 5
    assert [t.value for t in rest.trials_] == [t.value for t in whole.trials_]


WORKER = textwrap.dedent(
    """
    import sys, time, pathlib
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.datasets import make_classification
    from optuna.distributions import FloatDistribution
    from amp_sklearn.model_selection import OptunaSearchCV

    class Slow(ClassifierMixin, BaseEstimator):
        def __init__(self, C=1.0, tol=1e-3, signal_file=None, wait=0.0):
            self.C, self.tol, self.signal_file, self.wait = C, tol, signal_file, wait

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            if self.signal_file is not None:
                marks = pathlib.Path(self.signal_file)
                n = len(marks.read_text()) if marks.exists() else 0
                marks.write_text("x" * (n + 1))
                if n == 36 + 1:  # second fold of trial 12, past the random start of the sampler
                    time.sleep(self.wait)
            return self

        def predict(self, X):
            return np.full(len(X), self.classes_[0])

        def score(self, X, y):
            return -(np.log(self.C) - 1) ** 2 - (np.log(self.tol) + 7) ** 2 + X[:, 0].mean()

    storage, marks, wait = sys.argv[1:]
    X, y = make_classification(90, 5, random_state=0)
    space = {
        "C": FloatDistribution(1e-3, 10.0, log=True),
        "tol": FloatDistribution(1e-5, 1e-2, log=True),
    }
    search = OptunaSearchCV(
        Slow(signal_file=marks, wait=float(wait)), space, cv=3, n_trials=16, random_state=0, storage=storage,
        refit=False,
    ).fit(X, y)
    """
)


def test_a_search_killed_half_way_resumes_to_the_same_total_and_draws(data, tmp_path, storage):
    script, marks, storage = tmp_path / "worker.py", tmp_path / "marks", str(storage)
    script.write_text(WORKER)
    command = [sys.executable, str(script), storage, str(marks)]
    process = subprocess.Popen([*command, "600"])
    try:
        while not (marks.exists() and len(marks.read_text()) == 38):
            assert process.poll() is None, "the worker ended before it could be killed"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    whole = search_of(n_trials=16, refit=False).fit(*data)
    study = optuna.load_study(study_name=None, storage=open_storage(storage))
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 12 + [TrialState.RUNNING]
    FITS.clear()
    rest = search_of(storage, n_trials=16, refit=False).fit(*data).trials_
    assert [t.state for t in rest] == [TrialState.COMPLETE] * 16
    assert [t.params for t in rest] == draws(whole)
    assert [t.value for t in rest] == [t.value for t in whole.trials_]
    assert len(FITS) == 16 * 3 - 37  # only the fold that was running had to be repeated


def test_two_workers_share_a_search_and_one_is_killed(tmp_path, storage):
    script, storage = tmp_path / "worker.py", str(storage)
    script.write_text(
        WORKER.replace("n_trials=16", "n_trials=40").replace(
            "return self\n", "time.sleep(0.03); return self\n", 1
        )
    )

    def worker(number):
        return subprocess.Popen([sys.executable, str(script), storage, str(tmp_path / f"marks{number}"), "0"])

    def trials():
        try:
            return optuna.load_study(study_name=None, storage=open_storage(storage)).trials
        except (KeyError, ValueError, OSError):  # the study is not there yet
            return []

    workers = [worker(0), worker(1)]
    while sum(trial.state.is_finished() for trial in trials()) < 8:
        assert all(process.poll() is None for process in workers), "a worker ended before it could be killed"
        time.sleep(0.05)
    workers[0].kill()
    workers[0].wait()
    assert workers[1].wait() == 0
    again = [worker(2), worker(3)]  # whatever the dead one left is finished, and nothing is added
    assert [process.wait() for process in again] == [0, 0]
    found = [trial for trial in trials() if trial.state != TrialState.WAITING]
    assert [trial.number for trial in found] == list(range(40))
    assert {trial.state for trial in found} == {TrialState.COMPLETE}
    assert len({tuple(trial.params.values()) for trial in found}) == 40


def test_a_place_that_two_processes_take_is_given_to_one(data, tmp_path, monkeypatch):
    """Between counting and asking another process starts the last trial; the surplus one waits for a larger total."""
    storage = f"sqlite:///{tmp_path}/search.db"
    search_of(storage, n_trials=4, refit=False).fit(*data)
    ask = optuna.Study.ask

    def late(study, *arguments):
        ask(study).set_user_attr(WORKER_KEY, f"elsewhere:1:{time.time()}")
        return ask(study, *arguments)

    monkeypatch.setattr(optuna.Study, "ask", late)
    found = search_of(storage, n_trials=5, refit=False).fit(*data)
    monkeypatch.undo()
    states = [trial.state for trial in found.trials_]
    assert states == [TrialState.COMPLETE] * 4 + [TrialState.RUNNING, TrialState.WAITING]
    states = [trial.state for trial in search_of(storage, n_trials=6, refit=False).fit(*data).trials_]
    assert states == [TrialState.COMPLETE] * 4 + [TrialState.RUNNING, TrialState.COMPLETE]


def test_trials_of_a_living_or_distant_process_are_left_alone(data, tmp_path):
    study = optuna.create_study(direction="maximize", storage=f"sqlite:///{tmp_path}/s.db", study_name="s")
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        host, _, _ = this_worker().rsplit(":", 2)
        started = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[19]
        workers = {
            "alive": f"{host}:{sleeper.pid}:{started}",
            "number used again": f"{host}:{sleeper.pid}:1",
            "distant": "elsewhere:1:1",
            "mine": this_worker(),
            "given up": "",
        }
        for worker in workers.values():
            study.ask(SPACE).set_user_attr(WORKER_KEY, worker)
        study.ask(SPACE)
        abandoned = [is_abandoned(t, 1000.0) for t in study.trials]
        assert abandoned == [False, True, False, False, True, False]
        assert [is_abandoned(t, 0.0) for t in study.trials] == [False, True, True, False, True, True]
    finally:
        sleeper.kill()
        sleeper.wait()
    assert is_abandoned(study.trials[0], 1000.0)
    done = search_of(study=study, n_trials=8, refit=False).fit(*data)
    states = [t.state.name for t in done.trials_]
    assert states == [
        "COMPLETE",
        "COMPLETE",
        "RUNNING",
        "RUNNING",
        "COMPLETE",
        "RUNNING",
        "COMPLETE",
        "COMPLETE",
    ]
    assert len(done.cv_results_["params"]) == 5
    assert done.cv_results_["trial_number"].tolist() == [0, 1, 4, 6, 7]
    assert done.trials_frame().state.tolist() == states


def test_incomplete_draw_of_a_dead_process_is_completed(data, tmp_path):
    """A process can die between two parameters of one trial."""
    url = f"sqlite:///{tmp_path}/s.db"
    whole = search_of(n_trials=1, refit=False).fit(*data)
    study = optuna.create_study(direction="maximize", storage=url, study_name="s")
    trial = study.ask()
    trial.suggest_float("C", 1e-3, 10, log=True)
    trial.set_user_attr(WORKER_KEY, "")
    rest = search_of(url, study_name="s", n_trials=1, refit=False).fit(*data)
    assert rest.trials_[0].params["C"] == trial.params["C"]
    assert rest.trials_[0].params["tol"] == whole.trials_[0].params["tol"]


def test_a_study_on_other_data_folds_or_scoring_is_refused(data, storage):
    X, y = data
    search_of(storage, study_name="mine", n_trials=2).fit(X, y)
    for changed, reason in (
        ((X + 1e-9, y, {}), "other values"),
        ((X, 1 - y, {}), "other values"),
        ((X, y, {"cv": 4}), "other folds"),
        ((X, y, {"cv": StratifiedKFold(3, shuffle=True)}), "random_state"),
        ((X, y, {"scoring": "accuracy"}), "is now 'accuracy'"),
    ):
        X_changed, y_changed, parameters = changed
        with pytest.raises(ValueError, match=reason):
            search_of(storage, study_name="mine", **parameters).fit(X_changed, y_changed)
    search_of(storage, study_name="yours", n_trials=2).fit(X + 1, y)


def test_digest_of_data_does_not_depend_on_how_it_is_held(data, storage):
    import pandas as pd

    text = pd.DataFrame({"a": ["MKV", "MA", "MKV"] * 30, "b": ["GG", "MA", "W"] * 30})
    _, y = data
    search_of(storage, study_name="s", n_trials=1, refit=False, estimator=Blind()).fit(text, y)
    again = text.copy(deep=True).astype(object)
    search_of(storage, study_name="s", n_trials=2, refit=False, estimator=Blind()).fit(again, y)
    again.iloc[4, 1] = "MC"
    with pytest.raises(ValueError, match="other values"):
        search_of(storage, study_name="s", n_trials=2, refit=False, estimator=Blind()).fit(again, y)


class Blind(CountingClassifier):
    def score(self, X, y):
        return 0.5


def test_outer_folds_do_not_mix_in_one_storage(data, storage):
    search = search_of(storage, LogisticRegression(), n_trials=2)
    first = cross_val_score(search, *data, cv=3, error_score="raise")
    names = optuna.get_all_study_names(open_storage(storage))
    assert len(names) == 3
    assert (cross_val_score(search, *data, cv=3, error_score="raise") == first).all()
    assert optuna.get_all_study_names(open_storage(storage)) == names


def test_trials_added_by_hand_count_and_take_part(data):
    study = optuna.create_study(direction="maximize")
    study.add_trial(optuna.create_trial(params={"C": 2.0, "tol": 1e-3}, distributions=SPACE, value=1000.0))
    study.enqueue_trial({"C": 3.0, "tol": 1e-4})
    search = search_of(study=study, n_trials=3, refit=False).fit(*data)
    assert [t.params["C"] for t in search.trials_[:2]] == [2.0, 3.0]
    assert search.n_trials_ == 3
    assert search.best_params_ == {"C": 2.0, "tol": 1e-3}
    assert search.best_score_ == 1000.0
    assert np.isnan(search.cv_results_["split0_test_score"]).tolist() == [True, False, False]


def test_pruned_trials_are_evaluated_when_pruning_is_off(data):
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.ThresholdPruner(lower=0))
    space = {"C": IntDistribution(1, 2), "tol": [1e-3]}
    with pytest.raises(ValueError, match="no trial completed"):
        search_of(study=study, space=space, n_trials=4, enable_pruning=True).fit(*data)
    search = search_of(study=study, space=space, n_trials=8, refit=False).fit(*data)
    assert {t.state.name for t in search.trials_[:4]} == {"PRUNED"}
    assert {t.state.name for t in search.trials_[4:]} == {"COMPLETE"}


def test_a_storage_object_and_a_journal_path_resume(data, tmp_path):
    path = tmp_path / "search.log"
    first = draws(search_of(open_storage(path), n_trials=2).fit(*data))
    assert draws(search_of(path, n_trials=3).fit(*data))[:2] == first


def test_open_storage_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert open_storage(None) is None
    assert isinstance(open_storage("journal:///relative.log"), JournalStorage)
    assert (tmp_path / "relative.log").exists()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"amp-sklearn\[postgresql\]"):
        open_storage("postgresql://user@host/db")
    monkeypatch.undo()
    assert open_storage(tmp_path / "x.db").url == f"sqlite:///{tmp_path}/x.db"
    made = RDBStorage(f"sqlite:///{tmp_path}/y.db")
    assert open_storage(made) is made
    with pytest.raises(FileNotFoundError, match="four slashes"):
        open_storage("journal:///missing/x.log")
    with pytest.raises(ValueError, match="not understood"):
        open_storage(os.fspath("x.txt"))
