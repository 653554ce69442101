"""One table of all models and the baselines: mean ± standard deviation over seeds.

    python benchmarks/evaluation/all_models.py --data guo --scheme protein-disjoint

A seed draws the folds and starts every model. Fits are kept in ``build/comparisons``, so that a killed run goes on
where it stopped. The rows of all folds go to ``benchmarks/results/all_models.tsv``, in place of those of an earlier
run with the same choices, and ``docs/all_models.inc`` is written anew from that file.
``--data park-marcotte --scheme published`` trains on the published training pairs and tests on C1, C2 and C3;
``--data bernett --scheme published`` tests on Bernett's test part.
"""

import argparse
import os
import platform
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import torch
from models import REDUCED, build

from amp_sklearn.data import load_bernett, load_park_marcotte, load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.metrics import pair_metrics
from amp_sklearn.model_selection import BASELINES, compare, make_baseline
from amp_sklearn.workflows import cross_validation

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "all_models.tsv"
PAGE = ROOT / "docs" / "all_models.inc"
DATA = ROOT / "benchmarks" / "data"
SHOWN = {"accuracy": "accuracy", "mcc": "MCC", "roc_auc": "ROC AUC", "pr_auc": "PR AUC"}
PUBLISHED_PARTS = {
    "park-marcotte": (load_park_marcotte, "yeast_park_marcotte", ("test_C1", "test_C2", "test_C3")),
    "bernett": (load_bernett, "human_bernett", ("test",)),
}
TITLES = {"guo": "Guo yeast", "park-marcotte": "Park and Marcotte yeast", "bernett": "Bernett human"}


def load(data, scheme, n_train):
    """Pairs, labels, and for a published split the part of each pair ("" in training)."""
    if data == "guo":
        if scheme == "published":
            raise SystemExit("the Guo set has no published split; use --scheme random or protein-disjoint")
        return *load_yeast_ppi(), None
    loader, folder, tests = PUBLISHED_PARTS[data]
    X, y = loader(DATA / folder, split="train")
    if n_train and n_train < len(X):
        rows = np.sort(np.random.default_rng(0).choice(len(X), n_train, replace=False))
        X, y = X.iloc[rows], y[rows]
    if scheme != "published":
        return X, y, None
    parts = [loader(DATA / folder, split=part) for part in tests]
    part = np.repeat(["", *tests], [len(X), *(len(pairs) for pairs, _ in parts)])
    pairs = pd.concat([X, *(pairs for pairs, _ in parts)])
    return pairs, np.concatenate([y, *(labels for _, labels in parts)]), part


def measure(arguments, choices, store):
    """One row of metrics per model, seed and fold or published part."""
    X, y, part = load(arguments.data, arguments.scheme, arguments.train_pairs)
    torch.set_num_threads(arguments.n_jobs)
    embedder = ESM2Embedder(arguments.encoder, store=store, verbose=1).fit(X)
    embedder.transform(X)  # once, before the workers read the store
    models = {name: build(name, arguments.encoder, store, arguments.settings) for name in arguments.models}
    for name in arguments.baselines:
        models[name] = make_baseline(name, esm2=arguments.encoder, random_state=0)
        if name == "nearest_pairs":
            models[name].set_params(esm2embedder__store=store)
    if part is None:
        cv = cross_validation(arguments.scheme, 5, 0)
    else:
        cv = [(np.flatnonzero(part == ""), np.flatnonzero(part != ""))]
    result = compare(
        models, X, y, cv, baselines=(), seeds=range(arguments.seeds), n_jobs=arguments.n_jobs,
        folder=ROOT / "build" / "comparisons" / embedder.fingerprint_[:12], verbose=1,
    )  # fmt: skip
    if part is None:
        rows = result.metrics.rename(columns={"fold": "test"}).assign(test="5 folds")
    else:
        tested = result.predictions.assign(test=part[result.predictions["row"]])
        rows = pd.DataFrame(
            [
                dict(zip(("model", "seed", "test"), key, strict=True))
                | {"n_train": int((part == "").sum()), "n_test": len(found)}
                | pair_metrics(found["label"], found["probability"])
                for key, found in tested.groupby(["model", "seed", "test"], sort=False)
            ]
        )
    return rows.assign(**choices, weights=embedder.fingerprint_[:12])


def summary(results):
    """Mean over folds, then mean ± standard deviation over seeds, as text; published order of models."""
    keys = ["data", "scheme", "test", "encoder", "settings", "model"]
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
    keys = ["data", "scheme", "test", "encoder", "settings"]
    for key, table in summary(results).groupby(keys, sort=False):
        data, scheme, test, encoder, settings = key
        tested = {"5 folds": "", "test": ", test part"}.get(test, f", {test.removeprefix('test_')}")
        n_train = results.loc[(results[keys] == list(key)).all(axis=1), "n_train"]
        pairs = " to ".join(f"{size:,}" for size in sorted({n_train.min(), n_train.max()}))
        lines += [
            f".. list-table:: {TITLES[data]}, {scheme}{tested}. {pairs} training pairs, {encoder}, {settings} settings",
            "   :header-rows: 1",
            "",
        ]
        columns = ["model", *SHOWN.values(), "seeds"]
        for row in [columns, *table[columns].astype(str).to_numpy().tolist()]:
            lines += [f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(row)]
        lines.append("")
    hardware = f"{os.cpu_count()} CPU cores ({platform.machine()})"
    versions = f"torch {torch.__version__.partition('+')[0]}, scikit-learn {sklearn.__version__}"
    lines += [
        f"Made on {hardware} with {versions}; every fold is in ``benchmarks/results/all_models.tsv``.",
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
    parser.add_argument("--models", nargs="*", choices=tuple(REDUCED), default=list(REDUCED), metavar="MODEL")
    parser.add_argument(
        "--baselines", nargs="*", choices=BASELINES, default=list(BASELINES), metavar="BASELINE"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--train-pairs", type=int, default=0, help="draw so many of the published training pairs (0: all)"
    )
    parser.add_argument("--n-jobs", type=int, default=2, help="fits at a time, one thread each")
    arguments = parser.parse_args()
    store = str(ROOT / "build" / "embeddings")
    Path(store).parent.mkdir(exist_ok=True)
    choices = {
        name: getattr(arguments, name) for name in ("data", "scheme", "encoder", "settings", "train_pairs")
    }
    measured = measure(arguments, choices, store)
    if RESULTS.exists():
        earlier = pd.read_csv(RESULTS, sep="\t")
        replaced = (earlier[list(choices)] == list(choices.values())).all(axis=1)
        results = pd.concat([earlier[~replaced], measured], ignore_index=True)
    else:
        results = measured
    first = [*choices, "weights", "model", "seed", "test"]
    results = results[first + [column for column in results.columns if column not in first]]
    results.to_csv(RESULTS, sep="\t", index=False, float_format="%.6g")
    write_page(results)
    print(summary(measured).to_string(index=False))


if __name__ == "__main__":
    main()
