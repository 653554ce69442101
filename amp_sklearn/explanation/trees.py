"""Explainers of tree ensembles: TreeSHAP and Gini importance."""

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from ..cpu.compilation import uses_own_kernels
from .base import Attribution, Explainer, FeatureExplainer
from .registry import register_explainer
from .tree_interventional import add_interventional_values, decision_weights
from .tree_quadrature import add_shap_values, expected_value, prepare_tree

_FORESTS = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)
_BOOSTED = (GradientBoostingClassifier, HistGradientBoostingClassifier)
_PERTURBATIONS = ("tree_path_dependent", "interventional")
_NOT_TREES = "it needs a forest, a decision tree or gradient boosting of scikit-learn; use 'permutation' or 'occlusion' instead"
_NO_FOREST = "it needs a forest or a decision tree of scikit-learn; use 'permutation' or 'occlusion' instead"


@register_explainer("tree_shap")
@dataclass
class TreeShap(FeatureExplainer):
    """Exact Shapley values of tree ensembles.

    For forests and decision trees in probability of the explained class; for gradient boosting of two classes, whose
    trees add up to log-odds, in log-odds, by the shap library. The values of a pair add up to the difference
    between the model's output for it and ``base_values``; ``error`` holds what is missing (rounding only).

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

    perturbation: str = "tree_path_dependent"
    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    n_jobs: int | None = None

    def reason_unsuitable(self, model):
        if isinstance(model.estimator, _BOOSTED) and len(model.estimator.classes_) > 2:
            return (
                "of gradient boosting it explains two classes only; use 'permutation' or 'occlusion' instead"
            )
        return None if isinstance(model.estimator, _FORESTS + _BOOSTED) else _NOT_TREES

    def attribute(self, model):
        found = super().attribute(model)
        if isinstance(model.estimator, _BOOSTED):
            found.notes += ("Values are in log-odds, the scale on which boosted trees add up.",)
        return found

    @property
    def pairs_at_once(self):
        return 256 * effective_n_jobs(self.n_jobs)

    def prepare(self, model):
        if self.perturbation not in _PERTURBATIONS:
            raise ValueError(f"perturbation must be one of {_PERTURBATIONS}, got {self.perturbation!r}")
        if self.perturbation == "interventional":
            # scikit-learn's trees compare single precision
            background = model.sample_background(self.n_background, self.random_state).astype(np.float32)
            base = model.estimator.predict_proba(background)[:, model.target].mean()
        else:
            background, base = None, None
        if _by_shap(model):
            import shap  # slow to import, and not needed for forests

            explainer = shap.TreeExplainer(
                model.estimator, data=background, feature_perturbation=self.perturbation
            )
            return explainer, base
        fitted = getattr(model.estimator, "estimators_", [model.estimator])
        trees = [prepare_tree(tree.tree_, model.target, 1 / len(fitted)) for tree in fitted]
        return trees, background, sum(map(expected_value, trees)) if base is None else base

    def attribute_rows(self, model, rows, shared):
        if isinstance(model.estimator, _BOOSTED):
            sign = 1 if model.target == 1 else -1
            x = model.rows(rows)
            found = sign * shared[0].shap_values(x, check_additivity=False)
            base = np.full(len(x), sign * float(np.ravel(shared[0].expected_value)[-1]))
            return found, base, base + found.sum(axis=1) - sign * model.estimator.decision_function(x)
        x = model.rows(rows).astype(np.float32)
        found, base = self._values_by_shap(model, x, *shared) if _by_shap(model) else self._values(x, *shared)
        probability = model.estimator.predict_proba(x)[:, model.target]
        return found, np.full(len(x), base), base + found.sum(axis=1) - probability

    def _values_by_shap(self, model, x, explainer, base):
        """Values of a forest and what they start from, by the shap library."""
        found = explainer.shap_values(x, check_additivity=False)[..., model.target]
        return found, explainer.expected_value[model.target] if base is None else base

    def _values(self, x, trees, background, base):
        """Values of a forest and what they start from, by the compiled sweeps."""
        parts = np.array_split(x, min(effective_n_jobs(self.n_jobs), len(x)))
        # the compiled sweeps release the interpreter lock, so threads are enough and share the trees
        found = np.concatenate(
            Parallel(self.n_jobs, prefer="threads")(
                delayed(_sweep)(trees, part, background) for part in parts
            )
        )
        return found, base


def _by_shap(model):
    """Whether the shap library computes the values: always for boosting, for forests where our loops are turned off."""
    return isinstance(model.estimator, _BOOSTED) or not uses_own_kernels()


def _sweep(trees, x, background):
    x = np.asfortranarray(x)  # a split reads one feature of many rows
    found = np.zeros(x.shape, order="F")
    for tree in trees:
        if background is None:
            add_shap_values(x, found, *tree.splits)
        else:
            nodes = (tree.left, tree.right, tree.feature, tree.threshold, tree.above, tree.value)
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
