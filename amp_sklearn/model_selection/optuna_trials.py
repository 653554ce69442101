"""Running the trials of a search: recorded fold by fold, taken up again where a process died."""

import time
import traceback
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from joblib import effective_n_jobs
from optuna.trial import TrialState
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection._validation import _fit_and_score
from sklearn.utils.parallel import Parallel, delayed

from .optuna_study import WORKER_KEY, is_abandoned, stoppable, this_worker

FOLD_KEY = "fold{}"
"""User attribute of a trial that holds the scores and times of one fold."""

ERROR_KEY = "error"
COPIED_KEY = "copied_from"


class FoldFailed(Exception):
    """A fold of a trial could not be fitted or scored; the message is the traceback of the reason."""


@dataclass
class FoldScorer:
    """Fits and scores one fold, in whichever process; every fold gets its own unfitted clone.

    Parameters
    ----------
    estimator : estimator
    X, y : data
    scorer : callable
    fit_params, score_params : dict
        Routed metadata; arrays with one entry per sample are cut to the fold.
    return_train_score : bool
    error_score : "raise" or float
    """

    estimator: Any
    X: Any
    y: Any
    scorer: Any
    fit_params: dict
    score_params: dict
    return_train_score: bool
    error_score: Any

    def __call__(self, params, train, test):
        start = time.time()
        try:
            result = _fit_and_score(
                clone(self.estimator),
                self.X,
                self.y,
                scorer=self.scorer,
                train=train,
                test=test,
                verbose=0,
                parameters=params,
                fit_params=self.fit_params,
                score_params=self.score_params,
                return_train_score=self.return_train_score,
                return_times=True,
                error_score="raise",
            )
        except Exception:
            if self.error_score == "raise":
                raise
            reason = traceback.format_exc()
            result = {"test_scores": self.error_score, "train_scores": self.error_score, "score_time": 0.0}
            result.update(fit_time=time.time() - start, fit_error=reason)
        if isinstance(result["test_scores"], dict):
            raise ValueError(
                "scoring must return one number, got a dict; optimise one metric and report others afterwards"
            )
        return result


@dataclass
class TrialLoop:
    """Asks a study for parameters, evaluates them, tells the result, until a total of trials is reached.

    Parameters
    ----------
    study : optuna study
    space : SearchSpace
    score_fold : FoldScorer
    splits : list of (train, test) index arrays
    n_jobs : int or None
        Folds evaluated at the same time.
    prune : bool
        Whether the study's pruner may stop a trial after a fold.
    callbacks : list of callable
        Called with the study and each finished trial.
    catch : tuple of exception types
        Failures after which the search goes on though ``error_score="raise"``.
    abandoned_after : float
        See ``is_abandoned``.
    verbose : int
        1 prints a line per trial, 2 a line per fold.
    """

    study: Any
    space: Any
    score_fold: FoldScorer
    splits: list
    n_jobs: int | None = None
    prune: bool = False
    callbacks: list = field(default_factory=list)
    catch: tuple = ()
    abandoned_after: float = 86400.0
    verbose: int = 0

    def run(self, n_trials, timeout):
        """Evaluate trials until the study holds ``n_trials`` of them or ``timeout`` seconds have passed."""
        end = float("inf") if timeout is None else time.monotonic() + timeout
        with Parallel(n_jobs=self.n_jobs) as parallel, stoppable(self.study):
            while not self.study._stop_flag and time.monotonic() < end:
                trial = self._next_trial(n_trials)
                if trial is None:
                    break
                self._finish(trial, parallel)
                finished = self.study.get_trials(deepcopy=False)[trial.number]
                self._print(finished)
                for callback in self.callbacks:
                    callback(self.study, finished)

    def _next_trial(self, n_trials):
        """A trial that a dead process left, else a new one, else None when there are enough."""
        trials = self.study.get_trials(deepcopy=False)
        for frozen in trials:
            if frozen.state == TrialState.RUNNING and is_abandoned(frozen, self.abandoned_after):
                trial = optuna.trial.Trial(self.study, frozen._trial_id)
                break
        else:
            if n_trials is not None and len(_started(trials)) >= n_trials:
                return None
            trial = self.study.ask()
            if n_trials is not None and self._is_surplus(trial, n_trials):
                return None
        trial.set_user_attr(WORKER_KEY, this_worker())
        return trial

    def _is_surplus(self, trial, n_trials):
        """Whether another process took the last place at the same moment; the trial is put back, for a larger total."""
        started = sorted(_started(self.study.get_trials(deepcopy=False)))
        if started.index(trial.number) < n_trials:
            return False
        self.study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
        return True

    def _finish(self, trial, parallel):
        """Evaluate a trial and tell the study; a trial that is interrupted is left for the next run."""
        try:
            self.space.draw(trial)
            value, state = self._copy_of(trial) or self._evaluate(trial, parallel)
        except FoldFailed as failure:
            trial.set_user_attr(ERROR_KEY, str(failure))
            warnings.warn(
                f"trial {trial.number} failed and is left out: {last_line(str(failure))}",
                FitFailedWarning,
                stacklevel=4,
            )
            value, state = None, TrialState.FAIL
        except Exception as failure:
            trial.set_user_attr(ERROR_KEY, traceback.format_exc())
            self.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            if not isinstance(failure, self.catch):
                raise
            return
        except BaseException:
            trial.set_user_attr(WORKER_KEY, "")
            raise
        self.study.tell(trial, value, state, skip_if_finished=True)

    def _copy_of(self, trial):
        """Value and state of an earlier trial with the same parameters, so that none is evaluated twice."""
        states = (TrialState.COMPLETE, TrialState.PRUNED) if self.prune else (TrialState.COMPLETE,)
        for earlier in self.study.get_trials(deepcopy=False, states=states):
            if earlier.params != trial.params:
                continue
            for key, value in earlier.user_attrs.items():
                if key != WORKER_KEY:
                    trial.set_user_attr(key, value)
            trial.set_user_attr(COPIED_KEY, earlier.user_attrs.get(COPIED_KEY, earlier.number))
            for step, value in earlier.intermediate_values.items():
                self._report(trial, value, step)
            return (earlier.value if earlier.state == TrialState.COMPLETE else None), earlier.state
        return None

    def _evaluate(self, trial, parallel):
        """Score the folds not recorded yet, ``n_jobs`` at a time, and decide in the order of the folds."""
        recorded = recorded_folds(trial.user_attrs, len(self.splits))
        params = self.space.decode(trial.params)
        wave = effective_n_jobs(self.n_jobs)
        scores = []
        for first in range(0, len(self.splits), wave):
            todo = [i for i in range(first, min(first + wave, len(self.splits))) if i not in recorded]
            results = parallel(delayed(self.score_fold)(params, *self.splits[i]) for i in todo)
            for i, result in zip(todo, results, strict=True):
                recorded[i] = _record(result)
                trial.set_user_attr(FOLD_KEY.format(i), recorded[i])
                if result["fit_error"] is not None:
                    trial.set_user_attr(ERROR_KEY, result["fit_error"])
                if self.verbose > 1:
                    print(f"trial {trial.number}, fold {i}: {recorded[i]['test_score']}", flush=True)
            for i in range(first, min(first + wave, len(self.splits))):
                score = recorded[i]["test_score"]
                if score is None:
                    reason = trial.user_attrs.get(ERROR_KEY, f"fold {i} scored NaN")
                    raise FoldFailed(reason)
                scores.append(score)
                self._report(trial, float(np.mean(scores)), i)
                if self.prune and i + 1 < len(self.splits) and trial.should_prune():
                    return None, TrialState.PRUNED
        return float(np.mean(scores)), TrialState.COMPLETE

    def _report(self, trial, value, step):
        reported = self.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        if step not in reported:  # a trial taken over from a dead process has its first folds reported
            trial.report(value, step)

    def _print(self, trial):
        if self.verbose < 1:
            return
        value = "-" if trial.value is None else f"{trial.value:.4f}"
        params = ", ".join(f"{k}={v!r}" for k, v in self.space.decode(trial.params).items())
        print(f"trial {trial.number} {trial.state.name} {value} {params}", flush=True)


def _started(trials):
    """Numbers of the trials that count: all but those that wait to be started."""
    return [trial.number for trial in trials if trial.state != TrialState.WAITING]


def _record(result):
    """Scores and times of a fold as JSON; NaN becomes None, because JSON has no NaN."""
    record = {"test_score": result["test_scores"], "train_score": result.get("train_scores")}
    record.update(fit_time=result["fit_time"], score_time=result["score_time"])
    return {
        key: None if value is None or not np.isfinite(value) else float(value)
        for key, value in record.items()
    }


def recorded_folds(user_attrs, n_splits):
    """Folds of a trial that have been recorded.

    Returns
    -------
    dict of int -> dict
    """
    return {i: user_attrs[FOLD_KEY.format(i)] for i in range(n_splits) if FOLD_KEY.format(i) in user_attrs}


def last_line(text):
    """Last line of a traceback: the exception itself."""
    return text.strip().rpartition("\n")[2]
