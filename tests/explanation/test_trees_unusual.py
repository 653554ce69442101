"""Trees with missing values, other losses, other starts and categories: right by brute force, or refused."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
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
from amp_sklearn.explanation import (
    DeepShap,
    RefusedExplanation,
    evaluate_explanations,
    explain,
    make_explainer,
)

TWO, FOUR = FeatureLayout(("cls",), 1), FeatureLayout(("cls", "mean"), 1)
OWN = pytest.mark.skipif(
    not uses_own_kernels(), reason="compiled kernels are turned off: missing values are refused"
)
PERTURBATIONS = ("tree_path_dependent", "interventional")


def shapley_values(value, n):
    """The definition, over all subsets of ``n`` players."""
    found = np.zeros(n)
    for player in range(n):
        others = [i for i in range(n) if i != player]
        for size in range(n):
            weight = factorial(size) * factorial(n - 1 - size) / factorial(n)
            for chosen in combinations(others, size):
                present = np.isin(np.arange(n), chosen)
                before = value(present)
                found[player] += weight * (value(present | (np.arange(n) == player)) - before)
    return found


def interventional(output, x, background):
    """Mean output over the background rows in which the present features come from ``x``."""
    return lambda present: output(np.where(present, x, background)).mean()


def path_dependent(trees, x):
    """Textbook recursion over nodes, a list of trees as ``(left, right, feature, bound, missing_left, rows, value)``."""

    def descend(tree, present, node):
        left, right, feature, bound, missing_left, rows, value = (part[node] for part in tree)
        if left < 0:
            return value
        if present[feature]:
            goes_left = missing_left if np.isnan(x[feature]) else x[feature] <= bound
            return descend(tree, present, left if goes_left else right)
        return sum(tree[5][child] / rows * descend(tree, present, child) for child in (left, right))

    return lambda present: sum(descend(tree, present, 0) for tree in trees)


def nodes_of(model):
    if isinstance(model, HistGradientBoostingClassifier):
        for (tree,) in model._predictors:
            nodes = tree.nodes
            leaf = nodes["is_leaf"].astype(bool)
            left = np.where(leaf, -1, nodes["left"].astype(int))
            names = ("right", "feature_idx", "num_threshold", "missing_go_to_left", "count", "value")
            yield (left, *(nodes[name] for name in names))
        return
    trees = getattr(model, "estimators_", [model])
    for tree in (tree.tree_ for tree in trees):
        yield (
            tree.children_left,
            tree.children_right,
            tree.feature,
            tree.threshold,
            tree.missing_go_to_left,
            tree.weighted_n_node_samples,
            tree.value[:, 0, 1] / len(trees),
        )


@pytest.fixture(scope="module")
def holes():
    random = np.random.RandomState(0)
    x = random.normal(size=(120, 4)).astype(np.float32).astype(float)
    y = np.where(x[:, 0] * x[:, 1] + x[:, 2] + 0.3 * random.normal(size=120) > 0, 1, 0)
    x[random.uniform(size=x.shape) < 0.25] = np.nan
    return x, y


MODELS = {
    "tree": lambda: DecisionTreeClassifier(max_depth=6, random_state=0),
    "forest": lambda: RandomForestClassifier(4, max_depth=5, random_state=0),
    "extra trees": lambda: ExtraTreesClassifier(4, max_depth=5, random_state=0),
    "histogram boosting": lambda: HistGradientBoostingClassifier(
        max_iter=6, min_samples_leaf=5, random_state=0
    ),
}


@OWN
@pytest.mark.parametrize("perturbation", PERTURBATIONS)
@pytest.mark.parametrize("name", MODELS)
def test_missing_values_go_where_the_trees_send_them(holes, name, perturbation):
    x, y = holes
    model = MODELS[name]().fit(x, y)
    rows = np.flatnonzero(np.isnan(x).sum(axis=1) >= 2)[:6]
    settings = {"layout": FOUR, "perturbation": perturbation, "background": x[:7]}
    found = explain(model, x[rows], "tree_shap", **settings)
    boosted = isinstance(model, HistGradientBoostingClassifier)
    output = model.decision_function if boosted else lambda x: model.predict_proba(x)[:, 1]
    for row, values in zip(rows, found.feature_values, strict=True):
        if perturbation == "interventional":
            value = interventional(output, x[row], x[:7])
        else:
            value = path_dependent(list(nodes_of(model)), x[row])
        np.testing.assert_allclose(values, shapley_values(value, 4), rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.error, 0, rtol=0, atol=1e-9)


@OWN
def test_a_missing_value_that_goes_left_has_the_right_sign():
    x, y = np.array([[1.0, 0], [2, 0], [3, 0], [100, 0]]), [1, 1, 1, 0]
    with_hole = np.array([[np.nan, 0], [1, 0], [2, 0], [3, 0], [100, 0]])
    model = DecisionTreeClassifier().fit(with_hole, [1, *y])
    assert model.predict_proba([[np.nan, 0]])[0, 1] == 1
    found = explain(
        model, [[np.nan, 0.0]], "tree_shap", layout=TWO, background=x, perturbation="interventional"
    )
    np.testing.assert_allclose(found.feature_values, [[0.25, 0]], rtol=0, atol=1e-12)


def test_missing_values_are_refused_where_the_shap_library_would_misread_them(holes, monkeypatch):
    x, y = holes
    model = MODELS["forest"]().fit(x, y)
    monkeypatch.setenv("AMP_SKLEARN_KERNELS", "torch")
    with pytest.raises(RefusedExplanation, match=r"missing values.*AMP_SKLEARN_KERNELS=own"):
        explain(model, x, "tree_shap", layout=FOUR)


@OWN
@pytest.mark.parametrize("perturbation", PERTURBATIONS)
@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
@pytest.mark.parametrize("init", [None, "zero", DummyClassifier(strategy="prior")])
def test_boosting_of_any_loss_and_constant_start_is_exact(loss, init, perturbation):
    random = np.random.RandomState(1)
    x = random.normal(size=(80, 4)).astype(np.float32).astype(float)
    y = np.where(x[:, 0] * x[:, 1] + x[:, 2] > 0.4, "yes", "no")
    model = GradientBoostingClassifier(n_estimators=7, loss=loss, init=init, random_state=0).fit(x, y)
    settings = {"layout": FOUR, "perturbation": perturbation, "background": x[:9]}
    found = explain(model, x[:20], "tree_shap", **settings)
    np.testing.assert_allclose(
        found.base_values + found.feature_values.sum(axis=1), model.decision_function(x[:20]), atol=1e-9
    )
    if perturbation == "interventional":
        value = interventional(model.decision_function, x[3], x[:9])
        np.testing.assert_allclose(found.feature_values[3], shapley_values(value, 4), rtol=0, atol=1e-9)
        assert found.base_values[0] == pytest.approx(model.decision_function(x[:9]).mean(), abs=1e-9)
    assert any("half log-odds" in note for note in found.notes) == (loss == "exponential")
    other = explain(model, x[:20], "tree_shap", target="no", **settings)
    np.testing.assert_allclose(other.feature_values, -found.feature_values, rtol=0, atol=1e-12)


def test_a_start_that_is_a_model_and_categories_are_refused(holes):
    x, y = np.nan_to_num(holes[0]), holes[1]
    boosting = GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()).fit(x, y)
    with pytest.raises(RefusedExplanation, match=r"init=LogisticRegression.*'occlusion'"):
        explain(boosting, x, "tree_shap", layout=FOUR)
    x[:, 3] = np.arange(len(x)) % 5
    categories = HistGradientBoostingClassifier(max_iter=3, categorical_features=[3]).fit(x, y)
    with pytest.raises(RefusedExplanation, match=r"categories.*categorical_features=None"):
        explain(categories, x, "tree_shap", layout=FOUR)


def test_values_that_do_not_add_up_raise(holes, monkeypatch):
    x, y = np.nan_to_num(holes[0]), holes[1]
    model = MODELS["forest"]().fit(x, y)
    right = type(make_explainer("tree_shap")).attribute_rows

    def wrong(self, model, rows, shared):
        values, base, error = right(self, model, rows, shared)
        error[5] += 0.01
        return values, base, error

    monkeypatch.setattr(type(make_explainer("tree_shap")), "attribute_rows", wrong)
    with pytest.raises(RefusedExplanation, match=r"pair 5 .* miss it by 0\.01"):
        explain(model, x, "tree_shap", layout=FOUR)
    report = evaluate_explanations(model, x[:20], ["tree_shap", "occlusion"], layout=FOUR, n_repeats=0)
    assert list(report.refused) == ["tree_shap"]
    assert DeepShap.exact_to is not None
