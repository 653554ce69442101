"""Inject faults for some minutes and write what happened: ``python -m benchmarks.reliability.run [--minutes 10]``.

Writes ``benchmarks/results/reliability.json`` and the table of the page on reliability.
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from tqdm.auto import tqdm

from amp_sklearn.classification import TokenMeanClassifier
from amp_sklearn.embedding import EmbeddingStore
from amp_sklearn.embedding.store import FILE_NAME
from amp_sklearn.nn import TokenMean
from amp_sklearn.persistence import save_model
from amp_sklearn.presets import make_preset

from . import faults

ROOT = Path(__file__).parents[2]
RESULTS, TABLE = ROOT / "benchmarks/results/reliability.json", ROOT / "docs/reliability_results.inc"

SETTINGS = {
    "hidden1": 8,
    "hidden2": 4,
    "max_epochs": 12,
    "random_state": 0,
    "device": "cpu",
    "n_tokens": 4,
    "validation": None,
}


def trials(folder, rng):
    """Fault, how it is injected, what is promised, how many tries at most, and a function that tries it once."""
    X = rng.normal(size=(200, 32)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    expected = TokenMeanClassifier(**SETTINGS).fit(X, y).decision_function(X)

    def fresh():
        path = folder / "fresh"
        shutil.rmtree(path, ignore_errors=True)
        return path

    store, values = EmbeddingStore(folder / "store"), {}
    values = {f"{k}".encode(): np.full(200, k, dtype=np.float32) for k in range(300)}
    store.write(values)
    store.close()
    store_file = folder / "store" / FILE_NAME
    stored = store_file.read_bytes()

    forest = RandomForestClassifier(3, max_depth=3, random_state=0).fit(X, y)
    net = TokenMeanClassifier(**SETTINGS).fit(X, y)
    saved = [
        (model, save_model(model, folder / f"{n}.amp").read_bytes()) for n, model in enumerate((forest, net))
    ]
    probabilities = [model.predict_proba(X) for model, _ in saved]

    def model_file(change):
        which = int(rng.integers(2))
        return faults.read_model(folder / "x.amp", change(saved[which][1], rng), X, probabilities[which])

    searched = faults.history_of(faults.search(None).fit(X, y))
    sequences = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), rng.integers(20, 60))) for _ in range(40)]
    proteins = {f"P{number}": sequence for number, sequence in enumerate(sequences)}
    training = np.array(sequences).reshape(-1, 2)
    screener = make_preset("composition").fit(training, np.arange(len(training)) % 2)
    pairs = faults.screened(screener, proteins, folder / "whole")

    torch.save(TokenMean(2, 16, hidden=(4, 3)).state_dict(), folder / "weights.pth")
    weights = (folder / "weights.pth").read_bytes()

    whole = "values are there whole or not at all; nothing earlier is lost"
    file = "the same predictions, or a ModelLoadError; no code runs"
    some = "right values, fewer of them, or an EmbeddingStoreError"
    return [
        ("Kill while the store is written", "SIGKILL after 1 to 50 ms", whole, 150,
         lambda: faults.kill_while_writing(fresh(), rng)),
        ("Three kills in one training", "SIGKILL after 10 to 300 ms", "the fit goes on and ends as an uninterrupted one", 30,
         lambda: faults.kill_while_training(fresh(), rng, X, y, expected, SETTINGS)),
        ("Three kills in one search", "SIGKILL after 50 to 400 ms", "the search goes on and ends as an uninterrupted one", 30,
         lambda: faults.kill_while_searching(fresh(), rng, X, y, searched)),
        ("Three kills in one screen", "SIGKILL after 10 to 400 ms", "the screen goes on; its tables are the same bytes", 30,
         lambda: faults.kill_while_screening(fresh(), rng, screener, proteins, pairs)),
        ("Four processes write one store", "fork, 25 batches each", "every batch arrives", 30,
         lambda: faults.write_at_once(fresh(), rng)),
        ("Flipped bit in a store", "one bit anywhere in the file", some, 500,
         lambda: faults.read_store(store_file, faults.flipped(stored, rng), values)),
        ("Mutated store", "up to 7 blocks changed, cut, doubled or moved", some, 500,
         lambda: faults.read_store(store_file, faults.mutated(stored, rng), values)),
        ("Flipped bit in a model file", "one bit anywhere in the file", file, 500,
         lambda: model_file(faults.flipped)),
        ("Mutated model file", "up to 7 blocks changed, cut, doubled or moved", file, 5000,
         lambda: model_file(faults.mutated)),
        ("Mutated weights (.pth)", "up to 7 blocks changed, cut, doubled or moved", "weights, or a documented error; no code runs", 5000,
         lambda: faults.read_weights(folder / "x.pth", faults.mutated(weights, rng))),
    ]  # fmt: skip


def write_table(rows):
    """The table of the page, as reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "", "   * - Fault", "     - Injected", "     - Tried"]
    lines += ["     - What happened", "     - Promised"]
    for row in rows:
        happened = ", ".join(f"{count:,} × {what}" for what, count in sorted(row["outcomes"].items()))
        cells = (row["fault"], row["injected"], f"{row['tried']:,}", happened, row["promised"])
        lines += [f"   {'*' if n == 0 else ' '} - {cell}" for n, cell in enumerate(cells)]
    TABLE.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="time for all faults together")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tqdm.set_lock(
        threading.RLock()
    )  # its own lock is shared with forked processes, and dies with a killed one
    warnings.simplefilter("ignore")
    folder, rng = Path(tempfile.mkdtemp()), np.random.default_rng(arguments.seed)
    rows, listed = [], trials(folder, rng)
    end = time.monotonic() + 60 * arguments.minutes
    for number, (fault, injected, promised, most, attempt) in enumerate(listed):
        share = time.monotonic() + (end - time.monotonic()) / (len(listed) - number)
        outcomes, slowest = Counter(), 0.0
        while sum(outcomes.values()) < most and (time.monotonic() < share or not outcomes):
            start = time.monotonic()
            try:
                outcomes[attempt()] += 1
            except Exception as error:
                outcomes[f"{faults.FOREIGN} {type(error).__name__}"] += 1
                print(f"{fault}: {type(error).__name__}: {error}")
            slowest = max(slowest, time.monotonic() - start)
        row = {"fault": fault, "injected": injected, "promised": promised, "tried": sum(outcomes.values())}
        rows.append({**row, "outcomes": dict(outcomes), "slowest_seconds": round(slowest, 2)})
        print(rows[-1], flush=True)
    RESULTS.write_text(json.dumps({"seed": arguments.seed, "rows": rows}, indent=1) + "\n")
    write_table(rows)
    shutil.rmtree(folder)
    bad = [
        row["fault"] for row in rows if any(what.isupper() or "FOREIGN" in what for what in row["outcomes"])
    ]
    raise SystemExit(f"not as promised: {', '.join(bad)}" if bad else 0)


if __name__ == "__main__":
    main()
