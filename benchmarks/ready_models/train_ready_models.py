"""Train the ready models that come with the package.

    python benchmarks/ready_models/train_ready_models.py --out amp_sklearn/persistence/ready [--only yeast-mini human-mini]

Both are late interaction on ``esm2-mini``, seed 0, calibrated, with the applicability domain of their proteins.

``yeast-mini`` is fitted to Guo's 11,188 yeast pairs and calibrated on five protein-disjoint folds. The figures beside it are those
of ``benchmarks/evaluation/guo_before_after.py``, protein-disjoint folds.

``human-mini`` is fitted to the training part of Bernett et al. The validation part chooses the epoch and calibrates. The figures
beside it, which this command writes, are of the test part, whose proteins resemble none of the other parts.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from amp_sklearn import (
    ApplicabilityDomain,
    CalibratedPairClassifier,
    ESM2Embedder,
    LateInteractionClassifier,
    PairConcatenator,
    ProteinScaler,
    SelectiveClassifier,
    load_yeast_ppi,
    make_preset,
    save_model,
)
from amp_sklearn.data import load_bernett
from amp_sklearn.metrics import expected_calibration_error, pair_metrics

ROOT = Path(__file__).resolve().parents[2]
BERNETT = ROOT / "benchmarks" / "data" / "human_bernett"
METRICS = ("roc_auc", "average_precision", "mcc")


def yeast_mini(out):
    calibrated = CalibratedPairClassifier(make_preset("late-interaction", random_state=0, verbose=1))
    model = SelectiveClassifier(calibrated, domain=ApplicabilityDomain()).fit(*load_yeast_ppi())
    return save_model(model, out / "yeast-mini.amp")


def human_mini(out):
    (X, y), (X_val, y_val), (X_test, y_test) = (
        load_bernett(BERNETT, part) for part in ("train", "val", "test")
    )
    before = Pipeline([
        ("embed", ESM2Embedder(max_length=2000, long_proteins="window", verbose=1)),
        ("concatenate", PairConcatenator("segments")),
        ("scale", ProteinScaler()),
    ])  # fmt: skip
    features = before.fit_transform(X)
    head = LateInteractionClassifier(
        max_epochs=6, batch_size=256, lr=5e-4, weight_decay=1e-2, monitor="roc_auc", random_state=0, verbose=1
    )
    head.fit(features, y, X_val=before.transform(X_val), y_val=y_val)
    pipeline = Pipeline([*before.steps, ("classify", head)])
    calibrated = CalibratedPairClassifier(FrozenEstimator(pipeline)).fit(X_val, y_val)
    domain = ApplicabilityDomain().fit(X)
    model = SelectiveClassifier(FrozenEstimator(calibrated), domain=FrozenEstimator(domain)).fit(X_val, y_val)
    model.set_params(
        domain=ApplicabilityDomain()
    ).domain_ = domain  # a frozen parameter would be in the file twice
    probability = calibrated.predict_proba(X_test)[:, 1]
    figures = pair_metrics(y_test, probability, names=METRICS)
    figures["expected_calibration_error"] = float(expected_calibration_error(y_test, probability))
    facts = {
        "n_train": len(y),
        "n_train_positive": int(y.sum()),
        "n_proteins": len(pd.unique(X.to_numpy().ravel())),
        "best_epoch": int(head.best_epoch_),
        "how": f"{len(y_test):,} pairs of the test part ({int(y_test.sum()):,} interacting), whose proteins resemble none of the "
        "training part, after calibration (benchmarks/ready_models/train_ready_models.py)",
    }
    (out / "human-mini.json").write_text(json.dumps(figures | facts, indent=1) + "\n")
    return save_model(model, out / "human-mini.amp")


READY = {"yeast-mini": yeast_mini, "human-mini": human_mini}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the model files")
    parser.add_argument("--only", nargs="+", choices=list(READY), default=list(READY), metavar="NAME")
    arguments = parser.parse_args()
    for name in arguments.only:
        print(READY[name](arguments.out))


if __name__ == "__main__":
    main()
