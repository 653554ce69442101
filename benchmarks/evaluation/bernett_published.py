"""The published comparison on Bernett's leak-free human pairs: its three parts, Transformer and GRU, all metrics.

    python benchmarks/evaluation/bernett_published.py
    python benchmarks/evaluation/bernett_published.py --encoder esm2_t33_650M_UR50D --settings published

Each model is fitted on the training part, keeps the epoch with the best MCC on the validation part, and predicts the
test part once per seed. Rows go to ``benchmarks/results/bernett_published.csv`` as they are made, and a run that was
killed goes on with the missing ones; ``bernett_published.md`` beside it is written anew from that file.
"""

import argparse
from pathlib import Path
from time import perf_counter

import joblib
import pandas as pd
import torch
from models import build
from tables import made_on, markdown_table, mean_and_deviation
from tqdm.auto import tqdm

from amp_sklearn.data import load_bernett
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.model_selection.evaluation_report import all_metrics

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
SHOWN = {
    "accuracy": "accuracy", "precision": "precision", "recall": "recall", "specificity": "specificity", "f1": "F1",
    "mcc": "MCC", "roc_auc": "ROC AUC", "pr_auc_trapezoid": "PR AUC (trapezoid)", "loss": "log loss", "ece": "ECE",
}  # fmt: skip
RUN = ["encoder", "weights", "settings", "train_pairs"]


def tested(row, pipeline, parts):
    """The row, with metrics on the test part of the epoch that was best on the validation part."""
    before, classifier = pipeline[:-1], pipeline[-1]
    (X, y), (X_val, y_val), (X_test, y_test) = (parts[name] for name in ("train", "val", "test"))
    features = before.fit_transform(X, y)
    start = perf_counter()
    classifier.fit(features, y, X_val=before.transform(X_val), y_val=y_val)
    seconds = perf_counter() - start
    probability = classifier.predict_proba(before.transform(X_test))[:, 1]
    return {
        **row,
        "epochs": classifier.n_iter_,
        "best_epoch": classifier.best_epoch_,
        "fit_seconds": round(seconds, 1),
        **all_metrics(y_test, probability),
    }


def write_markdown(results, path):
    """One row per model: mean ± standard deviation over seeds."""
    columns = ["model", "seeds", *SHOWN.values()]
    parts = []
    for key, found in results.groupby(RUN, sort=False):
        encoder, weights, settings, n_train = key
        rows = [
            [model, len(of_model), *(mean_and_deviation(of_model[metric]) for metric in SHOWN)]
            for model, of_model in found.groupby("model", sort=False)
        ]
        made = "; ".join(found["made_on"].unique())
        parts.append(
            f"{markdown_table(columns, rows)}\n{n_train:,} training pairs, {encoder} ({weights}), {settings} settings; "
            f"{made}.\n"
        )
    path.write_text("\n".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--settings", choices=("reduced", "published"), default="reduced")
    parser.add_argument("--models", nargs="+", default=["ESM2_AMPS_Bernett", "ESM2_GRU"], metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=2, help="fits at a time, one thread each")
    parser.add_argument("--folder", default=str(ROOT / "benchmarks" / "data" / "human_bernett"))
    parser.add_argument("--store", default=str(ROOT / "build" / "embeddings"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.n_jobs)
    Path(arguments.store).parent.mkdir(exist_ok=True)
    parts = {part: load_bernett(arguments.folder, split=part) for part in ("train", "val", "test")}
    path = RESULTS / "bernett_published.csv"
    results = pd.read_csv(path) if path.exists() else pd.DataFrame()
    embedder = ESM2Embedder(arguments.encoder, store=arguments.store, verbose=1)
    for X, _ in parts.values():  # once, before the workers read the store
        embedder.fit(X).transform(X)
    run = {
        "encoder": arguments.encoder,
        "weights": embedder.fingerprint_[:12],
        "settings": arguments.settings,
        "train_pairs": len(parts["train"][1]),
    }
    jobs = []
    for seed in range(arguments.seeds):
        for name in arguments.models:
            row = run | {"model": name, "seed": seed}
            if not len(results) or not (results[list(row)] == list(row.values())).all(axis=1).any():
                pipeline = build(name, arguments.encoder, arguments.store, arguments.settings)
                jobs.append((row, pipeline.set_params(classify__random_state=seed)))
    found = joblib.Parallel(arguments.n_jobs, return_as="generator_unordered")(
        joblib.delayed(tested)(row, pipeline, parts) for row, pipeline in jobs
    )
    for row in tqdm(found, total=len(jobs)):
        results = pd.concat([results, pd.DataFrame([row | {"made_on": made_on()}])], ignore_index=True)
        results = results.sort_values([*RUN, "model", "seed"], ignore_index=True)
        results.to_csv(path, index=False, float_format="%.6g")
        write_markdown(results, path.with_suffix(".md"))
    print(path.with_suffix(".md").read_text())


if __name__ == "__main__":
    main()
