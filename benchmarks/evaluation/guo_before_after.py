"""Guo's yeast pairs, 5 folds of either kind x 3 seeds: all models as they were, with scaled features, and the new ones.

    python benchmarks/evaluation/guo_before_after.py                                   # esm2-mini
    python benchmarks/evaluation/guo_before_after.py --encoder FOLDER --name "ESM-2 8M, a fine-tuned copy"
    python benchmarks/evaluation/guo_before_after.py --models late-interaction composition --seeds 1

The folds are those of seed 0, so that all models and seeds answer for the same pairs; a seed starts the networks. The
ensembles are mean logits of the three seeds of late interaction, and of these with the three of the small Transformer, which is
what `PairEnsembleClassifier` predicts with one head and with both. Every fit is kept in ``build/guo_before_after`` as soon as it is done: a run that was killed goes on with the missing ones, and
``--models`` adds to what is there. ``benchmarks/results/guo_before_after.tsv`` (one row per model, seed and fold) and
``guo_before_after.md`` are written anew after each model from all that is kept.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import torch
from models import AUTOENCODER, REDUCED
from sklearn.metrics import average_precision_score, matthews_corrcoef, roc_auc_score
from tables import made_on, markdown_table, mean_and_deviation

from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.preprocessing import ProteinScaler
from amp_sklearn.presets import PRESETS, make_preset
from amp_sklearn.workflows import cross_validation

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "guo_before_after"
RESULTS = ROOT / "benchmarks" / "results" / "guo_before_after.tsv"
SCHEMES = ("protein-disjoint", "random")
PUBLISHED = (
    "ESM2_AMP_CSE",
    "ESM2_GRU",
    "ESM2_DPM",
    "AE_RF_segments",
    "AE_DNN_segments",
)  # reduced as in models.py
MODELS = ("late-interaction", "composition", "amps-small, as it was", "amps-small", *PUBLISHED)
ENSEMBLES = {
    "ensemble of 3 late interactions": ("late-interaction",),
    "ensemble of 3 late interactions, 3 amps-small": ("late-interaction", "amps-small"),
}
SHOWN = {"roc_auc": "ROC AUC", "average_precision": "average precision", "mcc": "MCC"}


def build(name, seed):
    """The steps after the embedder, or for the composition the whole pipeline."""
    if name == "composition":
        return make_preset(name)
    if name == "amps-small, as it was":
        pipeline = make_preset("amps-small", random_state=seed)
        pipeline.steps = [step for step in pipeline.steps if not isinstance(step[1], ProteinScaler)]
        return pipeline[1:]
    changed = {}
    if name in PUBLISHED:
        changed = {f"classify__{key}": value for key, value in REDUCED[name].items()}
        changed |= AUTOENCODER if PRESETS[name].reduced else {}
    return make_preset(name, random_state=seed, device=None if name == "composition" else "cpu", **changed)[
        1:
    ]


def file_of(encoder, scheme, model, seed, fold):
    return KEPT / f"{encoder}.{scheme}.{model.replace(' ', '_')}.{seed}.{fold}.npz"


def measure(arguments, encoder, features, X, y):
    """Fit what is missing and keep probabilities of the test pairs."""
    for model in arguments.models:
        for scheme in arguments.scheme:
            folds = list(cross_validation(scheme, 5, 0).split(X, y))
            for seed in range(1 if model == "composition" else arguments.seeds):
                for fold, (train, test) in enumerate(folds):
                    path = file_of(encoder, scheme, model, seed, fold)
                    if path.exists():
                        continue
                    data = X if model == "composition" else features
                    rows = data.iloc if model == "composition" else data
                    start = perf_counter()
                    fitted = build(model, seed).fit(rows[train], y[train])
                    seconds = perf_counter() - start
                    probability = fitted.predict_proba(rows[test])[:, 1]
                    partial = path.with_suffix(".partial.npz")
                    np.savez(partial, test=test, probability=probability, seconds=seconds)
                    partial.replace(path)
                    auc = roc_auc_score(y[test], probability)
                    print(
                        f"{encoder} {scheme} {model} seed {seed} fold {fold}: {auc:.3f}, {seconds:.0f} s",
                        flush=True,
                    )
        write(y)


def row(key, label, probability, seconds):
    return dict(zip(("encoder", "scheme", "model", "seed", "fold"), key, strict=True)) | {
        "roc_auc": roc_auc_score(label, probability),
        "average_precision": average_precision_score(label, probability),
        "mcc": matthews_corrcoef(label, probability > 0.5),
        "fit_seconds": seconds,
    }


def write(y):
    """Tables of everything that is kept."""
    rows, logits = [], {}
    for path in sorted(KEPT.glob("*.npz")):
        if path.name.endswith(".partial.npz"):
            continue
        encoder, scheme, model, seed, fold, _ = path.name.rsplit(".", 5)
        model = model.replace("_", " ") if "as_it_was" in model else model
        with np.load(path) as kept:
            label, probability = y[kept["test"]], kept["probability"].astype(float)
            rows.append(
                row(
                    (encoder, scheme, model, int(seed), int(fold)), label, probability, float(kept["seconds"])
                )
            )
        clipped = np.clip(probability, 1e-7, 1 - 1e-7)
        of_model = logits.setdefault((encoder, scheme, int(fold)), {}).setdefault(model, [])
        of_model.append((label, np.log(clipped / (1 - clipped))))
    for (encoder, scheme, fold), of_models in logits.items():
        for name, heads in ENSEMBLES.items():
            if all(len(of_models.get(head, ())) == 3 for head in heads):  # all three seeds
                members = [member for head in heads for member in of_models[head]]
                mean = np.mean([logit for _, logit in members], axis=0)
                key = (encoder, scheme, name, 0, fold)
                rows.append(row(key, members[0][0], 1 / (1 + np.exp(-mean)), np.nan))
    table = pd.DataFrame(rows)
    table.to_csv(RESULTS, sep="\t", index=False, float_format="%.5g")
    text = []
    for (encoder, scheme), found in table.groupby(["encoder", "scheme"], sort=False):
        lines = []
        for model, of_model in found.groupby("model", sort=False):
            folds = of_model.groupby("fold")[list(SHOWN)].mean()  # mean over seeds, then over folds
            seconds = of_model["fit_seconds"].mean()
            lines.append(
                [
                    model,
                    *(mean_and_deviation(folds[metric]) for metric in SHOWN),
                    f"{len(of_model)}",
                    "" if np.isnan(seconds) else f"{seconds:.0f}",
                ]
            )
        lines.sort(key=lambda line: line[1], reverse=True)
        header = ["model", *SHOWN.values(), "rows", "seconds a fit"]
        text.append(f"Guo yeast, {scheme} folds, {encoder}\n\n{markdown_table(header, lines)}")
    note = "Mean ± standard deviation over folds of the mean over seeds; rows: seeds and folds fitted so far."
    RESULTS.with_suffix(".md").write_text("\n".join([*text, f"{note} Made with {made_on()}.\n"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--name", help="what the tables call it")
    parser.add_argument("--dtype", default="float32", help="precision of the embedding; see ESM2Embedder")
    parser.add_argument("--models", nargs="*", choices=MODELS, default=MODELS, metavar="MODEL")
    parser.add_argument("--scheme", nargs="*", choices=SCHEMES, default=SCHEMES)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    KEPT.mkdir(parents=True, exist_ok=True)
    X, y = load_yeast_ppi()
    embedder = ESM2Embedder(arguments.encoder, dtype=arguments.dtype, device="cpu", verbose=1)
    name = (arguments.name or Path(arguments.encoder).name).replace(".", "-")
    measure(arguments, name, embedder.fit_transform(X), X, np.asarray(y))


if __name__ == "__main__":
    main()
