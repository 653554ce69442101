"""Tables of kept predictions on Bernett's pairs: metrics, calibration, ensembles, intervals over proteins."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, matthews_corrcoef, roc_auc_score
from tables import list_table, made_on, markdown_table

from amp_sklearn.metrics import expected_calibration_error

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "benchmarks/data/bernett_published_predictions/predictions.tsv.gz"
SHOWN = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "mcc": "MCC",
    "accuracy": "accuracy",
    "ece": "ECE",
}
RESAMPLED = 200


def metrics_of(y, probability, score=None):
    """Metrics of calibrated probabilities; ranks come from ``score`` where it is given."""
    score, label = (probability if score is None else score), probability > 0.5
    return {
        "roc_auc": roc_auc_score(y, score),
        "average_precision": average_precision_score(y, score),
        "mcc": matthews_corrcoef(y, label),
        "accuracy": accuracy_score(y, label),
        "ece": expected_calibration_error(y, probability),
    }


def calibrated(scores, y_val):
    """Test probabilities by a slope and an intercept that were learned on the validation part."""
    model = LogisticRegression(C=1e6).fit(scores["val"][:, None], y_val)
    return expit(scores["test"] * model.coef_[0, 0] + model.intercept_[0])


def read_predictions(folder):
    """Scores of the validation and test part, and the facts of each fit, by model and seed."""
    found = {}
    for path in sorted(folder.glob("[!.]*.npz")):
        with np.load(path) as archive:
            facts = json.loads(str(archive["facts"]))
            found[facts["model"], facts["seed"]] = (
                {part: archive[part].astype(float) for part in ("val", "test")},
                facts,
            )
    return found


def mean_scores(members):
    """Mean log-odds of several fits, each divided by its spread on the validation part."""
    return {part: np.mean([m[part] / m["val"].std() for m in members], axis=0) for part in ("val", "test")}


def chosen_members(means, y_val):
    """Heads of the ensemble: added one by one as long as the validation average precision gains."""
    chosen, best = [], 0.0
    while len(chosen) < len(means):
        gains = {
            name: average_precision_score(y_val, mean_scores([means[m] for m in [*chosen, name]])["val"])
            for name in means if name not in chosen
        }  # fmt: skip
        name = max(gains, key=gains.get)
        if gains[name] <= best + 1e-4:
            break
        chosen.append(name)
        best = gains[name]
    return chosen


def difference_over_proteins(X, y, first, second, seed=0):
    """Difference in ROC AUC between two models and its 95 % interval, resampling proteins: a pair counts as often as the product
    of how often its proteins were drawn."""
    proteins, index = np.unique(X.to_numpy().ravel(), return_inverse=True)
    index, random = index.reshape(-1, 2), np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLED):
        drawn = np.bincount(random.integers(len(proteins), size=len(proteins)), minlength=len(proteins))
        weight = drawn[index].prod(axis=1)
        kept = weight > 0
        found.append(
            roc_auc_score(y[kept], first[kept], sample_weight=weight[kept])
            - roc_auc_score(y[kept], second[kept], sample_weight=weight[kept])
        )
    return roc_auc_score(y, first) - roc_auc_score(y, second), np.quantile(found, [0.025, 0.975])


def risk_coverage(y, probability, shares=(1.0, 0.75, 0.5, 0.25, 0.1)):
    """Share of wrong labels among the surest pairs."""
    order = np.argsort(-np.abs(probability - 0.5), kind="stable")
    wrong = (probability > 0.5) != y.astype(bool)
    return [float(wrong[order[: round(share * len(y))]].mean()) for share in shares]


def write_tables(folder, parts, encoder, results):
    """``bernett_all_models.{csv,md}`` in the folder of results, and the same table for the documentation."""
    (_, y_val), (X, y) = parts["val"], parts["test"]
    predictions = read_predictions(folder)
    rows, tested, means = [], {}, {}
    for scores, facts in predictions.values():
        probability = calibrated(scores, y_val)
        validation = roc_auc_score(y_val, scores["val"])
        rows.append({**facts, "validation_roc_auc": validation, **metrics_of(y, probability, scores["test"])})
    for model in dict.fromkeys(name for name, _ in predictions):
        members = [scores for (name, _), (scores, _) in predictions.items() if name == model]
        if model != "composition":
            means[model] = mean_scores(members)
        if len(members) > 1:
            tested[f"{model}, mean of {len(members)} seeds"] = means[model]
    names = chosen_members(means, y_val)
    tested[f"ensemble of {', '.join(names)}"] = mean_scores([means[name] for name in names])
    probabilities = {}
    for name, scores in tested.items():
        probabilities[name] = calibrated(scores, y_val)
        validation = roc_auc_score(y_val, scores["val"])
        rows.append(
            {
                "model": name,
                "validation_roc_auc": validation,
                **metrics_of(y, probabilities[name], scores["test"]),
            }
        )
    published = pd.read_csv(PUBLISHED, sep="\t").drop(columns=["label"], errors="ignore")
    published = published.set_index(["protein_a", "protein_b"])
    if not X.index.isin(published.index).all():
        raise SystemExit(
            f"{PUBLISHED} does not hold all {len(X):,} test pairs: give --folder the complete set"
        )
    published = published.loc[X.index]
    published["mean of the four published"] = published.mean(axis=1)
    for name in published:
        values = published[name].to_numpy()
        rows.append({"model": f"published: {name}" if "mean" not in name else name, **metrics_of(y, values)})
    table = pd.DataFrame(rows)
    results.mkdir(parents=True, exist_ok=True)
    table.to_csv(results / "bernett_all_models.csv", index=False, float_format="%.5f")
    lines = []
    for name, found in table.groupby("model", sort=False):
        cells = [
            f"{found[m].mean():.4f}" + (f" ± {found[m].std():.4f}" if len(found) > 1 else "") for m in SHOWN
        ]
        seconds = found["fit_seconds"].mean() if "fit_seconds" in found else np.nan
        lines.append([name, len(found), *cells, "" if np.isnan(seconds) else f"{seconds:.0f}"])
    best = list(probabilities)[-1]
    said = []
    for other in ("tuna", "mean of the four published"):
        difference, (low, high) = difference_over_proteins(
            X, y, tested[best]["test"], published[other].to_numpy()
        )
        said.append(
            f"{best} minus {other}: ROC AUC {difference:+.4f} [{low:+.4f}, {high:+.4f}] (95 %, {RESAMPLED} resamples of proteins)."
        )
    risks = ", ".join(f"{risk:.3f}" for risk in risk_coverage(y, probabilities[best]))
    devices = ", ".join(sorted(table["device"].dropna().unique())) if "device" in table else "CPU"
    header = ["model", "runs", *SHOWN.values(), "fit, seconds"]
    notes = (
        f"Test part: {len(y):,} pairs, {int(y.sum()):,} positive; {len(parts['train'][1]):,} pairs to train, {len(y_val):,} to "
        f"validate; {encoder}. Probabilities of our models are calibrated on the validation part (slope and intercept); members of "
        f"the ensemble are chosen there too. Fits on {devices}, several at a time. {made_on()}.\n\n"
        + "\n\n".join(said)
        + f"\n\nShare of wrong labels among the surest 100, 75, 50, 25, 10 % of the test pairs by the {best}: {risks}.\n"
    )
    text = f"{markdown_table(header, lines)}\n{notes}"
    if results == ROOT / "benchmarks" / "results":
        (ROOT / "docs" / "bernett_all_models.inc").write_text(f"{list_table(header, lines)}\n{notes}")
    (results / "bernett_all_models.md").write_text(text)
    print(text)
