"""Faithfulness, agreement, sanity and stability on models whose truth is known."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from amp_sklearn.explanation import (
    Attribution,
    Explainer,
    Explanation,
    IntegratedGradients,
    Occlusion,
    baseline_rows,
    deletion_curve,
    evaluate_explanations,
    explain,
    insertion_curve,
    rank_correlation,
    read_model,
    top_overlap,
)
from amp_sklearn.explanation.faithfulness import area, ranking, sensitivity, supported
from amp_sklearn.explanation.sanity import randomised


@dataclass
class Fixed(Explainer):
    """Says the same of every model."""

    def attribute(self, model):
        return Attribution(values=np.tile(np.arange(model.layout.n_tokens, dtype=float), (len(model), 1)))


Fixed.name = "fixed"


@pytest.fixture
def linear(features):
    x = np.asarray(features)
    y = x @ np.repeat([3.0, -2.0, 1.0, 0.1], 8) > 0
    return LogisticRegression().fit(x, y)


def test_deletion_curve_by_hand(network, features, layout):
    model = read_model(network("gru"), features)
    absent = baseline_rows(model, "zero")
    order = np.argsort(np.random.RandomState(0).uniform(size=(40, 4)), axis=1)
    found = deletion_curve(model, order, absent, batch_size=16)
    x = np.asarray(features)
    for pair in (0, 17, 39):
        for k in range(5):
            row = x[pair].copy()
            for token in order[pair, :k]:
                row[token * 8 : token * 8 + 8] = 0
            with torch.inference_mode():
                expected = model.module(torch.from_numpy(row)[None]).item()
            assert found[pair, k] == pytest.approx(expected, abs=1e-5)
    inserted = insertion_curve(model, order, absent, batch_size=16)
    np.testing.assert_allclose(inserted[:, 0], found[:, -1], atol=1e-5)
    row = np.zeros(32, dtype=np.float32)
    token = order[3, 0]
    row[token * 8 : token * 8 + 8] = x[3, token * 8 : token * 8 + 8]
    with torch.inference_mode():
        assert inserted[3, 1] == pytest.approx(model.module(torch.from_numpy(row)[None]).item(), abs=1e-5)


def test_rankings_follow_the_predicted_side(layout):
    signed = Explanation([[0.5, -2.0, 1.0, 0.0], [0.5, -2.0, 1.0, 0.0]], layout, "x")
    assert ranking(signed, [1.0, -1.0]).tolist() == [[2, 0, 3, 1], [1, 3, 0, 2]]
    assert ranking(signed).tolist() == [[1, 2, 0, 3]] * 2
    unsigned = Explanation([[0.5, 2.0, 1.0, 0.0]], layout, "x")
    assert ranking(unsigned, [-1.0]).tolist() == [[1, 2, 0, 3]]
    assert supported(np.array([[3.0, 1.0], [-3.0, 1.0]]), [3.0, -3.0]).tolist() == [[3.0, 1.0], [3.0, -1.0]]
    assert area(np.array([1.0, 1.0, 0.0])) == 0.75


def test_true_importance_beats_random_and_reversed_importance_loses(linear, features):
    @dataclass
    class Reversed(Occlusion):
        def attribute(self, model):
            return Attribution(values=-super().attribute(model).values)

    report = evaluate_explanations(
        linear, features, {"true": Occlusion(), "reversed": Reversed()}, n_random=20, n_repeats=0
    )
    assert report.summary.loc["true", "deletion_gain_low"] > 0
    assert report.summary.loc["true", "insertion_gain_low"] > 0
    assert report.summary.loc["true", "better_than_random"] > 0.8
    assert report.summary.loc["reversed", "deletion_gain_high"] < 0
    assert report.agreement.loc["true", "reversed"] == 1  # magnitudes are the same
    assert "randomised_model" not in report.summary


def test_infidelity_is_zero_for_additive_values_and_not_for_others(features):
    module = torch.nn.Linear(32, 1)

    @dataclass
    class Elsewhere(Occlusion):
        name = "elsewhere"

        def attribute(self, model):
            return Attribution(values=np.roll(super().attribute(model).values, 1, axis=1))

    methods = {"true": Occlusion(), "elsewhere": Elsewhere()}
    report = evaluate_explanations(module, features, methods, n_repeats=0)
    assert report.summary.loc["true", "infidelity"] < 1e-10
    assert report.summary.loc["elsewhere", "infidelity"] > 1e-3


def test_sensitivity_is_that_of_captum_and_zero_where_values_cannot_turn(features, layout):
    torch.manual_seed(0)
    module = torch.nn.Linear(32, 1)

    @dataclass
    class Weights(Explainer):
        """The same values for every pair: the gradient of a linear network."""

        name = "weights"

        def attribute(self, model):
            weights = model.module.weight.detach().numpy().repeat(len(model), axis=0)
            return Attribution(feature_values=weights)

    model = read_model(module, features[:10], layout=layout)
    fixed = Weights()
    assert (sensitivity(model, fixed, fixed.explain_model(model)) == 0).all()
    occlusion = Occlusion(baseline="zero")
    explained = occlusion.explain_model(model)
    found = sensitivity(model, occlusion, explained, n_samples=4, random_state=1)
    # by hand: the values of a linear network are sums of x * w over a token's columns
    random, x = np.random.RandomState(1), np.asarray(features[:10])
    weights = module.weight.detach().numpy()[0]
    largest = np.zeros(10)
    for _ in range(4):
        step = 0.02 * x.std(axis=0) * random.uniform(-1, 1, x.shape)
        turned = layout.by_token(step * weights).sum(axis=-1)
        largest = np.maximum(
            largest, np.linalg.norm(turned, axis=1) / np.linalg.norm(explained.values, axis=1)
        )
    np.testing.assert_allclose(found, largest, rtol=1e-3)
    report = evaluate_explanations(
        module, features[:10], {"weights": fixed, "occlusion": occlusion}, layout=layout
    )
    assert report.summary.loc["weights", "sensitivity"] == 0 < report.summary.loc["occlusion", "sensitivity"]


def test_report_of_all_methods(network, features):
    report = evaluate_explanations(network("transformer"), features[:10], n_random=3, n_repeats=1)
    assert set(report.explanations) | set(report.refused) >= {
        "attention",
        "deep_shap",
        "gini",
        "gradient_shap",
        "integrated_gradients",
        "occlusion",
        "permutation",
        "tree_shap",
    }
    assert {"deep_shap", "gini", "interaction_map", "residue_gradients", "tree_shap"} == set(report.refused)
    assert list(report.summary.index) == list(report.explanations)
    assert report.output == "logit"
    np.testing.assert_allclose(np.diag(report.agreement), 1)
    np.testing.assert_allclose(np.diag(report.overlap), 1)
    assert np.isnan(report.summary.loc["attention", "other_seeds"])
    assert report.summary.loc["integrated_gradients", "other_baselines"] < 1
    assert report.summary.loc["integrated_gradients", "largest_error"] > 0
    shares = report.curves[(report.curves["method"] == "random") & (report.curves["curve"] == "deletion")]
    np.testing.assert_allclose(shares["share"], np.linspace(0, 1, 5))
    # all curves start at the full prediction and end at the baseline
    deletion = report.curves[report.curves["curve"] == "deletion"]
    assert deletion[deletion["share"] == 0]["support"].round(4).nunique() == 1
    assert deletion[deletion["share"] == 1]["support"].round(4).nunique() == 1


def test_a_method_that_ignores_the_model_is_found_out(network, features):
    methods = {"fixed": Fixed(), "occlusion": Occlusion(baseline="zero")}
    report = evaluate_explanations(network("mlp"), features, methods, n_random=2, n_repeats=3)
    assert report.summary.loc["fixed", "randomised_model"] == 1
    assert report.summary.loc["occlusion", "randomised_model"] < 0.5


def test_randomised_network_forgets_and_the_original_does_not(network, features):
    module = network("mlp")
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    model = read_model(module, features)
    shuffled = randomised(model, 0)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])
        other = shuffled.module.state_dict()[name]
        assert torch.equal(other.reshape(-1).sort()[0], tensor.reshape(-1).sort()[0])
    assert np.abs(shuffled.outputs() - model.outputs()).max() > 0.01


def test_randomised_forest_forgets(features):
    x = np.asarray(features)
    forest = RandomForestClassifier(20, random_state=0).fit(x, x[:, 0] > 0)
    model = read_model(forest, features)
    other = randomised(model, 0)
    assert other.estimator is not forest
    assert np.abs(other.outputs() - model.outputs()).max() > 0.2
    assert np.abs(forest.predict_proba(x)[:, 1] - model.outputs()).max() == 0


def test_rank_correlation_and_overlap(layout):
    random = np.random.RandomState(0)
    a, b = (Explanation(random.normal(size=(6, 4)).round(1), layout, "x") for _ in range(2))
    expected = [spearmanr(np.abs(p), np.abs(q)).statistic for p, q in zip(a.values, b.values, strict=True)]
    np.testing.assert_allclose(rank_correlation(a, b), expected)
    flat = Explanation(np.ones((6, 4)), layout, "x")
    assert np.isnan(rank_correlation(a, flat)).all()
    one = Explanation([[4.0, -3.0, 2.0, 1.0]], layout, "x")
    two = Explanation([[0.0, -3.0, 2.0, 5.0]], layout, "x")
    assert top_overlap(one, two, 2).tolist() == [0.5]
    with pytest.raises(ValueError, match="k must lie in"):
        top_overlap(one, two, 5)
    with pytest.raises(ValueError, match="same pairs and tokens"):
        rank_correlation(one, a)


def test_chance_level_of_overlap(layout):
    random = np.random.RandomState(0)
    a, b = (Explanation(random.normal(size=(4000, 4)), layout, "x") for _ in range(2))
    assert top_overlap(a, b, 3).mean() == pytest.approx(3 / 4, abs=0.02)


def test_baselines_and_seeds_matter_only_where_they_are_used(network, features):
    methods = {
        "gradients": IntegratedGradients(n_steps=5),
        "given": IntegratedGradients(n_steps=5, baseline=np.zeros(32)),
        "fixed": Fixed(),
    }
    report = evaluate_explanations(network("mlp"), features, methods, n_random=2, n_repeats=2)
    assert report.summary.loc["gradients", "other_seeds"] == 1  # 200 rows of 40 are all rows: nothing to draw
    assert -1 < report.summary.loc["given", "other_baselines"] < 1
    assert np.isnan(report.summary.loc["fixed", "other_baselines"])


def test_no_method_left(features, linear):
    with pytest.raises(ValueError, match=r"no method can explain this model: attention refuses"):
        evaluate_explanations(linear, features, ["attention"])


def test_repeatable(linear, features):
    one, two = (evaluate_explanations(linear, features, ["permutation"], n_random=3) for _ in range(2))
    assert one.summary.equals(two.summary)
    assert one.curves.equals(two.curves)
    assert explain(linear, features, "permutation").values.tolist() == (
        one.explanations["permutation"].values.tolist()
    )
