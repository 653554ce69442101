"""Every number and picture of docs/trust.rst and docs/comparing.rst, from the bundled data, in minutes on one core.

    python benchmarks/evaluation/trust_and_comparison.py

Writes benchmarks/results/trust_and_comparison.json, docs/trust_*.inc, docs/comparing_*.inc and
docs/_static/evaluation/*.png.
"""

import argparse
import json
import platform
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from tables import list_table

import amp_sklearn
from amp_sklearn.calibration import ApplicabilityDomain, CalibratedPairClassifier, SelectiveClassifier
from amp_sklearn.data import load_bernett_mini, load_yeast_ppi
from amp_sklearn.metrics import area_under_risk_coverage
from amp_sklearn.model_selection import PairClassKFold, ProteinDisjointKFold, compare, evaluate, make_baseline
from amp_sklearn.plotting import ComparisonDisplay, ReliabilityDisplay, RiskCoverageDisplay

ROOT = Path(__file__).resolve().parents[2]
MODEL = "composition_logistic"


def as_list_table(table):
    """A data frame as a reStructuredText table; numbers with three decimals."""
    rows = [
        [f"{c:.3f}" if isinstance(c, float) else str(c) for c in row]
        for row in table.astype(object).to_numpy()
    ]
    return list_table(list(table.columns), rows)


def calibration(train, test, pictures):
    """Calibrated in several ways, on held-out pairs of other proteins."""
    X, y = train
    folds = list(ProteinDisjointKFold(5, random_state=0).split(X, y))  # as by default, made once for all
    random_folds = CalibratedClassifierCV(
        make_baseline(MODEL),
        method="sigmoid",
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        ensemble=False,
    )
    models = {
        "as fitted": make_baseline(MODEL),
        "sigmoid, random folds": random_folds,
        **{
            f"{method}, protein-disjoint folds": CalibratedPairClassifier(
                make_baseline(MODEL), method=method, cv=folds
            )
            for method in ("sigmoid", "temperature", "isotonic")
        },
    }
    models = {name: model.fit(X, y) for name, model in models.items()}
    reports = {name: evaluate(model, *test) for name, model in models.items()}
    probabilities = {name: report.predictions["probability"] for name, report in reports.items()}
    shown = ("as fitted", "sigmoid, random folds", "sigmoid, protein-disjoint folds")
    display = ReliabilityDisplay.from_predictions(
        test[1], {name: probabilities[name] for name in shown}, strategy="quantile"
    )
    display.save(pictures / "reliability.png")
    rows = []
    for name, report in reports.items():
        found = report.table.iloc[0]
        rows.append(
            {
                "calibration": name,
                "ECE": found["ece"],
                "ECE, equal mass": found["ece_equal_mass"],
                "Brier": found["brier"],
                "loss": found["loss"],
                "ROC AUC": found["roc_auc"],
                "MCC": found["mcc"],
            }
        )
    parameters = models["sigmoid, protein-disjoint folds"]
    facts = {"calibrator": parameters.calibrator_, "n_calibration": parameters.n_calibration_}
    return pd.DataFrame(rows), facts, parameters


def domain(model, train, test):
    """Metrics of a fitted model inside and outside of the applicability domain."""
    X_test, y_test = test
    rows, facts = [], {}
    similarity = ApplicabilityDomain().fit(train[0])
    facts["threshold"] = similarity.threshold_
    facts["outside"] = float((~similarity.contains(X_test)).mean())
    facts["median_similarity"] = float(np.median(similarity.similarity(X_test)))
    nearest = similarity.similarity(X_test)
    limits = {"outside": nearest < similarity.threshold_, "inside": nearest >= similarity.threshold_}
    limits["inside, 10 % most alike"] = nearest >= np.quantile(nearest, 0.9)
    for name, chosen in limits.items():
        found = evaluate(model, X_test[chosen], y_test[chosen]).table.iloc[0] if chosen.any() else {}
        rows.append(
            {"pairs": name, "number": int(chosen.sum())}
            | {
                title: float(found[key])
                for title, key in (("accuracy", "accuracy"), ("ROC AUC", "roc_auc"), ("ECE", "ece"))
            }
        )
    return pd.DataFrame(rows), facts


def abstention(train, test):
    """Accuracy among answered pairs, at several coverages."""
    (X, y), (X_test, y_test) = train, test
    folds = list(ProteinDisjointKFold(3, random_state=0).split(X, y))
    rows = []
    for coverage in (1.0, 0.5, 0.2):
        model = SelectiveClassifier(make_baseline(MODEL), coverage=coverage, cv=folds).fit(X, y)
        answered = model.accepts(X_test)
        right = model.predict(X_test)[answered] == y_test[answered]
        rows.append(
            {
                "coverage asked": coverage,
                "coverage reached": float(answered.mean()),
                "pairs answered": int(answered.sum()),
                "accuracy among them": float(right.mean()) if answered.any() else np.nan,
            }
        )
    probability = model.predict_proba(X_test)[:, 1]
    facts = {
        "aurc": area_under_risk_coverage(y_test, probability),
        "error": float(((probability > 0.5) != y_test).mean()),
    }
    return pd.DataFrame(rows), facts, model


def comparison(X, y, pictures):
    """The baselines on random and on protein-disjoint folds."""
    schemes = {
        "random": StratifiedKFold(5, shuffle=True),
        "protein-disjoint": ProteinDisjointKFold(5),
    }
    names = {
        "accuracy": "accuracy",
        "mcc": "MCC",
        "roc_auc": "ROC AUC",
        "average_precision": "average precision",
        "average_precision_1_to_10": "AP at 1:10",
    }
    rows, facts = [], {}
    for scheme, cv in schemes.items():
        result = compare({}, X, y, cv, verbose=1)
        ComparisonDisplay.from_comparison(result, names=("accuracy", "mcc", "roc_auc")).save(
            pictures / f"comparison_{scheme}.png"
        )
        table = result.table(*names)
        for model in result.models:
            cells = {"folds": scheme, "model": model}
            for row in table[table["model"] == model].itertuples():
                interval = f" [{row.low:.3f}, {row.high:.3f}]" if row.metric == "roc_auc" else ""
                cells[names[row.metric]] = f"{row.mean:.3f} ± {row.sd:.3f}{interval}"
            rows.append(cells)
        test = result.paired_test(MODEL, "protein_counts", "roc_auc")
        facts[scheme] = {key: getattr(test, key) for key in ("difference", "low", "high", "p_value", "n")}
    return pd.DataFrame(rows), facts


def pair_classes_and_prevalence(X, y):
    """One fold, by how many proteins of a pair training has seen."""
    train, tests = next(PairClassKFold(5, random_state=0).split_classes(X, y))
    test = np.concatenate(list(tests.values()))
    columns = {
        "pairs": "pairs",
        "n_pairs": "number",
        "roc_auc": "ROC AUC",
        "mcc": "MCC",
        "precision": "precision",
        "precision_1_to_10": "at 1:10",
        "precision_1_to_100": "at 1:100",
        "precision_1_to_1000": "at 1:1000",
    }
    tables = []
    for name in ("protein_counts", MODEL):
        model = make_baseline(name).fit(X.iloc[train], y[train])
        report = evaluate(model, X.iloc[test], y[test], X_train=X.iloc[train])
        table = report.table[list(columns)].rename(columns=columns)
        table.insert(0, "model", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    pictures = arguments.docs / "_static" / "evaluation"
    pictures.mkdir(parents=True, exist_ok=True)
    train = load_bernett_mini("train")
    parts = [load_bernett_mini(split) for split in ("val", "test")]
    test = pd.concat([X for X, _ in parts]), np.concatenate([y for _, y in parts])
    yeast = load_yeast_ppi()
    yeast_train, yeast_test = next(ProteinDisjointKFold(5, random_state=0).split(*yeast))
    of_yeast = [(yeast[0].iloc[rows], yeast[1][rows]) for rows in (yeast_train, yeast_test)]

    tables, facts = {}, {}
    tables["trust_calibration"], facts["calibration"], calibrated = calibration(train, test, pictures)
    tables["trust_domain_human"], facts["domain_human"] = domain(calibrated, train, test)
    tables["trust_abstention_human"], facts["abstention_human"], _ = abstention(train, test)
    tables["trust_abstention_yeast"], facts["abstention_yeast"], yeast_model = abstention(*of_yeast)
    tables["trust_domain_yeast"], facts["domain_yeast"] = domain(yeast_model, *of_yeast)
    tables["comparing_folds"], facts["comparison"] = comparison(*yeast, pictures)
    tables["comparing_classes"] = pair_classes_and_prevalence(*yeast)
    RiskCoverageDisplay.from_estimator({"yeast": yeast_model}, *of_yeast[1]).save(
        pictures / "risk_coverage_yeast.png"
    )

    for name, table in tables.items():
        (arguments.docs / f"{name}.inc").write_text(as_list_table(table))
    report = {
        "versions": {
            "amp_sklearn": amp_sklearn.__version__,
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
        },
        "sizes": {
            "human": [len(train[1]), len(test[1])],
            "yeast": [len(yeast[1]), len(yeast_train), len(yeast_test)],
        },
        "facts": facts,
        "tables": {name: table.to_dict(orient="records") for name, table in tables.items()},
    }
    path = arguments.results / "trust_and_comparison.json"
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
