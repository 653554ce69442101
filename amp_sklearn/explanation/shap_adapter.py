"""Model-agnostic explainers of the shap library, whose players are tokens."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_random_state

from .attribution_baselines import baseline_rows, of_rows
from .base import Attribution
from .library_adapter import LibraryAdapter, seeded

SHAP_METHODS = (
    "KernelExplainer", "PermutationExplainer", "SamplingExplainer", "ExactExplainer", "PartitionExplainer", "Explainer",
)  # fmt: skip
"""Explainers of shap that ask a model for its outputs only."""


@dataclass
class ShapAdapter(LibraryAdapter):
    """A model-agnostic explainer of the shap library, whose players are tokens; ``explain(model, X, "shap:KernelExplainer")``.

    An absent token is the baseline's. The values of a pair add up to the output without that of the baseline;
    ``error`` holds what they miss.

    Parameters
    ----------
    method, baseline, n_background, random_state, batch_size, options
        See the base class.

    References
    ----------
    Lundberg and Lee, A unified approach to interpreting model predictions, NeurIPS 2017, arXiv:1705.07874.
    """

    def __post_init__(self):
        vars(self)["name"] = f"shap:{self.method}"

    def known_options(self):
        if self.method in ("KernelExplainer", "SamplingExplainer"):
            return ["nsamples", "l1_reg"] if self.method == "KernelExplainer" else ["nsamples"]
        return ["max_evals"]

    def reason_unsuitable(self, model):
        if self.method == "ExactExplainer" and model.layout.n_tokens > 14:
            return f"it evaluates all subsets of {model.layout.n_tokens} tokens, more than 14; use 'shap:PermutationExplainer'"
        return None

    def attribute(self, model):
        random = check_random_state(self.random_state)
        absent = baseline_rows(model, self.baseline, self.n_background, random)
        values, base, outputs = [], [], []
        with seeded(random) as seed:
            for row in range(len(model)):
                x, start = model.rows([row]), of_rows(absent, slice(row, row + 1))
                values.append(self._of_pair(model, x, start, seed))
                base.append(float(model.output(start)[0]))
                outputs.append(float(model.output(x)[0]))
        values, base = np.array(values), np.array(base)
        return Attribution(
            values=values, base_values=base, error=values.sum(axis=1) - (np.array(outputs) - base)
        )

    def _of_pair(self, model, x, start, seed):
        import shap

        n_tokens, width = model.layout.n_tokens, model.layout.width

        def output(present):
            chosen = np.repeat(np.asarray(present) > 0.5, width, axis=1)
            return model.output(np.where(chosen, x, start))

        nothing, everything = np.zeros((1, n_tokens)), np.ones((1, n_tokens))
        if self.method in ("KernelExplainer", "SamplingExplainer"):
            explainer = getattr(shap, self.method)(output, nothing)
            return np.ravel(explainer.shap_values(everything, silent=True, **self.options))
        independent = shap.maskers.Independent(nothing)
        if self.method == "Explainer":
            explainer = shap.Explainer(output, independent, seed=seed)
        elif self.method == "PermutationExplainer":
            explainer = shap.PermutationExplainer(output, independent, seed=seed)
        elif self.method == "PartitionExplainer":
            tree = _neighbours_first(n_tokens)
            explainer = shap.PartitionExplainer(output, shap.maskers.Partition(nothing, clustering=tree))
        else:
            explainer = shap.ExactExplainer(output, independent)
        return np.ravel(explainer(everything, silent=True, **self.options).values)


def _neighbours_first(n_tokens):
    """Tree that joins the tokens one after the other, as scipy writes hierarchies."""
    tree, joined = np.zeros((n_tokens - 1, 4)), 0
    for step in range(n_tokens - 1):
        tree[step] = (joined, step + 1, step + 1, step + 2)
        joined = n_tokens + step
    return tree
