"""evaluate: metrics by class of pair."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn.data import load_bernett_mini
from amp_sklearn.metrics import PAIR_SCORERS, pair_metrics
from amp_sklearn.model_selection import evaluate, pair_classes
from amp_sklearn.preprocessing import CompositionEncoder


@pytest.fixture(scope="module")
def case():
    X, y = load_bernett_mini("val")
    train, test = np.flatnonzero(np.arange(1000) % 10 < 7), np.flatnonzero(np.arange(1000) % 10 >= 7)
    model = make_pipeline(CompositionEncoder(), LogisticRegression()).fit(X.iloc[train], y[train])
    return model, X.iloc[test], y[test], X.iloc[train]


def test_every_class_has_the_metrics_of_its_pairs(case):
    model, X, y, X_train = case
    report = evaluate(model, X, y, X_train=X_train)
    probability = model.predict_proba(X)[:, 1]
    classes = pair_classes(X_train, X)
    table = report.table.set_index(report.table["pairs"].str[:3].str.rstrip(":"))
    assert set(table.index) == {"all", *np.unique(classes)}
    for name, row in table.iterrows():
        chosen = slice(None) if name == "all" else classes == name
        assert row["n_pairs"] == len(y[chosen]) and row["n_positive"] == y[chosen].sum()
        for metric, value in pair_metrics(y[chosen], probability[chosen]).items():
            np.testing.assert_equal(row[metric], value)
    for scorer, column in (
        ("neg_brier", "brier"),
        ("neg_ece", "ece"),
        ("neg_ece_equal_mass", "ece_equal_mass"),
    ):
        assert table.loc["all", column] == pytest.approx(-PAIR_SCORERS[scorer](model, X, y))
    assert table.loc["all", "average_precision_1_to_100"] == PAIR_SCORERS["average_precision_1_to_100"](
        model, X, y
    )
    columns = ["protein_a", "protein_b", "pair_class", "label", "probability", "score", "prediction"]
    assert report.predictions.columns.tolist() == columns and len(report.predictions) == len(y)


def test_text_and_files(case, tmp_path):
    model, X, y, _ = case
    report = evaluate(model, X.reset_index(drop=True), y)
    assert report.table["pairs"].tolist() == ["all"] and "pair_class" not in report.predictions
    assert "roc_auc" in str(report) and "<table" in report._repr_html_()
    assert "| n_pairs | 300 |" in report.to_markdown()
    report.to_csv(tmp_path / "report.csv")
    assert pd.read_csv(tmp_path / "report.csv")["n_pairs"].tolist() == [300]


def test_one_class_only_gives_nan_where_the_other_is_needed():
    model = DummyClassifier().fit([["MK", "MR"], ["ML", "MS"]], ["no", "yes"])
    row = evaluate(model, [["MK", "MR"]], ["yes"]).table.iloc[0]
    assert np.isnan(row["roc_auc"]) and np.isnan(row["average_precision_1_to_10"]) and row["n_positive"] == 1


def test_errors():
    model = DummyClassifier().fit([["MK", "MR"]] * 3, [0, 1, 2])
    with pytest.raises(ValueError, match="must have two classes, it has 3"):
        evaluate(model, [["MK", "MR"]], [1])
    model = DummyClassifier().fit([["MK", "MR"]] * 2, [0, 1])
    with pytest.raises(ValueError, match=r"labels that the model does not know: \[2\]"):
        evaluate(model, [["MK", "MR"]], [2])
