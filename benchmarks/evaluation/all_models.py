"""Tables of all models and the baselines: mean ± standard deviation over seeds.

    python benchmarks/evaluation/all_models.py                                              # all tables
    python benchmarks/evaluation/all_models.py --data guo --scheme protein-disjoint         # one of them

A seed draws the folds and starts every model. Fits are kept in ``build/comparisons``, so that a killed run goes on
where it stopped, and more seeds cost only the new ones. The rows of all folds go to
``benchmarks/results/all_models.tsv``, in place of those of an earlier run with the same choices;
``benchmarks/results/all_models.md`` and ``docs/all_models.inc`` are written anew from that file.
``--scheme published`` trains on the published training pairs of Park and Marcotte and tests on C1, C2 and C3, or on
Bernett's test part.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from models import COMPARED, REDUCED, build
from tables import list_table, made_on, markdown_table, mean_and_deviation

from amp_sklearn.data import load_bernett, load_park_marcotte, load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.model_selection import BASELINES, compare, make_baseline
from amp_sklearn.model_selection.evaluation_report import all_metrics
from amp_sklearn.workflows import cross_validation

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "all_models.tsv"
MARKDOWN = RESULTS.with_suffix(".md")
PAGE = ROOT / "docs" / "all_models.inc"
DATA = ROOT / "benchmarks" / "data"
SHOWN = {"accuracy": "accuracy", "mcc": "MCC", "roc_auc": "ROC AUC", "average_precision": "average precision"}
PUBLISHED_PARTS = {
    "park-marcotte": (load_park_marcotte, "yeast_park_marcotte", ("test_C1", "test_C2", "test_C3")),
    "bernett": (load_bernett, "human_bernett", ("test",)),
}
TITLES = {"guo": "Guo yeast", "park-marcotte": "Park and Marcotte yeast", "bernett": "Bernett human"}
TABLE = ["data", "scheme", "test", "encoder", "settings", "train_pairs"]  # columns that tell the tables apart
TABLES = {  # training pairs to draw; 0: all
    ("guo", "protein-disjoint"): 0,
    ("guo", "random"): 0,
    ("park-marcotte", "published"): 0,
    ("bernett", "published"): 20_000,
    ("bernett", "random"): 5_000,
}


def load(data, scheme, n_train):
    """Pairs, labels, and for a published split the part of each pair ("" in training)."""
    if data == "guo":
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
    X, y, part = load(choices["data"], choices["scheme"], choices["train_pairs"])
    torch.set_num_threads(arguments.n_jobs)
    embedder = ESM2Embedder(arguments.encoder, store=store, verbose=1).fit(X)
    embedder.transform(X)  # once, before the workers read the store
    models = {name: build(name, arguments.encoder, store, arguments.settings) for name in arguments.models}
    for name in arguments.baselines:
        models[name] = make_baseline(name, esm2=arguments.encoder, random_state=0)
        if name == "nearest_pairs":
            models[name].set_params(esm2embedder__store=store)
    if part is None:
        cv = cross_validation(choices["scheme"], 5, 0)
    else:
        cv = [(np.flatnonzero(part == ""), np.flatnonzero(part != ""))]
    result = compare(
        models, X, y, cv, baselines=(), seeds=range(arguments.seeds), n_jobs=arguments.n_jobs,
        folder=ROOT / "build" / "comparisons", verbose=1,
    )  # fmt: skip
    if part is None:
        rows = result.metrics.rename(columns={"fold": "test"}).assign(test="5 folds")
    else:
        tested = result.predictions.assign(test=part[result.predictions["row"]])
        rows = pd.DataFrame(
            [
                dict(zip(("model", "seed", "test"), key, strict=True))
                | {"n_train": int((part == "").sum()), "n_test": len(found)}
                | all_metrics(found["label"].to_numpy(), found["probability"].to_numpy())
                for key, found in tested.groupby(["model", "seed", "test"], sort=False)
            ]
        )
    return rows.assign(**choices, weights=embedder.fingerprint_[:12], made_on=made_on())


def summary(results):
    """Mean over folds, then mean ± standard deviation over seeds, as text; published order of models."""
    keys = [*TABLE, "model"]
    seeds = results.groupby([*keys, "seed"], sort=False)[list(SHOWN)].mean()
    grouped = seeds.groupby(keys, sort=False)
    text = grouped[list(SHOWN)].agg(mean_and_deviation).rename(columns=SHOWN)
    return text.assign(seeds=grouped.size()).reset_index()


def write_tables(results):
    """One table per data set and kind of test, in the documentation and in Markdown."""
    columns = ["model", *SHOWN.values(), "seeds"]
    page, text = [], []
    for key, table in summary(results).groupby(TABLE, sort=False):
        data, scheme, test, encoder, settings, _ = key
        tested = {"5 folds": "", "test": " test part"}.get(test, f" {test.removeprefix('test_')}")
        found = results[(results[TABLE] == list(key)).all(axis=1)]
        pairs = " to ".join(f"{size:,}" for size in sorted({found["n_train"].min(), found["n_train"].max()}))
        weights = ", ".join(found["weights"].unique())
        title = f"{TITLES[data]}, {scheme}{tested}. {pairs} training pairs, {encoder} ({weights}), {settings} settings"
        rows = table[columns].astype(str).to_numpy().tolist()
        page.append(list_table(columns, rows, title))
        text.append(f"{title}\n\n{markdown_table(columns, rows)}")
    made = f"Made with {'; '.join(results['made_on'].unique())}."
    PAGE.write_text("\n".join([*page, f"{made} Every fold is in ``benchmarks/results/all_models.tsv``.\n"]))
    MARKDOWN.write_text("\n".join([*text, f"{made} Every fold is in `all_models.tsv`.\n"]))


def merged(measured, choices):
    """Measured rows in place of earlier ones with the same choices, tables in their order."""
    results = measured
    if RESULTS.exists():
        earlier = pd.read_csv(RESULTS, sep="\t")
        replaced = (earlier[list(choices)] == list(choices.values())).all(axis=1)
        results = pd.concat([earlier[~replaced], measured], ignore_index=True)
    order = {key: rank for rank, key in enumerate(TABLES)}
    rank = [order[key] for key in zip(results["data"], results["scheme"], strict=True)]
    results = results.iloc[np.argsort(rank, kind="stable")]
    first = [*choices, "weights", "model", "seed", "test"]
    return results[first + [column for column in results.columns if column not in first]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="*", choices=tuple(TITLES), default=list(TITLES))
    parser.add_argument(
        "--scheme",
        nargs="*",
        choices=(schemes := ("protein-disjoint", "random", "published")),
        default=schemes,
    )
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--settings", choices=("reduced", "published"), default="reduced")
    parser.add_argument("--models", nargs="*", choices=tuple(REDUCED), default=COMPARED, metavar="MODEL")
    parser.add_argument(
        "--baselines", nargs="*", choices=BASELINES, default=list(BASELINES), metavar="BASELINE"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--train-pairs", type=int, help="draw so many of the published training pairs (0: all)"
    )
    parser.add_argument("--n-jobs", type=int, default=2, help="fits at a time, one thread each")
    arguments = parser.parse_args()
    store = str(ROOT / "build" / "embeddings")
    Path(store).parent.mkdir(exist_ok=True)
    chosen = [key for key in TABLES if key[0] in arguments.data and key[1] in arguments.scheme]
    if not chosen:
        raise SystemExit(f"no such table; there are {', '.join(' '.join(key) for key in TABLES)}")
    for data, scheme in chosen:
        n_train = TABLES[data, scheme] if arguments.train_pairs is None else arguments.train_pairs
        choices = {
            "data": data, "scheme": scheme, "encoder": arguments.encoder, "settings": arguments.settings,
            "train_pairs": n_train,
        }  # fmt: skip
        print(f"{TITLES[data]}, {scheme}", flush=True)
        measured = measure(arguments, choices, store)
        results = merged(measured, choices)
        results.to_csv(RESULTS, sep="\t", index=False, float_format="%.6g")
        write_tables(results)
        print(summary(measured).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
