"""How the defaults of `LateInteractionClassifier` were chosen: ROC AUC on validation folds inside of training folds.

    python benchmarks/evaluation/late_interaction_settings.py --encoder FOLDER --name "ESM-2 8M, a fine-tuned copy"

Guo's yeast pairs. Of five folds of either kind (seed 0) the first is set aside; its training part is divided into five
folds of the same kind (seed 100), of which the first two validate. No test pair is looked at. Each fit is kept in
``build/late_interaction_settings``, so that a run that was killed goes on, and ``--settings`` adds to what is there; the tables of
all encoders go to ``benchmarks/results/late_interaction_settings.md``.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from tables import made_on, markdown_table

from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.presets import make_preset
from amp_sklearn.workflows import cross_validation

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "late_interaction_settings"
RESULTS = ROOT / "benchmarks" / "results" / "late_interaction_settings.md"
CONSTANT = {"lr": 1e-3, "lr_schedule": None}
SETTINGS = {
    "default": {},
    "constant rate 1e-3": CONSTANT,
    "constant rate 5e-4": {**CONSTANT, "lr": 5e-4},
    "one channel of 64": {"n_channels": 1, "d_model": 64},
    "one channel of 64, constant rate 1e-3": {"n_channels": 1, "d_model": 64, **CONSTANT},
    "eight channels of 16": {"n_channels": 8},
    "dropout 0.5": {"dropout": 0.5},
    "weight decay 0.1": {"weight_decay": 0.1},
    "4 epochs": {"max_epochs": 4},
    "16 epochs": {"max_epochs": 16},
}
SCHEMES = ("protein-disjoint", "random")


def validation_folds(X, y, scheme):
    """Rows to train on and rows to validate on, twice, out of the training part of the first fold."""
    train, _ = next(iter(cross_validation(scheme, 5, 0).split(X, y)))
    inner = list(cross_validation(scheme, 5, 100).split(X.iloc[train], y[train]))[:2]
    return [(train[a], train[b]) for a, b in inner]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--name", help="what the table calls it")
    parser.add_argument("--dtype", default="float32", help="precision of the embedding; see ESM2Embedder")
    parser.add_argument("--settings", nargs="*", choices=SETTINGS, default=SETTINGS, metavar="SETTING")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    X, y = load_yeast_ppi()
    X, y = X.reset_index(drop=True), np.asarray(y)
    embedder = ESM2Embedder(arguments.encoder, dtype=arguments.dtype, device="cpu", verbose=1)
    features = embedder.fit_transform(X)
    name = arguments.name or Path(arguments.encoder).name
    KEPT.mkdir(parents=True, exist_ok=True)
    kept_path = KEPT / f"{name}.json"
    kept = json.loads(kept_path.read_text()) if kept_path.exists() else {}
    for setting in arguments.settings:
        for scheme in SCHEMES:
            for fold, (train, valid) in enumerate(validation_folds(X, y, scheme)):
                key = f"{setting} | {scheme} | {fold}"
                if key in kept:
                    continue
                model = make_preset("late-interaction", device="cpu", random_state=0)[1:]
                model[-1].set_params(**SETTINGS[setting])
                probability = model.fit(features[train], y[train]).predict_proba(features[valid])[:, 1]
                kept[key] = roc_auc_score(y[valid], probability)
                kept_path.write_text(json.dumps(kept, indent=1))
                print(f"{key}: {kept[key]:.3f}", flush=True)
            write()


def write():
    """Tables of every encoder and setting whose fits are all there."""
    text = []
    for path in sorted(KEPT.glob("*.json")):
        kept, rows = json.loads(path.read_text()), []
        for setting in SETTINGS:
            found = [[kept.get(f"{setting} | {scheme} | {fold}") for fold in (0, 1)] for scheme in SCHEMES]
            if not any(None in of_scheme for of_scheme in found):
                rows.append([setting, *(f"{np.mean(of_scheme):.3f}" for of_scheme in found)])
        title = f"{path.stem}, ROC AUC on validation folds within the training part (mean of two)"
        text.append(f"{title}\n\n{markdown_table(['setting', *SCHEMES], rows)}")
    RESULTS.write_text("\n".join([*text, f"Made with {made_on()}.\n"]))


if __name__ == "__main__":
    main()
