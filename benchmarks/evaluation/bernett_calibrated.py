"""The best cheap model on Bernett's leak-free human pairs: fit on train, calibrate on validation, test once, per seed.

    python benchmarks/evaluation/bernett_calibrated.py

The baseline is logistic regression on residue and dipeptide frequencies, fitted on all training pairs. The model is
gradient boosting on the same frequencies beside sum, absolute difference and product of both proteins' mean embeddings;
isotonic calibration is learned on the published validation pairs, whose proteins occur in no other part. Writes
``benchmarks/results/bernett_calibrated.{csv,md}``.
"""

import argparse
from pathlib import Path

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline, make_union
from tables import made_on, markdown_table, mean_and_deviation

from amp_sklearn.calibration import CalibratedPairClassifier
from amp_sklearn.data import load_bernett
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.metrics import expected_calibration_error, pair_metrics
from amp_sklearn.model_selection import make_baseline
from amp_sklearn.preprocessing import CompositionEncoder, PairConcatenator

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
SHOWN = ("roc_auc", "average_precision", "mcc", "accuracy", "ece")


def boosting(encoder, store, seed, iterations):
    """Composition and embeddings of both proteins, order-free, under gradient boosting."""
    embedded = make_pipeline(
        ESM2Embedder(encoder, store=store), PairConcatenator("mean", combine=["A+B", "|A-B|", "A*B"])
    )
    trees = HistGradientBoostingClassifier(
        max_iter=iterations, learning_rate=0.05, max_leaf_nodes=31, l2_regularization=1.0, max_features=0.2,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    return make_pipeline(make_union(CompositionEncoder(), embedded), trees)


def tested(name, seed, model, X, y):
    probability = model.predict_proba(X)[:, 1]
    metrics = pair_metrics(y, probability) | {"ece": expected_calibration_error(y, probability)}
    print(f"{name}, seed {seed}: " + ", ".join(f"{key} {metrics[key]:.4f}" for key in SHOWN), flush=True)
    return {"model": name, "seed": seed, **metrics}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="esm2-mini", help="ESM-2 model: name or folder")
    parser.add_argument("--folder", default=str(ROOT / "benchmarks" / "data" / "human_bernett"))
    parser.add_argument("--store", default=str(ROOT / "build" / "embeddings"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=200, help="trees")
    arguments = parser.parse_args()
    Path(arguments.store).parent.mkdir(exist_ok=True)
    parts = {part: load_bernett(arguments.folder, split=part) for part in ("train", "val", "test")}
    rows = [
        tested(
            "composition, logistic regression",
            0,
            make_baseline("composition_logistic").fit(*parts["train"]),
            *parts["test"],
        )
    ]
    for seed in range(arguments.seeds):
        model = boosting(arguments.encoder, arguments.store, seed, arguments.iterations).fit(*parts["train"])
        rows.append(tested("boosting", seed, model, *parts["test"]))
        calibrated = CalibratedPairClassifier(FrozenEstimator(model), method="isotonic").fit(*parts["val"])
        rows.append(tested("boosting, calibrated", seed, calibrated, *parts["test"]))
    results = pd.DataFrame(rows)
    results.to_csv(RESULTS / "bernett_calibrated.csv", index=False, float_format="%.6g")
    rows = [
        [name, len(found), *(mean_and_deviation(found[metric]) for metric in SHOWN)]
        for name, found in results.groupby("model", sort=False)
    ]
    text = (
        f"{markdown_table(['model', 'seeds', *SHOWN], rows)}\n"
        f"Bernett test part, {len(parts['test'][1]):,} pairs; {len(parts['train'][1]):,} training pairs, "
        f"{arguments.encoder}, {arguments.iterations} trees. {made_on()}.\n"
    )
    (RESULTS / "bernett_calibrated.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
