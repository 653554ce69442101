"""Methods of captum, token by token."""

import copy
import inspect
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.utils import check_random_state

from .attribution_baselines import baseline_rows, of_rows
from .base import Attribution, aggregate_tokens
from .gradients import NO_NETWORK, differentiating
from .library_adapter import LibraryAdapter, seeded
from .sequential_network import as_chain, foreign_layers

_GRADIENTS = (
    "IntegratedGradients", "GradientShap", "Saliency", "InputXGradient", "DeepLift", "DeepLiftShap", "LRP",
    "GuidedBackprop", "Deconvolution", "NoiseTunnel",
)  # fmt: skip
_CHAINS_ONLY = ("DeepLift", "DeepLiftShap", "LRP", "GuidedBackprop", "Deconvolution")
_MASKED = (
    "FeatureAblation", "KernelShap", "Lime", "ShapleyValueSampling", "ShapleyValues", "FeaturePermutation", "Occlusion",
)  # fmt: skip
_ADD_UP = (
    "IntegratedGradients", "GradientShap", "DeepLift", "DeepLiftShap", "KernelShap", "ShapleyValueSampling", "ShapleyValues",
)  # fmt: skip
CAPTUM_METHODS = (*_GRADIENTS, *_MASKED)
"""Classes of ``captum.attr`` that explain a function of pairs' features."""
_GIVEN = {
    "self",
    "inputs",
    "target",
    "additional_forward_args",
    "feature_mask",
    "return_convergence_delta",
    "kwargs",
}
_GIVEN |= {"baselines", "return_input_shape", "sliding_window_shapes", "strides", "custom_attribution_func"}
_MOST_TOKENS = 8  # ShapleyValues evaluates every order


class _Logit(torch.nn.Module):
    """The network with the explained logit as its only output, for methods that put hooks on layers."""

    def __init__(self, model):
        super().__init__()
        self.network = model.module
        self._signed = model.signed_logit

    def forward(self, x):
        return self._signed(self.network(x))


def _with_rules(function):
    """A copy whose linear layers, of whichever class, have the epsilon rule; LRP knows torch's own class only."""
    from captum.attr._utils.lrp_rules import EpsilonRule

    function = copy.deepcopy(function)
    for part in function.modules():
        if isinstance(part, torch.nn.Linear):
            part.rule = EpsilonRule()
    return function


@dataclass
class CaptumAdapter(LibraryAdapter):
    """A method of ``captum.attr``, grouped by token through feature masks; ``explain(model, X, "captum:KernelShap")``.

    Methods that replace features replace whole tokens, of any classifier. Methods that follow gradients attribute to
    columns of a network, put together by ``aggregate``. ``error`` holds what values that must add up miss.

    Parameters
    ----------
    method, baseline, n_background, random_state, batch_size, options
        See the base class.
    aggregate : {"sum", "mean_abs", "sum_abs"}, default="sum"
        How columns are put together to one value per token, for methods that follow gradients.
    inner : str, default="Saliency"
        Method that ``NoiseTunnel`` averages.

    References
    ----------
    Kokhlikyan et al., Captum: A unified and generic model interpretability library for PyTorch, arXiv:2009.07896.
    """

    aggregate: str = "sum"
    inner: str = "Saliency"

    def __post_init__(self):
        vars(self)["name"] = f"captum:{self.method}"

    def known_options(self):
        import captum.attr

        parameters = set(inspect.signature(getattr(captum.attr, self.method).attribute).parameters)
        if self.method == "NoiseTunnel":
            parameters |= set(inspect.signature(getattr(captum.attr, self.inner).attribute).parameters)
        return sorted(parameters - _GIVEN)

    def reason_unsuitable(self, model):
        method = self.inner if self.method == "NoiseTunnel" else self.method
        if method in _MASKED and self.method != "NoiseTunnel":
            if method == "ShapleyValues" and model.layout.n_tokens > _MOST_TOKENS:
                return (
                    f"it evaluates every order of {model.layout.n_tokens} tokens, more than {_MOST_TOKENS}; use "
                    "'captum:ShapleyValueSampling'"
                )
            if method == "FeaturePermutation" and len(model) < 2:
                return "it exchanges tokens between the pairs of X, and there is one pair; use 'permutation'"
            return None
        if method not in _GRADIENTS:
            return f"inner must be one of {', '.join(_GRADIENTS[:-1])}, got {method!r}"
        if model.module is None:
            return NO_NETWORK
        if method in _CHAINS_ONLY:
            instead = "use 'integrated_gradients' or 'gradient_shap', which are right for any network"
            foreign = foreign_layers(model.module)
            if foreign:
                return f"its rule holds for linear layers and elementwise activations only, not for {', '.join(foreign)}; {instead}"
            if as_chain(model.module, model.tensor(model.rows(slice(0, 8)))) is None:
                return f"the forward pass is no plain chain of its layers; {instead}"
        return None

    def attribute(self, model):
        random = check_random_state(self.random_state)
        absent = baseline_rows(model, self.baseline, self.n_background, random)
        background = None
        if "GradientShap" in (self.method, self.inner) or self.method == "DeepLiftShap":
            background = model.tensor(model.sample_background(self.n_background, random))
        values, columns, base, error = [], [], [], []
        batches = model.batches(len(model) if self.method == "FeaturePermutation" else self.batch_size)
        with seeded(random):
            for rows in batches:
                x = model.rows(rows)
                start = np.broadcast_to(of_rows(absent, rows), x.shape)
                if self.method in _MASKED:
                    found = self._by_masks(model, x, start)
                else:
                    by_column = self._by_gradients(model, x, start, background)
                    columns.append(by_column)
                    found = aggregate_tokens(by_column, model.layout, self.aggregate)
                values.append(found)
                if self.method in _ADD_UP:
                    total = by_column.sum(axis=1) if self.method in _GRADIENTS else found.sum(axis=1)
                    of_base = model.output(start)
                    if background is not None:
                        of_base = np.full(len(x), model.output(background.cpu().numpy()).mean())
                    base.append(of_base)
                    error.append(total - (model.output(x) - of_base))
        return Attribution(
            values=np.concatenate(values),
            feature_values=np.concatenate(columns) if columns else None,
            base_values=np.concatenate(base) if base else None,
            error=np.concatenate(error) if error else None,
        )

    def _by_gradients(self, model, x, start, background):
        import captum.attr

        with differentiating(model.module):
            function = _Logit(model)
            if "LRP" in (self.method, self.inner):
                function = _with_rules(function)
            explainer = getattr(captum.attr, self.method)
            method = self.method
            if method == "NoiseTunnel":
                method, explainer = self.inner, explainer(getattr(captum.attr, self.inner)(function))
            else:
                explainer = explainer(function)
            arguments = dict(self.options)
            if method in ("GradientShap", "DeepLiftShap"):
                arguments["baselines"] = background
            elif method in ("IntegratedGradients", "DeepLift"):
                arguments["baselines"] = model.tensor(start)
            if method == "Saliency" and "abs" not in arguments:
                arguments["abs"] = False
            found = explainer.attribute(model.tensor(x).requires_grad_(), **arguments)
        return found.detach().cpu().numpy()

    def _by_masks(self, model, x, start):
        import captum.attr

        def output(rows):
            return torch.from_numpy(np.asarray(model.output(rows.numpy()), dtype=np.float64))

        layout = model.layout
        arguments = dict(self.options)
        if self.method != "FeaturePermutation":
            arguments["baselines"] = torch.from_numpy(np.array(start))
        if self.method == "Occlusion":
            arguments |= {"sliding_window_shapes": (layout.width,), "strides": layout.width}
        else:
            arguments["feature_mask"] = torch.arange(layout.n_tokens).repeat_interleave(layout.width)[None]
        explainer = getattr(captum.attr, self.method)(output)
        found = explainer.attribute(torch.from_numpy(np.array(x)), **arguments)
        # every column of a token holds the value of the token
        return layout.by_token(found.detach().numpy().astype(float)).mean(axis=-1)
