"""Tables of a search: ``cv_results_`` as scikit-learn makes it, a DataFrame of trials, and its export."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from optuna.trial import TrialState
from scipy.stats import rankdata
from sklearn.utils.validation import check_is_fitted

from .optuna_study import WORKER_KEY
from .optuna_trials import COPIED_KEY, ERROR_KEY, last_line, recorded_folds

_ILLEGAL_IN_EXCEL = "".join(map(chr, [*range(9), 11, 12, *range(14, 32)]))


def cv_results(trials, space, n_splits, direction, return_train_score):
    """Results of finished trials, in the form of ``GridSearchCV.cv_results_``.

    A pruned or failed trial has NaN for the folds it lacks and for the mean, and shares the last rank.

    Parameters
    ----------
    trials : list of optuna.trial.FrozenTrial
    space : SearchSpace
    n_splits : int
    direction : {"maximize", "minimize"}
    return_train_score : bool

    Returns
    -------
    dict of str -> ndarray, masked array or list
        Beside scikit-learn's keys, ``trial_number`` and ``trial_state``.
    """
    folds = [recorded_folds(trial.user_attrs, n_splits) for trial in trials]

    def table(key):
        values = [[f.get(i, {}).get(key) for i in range(n_splits)] for f in folds]
        return np.array(values, dtype=float).reshape(len(trials), n_splits)

    params = [space.decode(trial.params) for trial in trials]
    results: dict = {
        "trial_number": np.array([trial.number for trial in trials]),
        "trial_state": np.array([trial.state.name for trial in trials]),
    }
    for key in ("fit_time", "score_time"):
        times = np.ma.masked_invalid(table(key))
        results[f"mean_{key}"] = times.mean(axis=1).filled(np.nan)
        results[f"std_{key}"] = times.std(axis=1).filled(np.nan)
    for name in dict.fromkeys(name for p in params for name in p):
        results[f"param_{name}"] = _masked([p.get(name, np.ma.masked) for p in params])
    results["params"] = params
    for key in ("test_score", "train_score") if return_train_score else ("test_score",):
        scores = table(key)
        for i in range(n_splits):
            results[f"split{i}_{key}"] = scores[:, i]
        results[f"mean_{key}"], results[f"std_{key}"] = scores.mean(axis=1), scores.std(axis=1)
    values = [t.value if t.state == TrialState.COMPLETE else np.nan for t in trials]
    mean = results["mean_test_score"] = np.array(
        values, dtype=float
    )  # recorded elsewhere: a value but no folds
    worth = mean if direction == "maximize" else -mean
    worst = np.nanmin(worth, initial=0) - 1
    ranks = rankdata(-np.where(np.isnan(worth), worst, worth), method="min")
    results["rank_test_score"] = ranks.astype(np.int32)
    return results


def _masked(values):
    """One masked array per parameter, numeric where all values are; nested sequences stay whole."""
    present = [value for value in values if value is not np.ma.masked]
    plain = all(isinstance(value, bool | int | float | np.number) for value in present)
    array = np.ma.masked_all(len(values), dtype=np.array(present).dtype if plain else object)
    for i, value in enumerate(values):
        if value is not np.ma.masked:
            array[i] = value
    return array


def trials_frame(trials, space, n_splits):
    """One row per trial, finished or not.

    Parameters
    ----------
    trials : list of optuna.trial.FrozenTrial
    space : SearchSpace
    n_splits : int

    Returns
    -------
    DataFrame
        ``number``, ``state``, ``value`` (mean over folds), ``params_<name>`` for each parameter,
        ``split<i>_test_score`` (and ``split<i>_train_score`` where measured), ``std_test_score``,
        ``fit_time`` and ``score_time`` in seconds over all folds, ``datetime_start``, ``datetime_complete``,
        ``duration`` in seconds, ``copied_from`` (number of the trial with the same parameters), ``error`` and
        ``worker``.
    """
    rows = []
    for trial in trials:
        folds = recorded_folds(trial.user_attrs, n_splits)
        complete = trial.state == TrialState.COMPLETE
        row = {"number": trial.number, "state": trial.state.name, "value": trial.value if complete else None}
        row.update({f"params_{name}": value for name, value in space.decode(trial.params).items()})
        for key in ("test_score", "train_score"):
            measured = {i: fold[key] for i, fold in folds.items() if fold[key] is not None}
            row.update({f"split{i}_{key}": score for i, score in measured.items()})
        test = [fold["test_score"] for fold in folds.values()]
        row["std_test_score"] = float(np.std(test)) if complete and test else None
        for key in ("fit_time", "score_time"):
            row[key] = sum(fold[key] or 0.0 for fold in folds.values())
        row["datetime_start"], row["datetime_complete"] = trial.datetime_start, trial.datetime_complete
        row["duration"] = trial.duration.total_seconds() if trial.duration else None
        row["copied_from"] = trial.user_attrs.get(COPIED_KEY)
        row["error"] = last_line(trial.user_attrs[ERROR_KEY]) if ERROR_KEY in trial.user_attrs else None
        row["worker"] = trial.user_attrs.get(WORKER_KEY)
        rows.append(row)
    frame = pd.DataFrame(rows)
    order = [
        "number",
        "state",
        "value",
        "params_",
        "split",
        "std_",
        "fit_",
        "score_",
        "datetime_",
        "duration",
    ]
    order += ["copied_from", "error", "worker"]
    position = {name: next(i for i, o in enumerate(order) if str(name).startswith(o)) for name in frame}
    frame = frame[sorted(frame, key=lambda name: position[name])]
    return frame.astype({"copied_from": "Int64"}) if len(frame) else frame


def export_trials(frame, path):
    """Write a table of trials to a file.

    Parameters
    ----------
    frame : DataFrame
        From ``trials_frame``.
    path : str or pathlib.Path
        ``.xlsx``, ``.csv``, ``.csv.gz`` or ``.tsv``; an existing file is replaced.

    Raises
    ------
    ValueError
        If the ending is another one.
    """
    name = Path(path).name.lower()
    if name.endswith(".xlsx"):
        text = frame.select_dtypes(include=["object", "str"]).columns
        clean = frame.copy()
        for column in text:
            clean[column] = [_cell(value) for value in frame[column]]
        clean.to_excel(path, index=False, sheet_name="trials")
    elif name.endswith((".csv", ".csv.gz")):
        frame.to_csv(path, index=False)
    elif name.endswith(".tsv"):
        frame.to_csv(path, index=False, sep="\t")
    else:
        raise ValueError(f"path must end in .xlsx, .csv, .csv.gz or .tsv, got {str(path)!r}")


def _cell(value):
    """A value that a spreadsheet shows as it is: no control characters, and no formula made of a message."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value).translate(dict.fromkeys(map(ord, _ILLEGAL_IN_EXCEL)))
    return f"'{text}" if text.startswith("=") else text


class StudyAttributesMixin:
    """Tables of a fitted search, and the attributes by which Optuna's own class gives access to the study."""

    study_: Any
    n_splits_: int
    _space: Any

    def trials_frame(self):
        """One row per trial: parameters, score of each fold, times, state, failure.

        Returns
        -------
        DataFrame
            Columns ``number``, ``state``, ``value``, ``params_<name>``, ``split<i>_test_score``,
            ``std_test_score``, ``fit_time``, ``score_time``, ``datetime_start``, ``datetime_complete``,
            ``duration`` (seconds), ``copied_from``, ``error``, ``worker``.
        """
        check_is_fitted(self, "study_")
        return trials_frame(self.study_.get_trials(), self._space, self.n_splits_)

    def export_trials(self, path):
        """Write ``trials_frame()`` to a file.

        Parameters
        ----------
        path : str or pathlib.Path
            Ends in ``.xlsx``, ``.csv``, ``.csv.gz`` or ``.tsv``.

        Raises
        ------
        ValueError
            If the ending is another one.
        """
        export_trials(self.trials_frame(), path)

    @property
    def trials_(self):
        check_is_fitted(self, "study_")
        return self.study_.trials

    @property
    def n_trials_(self):
        return len(self.trials_)

    @property
    def trials_dataframe(self):
        check_is_fitted(self, "study_")
        return self.study_.trials_dataframe

    @property
    def user_attrs_(self):
        check_is_fitted(self, "study_")
        return self.study_.user_attrs

    @property
    def set_user_attr(self):
        check_is_fitted(self, "study_")
        return self.study_.set_user_attr
