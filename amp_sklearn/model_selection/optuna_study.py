"""The record of a search: its study, the data that the study belongs to, and which process works on which trial."""

import datetime
import hashlib
import importlib.util
import os
import re
import socket
import time
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from ..data.digests import data_digest
from .optuna_space import seed_from

JOURNAL_PREFIX = "journal:///"
POSTGRESQL_PREFIX = "postgresql://"
RECORD_KEY = "amp_sklearn"
"""User attribute of a study that says which data, folds and scoring its values belong to."""

WORKER_KEY = "worker"
"""User attribute of a running trial: the process that evaluates it; empty once that process gave it up."""


def open_storage(storage):
    """Storage object or URL that optuna understands.

    Parameters
    ----------
    storage : str, pathlib.Path, optuna storage or None
        ``"sqlite:///file.db"``, ``"postgresql://..."`` and other database URLs, ``"journal:///file.log"``, a
        path that ends in ``.log`` or ``.journal`` (journal file) or in ``.db`` or ``.sqlite`` (SQLite). As in
        database URLs, three slashes start a relative path and four an absolute one. ``"postgresql://"`` means
        the driver psycopg 3, which ``pip install "amp-sklearn[postgresql]"`` brings.

    Returns
    -------
    optuna storage or None

    Raises
    ------
    ValueError
        If the text is no URL and no known kind of file.
    FileNotFoundError
        If the folder of a file does not exist.
    ImportError
        If the database is PostgreSQL and psycopg is not installed.
    """
    if storage is None or isinstance(storage, BaseStorage):
        return storage
    text = os.fspath(storage)
    if text.startswith(JOURNAL_PREFIX):
        return _journal(text.removeprefix(JOURNAL_PREFIX))
    if text.startswith(POSTGRESQL_PREFIX):
        if importlib.util.find_spec("psycopg") is None:
            raise ImportError(
                "a PostgreSQL storage needs psycopg, which is not installed: pip install 'amp-sklearn[postgresql]'"
            )
        # Without a driver in the URL it depends on SQLAlchemy's version which one is meant.
        return _database(text.replace(POSTGRESQL_PREFIX, "postgresql+psycopg://", 1))
    if "://" in text:
        return _database(text)
    if text.endswith((".log", ".journal")):
        return _journal(text)
    if text.endswith((".db", ".sqlite", ".sqlite3")):
        _require_folder(text)
        return _database(f"sqlite:///{text}")
    raise ValueError(
        f"storage={text!r} is not understood; give 'sqlite:///file.db', 'journal:///file.log', "
        "'postgresql://user@host/database', a path ending in .log or .db, or an optuna storage"
    )


def _journal(path):
    _require_folder(path)
    return JournalStorage(JournalFileBackend(path))


def _database(url):
    """Storage in a database, its tables made if they are missing.

    Workers that start together all find no tables and all try to make them; those that lose find them the next time.
    """
    for attempts_left in reversed(range(5)):
        try:
            return RDBStorage(url)
        except SQLAlchemyError:
            if not attempts_left:
                raise
            time.sleep(0.5)


def _require_folder(path):
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the folder {str(folder)!r} of the storage {path!r} does not exist; create it, or write four "
            "slashes for an absolute path (journal:////folder/file.log)"
        )


@contextmanager
def _quiet_optuna():
    """Keep optuna from announcing each study on stderr."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(level, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)


@contextmanager
def stoppable(study):
    """Let callbacks call ``study.stop()``, which optuna allows only inside its own loop."""
    before = study._thread_local.in_optimize_loop
    study._thread_local.in_optimize_loop, study._stop_flag = True, False
    try:
        yield
    finally:
        study._thread_local.in_optimize_loop = before


def describe(X, y, splits, scoring):
    """What the values of a study belong to: digests of the data and folds, and the name of the scoring.

    Returns
    -------
    dict of str -> str
    """
    folds = data_digest(*(rows for fold in splits for rows in fold))
    return {"data": data_digest(X, y), "folds": folds, "scoring": _scoring_name(scoring)}


def _scoring_name(scoring):
    if scoring is None:
        return "score of the estimator"
    if isinstance(scoring, str):
        return scoring
    return getattr(scoring, "__qualname__", None) or re.sub(r" at 0x[0-9a-f]+", "", repr(scoring))


def _claim(study, description, seed, keep_seed):
    """Bind a study to these data, or refuse if its values were measured on others.

    Parameters
    ----------
    study : optuna study
    description : dict of str -> str
        From ``describe``.
    seed : int
        Seed of the search.
    keep_seed : bool
        Whether a recorded seed wins over ``seed``.

    Returns
    -------
    int
        Seed to use.

    Raises
    ------
    ValueError
        If data, folds or scoring are not those of the recorded trials.
    """
    recorded = study.user_attrs.get(RECORD_KEY)
    if recorded is None:
        study.set_user_attr(RECORD_KEY, {**description, "seed": seed})
        return seed
    hints = {
        "data": "X or y have other values",
        "folds": "cv made other folds (give a shuffling splitter a random_state)",
        "scoring": f"scoring was {recorded['scoring']!r} and is now {description['scoring']!r}",
    }
    for key, hint in hints.items():
        if recorded[key] != description[key]:
            raise ValueError(
                f"study {study.study_name!r} holds scores that cannot be compared with new ones: {hint}; "
                "use another study_name, or storage without study_name (one study per data set and folds)"
            )
    return recorded["seed"] if keep_seed else seed


def open_study(parameters, describe, seed):
    """The study in which a search is recorded, new or resumed.

    Parameters
    ----------
    parameters : dict
        Parameters of the search: ``study``, ``storage``, ``study_name``, ``direction``, ``sampler``,
        ``pruner`` and ``random_state``.
    describe : callable
        Makes the description of data, folds and scoring; called only if the study outlives the search.
    seed : int
        Seed of the search, drawn from ``random_state``.

    Returns
    -------
    study : optuna.study.Study
    seed : int
        Seed of the draws: the recorded one if ``random_state`` is None.

    Raises
    ------
    ValueError
        If the study has several objectives, another direction, or belongs to other data, folds or scoring.
    """
    study, direction, name = parameters["study"], parameters["direction"], parameters["study_name"]
    kept = study is not None or parameters["storage"] is not None
    description = describe() if kept else {}
    if study is None:
        if name is None and kept:
            name = "search-" + hashlib.sha256(repr(sorted(description.items())).encode()).hexdigest()[:16]
        with _quiet_optuna():
            study = optuna.create_study(
                storage=open_storage(parameters["storage"]),
                study_name=name,
                direction=direction or "maximize",
                sampler=parameters["sampler"],
                pruner=parameters["pruner"],
                load_if_exists=True,
            )
    if len(study.directions) != 1:
        raise ValueError(f"study must have one objective, got {len(study.directions)}")
    made = study.direction.name.lower()
    if direction not in (None, made):
        raise ValueError(
            f"direction={direction!r}, but study {study.study_name!r} was made with direction {made!r}"
        )
    if kept:
        keep_seed = parameters["random_state"] is None
        if keep_seed:  # a sampler that was given a seed keeps its say
            seed = seed_from(study.sampler)
        seed = _claim(study, description, seed, keep_seed)
    return study, seed


def this_worker():
    """Identity of this process: host, process number, start time."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_time(os.getpid())}"


def _start_time(pid):
    """Start of a process in clock ticks since boot, where the system tells it; else empty."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _is_alive(pid, started):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # a process of another user: it exists
    return _start_time(pid) == started


def is_abandoned(trial, abandoned_after):
    """Whether nobody works on a running trial any more.

    Parameters
    ----------
    trial : optuna.trial.FrozenTrial
    abandoned_after : float
        Seconds after its start at which a trial is given up whose process cannot be asked (another host).

    Returns
    -------
    bool
    """
    worker = trial.user_attrs.get(WORKER_KEY)
    if worker == "":
        return True
    if worker is not None and os.name == "posix":
        host, pid, started = worker.rsplit(":", 2)
        if host == socket.gethostname():
            return not _is_alive(int(pid), started)
    started_at = trial.datetime_start
    return started_at is None or datetime.datetime.now() - started_at > datetime.timedelta(
        seconds=abandoned_after
    )
