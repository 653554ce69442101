"""One table of all models: mean ± standard deviation over seeds, on one data set and one kind of test.

    python benchmarks/evaluation/all_models.py --data guo --scheme protein-disjoint

A seed draws the folds and starts every model. Results are added to ``benchmarks/results/all_models.tsv`` model by
model, so that a killed run goes on where it stopped, and ``docs/all_models.inc`` is written anew from that file.
``--data park-marcotte --scheme published`` trains on the published training pairs and tests on C1, C2 and C3;
``--data bernett --scheme published`` on Bernett's test part.
"""

import argparse
import os
import platform
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import sklearn
import torch
from models import MODELS, build
from sklearn.model_selection import PredefinedSplit
from tqdm.auto import tqdm

from amp_sklearn.data import load_bernett, load_park_marcotte, load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.metrics import pair_metrics
from amp_sklearn.model_selection import evaluate_folds
from amp_sklearn.workflows import cross_validation

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "all_models.tsv"
PAGE = ROOT / "docs" / "all_models.inc"
DATA = ROOT / "benchmarks" / "data"
JOB = ["data", "scheme", "encoder", "settings", "train_pairs", "model", "seed"]
SHOWN = {"accuracy": "accuracy", "mcc": "MCC", "roc_auc": "ROC AUC", "pr_auc": "PR AUC"}
PUBLISHED_PARTS = {
    "park-marcotte": (load_park_marcotte, "yeast_park_marcotte", ("test_C1", "test_C2", "test_C3")),
    "bernett": (load_bernett, "human_bernett", ("test",)),
}
TITLES = {"guo": "Guo yeast", "park-marcotte": "Park and Marcotte yeast", "bernett": "Bernett human"}


def load(data, scheme, n_train, seed):
    """Pairs, labels, and for a published split the part of each pair ("" in training)."""
    if data == "guo":
        if scheme == "published":
            raise SystemExit("the Guo set has no published split; use --scheme random or protein-disjoint")
        return *load_yeast_ppi(), None
    loader, folder, tests = PUBLISHED_PARTS[data]
    X, y = loader(DATA / folder, split="train")
    if n_train is not None and n_train < len(X):
        rows = np.sort(np.random.default_rng(seed).choice(len(X), n_train, replace=False))
        X, y = X.iloc[rows], y[rows]
    if scheme != "published":
        return X, y, None
    parts = [loader(DATA / folder, split=part) for part in tests]
    part = np.repeat(["", *tests], [len(X), *(len(pairs) for pairs, _ in parts)])
    return (
        pd.concat([X, *(pairs for pairs, _ in parts)]),
        np.concatenate([y, *(labels for _, labels in parts)]),
        part,
    )


def run(job, store, threads):
    """One model on all folds of one seed; one row per fold or part."""
    torch.set_num_threads(threads)
    X, y, part = load(job["data"], job["scheme"], job["train_pairs"] or None, job["seed"])
    encoder = job["encoder"].partition("@")[0]
    model = build(job["model"], encoder, store, job["seed"], job["settings"] == "published")
    start = time.perf_counter()
    if part is None:
        folds, _ = evaluate_folds(model, X, y, cross_validation(job["scheme"], 5, job["seed"]))
        rows = [
            {"test": f"fold {fold}", **row}
            for fold, row in zip(folds.index, folds.to_dict("records"), strict=True)
        ]
    else:
        _, predictions = evaluate_folds(model, X, y, PredefinedSplit(np.where(part == "", -1, 0)))
        tested = part[predictions["row"]]
        rows = [
            {"test": name, "n_train": int((part == "").sum()), "n_test": len(found)}
            | pair_metrics(found["label"], found["probability"])
            for name, found in predictions.groupby(tested, sort=False)
        ]
    minutes = (time.perf_counter() - start) / 60
    return pd.DataFrame([{**job, **row, "minutes_all_folds": round(minutes, 2)} for row in rows])


def embed(X, encoder, store, threads):
    """Fill the embedding store once, before the workers read it; returns the name with a digest of the weights."""
    torch.set_num_threads(threads)
    embedder = ESM2Embedder(encoder, store=store, verbose=1).fit(X)
    embedder.transform(X)
    return f"{encoder}@{embedder.fingerprint_[:8]}"


def summary(results):
    """Mean over folds, then mean ± standard deviation over seeds, as text."""
    results = results.assign(test=results["test"].where(~results["test"].str.startswith("fold"), "5 folds"))
    keys = ["data", "scheme", "test", "encoder", "settings", "train_pairs", "model"]
    seeds = results.groupby([*keys, "seed"], sort=False)[list(SHOWN)].mean()
    grouped = seeds.groupby(keys, sort=False)
    mean, deviation, number = grouped.mean(), grouped.std(), grouped.size()
    text = pd.DataFrame(index=mean.index)
    for metric, title in SHOWN.items():
        text[title] = [
            f"{m:.3f} ± {d:.3f}" if n > 1 else f"{m:.3f}"
            for m, d, n in zip(mean[metric], deviation[metric], number, strict=True)
        ]
    return text.assign(seeds=number).reset_index()


def write_page(results):
    """Tables of the documentation, one per data set and kind of test."""
    lines = []
    for (data, scheme, test, encoder, settings), table in summary(results).groupby(
        ["data", "scheme", "test", "encoder", "settings"], sort=False
    ):
        tested = (
            "test folds"
            if test == "5 folds"
            else test.replace("test_", "").replace("test", "published test part")
        )
        pairs = int(results.loc[(results["data"] == data) & (results["scheme"] == scheme), "n_train"].max())
        lines += [
            f".. list-table:: {TITLES[data]}, {scheme}, {tested} (at most {pairs:,} training pairs, {encoder.partition('@')[0]} "
            f"features, {settings} settings)",
            "   :header-rows: 1", "",
        ]  # fmt: skip
        columns = ["model", *SHOWN.values(), "seeds"]
        for row in [columns, *table[columns].astype(str).to_numpy().tolist()]:
            lines += [f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(row)]
        lines.append("")
    hardware = f"{os.cpu_count()} CPU cores ({platform.machine()})"
    versions = f"torch {torch.__version__.partition('+')[0]}, scikit-learn {sklearn.__version__}"
    lines += [
        f"Made on {hardware} with {versions}; every fold's row is in ``benchmarks/results/all_models.tsv``.",
        "",
    ]
    PAGE.write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", choices=tuple(TITLES), default="guo")
    parser.add_argument(
        "--scheme", choices=("random", "protein-disjoint", "published"), default="protein-disjoint"
    )
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--settings", choices=("reduced", "published"), default="reduced")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train-pairs", type=int, default=0, help="draw so many training pairs (0: all)")
    parser.add_argument("--store", default=str(ROOT / "build" / "embeddings"), help="embedding store")
    parser.add_argument("--n-jobs", type=int, default=2, help="models fitted at a time, one thread each")
    arguments = parser.parse_args()
    Path(arguments.store).parent.mkdir(parents=True, exist_ok=True)
    X, _, _ = load(arguments.data, arguments.scheme, None, 0)
    encoder = embed(X, arguments.encoder, arguments.store, arguments.n_jobs)
    jobs = [
        {"data": arguments.data, "scheme": arguments.scheme, "encoder": encoder, "settings": arguments.settings,
         "train_pairs": arguments.train_pairs, "model": model, "seed": seed}
        for model in arguments.models for seed in range(arguments.seeds)
    ]  # fmt: skip
    results = pd.read_csv(RESULTS, sep="\t") if RESULTS.exists() else pd.DataFrame(columns=[*JOB, "test"])
    done = set(results[JOB].itertuples(index=False, name=None))
    todo = [job for job in jobs if tuple(job[name] for name in JOB) not in done]
    tables = joblib.Parallel(arguments.n_jobs, return_as="generator")(
        joblib.delayed(run)(job, arguments.store, 1) for job in todo
    )
    for table in tqdm(tables, total=len(todo), desc="models x seeds"):
        results = pd.concat([results, table], ignore_index=True) if len(results) else table
        results.to_csv(RESULTS, sep="\t", index=False, float_format="%.6g")
    write_page(results)
    print(
        summary(
            results[results["data"].eq(arguments.data) & results["scheme"].eq(arguments.scheme)]
        ).to_string(index=False)
    )


if __name__ == "__main__":
    main()
