"""TreeSHAP and Gini: additivity, the published numbers, the shap library, exact Shapley values."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import shap
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from amp_sklearn.cpu.compilation import uses_own_kernels
from amp_sklearn.data import FeatureLayout
from amp_sklearn.explanation import RefusedExplanation, explain, trees

SMALL = FeatureLayout(("cls", "mean"), 2)


@pytest.fixture(scope="module")
def data():
    random = np.random.RandomState(0)
    x = random.normal(size=(90, 8)).round(1)  # rounded: rows that sit on a threshold occur
    return x, np.where(x[:, 0] * x[:, 5] + x[:, 2] + random.normal(size=90) > 0, "yes", "no")


MODELS = {
    "forest": lambda: RandomForestClassifier(7, random_state=0),
    "no bootstrap, few leaves": lambda: RandomForestClassifier(
        4, max_leaf_nodes=9, bootstrap=False, max_features=3, random_state=0
    ),
    "weighted": lambda: RandomForestClassifier(5, class_weight="balanced", random_state=1),
    "extra trees": lambda: ExtraTreesClassifier(6, random_state=0),
    "tree": lambda: DecisionTreeClassifier(random_state=0),
    "stump": lambda: DecisionTreeClassifier(max_depth=1),
    "no split": lambda: DecisionTreeClassifier(min_samples_split=1000),
}


@pytest.mark.parametrize("name", MODELS)
def test_quadrature_equals_the_shap_library(data, name):
    x, y = data
    model = MODELS[name]().fit(x, y)
    found = explain(model, x, "tree_shap", layout=SMALL)
    np.testing.assert_allclose(found.error, 0, rtol=0, atol=1e-12)
    if name != "no split":  # shap cannot read a tree without a split
        explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
        expected = explainer.shap_values(x, check_additivity=False)[..., 1]
        np.testing.assert_allclose(found.feature_values, expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.base_values, explainer.expected_value[1], rtol=0, atol=1e-12)


def path_dependent_value(tree, x, present, node=0):
    """Prediction of a tree that knows the present features only: the textbook recursion."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        counts = tree.value[node, 0]
        return counts[1] / counts.sum()
    if present[tree.feature[node]]:
        return path_dependent_value(
            tree, x, present, left if x[tree.feature[node]] <= tree.threshold[node] else right
        )
    n = tree.weighted_n_node_samples
    return sum(n[child] / n[node] * path_dependent_value(tree, x, present, child) for child in (left, right))


def test_quadrature_equals_the_definition(data):
    x, y = data
    tree = DecisionTreeClassifier(max_depth=5, random_state=0).fit(x, y)
    found = explain(tree, x[:3], "tree_shap", layout=SMALL)
    for row in range(3):
        for player in range(8):
            expected, others = 0.0, [i for i in range(8) if i != player]
            for size in range(8):
                weight = factorial(size) * factorial(7 - size) / factorial(8)
                for chosen in combinations(others, size):
                    present = np.isin(np.arange(8), chosen)
                    before = path_dependent_value(tree.tree_, x[row].astype(np.float32), present)
                    present[player] = True
                    after = path_dependent_value(tree.tree_, x[row].astype(np.float32), present)
                    expected += weight * (after - before)
            assert found.feature_values[row, player] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "no split"])
@pytest.mark.parametrize("perturbation", ["tree_path_dependent", "interventional"])
def test_the_shap_library_stands_in_where_kernels_are_turned_off(name, perturbation, monkeypatch):
    x = np.random.RandomState(5).normal(size=(40, 8))  # no row sits on a threshold
    y = np.where(x[:, 0] * x[:, 5] + x[:, 2] > 0, "yes", "no")
    model = MODELS[name]().fit(x, y)
    settings = {"layout": SMALL, "perturbation": perturbation, "n_background": 20}
    expected = explain(model, x, "tree_shap", **settings)
    monkeypatch.setattr(trees, "add_shap_values", None)  # would fail if it were called
    monkeypatch.setattr(trees, "add_interventional_values", None)
    monkeypatch.setenv("AMP_SKLEARN_KERNELS", "torch")
    found = explain(model, x, "tree_shap", **settings)
    np.testing.assert_allclose(found.feature_values, expected.feature_values, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.base_values, expected.base_values, rtol=0, atol=1e-10)


OFF_BY_SHAP = pytest.mark.skipif(
    not uses_own_kernels(),
    reason="compiled kernels are turned off: shap puts rows that sit on a threshold on either side of it",
)


@pytest.mark.parametrize(
    "perturbation", ["tree_path_dependent", pytest.param("interventional", marks=OFF_BY_SHAP)]
)
def test_additivity_targets_and_cores(data, perturbation):
    x, y = data
    model = MODELS["forest"]().fit(x, y)
    settings = {"layout": SMALL, "perturbation": perturbation, "n_background": 20}
    yes = explain(model, x, "tree_shap", aggregate="sum", **settings)
    probability = model.predict_proba(x)[:, 1]
    np.testing.assert_allclose(yes.base_values + yes.values.sum(axis=1), probability, rtol=0, atol=1e-12)
    no = explain(model, x, "tree_shap", aggregate="sum", target="no", **settings)
    np.testing.assert_allclose(no.values, -yes.values, rtol=0, atol=1e-12)
    two = explain(model, x, "tree_shap", aggregate="sum", n_jobs=2, **settings)
    np.testing.assert_array_equal(two.values, yes.values)


def test_interventional_equals_the_shap_library():
    x = np.random.RandomState(4).normal(size=(40, 8))
    model = RandomForestClassifier(6, random_state=0).fit(x, x[:, 0] * x[:, 1] > 0)
    explainer = shap.TreeExplainer(model, data=x[:15], feature_perturbation="interventional")
    expected = explainer.shap_values(x, check_additivity=False)[..., 1]
    settings = {"layout": SMALL, "perturbation": "interventional", "background": x[:15]}
    found = explain(model, x, "tree_shap", **settings)
    # the library keeps probabilities of leaves in single precision
    np.testing.assert_allclose(found.feature_values, expected, rtol=0, atol=1e-6)


@OFF_BY_SHAP
def test_interventional_is_the_exact_shapley_value_over_background_rows(data):
    x, y = data
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(x, y)
    background = x[50:54]
    found = explain(
        model, x[:2], "tree_shap", layout=SMALL, perturbation="interventional", background=background
    )
    for row in range(2):
        for player in range(8):
            expected, others = 0.0, [i for i in range(8) if i != player]
            for size in range(8):
                weight = factorial(size) * factorial(7 - size) / factorial(8)
                for chosen in combinations(others, size):
                    mixed = background.copy()
                    mixed[:, list(chosen)] = x[row, list(chosen)]
                    before = model.predict_proba(mixed)[:, 1].mean()
                    mixed[:, player] = x[row, player]
                    expected += weight * (model.predict_proba(mixed)[:, 1].mean() - before)
            assert found.feature_values[row, player] == pytest.approx(expected, abs=1e-12)


class PublishedTree:
    """One recorded tree, as far as ``prepare_tree`` reads it."""

    def __init__(self, data, prefix):
        for name in ("children_left", "children_right", "feature", "threshold", "weighted_n_node_samples"):
            setattr(self, name, data[f"{prefix}_{name}"])
        self.value = data[f"{prefix}_value"][:, None, :]
        self.node_count = len(self.feature)


@pytest.mark.parametrize("name", ["seg", "cse"])
def test_published_tree_shap(published, published_ae_dnn, name):
    """The published values are those of class 0; the explained class is 1, so that the sign is reversed."""
    from amp_sklearn.explanation.tree_quadrature import add_shap_values, expected_value, prepare_tree

    data, features, (_, layout) = published("forest"), published("ae_dnn")[name], published_ae_dnn(name)
    trees = [prepare_tree(PublishedTree(data, f"{name}_tree{i}"), 1, 0.1) for i in range(10)]
    found = np.zeros(features.shape)
    for tree in trees:
        add_shap_values(features.astype(np.float32), found, *tree.splits)
    np.testing.assert_allclose(found, -data[f"{name}_shap_values"], rtol=0, atol=1e-10)
    base = sum(expected_value(tree) for tree in trees)
    assert base == pytest.approx(data[f"{name}_expected_value"][1], abs=1e-10)
    np.testing.assert_allclose(base + found.sum(axis=1), data[f"{name}_proba"][:, 1], rtol=0, atol=1e-10)
    # averaged per token the magnitude hides the sign, and equals the published group means
    grouped = np.abs(layout.by_token(found)).mean(axis=-1)[:, np.argsort(layout.token_labels)]
    np.testing.assert_allclose(grouped, data[f"{name}_shap_grouped"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["seg", "cse"])
def test_published_forest_and_gini(published, published_ae_dnn, name):
    """The published forest is refitted; its grouped 'total' is a mean over columns, ours a sum that totals 1."""
    data, features, (_, layout) = published("forest"), published("ae_dnn")[name], published_ae_dnn(name)
    forest = RandomForestClassifier(10, max_depth=4, max_features="sqrt", random_state=42)
    forest.fit(features, data[f"{name}_y"])
    labels = list(data[f"{name}_gini_labels"])
    mean = explain(forest, features, "gini", layout=layout, aggregate="mean")
    np.testing.assert_allclose(mean.mean()[labels], data[f"{name}_gini_grouped"], rtol=0, atol=1e-10)
    total = explain(forest, features, "gini", layout=layout)
    assert total.values[0].sum() == pytest.approx(1, abs=1e-12)
    assert mean.values[0].sum() == pytest.approx(1 / 3, abs=1e-12)  # no total: 3 columns a token
    assert (total.values == total.values[0]).all()
    assert any("same for every pair" in note for note in total.notes)
    values = explain(forest, features, "tree_shap", layout=layout).feature_values
    np.testing.assert_allclose(values, -data[f"{name}_shap_values"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("perturbation", ["tree_path_dependent", "interventional"])
@pytest.mark.parametrize("kind", [GradientBoostingClassifier, HistGradientBoostingClassifier])
def test_boosted_trees_are_explained_in_log_odds(data, kind, perturbation):
    x, y = data
    x = x.astype(np.float32).astype(float)  # the library compares single precision
    settings = {"n_estimators": 8} if kind is GradientBoostingClassifier else {"max_iter": 8}
    model = kind(random_state=0, **settings).fit(x, y)
    arguments = {"layout": SMALL, "aggregate": "sum", "perturbation": perturbation, "n_background": 20}
    yes = explain(model, x, "tree_shap", **arguments)
    assert np.ptp(model.decision_function(x)) > 0.5
    np.testing.assert_allclose(
        yes.base_values + yes.values.sum(axis=1), model.decision_function(x), rtol=0, atol=1e-5
    )
    np.testing.assert_allclose(yes.error, 0, rtol=0, atol=1e-5)
    assert any("log-odds" in note for note in yes.notes)
    no = explain(model, x, "tree_shap", target="no", **arguments)
    np.testing.assert_allclose(no.values, -yes.values, rtol=0, atol=1e-12)


def test_other_models_are_refused(data, network, features):
    x, y = data
    boosting = GradientBoostingClassifier(n_estimators=3)
    with pytest.raises(RefusedExplanation, match=r"forest or a decision tree.*'permutation'"):
        explain(boosting.fit(x, y), x, "gini", layout=SMALL)
    with pytest.raises(RefusedExplanation, match=r"two classes only.*'permutation'"):
        explain(boosting.fit(x, np.arange(90) % 3), x, "tree_shap", layout=SMALL, target=1)
    with pytest.raises(RefusedExplanation, match=r"decision tree or gradient boosting.*'permutation'"):
        explain(LogisticRegression().fit(x, y), x, "tree_shap", layout=SMALL)
    for method in ("tree_shap", "gini"):
        with pytest.raises(RefusedExplanation, match=r"a decision tree"):
            explain(network("mlp"), features, method)
    forest = MODELS["forest"]().fit(x, y)
    for method, settings, message in [
        ("tree_shap", {"perturbation": "none"}, "perturbation must be one of"),
        ("gini", {"aggregate": "max"}, "aggregate must be 'sum' or 'mean'"),
    ]:
        with pytest.raises(ValueError, match=message):
            explain(forest, x, method, layout=SMALL, **settings)
