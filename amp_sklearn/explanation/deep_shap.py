"""DeepSHAP of plain ReLU-like networks, one backward sweep per pair and background row."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from ..nn.linear import linear
from .base import FeatureExplainer
from .gradients import NO_NETWORK, differentiating
from .registry import register_explainer
from .sequential_network import as_chain, foreign_layers

_SAME = 1e-6
"""Inputs of an activation closer than this count as equal: the slope is the gradient, not a quotient of noise."""


@register_explainer("deep_shap")
@dataclass
class DeepShap(FeatureExplainer):
    """DeepLIFT's rescale rule averaged over background rows (DeepSHAP), for plain chains of linear layers and
    elementwise activations.

    The values of a pair add up to the difference between its logit and the mean logit of the background;
    ``error`` holds what is missing. Forward passes are made once per pair and once per background row, not
    once per combination; only the multipliers are swept back for each combination. Networks with other
    layers are refused: the rule does not hold for products of activations (attention, gates, normalisation),
    and its values fail to add up there.

    Parameters
    ----------
    aggregate : {"mean_abs", "sum", "sum_abs"}, default="mean_abs"
        How columns are put together to one value per token.
    keep_features : bool, default=True
        Whether the ``Explanation`` holds the value of each column.
    n_background : int, default=200
        Background rows to average over, drawn without replacement.
    random_state : int, RandomState or None, default=0
        Draws the background rows.
    batch_size : int, default=2000
        Combinations of a pair and a background row swept back at a time.

    References
    ----------
    Lundberg and Lee, A unified approach to interpreting model predictions, NeurIPS 2017, arXiv:1705.07874.
    Shrikumar et al., Learning important features through propagating activation differences, ICML 2017,
    arXiv:1704.02685.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import DeepShap
    >>> x = np.random.RandomState(0).normal(size=(8, 4)).astype(np.float32)
    >>> network = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 1))
    >>> layout = FeatureLayout(("cls", "mean"), width=1)
    >>> explanation = DeepShap().explain(network, x, layout=layout)
    >>> bool(abs(explanation.error).max() < 1e-5)
    True
    """

    exact_to: ClassVar[float | None] = 1e-3  # single precision, many layers

    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    batch_size: int = 2000

    def reason_unsuitable(self, model):
        if model.module is None:
            return NO_NETWORK
        instead = "use 'integrated_gradients' or 'gradient_shap', which are right for any network"
        foreign = foreign_layers(model.module)
        if foreign:
            return (
                f"its rule holds for linear layers and elementwise activations only, and this network has "
                f"{', '.join(foreign)}; {instead}"
            )
        if as_chain(model.module, model.tensor(model.rows(slice(0, 8)))) is None:
            return f"the forward pass is no plain chain of its layers; {instead}"
        return None

    @property
    def pairs_at_once(self):
        return max(1, self.batch_size // self.n_background)

    def prepare(self, model):
        background = model.tensor(model.sample_background(self.n_background, self.random_state))
        chain = as_chain(model.module, model.tensor(model.rows(slice(0, 8))))
        with torch.inference_mode():
            return chain, background, _inputs(chain, background), float(model.logit(background).mean())

    def attribute_rows(self, model, rows, shared):
        chain, background, reference, base = shared
        x = model.tensor(model.rows(rows))
        with differentiating(model.module), torch.no_grad():
            inputs = _inputs(chain, x)
            outputs = model.module(x)
            # n_pairs x n_background x n_units, from the output back to the first hidden layer
            multipliers = _seed(model, outputs)[:, None].expand(-1, len(background), -1)
            for layer, at_x, at_background in list(zip(chain, inputs, reference, strict=True))[:0:-1]:
                if isinstance(layer, nn.Linear):
                    multipliers = linear(multipliers, layer.weight.T)
                else:
                    multipliers = multipliers * _slopes(layer, at_x, at_background)
            found = torch.empty_like(x)
            for pair in range(len(x)):
                at_columns = linear(multipliers[pair], chain[0].weight.T)  # n_background x n_features
                found[pair] = (at_columns * (x[pair] - background)).mean(dim=0)
            error = found.sum(dim=1) - (model.signed_logit(outputs) - base)
        return found.cpu().numpy(), np.full(len(x), base), error.cpu().numpy()


def _inputs(chain, x):
    """What enters each layer."""
    inputs = []
    for layer in chain:
        inputs.append(x)
        x = layer(x)
    return inputs


def _seed(model, outputs):
    """Derivative of the explained logit by the network's raw outputs, which it is linear in."""
    with torch.enable_grad():
        leaf = outputs.detach().clone().requires_grad_()
        (seed,) = torch.autograd.grad(model.signed_logit(leaf).sum(), leaf)
    return seed.reshape(len(outputs), -1)


def _slopes(activation, at_x, at_background):
    """Slope of the chord between every pair and every background row, n_pairs x n_background x n_units."""
    difference = at_x[:, None] - at_background
    rise = activation(at_x)[:, None] - activation(at_background)
    with torch.enable_grad():
        leaf = at_x.detach().clone().requires_grad_()
        (tangent,) = torch.autograd.grad(activation(leaf).sum(), leaf)
    same = difference.abs() < _SAME
    return torch.where(same, tangent[:, None], rise / torch.where(same, 1.0, difference))
