"""Integrated gradients, with the first linear layer shared along the path where there is one."""

import contextlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .attribution_baselines import baseline_rows, of_rows
from .base import FeatureExplainer
from .model import evaluating
from .registry import register_explainer
from .sequential_network import as_chain

NO_NETWORK = (
    "it needs the gradient of a network, and this classifier has none; use 'permutation' or 'occlusion' "
    "(any classifier) or 'tree_shap' (forests)"
)


@contextlib.contextmanager
def differentiating(module):
    """Within the block the network is in evaluation mode and gradients by its inputs, not its parameters, can be taken."""
    # cuDNN refuses the backward pass of a recurrent layer that is not in training mode
    recurrent = any(isinstance(part, nn.RNNBase) for part in module.modules())
    cudnn = torch.backends.cudnn.flags(enabled=False) if recurrent else contextlib.nullcontext()
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for parameter in parameters:
            parameter.requires_grad_(False)
        with evaluating(module), cudnn, torch.enable_grad():
            yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


@register_explainer("integrated_gradients")
@dataclass
class IntegratedGradients(FeatureExplainer):
    """Gradients added up along the straight path from a baseline to each pair (Gauss-Legendre quadrature).

    The values of a pair add up to the difference between its logit and the baseline's; ``error`` holds what
    is missing. Dropout is off. A network that begins with a linear layer on the whole row and goes on as a
    plain chain is not evaluated on each point of the path: the first layer is affine along it, so it is
    applied to both ends only, and once more to the summed gradients.

    Parameters
    ----------
    aggregate : {"mean_abs", "sum", "sum_abs"}, default="mean_abs"
        How columns are put together to one value per token.
    keep_features : bool, default=True
        Whether the ``Explanation`` holds the value of each column.
    n_steps : int, default=50
        Points on the path.
    baseline : {"mean", "zero", "sample"} or array-like, default="mean"
        See ``amp_sklearn.explanation.baseline_rows``.
    n_background : int, default=200
        Background rows that ``"mean"`` averages.
    random_state : int, RandomState or None, default=0
        Draws the background rows.
    batch_size : int, default=1024
        Points of paths evaluated at a time.
    share_first_layer : bool, default=True
        Whether to use the short cut where the network allows it; the values are the same.

    References
    ----------
    Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017, arXiv:1703.01365.
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import IntegratedGradients
    >>> torch_model = torch.nn.Linear(4, 1, bias=False)
    >>> _ = torch.nn.init.constant_(torch_model.weight, 2.0)
    >>> explainer = IntegratedGradients(baseline="zero", aggregate="sum")
    >>> layout = FeatureLayout(("cls", "mean"), width=1)
    >>> x = np.array([[1.0, 2, 3, 4]], dtype=np.float32)
    >>> explainer.explain(torch_model, x, layout=layout).values.round(4)
    array([[2., 4., 6., 8.]])
    """

    n_steps: int = 50
    baseline: str | np.ndarray = "mean"
    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    batch_size: int = 1024
    share_first_layer: bool = True

    def reason_unsuitable(self, model):
        return NO_NETWORK if model.module is None else None

    @property
    def pairs_at_once(self):
        return 128

    def prepare(self, model):
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be at least 1, got {self.n_steps}")
        nodes, weights = np.polynomial.legendre.leggauss(self.n_steps)
        baseline = baseline_rows(model, self.baseline, self.n_background, self.random_state)
        chain = (
            as_chain(model.module, model.tensor(model.rows(slice(0, 8)))) if self.share_first_layer else None
        )
        return baseline, model.tensor((nodes + 1) / 2), model.tensor(weights / 2), chain

    def attribute_rows(self, model, rows, shared):
        x, start = model.tensor(model.rows(rows)), model.tensor(of_rows(shared[0], rows))
        gradient, base, rise = self.along_path(model, x, start, shared)
        found = gradient * (x - start)
        return tuple(part.cpu().numpy() for part in (found, base, found.sum(dim=1) - rise))

    def along_path(self, model, x, start, shared):
        """Gradient of the logit averaged along the paths, and the logit at their ends.

        Parameters
        ----------
        model : ExplainedModel
        x : Tensor of shape (n, n_features)
        start : Tensor of shape (1 or n, n_features)
        shared : tuple
            What ``prepare`` returned.

        Returns
        -------
        gradient : Tensor of shape (n, n_features)
        base : Tensor of shape (n,)
            Logit at the start.
        rise : Tensor of shape (n,)
            Logit at ``x`` minus that at the start.
        """
        _, nodes, weights, chain = shared
        with differentiating(model.module), torch.no_grad():
            if chain is None:
                base, end = model.logit(start), model.logit(x)
                gradient = self._walk(model.logit, start, x, nodes, weights)
            else:
                # an affine first layer maps the path to a path: walk along that, which is narrower
                first, rest = chain[0], nn.Sequential(*chain[1:])

                def logit(hidden):
                    return model.signed_logit(rest(hidden))

                hidden_start, hidden_end = first(start), first(x)
                base, end = logit(hidden_start), logit(hidden_end)
                gradient = self._walk(logit, hidden_start, hidden_end, nodes, weights) @ first.weight
        base = base.expand(len(x))
        return gradient, base, end - base

    def _walk(self, logit, start, end, nodes, weights):
        """Mean gradient along straight paths, all points of some of them in one batch."""
        step, gradients = end - start, []
        n_paths = max(1, self.batch_size // self.n_steps)
        for first in range(0, len(step), n_paths):
            part = slice(first, first + n_paths)
            points = of_rows(start, part) + nodes[:, None, None] * step[part]  # n_steps x n_paths x n_columns
            shape = points.shape
            points = points.reshape(-1, shape[-1]).requires_grad_()
            with torch.enable_grad():
                (gradient,) = torch.autograd.grad(logit(points).sum(), points)
            gradients.append(torch.einsum("spf,s->pf", gradient.reshape(shape), weights))
        return torch.cat(gradients)
