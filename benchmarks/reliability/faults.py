"""Faults that are injected into what is written to disk; each function tries one fault once and says what happened."""

import os
import signal
import time
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

from amp_sklearn import OptunaSearchCV, screen
from amp_sklearn.classification import TokenMeanClassifier, load_checkpoint
from amp_sklearn.embedding import EmbeddingStore
from amp_sklearn.exceptions import EmbeddingStoreError, ModelLoadError
from amp_sklearn.persistence import load_model

N_TRIALS = 12
RIGHT, REFUSED, WRONG, FOREIGN = "right result", "refused with our error", "WRONG NUMBERS", "FOREIGN ERROR"


def killed(work, seconds):
    """Run a function in a child process that is killed after some seconds; True if it was still at work."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    time.sleep(seconds)
    if os.waitpid(child, os.WNOHANG)[0]:
        return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def kill_while_writing(folder, rng):
    """Values arrive whole or not at all; what was there before stays."""
    store = EmbeddingStore(folder)
    before = {f"{k}".encode(): np.full(300, k, dtype=np.float32) for k in range(5)}
    store.write(before)

    def work():
        for k in range(10**6):
            store.write({f"new {k} {i}".encode(): np.full(3000, k) for i in range(4)})

    if not killed(work, rng.uniform(0.001, 0.05)):
        raise RuntimeError("the writer ended before it was killed")
    found = store.read(before)
    good = all(np.array_equal(found.get(key), value) for key, value in before.items())
    n_new = len(store) - len(before)
    batches = store.read([f"new {k} {i}".encode() for k in range(n_new // 4) for i in range(4)])
    good &= n_new % 4 == 0 and len(batches) == n_new and store.n_damaged == 0
    good &= all((value == int(key.split()[1])).all() for key, value in batches.items())
    store.close()
    return RIGHT if good else WRONG


def kill_while_training(folder, rng, X, y, expected, settings):
    """A fit goes on after the last complete epoch and ends as an uninterrupted one."""
    model = TokenMeanClassifier(**settings, checkpoint_dir=folder)
    for _ in range(3):
        killed(lambda: model.fit(X, y), rng.uniform(0.01, 0.3))
    model.fit(X, y)
    return RIGHT if np.array_equal(model.decision_function(X), expected) else WRONG


def kill_while_searching(folder, rng, X, y, expected):
    """A search goes on with what is recorded, and ends with the same parameters and scores as an uninterrupted one."""
    folder.mkdir()
    for _ in range(3):
        killed(lambda: search(folder / "search.log").fit(X, y), rng.uniform(0.05, 0.4))
    found = search(folder / "search.log").fit(X, y)
    trials = [trial.number for trial in found.study_.trials if trial.state.is_finished()]
    good = trials == list(range(N_TRIALS)) and history_of(found) == expected
    return RIGHT if good else WRONG


def search(storage):
    """A search of twelve trials; in memory where there is no storage."""
    from optuna.distributions import FloatDistribution

    return OptunaSearchCV(
        LogisticRegression(max_iter=300),
        {"C": FloatDistribution(1e-3, 1e3, log=True)},
        n_trials=N_TRIALS,
        random_state=0,
        storage=storage,
        cv=3,
        refit=False,
    )


def history_of(found):
    """Parameters and mean score of each trial."""
    return [(trial.params["C"], trial.value) for trial in found.study_.trials]


def kill_while_screening(folder, rng, model, proteins, expected):
    """A screen goes on at the next block, and its tables are the same bytes as those of an uninterrupted one."""
    for _ in range(3):
        killed(lambda: screened(model, proteins, folder), rng.uniform(0.01, 0.4))
    return RIGHT if screened(model, proteins, folder) == expected else WRONG


def screened(model, proteins, folder):
    """Bytes of the tables of a screen."""
    found = screen(model, proteins, None, folder, block_size=4)
    return {path.name: path.read_bytes() for path in sorted((found.folder / "pairs").iterdir())}


def write_at_once(folder, rng):
    """Four processes write at once; everything arrives."""
    store, children = EmbeddingStore(folder), []
    for name in range(4):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for k in range(25):
                    store.write({f"{name} {k}".encode(): np.full(500, k)})
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    ended = [os.waitpid(child, 0)[1] for child in children]
    good = not any(ended) and len(store) == 100
    found = store.read([f"{name} {k}".encode() for name in range(4) for k in range(25)])
    good &= len(found) == 100 and all((value == int(key.split()[1])).all() for key, value in found.items())
    store.close()
    return RIGHT if good else WRONG


def flipped(content, rng):
    """The content with one bit flipped."""
    changed = bytearray(content)
    changed[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return bytes(changed)


def mutated(content, rng):
    """The content with bytes changed, cut, doubled, or swapped for others of the same file."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 8)):
        start = int(rng.integers(len(changed)))
        stop = min(start + int(rng.integers(1, 64)), len(changed))
        kind = rng.integers(4)
        if kind == 0:
            changed[start:stop] = rng.bytes(stop - start)
        elif kind == 1 and len(changed) > 200:
            del changed[start:stop]
        elif kind == 2:
            changed[start:start] = changed[start:stop]
        else:
            other = int(rng.integers(len(changed)))
            changed[start:stop] = changed[other : other + stop - start]
    return bytes(changed)


def read_store(file, content, values):
    """A store with changed bytes gives the right values, or fewer, or refuses."""
    file.write_bytes(content)
    store = EmbeddingStore(file.parent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = store.read(values)
        return RIGHT if all(np.array_equal(found[key], values[key]) for key in found) else WRONG
    except EmbeddingStoreError:
        return REFUSED
    finally:
        store.close()


def read_model(file, content, X, expected):
    """A model file with changed bytes predicts the same, or is refused."""
    file.write_bytes(content)
    try:
        model = load_model(file)
    except ModelLoadError:
        return REFUSED
    return RIGHT if np.array_equal(model.predict_proba(X), expected) else WRONG


def read_weights(file, content):
    """Weights with changed bytes are refused, or read; bare weights carry no digest that could tell their numbers."""
    file.write_bytes(content)
    try:
        load_checkpoint(file, kind="mean", n_tokens=2)
    except (ModelLoadError, ValueError):
        return REFUSED
    return "read; numbers not promised"
