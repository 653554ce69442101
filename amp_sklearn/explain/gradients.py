"""Integrated gradients, with the first linear layer shared along the path where there is one."""

import contextlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .base import FeatureExplainer
from .baselines import baseline_rows, of_rows
from .chain import as_chain
from .model import evaluating
from .registry import register_explainer

NO_NETWORK = (
    "it needs the gradient of a network, and this classifier has none; use 'permutation' or 'occlusion' "
    "(any classifier) or 'tree_shap' (forests)"
)


@contextlib.contextmanager
def differentiating(module):
    """Within the block the network is in evaluation mode and gradients can be taken."""
    # cuDNN refuses the backward pass of a recurrent layer that is not in training mode
    recurrent = any(isinstance(part, nn.RNNBase) for part in module.modules())
    cudnn = torch.backends.cudnn.flags(enabled=False) if recurrent else contextlib.nullcontext()
    with evaluating(module), cudnn, torch.enable_grad():
        yield


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
        See ``amp_sklearn.explain.baseline_rows``.
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
    >>> from amp_sklearn.explain import IntegratedGradients
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

    def refusal(self, model):
        return NO_NETWORK if model.module is None else None

    @property
    def pairs_at_once(self):
        return max(1, self.batch_size // self.n_steps)

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
        return self.complete(model, x, start, self.mean_gradient(model, x, start, shared))

    @staticmethod
    def complete(model, x, start, gradient):
        """Attributions from mean gradients, the logit at the start, and what the attributions miss of the rise."""
        with evaluating(model.module), torch.no_grad():
            found = gradient * (x - start)
            base = model.logit(start).expand(len(x))
            error = found.sum(dim=1) - (model.logit(x) - base)
        return tuple(part.cpu().numpy() for part in (found, base, error))

    def mean_gradient(self, model, x, start, shared):
        """Gradient of the logit, averaged along the path from ``start`` to ``x``.

        Parameters
        ----------
        model : ExplainedModel
        x : Tensor of shape (n, n_features)
        start : Tensor of shape (1 or n, n_features)
        shared : tuple
            What ``prepare`` returned.

        Returns
        -------
        Tensor of shape (n, n_features)
        """
        _, nodes, weights, chain = shared
        with differentiating(model.module):
            if chain is None:
                return self._gradient(model, start, x - start, nodes, weights).detach()
            return self._gradient_of_chain(model, chain, start, x - start, nodes, weights).detach()

    @staticmethod
    def _gradient(model, start, step, nodes, weights):
        """Mean gradient along each path, all points of all pairs in one batch."""
        points = start + nodes[:, None, None] * step  # n_steps x n_pairs x n_features
        shape = points.shape
        points = points.reshape(-1, shape[-1]).requires_grad_()
        (gradient,) = torch.autograd.grad(model.logit(points).sum(), points)
        return torch.einsum("spf,s->pf", gradient.reshape(shape), weights)

    @staticmethod
    def _gradient_of_chain(model, chain, start, step, nodes, weights):
        """The same for a chain: hidden rows move on a line too, so the first layer is not walked along."""
        first, rest = chain[0], chain[1:]
        hidden_start = first(start).detach()
        hidden_step = F.linear(step, first.weight).detach()
        points = hidden_start + nodes[:, None, None] * hidden_step  # n_steps x n_pairs x n_hidden
        shape = points.shape
        points = points.reshape(-1, shape[-1]).requires_grad_()
        out = points
        for layer in rest:
            out = layer(out)
        (gradient,) = torch.autograd.grad(model.signed_logit(out).sum(), points)
        return torch.einsum("sph,s->ph", gradient.reshape(shape), weights) @ first.weight
