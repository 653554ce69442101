"""Any attribution method of captum and any model-agnostic explainer of shap, by name or class, token by token."""

import contextlib
import copy
import difflib
import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from .attribution_baselines import baseline_rows, of_rows
from .base import Attribution, Explainer, aggregate_tokens
from .gradients import NO_NETWORK, differentiating
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
SHAP_METHODS = (
    "KernelExplainer", "PermutationExplainer", "SamplingExplainer", "ExactExplainer", "PartitionExplainer", "Explainer",
)  # fmt: skip
_OWN = {
    "TreeExplainer": "tree_shap",
    "DeepExplainer": "deep_shap",
    "GradientExplainer": "gradient_shap",
    "LinearExplainer": "shap:PermutationExplainer",
    "AdditiveExplainer": "shap:PermutationExplainer",
    "GPUTreeExplainer": "tree_shap",
    "CoalitionExplainer": "shap:PermutationExplainer",
}
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


def make_adapter(method, settings):
    """The adapter for ``"captum:<class>"``, ``"shap:<class>"``, or a class of these libraries; None for other methods.

    Parameters
    ----------
    method : str or type
    settings : dict
        Fields of the adapter, and arguments of the library's own method.

    Returns
    -------
    Explainer or None

    Raises
    ------
    ValueError
        If the library has no such class, or it explains something else; the message says what to use.
    TypeError
        If a setting is neither the adapter's nor the method's.
    """
    if isinstance(method, type) and method.__module__.split(".")[0] in ("captum", "shap"):
        library, name = method.__module__.split(".")[0], method.__name__
        name = {"Kernel": "KernelExplainer", "Permutation": "PermutationExplainer"}.get(name, name)
    elif isinstance(method, str) and method.partition(":")[0] in ("captum", "shap") and ":" in method:
        library, _, name = method.partition(":")
    else:
        return None
    known = CAPTUM_METHODS if library == "captum" else SHAP_METHODS
    if name not in known:
        raise ValueError(f"no explainer '{library}:{name}': {_why_not(library, name, known)}")
    adapter = CaptumAdapter if library == "captum" else ShapAdapter
    own = {key: settings[key] for key in settings if key in adapter.__dataclass_fields__}
    options = {key: settings[key] for key in settings if key not in own}
    made = adapter(name, **{**own, "options": {**own.pop("options", {}), **options}})
    allowed = made.known_options()
    unknown = sorted(set(made.options) - set(allowed))
    if unknown:
        fields = [key for key in adapter.__dataclass_fields__ if key not in ("method", "options")]
        raise TypeError(
            f"{library}:{name} has no setting {', '.join(unknown)}; it has {', '.join([*fields, *allowed])}"
        )
    return made


def _why_not(library, name, known):
    if name in _OWN and library == "shap":
        return f"{name} reads a kind of model of its own; use {_OWN[name]!r}"
    if library == "captum" and name.startswith(("Layer", "Neuron", "Internal", "GuidedGradCam")):
        return "it attributes to a layer or neuron inside the network, not to tokens of the input"
    if library == "captum" and (
        name.startswith(("LLM", "RemoteLLM")) or name in ("DataLoaderAttribution", "LimeBase")
    ):
        return "it takes something other than a function of pairs' features"
    near = difflib.get_close_matches(name, known, 1, cutoff=0.4)
    return (f"did you mean '{library}:{near[0]}'? " if near else "") + f"there are {', '.join(known)}"


@contextlib.contextmanager
def _seeded(random_state):
    """Both libraries draw from global generators: within the block these have a seed, afterwards what they had."""
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    before = np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield seed
        finally:
            np.random.set_state(before)  # noqa: NPY002


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
class _Adapter(Explainer):
    """What both adapters share.

    Parameters
    ----------
    method : str
        Class of the library.
    baseline : {"mean", "zero", "sample"} or array-like, default="mean"
        What absent tokens are replaced by; see ``baseline_rows``.
    n_background : int, default=200
        Background rows that ``"mean"`` averages.
    random_state : int, RandomState or None, default=0
        Seed of background rows and of the library's own draws.
    batch_size : int, default=64
        Pairs at a time.
    options : dict, default={}
        Arguments of the library's method, such as ``n_samples``; ``explain`` takes them as settings.
    """

    method: str = ""
    baseline: str | np.ndarray = "mean"
    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    batch_size: int = 64
    options: dict[str, Any] = field(default_factory=dict)

    def settings(self):
        plain = super().settings()
        return {key: value for key, value in plain.items() if key != "options"} | {
            key: value if isinstance(value, str | int | float | bool) else str(value)
            for key, value in self.options.items()
        }


@dataclass
class CaptumAdapter(_Adapter):
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
        with _seeded(random):
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


@dataclass
class ShapAdapter(_Adapter):
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
        with _seeded(random) as seed:
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
