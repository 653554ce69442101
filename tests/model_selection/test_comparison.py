"""compare: same folds for all, resumable, and intervals and tests against their formulas."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from transformers import EsmModel

from amp_sklearn.classification import ProteinFrequencyClassifier
from amp_sklearn.data import PairMatrix, load_bernett_mini, load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.model_selection import (
    BASELINES,
    Comparison,
    ProteinDisjointKFold,
    compare,
    evaluate_folds,
    make_baseline,
)
from amp_sklearn.preprocessing import CompositionEncoder


@pytest.fixture(scope="module")
def pairs():
    X, y = load_bernett_mini("val")
    return X.iloc[::2], y[::2]


@pytest.fixture(scope="module")
def result(pairs):
    models = [make_pipeline(CompositionEncoder(), LogisticRegression()), ProteinFrequencyClassifier("counts")]
    cv = StratifiedKFold(3, shuffle=True)
    return compare(models, *pairs, cv, baselines=["protein_share"], seeds=(0, 1))


def test_folds_are_those_of_evaluate_folds(pairs, result):
    assert result.models == ["LogisticRegression", "ProteinFrequencyClassifier", "protein_share"]
    for seed in (0, 1):
        cv = StratifiedKFold(3, shuffle=True, random_state=seed)
        expected, _ = evaluate_folds(make_pipeline(CompositionEncoder(), LogisticRegression()), *pairs, cv)
        found = result.metrics.query("model == 'LogisticRegression' and seed == @seed").set_index("fold")
        pd.testing.assert_frame_equal(found[expected.columns], expected)
    rows = [table["row"].tolist() for _, table in result.predictions.groupby(["model", "seed"])]
    assert len(rows) == 6 and all(sorted(of_model) == list(range(500)) for of_model in rows)
    assert {"protein_a", "protein_b"} <= set(result.predictions.columns)


def test_table_by_hand(result):
    values = result.metrics.query("model == 'protein_share'")["mcc"].to_numpy()
    row = result.table("mcc", "roc_auc").query("model == 'protein_share' and metric == 'mcc'").iloc[0]
    assert (row["mean"], row["sd"], row["n"]) == (
        pytest.approx(values.mean()),
        pytest.approx(values.std(ddof=1)),
        6,
    )
    error = np.sqrt((1 / 6 + (500 / 3) / (1000 / 3)) * values.var(ddof=1))
    expected = stats.t.interval(0.95, 5, values.mean(), error)
    assert (row["low"], row["high"]) == pytest.approx(expected, rel=1e-3)


def test_paired_t(result):
    test = result.paired_test("LogisticRegression", "protein_share", "accuracy")
    a, b = (result.metrics.query("model == @name")["accuracy"].to_numpy() for name in (test.a, test.b))
    share = (result.metrics["n_test"] / result.metrics["n_train"]).mean()
    statistic = (a - b).mean() / np.sqrt((1 / 6 + share) * (a - b).var(ddof=1))
    assert test.p_value == pytest.approx(2 * stats.t.sf(abs(statistic), 5), rel=1e-3)
    assert test.low < test.difference < test.high
    same = result.paired_test("protein_share", "protein_share")
    assert (same.difference, same.p_value) == (0, 1)
    assert str(same).startswith("roc_auc, protein_share - protein_share: +0.000 [+0.000, +0.000], p = 1")


def test_bootstrap_knows_a_difference_from_none():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 150)
    noise = rng.normal(size=150)
    good = 1 / (1 + np.exp(-(2 * y - 1 + noise)))
    tables = {"good": good, "good again": np.clip(good, 0.001, 0.999), "useless": rng.random(150)}
    predictions = pd.concat(
        pd.DataFrame({"model": m, "seed": 0, "fold": 0, "row": np.arange(150), "label": y, "probability": p})
        for m, p in tables.items()
    )
    metrics = pd.DataFrame(
        {"model": list(tables), "seed": 0, "fold": 0, "n_train": 300, "n_test": 150, "roc_auc": 0.5}
    )
    comparison = Comparison(metrics, predictions)
    test = comparison.paired_test("good", "useless", method="bootstrap", n_resamples=100)
    assert test.p_value < 0.03 and 0.2 < test.low < test.difference < test.high < 0.6
    none = comparison.paired_test("good", "good again", method="bootstrap", n_resamples=20)
    assert none.p_value == 1 and none.difference == 0
    again = comparison.paired_test("good", "useless", method="bootstrap", n_resamples=100)
    assert again == test
    with pytest.raises(ValueError, match="needs two folds or seeds with a value of roc_auc, there is 1"):
        comparison.paired_test("good", "useless")
    with pytest.raises(ValueError, match="the bootstrap is for"):
        Comparison(metrics.assign(ece=0.1), predictions).paired_test(
            "good", "useless", "ece", method="bootstrap"
        )


class Counting(DummyClassifier):
    fits = 0

    def fit(self, X, y):
        Counting.fits += 1
        return super().fit(X, y)


def test_resumes(pairs, tmp_path):
    Counting.fits = 0
    X, y = pairs
    cv = ProteinDisjointKFold(3, n_passes=0)
    options = {"baselines": (), "folder": tmp_path / "results"}
    first = compare({"a": Counting(strategy="prior")}, X, y, cv, **options)
    assert Counting.fits == 3 and len(list((tmp_path / "results").iterdir())) == 3
    second = compare({"a": Counting(strategy="prior"), "b": Counting()}, X, y, cv, **options)
    assert Counting.fits == 6
    found = second.metrics[second.metrics["model"] == "a"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, first.metrics)
    compare({"a": Counting(strategy="prior")}, X, 1 - y, cv, **options)  # other labels are other data
    assert Counting.fits == 9
    compare({"a": Counting(strategy="prior")}, X, y, cv, seeds=(1,), **options)
    assert Counting.fits == 12


def test_other_weights_under_the_same_name_are_computed_anew(pairs, tiny_esm2, tmp_path):
    X, y = (part[::8] for part in pairs)
    folder = shutil.copytree(tiny_esm2, tmp_path / "model")
    embedder = ESM2Embedder(str(folder), store=None)
    models = {"forest": make_pipeline(embedder, RandomForestClassifier(5, random_state=0))}
    options = {"baselines": (), "folder": tmp_path / "results"}

    def probabilities():
        return compare(models, X, y, StratifiedKFold(2), **options).predictions["probability"].to_numpy()

    before = probabilities()
    model = EsmModel.from_pretrained(folder, add_pooling_layer=False)
    torch.nn.init.normal_(model.encoder.layer[0].output.dense.weight)
    model.save_pretrained(folder)
    after = probabilities()
    assert not np.array_equal(before, after)
    assert len(list((tmp_path / "results").iterdir())) == 4


def test_seeds_reach_models_and_folds(pairs):
    X, y = pairs
    forest = make_baseline("composition_forest").set_params(randomforestclassifier__n_estimators=3)
    split = [(np.arange(0, 500, 2), np.arange(1, 500, 2))]
    fixed = compare({"forest": forest}, X, y, split, seeds=(0, 1, 0), baselines=()).metrics["roc_auc"]
    assert fixed[0] == fixed[2] != fixed[1]


def test_features_instead_of_sequences_and_text(pairs):
    X, y = pairs
    features = CompositionEncoder().fit_transform(X)
    assert isinstance(features, PairMatrix)
    result = compare({"a|b": LogisticRegression()}, features, y, StratifiedKFold(2), baselines=())
    assert "ROC" not in str(result) and "roc_auc" in str(result) and "±" in str(result)
    assert result.to_markdown("mcc").startswith("| model | mcc |\n| --- | --- |\n| a|b | ")
    assert "<table" in result._repr_html_()


def test_table_file(result, tmp_path):
    result.to_csv(tmp_path / "table.csv", "mcc")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv"), result.table("mcc"))


def test_errors(pairs, result):
    with pytest.raises(ValueError, match="a model is called 'protein_share', as a baseline is"):
        compare({"protein_share": DummyClassifier()}, *pairs, 2)
    with pytest.raises(ValueError, match="there must be a model and a seed, got 0 models"):
        compare({}, *pairs, 2, baselines=())
    with pytest.raises(ValueError, match="there is no baseline 'chance'"):
        compare({}, *pairs, 2, baselines=["chance"])
    with pytest.raises(ValueError, match="there is no model 'x'; there are"):
        result.paired_test("x", "protein_share")
    with pytest.raises(ValueError, match="there is no metric 'auc'"):
        result.table("auc")
    with pytest.raises(ValueError, match="method must be"):
        result.paired_test("protein_share", "protein_share", method="wilcoxon")


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_fits_and_predicts(name, pairs, tmp_path):
    X, y = pairs
    model = make_baseline(name, random_state=0)
    if name == "nearest_pairs":
        model.set_params(esm2embedder__store=tmp_path)
        X, y = X.iloc[::50], y[::50]
    probability = model.fit(X, y).predict_proba(X)
    assert probability.shape == (len(X), 2)


def test_no_baseline_that_reads_no_sequence_beats_chance_on_disjoint_folds():
    X, y = load_yeast_ppi()
    cv = ProteinDisjointKFold(3, n_passes=0)
    table = compare({}, X, y, cv, baselines=["protein_share", "protein_counts"]).table("roc_auc")
    assert (table["mean"] == 0.5).all() and (table["sd"] == 0).all()


def test_two_processes_give_the_same_results(pairs, result):
    models = [make_pipeline(CompositionEncoder(), LogisticRegression()), ProteinFrequencyClassifier("counts")]
    cv = StratifiedKFold(3, shuffle=True)
    parallel = compare(models, *pairs, cv, baselines=["protein_share"], seeds=(0, 1), n_jobs=2)
    pd.testing.assert_frame_equal(parallel.metrics, result.metrics)
    pd.testing.assert_frame_equal(parallel.predictions, result.predictions)


def test_cv_is_a_number_a_splitter_or_a_list_of_folds(pairs):
    X, y = pairs
    model = make_baseline("protein_share")
    of_number = evaluate_folds(model, X, y, 2)[1]
    splitter = StratifiedKFold(2)
    folds = list(splitter.split(X, y))
    for cv in (splitter, folds, iter(folds)):
        pd.testing.assert_frame_equal(evaluate_folds(model, X, y, cv)[1], of_number)
        compared = compare([model], X, y, folds, baselines=())
        np.testing.assert_array_equal(compared.predictions["probability"], of_number["probability"])
