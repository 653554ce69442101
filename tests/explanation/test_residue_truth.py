"""Explanations against known residues: the measures by hand and by scikit-learn, rules, intervals, refusals."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from amp_sklearn.data import FeatureLayout
from amp_sklearn.explanation import Explanation, evaluate_against_residues
from amp_sklearn.explanation.residue_rules import RULES, random_segments
from amp_sklearn.explanation.residue_truth import _holm, ranking_measures

LETTERS = list("ACDEFGHIKLMNPQRSTVWY")
LAYOUT = FeatureLayout(tuple(f"segment{i}" for i in range(10)), 2)


@pytest.fixture(scope="module")
def complexes():
    random = np.random.RandomState(0)
    sequences = [["".join(random.choice(LETTERS, random.randint(25, 60))) for _ in "AB"] for _ in range(30)]
    truth = [tuple((random.uniform(size=len(s)) < 0.2).astype(int) for s in pair) for pair in sequences]
    return np.array(sequences, dtype=object), truth, random


def explanation(values, sequences, layout=LAYOUT, **extra):
    lengths = [[len(a), len(b)] for a, b in sequences]
    return Explanation(values, layout, "some", lengths=lengths, **extra)


def test_measures_equal_scikit_learn_and_every_order_of_ties():
    random = np.random.RandomState(1)
    for _ in range(20):
        labels, values = random.uniform(size=31) < 0.3, random.randint(0, 6, 31).astype(float)
        labels[:2] = True, False
        auc, precision, top, enrichment = ranking_measures(labels, values)
        assert auc == pytest.approx(roc_auc_score(labels, values))
        assert precision == pytest.approx(average_precision_score(labels, values))
        orders = [np.lexsort((random.uniform(size=31), -values))[:3] for _ in range(4000)]
        assert top == pytest.approx(np.mean([labels[order].mean() for order in orders]), abs=0.03)
        assert enrichment == pytest.approx(top / labels.mean())


def test_truth_itself_is_found_and_noise_is_not(complexes):
    sequences, truth, _ = complexes
    random = np.random.RandomState(2)
    oracle = explanation(np.ones((30, 20)), sequences, residue_values=truth)
    noise = tuple(tuple(random.uniform(size=len(side)) for side in pair) for pair in truth)
    report = evaluate_against_residues(
        {"oracle": oracle, "noise": explanation(np.ones((30, 20)), sequences, residue_values=noise)},
        truth,
        sequences,
        n_bootstrap=300,
    )
    assert report.found() == ["oracle"]
    summary = report.summary
    assert (
        summary.loc["oracle", ["roc_auc", "roc_auc_low", "average_precision", "precision_at_l10"]] == 1
    ).all()
    assert summary.loc["noise", "roc_auc_low"] < 0.5 < summary.loc["noise", "roc_auc_high"]
    assert summary.loc["noise", "above_chance"] > 0.05
    for name in ("random residues", "random segments"):
        assert summary.loc[name, "roc_auc"] == pytest.approx(0.5, abs=0.02)
    assert report.best_rule == summary[summary["kind"] == "rule"]["roc_auc"].idxmax()
    assert set(RULES) <= set(summary.index)
    best = summary.loc[report.best_rule, "roc_auc"]
    assert summary.loc["oracle", "gain"] == pytest.approx(1 - best)
    mean = report.per_protein.query("ranking == 'hydrophobic'")["roc_auc"].mean()
    assert summary.loc["hydrophobic", "roc_auc"] == pytest.approx(mean)


def test_tokens_are_carried_to_their_residues_and_signs_are_ranked_twice(complexes):
    sequences, truth, _ = complexes
    values = np.zeros((30, 20))
    values[:, 3], values[:, 4] = 1.0, -2.0  # of protein A
    report = evaluate_against_residues(explanation(values, sequences), truth, sequences, n_bootstrap=50)
    methods = report.summary.query("kind == 'method'").index
    assert list(methods) == ["some, magnitude", "some, signed"]
    found = explanation(values, sequences).residues(0, spread="value")[0]
    row = report.per_protein.query("ranking == 'some, signed' and pair == 0 and side == 'A'").iloc[0]
    assert row["roc_auc"] == pytest.approx(roc_auc_score(truth[0][0], found))


def test_the_bootstrap_draws_complexes_not_proteins(complexes):
    sequences, truth, _ = complexes
    values = np.random.RandomState(3).uniform(size=(30, 20))
    few = evaluate_against_residues(
        explanation(values, sequences), truth, sequences, complexes=np.arange(30) // 15, n_bootstrap=500
    )
    many = evaluate_against_residues(explanation(values, sequences), truth, sequences, n_bootstrap=500)
    # of two complexes there are three draws
    table = few.per_protein.query("ranking == 'some'")
    means = table.groupby("complex")["roc_auc"].mean().sort_values().to_numpy()
    low, high = few.summary.loc["some", ["roc_auc_low", "roc_auc_high"]]
    np.testing.assert_allclose([low, high], means)
    assert many.summary.loc["some", "roc_auc"] == few.summary.loc["some", "roc_auc"]


def test_unknown_proteins_and_those_of_one_kind_are_left_out(complexes):
    sequences, truth, _ = complexes
    changed = [list(pair) for pair in truth]
    changed[0][0], changed[1][1] = None, np.zeros_like(changed[1][1])
    found = explanation(np.ones((30, 20)), sequences)
    report = evaluate_against_residues(found, changed, sequences, n_bootstrap=20)
    assert report.summary["n_proteins"].unique().tolist() == [58]
    assert report.summary.loc["some", "roc_auc"] == 0.5  # all tied


def test_holm_by_hand():
    np.testing.assert_allclose(_holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])


def test_random_segments_have_one_value_each():
    values = random_segments(47, np.random.RandomState(0))
    assert len(np.unique(values)) == 10


def test_what_does_not_fit_is_refused(complexes):
    sequences, truth, _ = complexes
    found = explanation(np.ones((30, 20)), sequences)
    with pytest.raises(ValueError, match="truth is about 3 pairs, sequences about 30"):
        evaluate_against_residues(found, truth[:3], sequences)
    with pytest.raises(ValueError, match="explains 30 pairs, truth is about 3"):
        evaluate_against_residues(found, truth[:3], sequences[:3])
    with pytest.raises(ValueError, match=r"pair 0, protein A: expected one value for each of \d+ residues"):
        evaluate_against_residues(found, [(truth[0][0][:-1], truth[0][1]), *truth[1:]], sequences)
    with pytest.raises(ValueError, match="must be 0 or 1"):
        evaluate_against_residues(found, [(truth[0][0] * 2, truth[0][1]), *truth[1:]], sequences)
    with pytest.raises(ValueError, match="no protein has residues of both kinds"):
        evaluate_against_residues(found, [(None, None)] * 30, sequences)
    with pytest.raises(ValueError, match="at least one by name"):
        evaluate_against_residues({}, truth, sequences)
    with pytest.raises(ValueError, match="one for each of 30 pairs"):
        evaluate_against_residues(found, truth, sequences, complexes=[1, 2])
    short = Explanation(np.ones((30, 20)), LAYOUT, "cut", lengths=np.full((30, 2), 20))
    with pytest.raises(ValueError, match=r"cut, pair 0, protein A: .* was the protein cut"):
        evaluate_against_residues(short, truth, sequences)
