"""All models on Bernett's leak-free human pairs, beside the four published ones on the same rows.

    python benchmarks/evaluation/bernett_all_models.py --encoder <folder or name of ESM-2 8M>      # fit, then the tables
    python benchmarks/evaluation/bernett_all_models.py --tables-only                               # from kept predictions

Each model is fitted on the training part and keeps the epoch with the best ROC AUC on the validation part; hyperparameters,
the members of the ensemble and all calibrators are chosen on the validation part too. The test part is scored once per model and
seed. Predictions are kept in ``--out`` as they are made (one file per model and seed), so that a run that was killed goes on with the
missing ones. Several fits run side by side, on a CUDA device if there is one.
"""

import argparse
import json
import os
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from bernett_tables import write_tables
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline

from amp_sklearn import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    AutoencoderReducer,
    CompositionEncoder,
    DPMClassifier,
    ESM2Embedder,
    GRUClassifier,
    LateInteractionClassifier,
    PairConcatenator,
    ProteinScaler,
    TokenMeanClassifier,
)
from amp_sklearn.data import load_bernett
from amp_sklearn.model_selection import make_baseline

ROOT = Path(__file__).resolve().parents[2]
NETWORK = {
    "max_epochs": 8,
    "batch_size": 256,
    "lr": 5e-4,
    "weight_decay": 1e-2,
    "hidden1": 128,
    "hidden2": 64,
    "monitor": "roc_auc",
}
TRANSFORMER = {**NETWORK, "d_model": 64, "n_layers": 2, "n_heads": 4, "dim_feedforward": 128, "dropout": 0.2}
LATE = {"max_epochs": 6, "batch_size": 256, "lr": 5e-4, "weight_decay": 1e-2, "monitor": "roc_auc"}
SEGMENTS, CSE = "segments", "cls+segments+eos"

# in the order of their fits: what is worth most comes first
MODELS = {
    "late interaction": (SEGMENTS, LateInteractionClassifier(**LATE)),
    "late interaction, cls and eos": (CSE, LateInteractionClassifier(**LATE)),
    "late interaction, four channels": (SEGMENTS, LateInteractionClassifier(**LATE, n_channels=4, dropout=0.3)),
    "AMPS": (SEGMENTS, AMPSClassifier(**TRANSFORMER)),
    "boosting": ("boosting", HistGradientBoostingClassifier(
        max_iter=200, learning_rate=0.05, max_leaf_nodes=31, l2_regularization=1.0, max_features=0.2, early_stopping=False)),
    "token mean": (SEGMENTS, TokenMeanClassifier(**NETWORK)),
    "DPM": ("mean", DPMClassifier(**{**NETWORK, "hidden1": 256}, hidden3=32)),
    "AMPS, cls and eos": (CSE, AMPCSEClassifier(**TRANSFORMER)),
    "GRU": (SEGMENTS, GRUClassifier(**NETWORK, n_layers=2, hidden_size=64)),
    "AE_DNN": ("reduced", AEDNNClassifier(**{**NETWORK, "hidden1": 256})),
    "AE_RF": ("reduced", RandomForestClassifier(100, min_samples_leaf=3, max_samples=0.3, n_jobs=4)),
}  # fmt: skip


def features_of(kind, embedded, parts, seed, device):
    """Scaled features of the three parts for one kind of model; statistics come from the training part."""
    (train, y) = embedded["train"], parts["train"][1]
    if kind == "boosting":
        together = PairConcatenator("mean", combine=["A+B", "|A-B|", "A*B"])
        composition = CompositionEncoder()
        return {
            name: np.hstack([
                np.asarray(composition.fit_transform(parts[name][0])),
                np.asarray(together.fit_transform(embedded[name])),
            ]).astype(np.float32) for name in parts
        }  # fmt: skip
    steps = [PairConcatenator(SEGMENTS if kind == "reduced" else kind), ProteinScaler()]
    if kind == "reduced":
        steps.insert(1, AutoencoderReducer(n_components=64, max_epochs=15, device=device, random_state=seed))
    before = make_pipeline(*steps).fit(train, y)
    found = {name: before.transform(X) for name, X in embedded.items()}
    return {name: np.asarray(X) for name, X in found.items()} if kind == "reduced" else found


def fitted(name, seed, embedded_file, parts, out, device):
    """Fit one model once and keep its validation and test scores."""
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 8))
    embedded = joblib.load(embedded_file)
    kind, model = MODELS[name]
    parameters = model.get_params()
    model = model.__class__(**parameters).set_params(random_state=seed)
    if "device" in parameters:
        model.set_params(device=device)
    X, start = features_of(kind, embedded, parts, seed, device), time.perf_counter()
    extra = {"X_val": X["val"], "y_val": parts["val"][1]} if "monitor" in parameters else {}
    model.fit(X["train"], parts["train"][1], **extra)
    fit_seconds, start = time.perf_counter() - start, time.perf_counter()
    scores = {part: log_odds(model, X[part]) for part in ("val", "test")}
    facts = {
        "model": name, "seed": seed, "fit_seconds": round(fit_seconds, 1),
        "predict_seconds": round(time.perf_counter() - start, 1), "best_epoch": int(getattr(model, "best_epoch_", 0)),
        "device": torch.cuda.get_device_name() if device == "cuda" and extra else "CPU",
    }  # fmt: skip
    partial = out / f".{file_name(name, seed)}"
    np.savez_compressed(partial, **scores, facts=json.dumps(facts))
    os.replace(partial, out / file_name(name, seed))
    return facts


def file_name(name, seed):
    return f"{name.replace(', ', '-').replace(' ', '_')}-{seed}.npz"


def log_odds(model, X):
    """Scores that do not saturate: the logit where there is one, else that of the probability."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(X), dtype=np.float32)
    probability = np.clip(np.asarray(model.predict_proba(X)[:, 1], dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.log(probability / (1 - probability)).astype(np.float32)


def composition(parts, out):
    """The baseline that every embedding must beat."""
    if (out / file_name("composition", 0)).exists():
        return
    start = time.perf_counter()
    model = make_baseline("composition_logistic").fit(*parts["train"])
    scores = {part: log_odds(model, parts[part][0]) for part in ("val", "test")}
    facts = {
        "model": "composition",
        "seed": 0,
        "fit_seconds": round(time.perf_counter() - start, 1),
        "device": "CPU",
    }
    np.savez_compressed(out / file_name("composition", 0), **scores, facts=json.dumps(facts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", help="ESM-2 model: name or folder")
    parser.add_argument(
        "--encoder-name", default="ESM-2 8M, a fine-tuned copy", help="how the tables call it"
    )
    parser.add_argument("--folder", default=str(ROOT / "benchmarks/data/human_bernett"))
    parser.add_argument("--out", type=Path, default=ROOT / "build/bernett_all_models")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS), metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=2, help="fits at a time")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no fit after this time")
    parser.add_argument("--tables-only", action="store_true")
    arguments = parser.parse_args()
    begin, out = time.perf_counter(), arguments.out
    out.mkdir(parents=True, exist_ok=True)
    parts = {part: load_bernett(arguments.folder, split=part) for part in ("train", "val", "test")}
    if not arguments.tables_only:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        embedder = ESM2Embedder(
            arguments.encoder, device=device, max_length=2000, long_proteins="window", verbose=1
        )
        everything = pd.concat([X for X, _ in parts.values()])
        embedder.fit(everything)
        embedded = {part: embedder.transform(X) for part, (X, _) in parts.items()}
        embedded_file = out / ".embedded.joblib"
        joblib.dump(embedded, embedded_file)
        print(f"embedded after {time.perf_counter() - begin:.0f} s on {device}", flush=True)
        jobs = [
            joblib.delayed(unless_late)(begin, arguments.minutes, name, seed, embedded_file, parts, out, device)
            for seed in range(arguments.seeds) for name in arguments.models
            if not (out / file_name(name, seed)).exists()
        ]  # fmt: skip
        for facts in joblib.Parallel(arguments.n_jobs, return_as="generator_unordered")(jobs):
            if facts:
                print(json.dumps(facts), flush=True)
        composition(parts, out)
        embedded_file.unlink()
    write_tables(out, parts, arguments.encoder_name, arguments.results)


def unless_late(begin, minutes, *arguments):
    """A fit, unless the time for starting fits is over."""
    return fitted(*arguments) if time.perf_counter() - begin < 60 * minutes else None


if __name__ == "__main__":
    main()
