"""Explainers of tree ensembles: TreeSHAP and Gini importance."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from ..cpu.compilation import KERNELS_VARIABLE, uses_own_kernels
from .base import Attribution, Explainer, FeatureExplainer
from .registry import register_explainer
from .tree_interventional import add_interventional_values, decision_weights
from .tree_quadrature import (
    add_shap_values,
    expected_value,
    prepare_nodes,
    prepare_regression_tree,
    prepare_tree,
)

_FORESTS = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)
_BOOSTED = (GradientBoostingClassifier, HistGradientBoostingClassifier)
_PERTURBATIONS = ("tree_path_dependent", "interventional")
_NOT_TREES = "it needs a forest, a decision tree or gradient boosting of scikit-learn; use 'permutation' or 'occlusion' instead"
_NO_FOREST = "it needs a forest or a decision tree of scikit-learn; use 'permutation' or 'occlusion' instead"


@register_explainer("tree_shap")
@dataclass
class TreeShap(FeatureExplainer):
    """Exact Shapley values of tree ensembles.

    For forests and decision trees in probability of the explained class; for gradient boosting of two classes on the
    scale on which its trees add up (its ``decision_function``; log-odds, or half of them with
    ``loss="exponential"``). Missing values (NaN) go where the trees send them. The values of a pair add up to the
    difference between the model's output for it and ``base_values``; ``error`` holds what is missing (rounding
    only, anything more raises).

    Parameters
    ----------
    aggregate : {"mean_abs", "sum", "sum_abs"}, default="mean_abs"
        How columns are put together to one value per token.
    keep_features : bool, default=True
        Whether the ``Explanation`` holds the value of each column.
    perturbation : {"tree_path_dependent", "interventional"}, default="tree_path_dependent"
        What an absent feature means: training rows decide at its splits, or its value comes from a
        background row.
    n_background : int, default=200
        Background rows of ``"interventional"``.
    random_state : int, RandomState or None, default=0
        Draws the background rows.
    n_jobs : int, default=None
        Cores; -1 for all. None is one core, or what ``joblib.parallel_config`` says.

    References
    ----------
    Lundberg et al., From local explanations to global understanding with explainable AI for trees, Nature
    Machine Intelligence 2020, :doi:`10.1038/s42256-019-0138-9`.
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import TreeShap
    >>> X = np.random.RandomState(0).normal(size=(60, 4))
    >>> model = RandomForestClassifier(5, random_state=0).fit(X, X[:, 3] > 0)
    >>> explanation = TreeShap().explain(model, X, layout=FeatureLayout(("cls", "mean"), width=1))
    >>> explanation.mean().idxmax(), bool(abs(explanation.error).max() < 1e-10)
    ('B_mean', True)
    """

    exact_to: ClassVar[float | None] = 1e-5

    perturbation: str = "tree_path_dependent"
    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    n_jobs: int | None = None

    def reason_unsuitable(self, model):
        estimator = model.estimator
        if not isinstance(estimator, _FORESTS + _BOOSTED):
            return _NOT_TREES
        if isinstance(estimator, _BOOSTED) and len(estimator.classes_) > 2:
            return (
                "of gradient boosting it explains two classes only; use 'permutation' or 'occlusion' instead"
            )
        start = getattr(estimator, "init_", None)
        if start is not None and not isinstance(start, str | DummyClassifier):
            return (
                f"the boosting starts from a model of its own, init={type(start).__name__}, whose share the trees do "
                "not hold; use 'permutation' or 'occlusion', or fit it without init"
            )
        if np.any(getattr(estimator, "is_categorical_", None)):
            return (
                "some columns are categories, whose splits have no threshold; use 'permutation' or 'occlusion', or "
                "fit with categorical_features=None"
            )
        if not uses_own_kernels() and isinstance(start, str):
            return (
                f"the shap library knows no init='zero'; set the environment variable {KERNELS_VARIABLE}=own"
            )
        if not uses_own_kernels() and (_any_missing(model.features) or _any_missing(model.given_background)):
            return (
                "there are missing values (NaN), which the shap library sends down the wrong branches; let the "
                f"package compute it itself (environment variable {KERNELS_VARIABLE}=own, numba's compiler on)"
            )
        return None

    def attribute(self, model):
        found = super().attribute(model)
        if isinstance(model.estimator, _BOOSTED):
            half = getattr(model.estimator, "loss", None) == "exponential"
            scale = "half log-odds" if half else "log-odds"
            found.notes += (f"Values are in {scale}, the scale on which boosted trees add up.",)
        return found

    @property
    def pairs_at_once(self):
        return 256 * effective_n_jobs(self.n_jobs)

    def prepare(self, model):
        if self.perturbation not in _PERTURBATIONS:
            raise ValueError(f"perturbation must be one of {_PERTURBATIONS}, got {self.perturbation!r}")
        background, base = None, None
        if self.perturbation == "interventional":
            background = _compared(model, model.sample_background(self.n_background, self.random_state))
            base = _added_up(model, background).mean()
        if not uses_own_kernels():
            import shap  # slow to import, and needed only where our loops are turned off

            explainer = shap.TreeExplainer(
                model.estimator, data=background, feature_perturbation=self.perturbation
            )
            return explainer, base
        trees = _prepared(model)
        if base is None:
            # what boosting starts from is what its trees leave out
            x = _compared(model, model.rows([0]))
            start = _added_up(model, x)[0] - _sum_of_leaves(trees, x)[0] if _boosted(model) else 0.0
            base = start + sum(map(expected_value, trees))
        return trees, background, base

    def attribute_rows(self, model, rows, shared):
        x = _compared(model, model.rows(rows))
        found, base = (
            self._values(x, *shared) if len(shared) == 3 else self._values_by_shap(model, x, *shared)
        )
        return found, np.full(len(x), base), base + found.sum(axis=1) - _added_up(model, x)

    def _values_by_shap(self, model, x, explainer, base):
        """Values and what they start from, by the shap library."""
        found = explainer.shap_values(x, check_additivity=False)
        if not _boosted(model):
            found, expected = found[..., model.target], explainer.expected_value[model.target]
        else:
            sign = 1 if model.target == 1 else -1
            found, expected = sign * found, sign * float(np.ravel(explainer.expected_value)[-1])
        return found, expected if base is None else base

    def _values(self, x, trees, background, base):
        """Values and what they start from, by the compiled sweeps."""
        parts = np.array_split(x, min(effective_n_jobs(self.n_jobs), len(x)))
        # the compiled sweeps release the interpreter lock, so threads are enough and share the trees
        found = np.concatenate(
            Parallel(self.n_jobs, prefer="threads")(
                delayed(_sweep)(trees, part, background) for part in parts
            )
        )
        return found, base


def _boosted(model):
    return isinstance(model.estimator, _BOOSTED)


def _any_missing(features):
    """Whether a table of pairs, or the proteins that it is made of, holds NaN."""
    return features is not None and bool(np.isnan(getattr(features, "features", features)).any())


def _compared(model, x):
    """Rows in the precision in which the trees compare them: single, but for histogram boosting."""
    return x.astype(np.float64 if isinstance(model.estimator, HistGradientBoostingClassifier) else np.float32)


def _added_up(model, x):
    """What the trees add up to: the probability of the class, or the decision function of boosting."""
    if not _boosted(model):
        return model.estimator.predict_proba(x)[:, model.target]
    return (1 if model.target == 1 else -1) * model.estimator.decision_function(x)


def _prepared(model):
    """All trees of the model as arrays, such that what their leaves hold adds up."""
    estimator, sign = model.estimator, 1 if model.target == 1 else -1
    if isinstance(estimator, GradientBoostingClassifier):
        return [
            prepare_regression_tree(tree.tree_, sign * estimator.learning_rate)
            for tree in estimator.estimators_[:, 0]
        ]
    if isinstance(estimator, HistGradientBoostingClassifier):
        # scikit-learn has no public way to these trees; the shap library reads them here too
        return [_prepared_histogram_tree(tree.nodes, sign) for (tree,) in estimator._predictors]
    fitted = getattr(estimator, "estimators_", [estimator])
    return [prepare_tree(tree.tree_, model.target, 1 / len(fitted)) for tree in fitted]


def _prepared_histogram_tree(nodes, sign):
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    return prepare_nodes(
        left,
        right,
        nodes["feature_idx"],
        nodes["num_threshold"],
        nodes["missing_go_to_left"],
        nodes["count"],
        sign * nodes["value"],
    )


def _sum_of_leaves(trees, x):
    """Sum over the trees of the leaf that each row reaches."""
    total = np.zeros(len(x))
    for tree in trees:
        for row, values in enumerate(x):
            node = 0
            while tree.left[node] >= 0:
                child = tree.left[node]
                asked = values[tree.feature[child]]
                goes_left = asked <= tree.threshold[child] or (tree.missing_left[child] and np.isnan(asked))
                node = child if goes_left else tree.right[node]
            total[row] += tree.value[node]
    return total


def _sweep(trees, x, background):
    x = np.asfortranarray(x)  # a split reads one feature of many rows
    found = np.zeros(x.shape, order="F")
    for tree in trees:
        if background is None:
            add_shap_values(x, found, *tree.splits)
        else:
            nodes = (
                tree.left,
                tree.right,
                tree.feature,
                tree.threshold,
                tree.missing_left,
                tree.above,
                tree.value,
            )
            add_interventional_values(x, background, found, *nodes, *decision_weights(tree.longest))
    return found


@register_explainer("gini")
@dataclass
class Gini(Explainer):
    """Gini importance of a forest: one value per token for the whole model, repeated for each pair.

    Parameters
    ----------
    aggregate : {"sum", "mean"}, default="sum"
        Total importance of a token's columns (tokens then sum to 1), or their mean (as published, there
        under the name of a total).

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import Gini
    >>> X = np.random.RandomState(0).normal(size=(60, 4))
    >>> model = RandomForestClassifier(5, random_state=0).fit(X, X[:, 3] > 0)
    >>> Gini().explain(model, X, layout=FeatureLayout(("cls", "mean"), width=1)).mean().sum().round(10)
    np.float64(1.0)
    """

    aggregate: str = "sum"

    def reason_unsuitable(self, model):
        return None if isinstance(model.estimator, _FORESTS) else _NO_FOREST

    def attribute(self, model):
        if self.aggregate not in ("sum", "mean"):
            raise ValueError(f"aggregate must be 'sum' or 'mean', got {self.aggregate!r}")
        by_token = model.layout.by_token(model.estimator.feature_importances_)
        values = by_token.sum(axis=1) if self.aggregate == "sum" else by_token.mean(axis=1)
        return Attribution(
            values=np.tile(values, (len(model), 1)),
            notes=("Gini importance belongs to the whole forest: it is the same for every pair.",),
        )
