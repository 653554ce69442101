"""Any attribution method of captum and any model-agnostic explainer of shap, by name or class."""

import difflib

from .captum_adapter import CAPTUM_METHODS, CaptumAdapter
from .shap_adapter import SHAP_METHODS, ShapAdapter

_OWN = {
    "TreeExplainer": "tree_shap",
    "DeepExplainer": "deep_shap",
    "GradientExplainer": "gradient_shap",
    "LinearExplainer": "shap:PermutationExplainer",
    "AdditiveExplainer": "shap:PermutationExplainer",
    "GPUTreeExplainer": "tree_shap",
    "CoalitionExplainer": "shap:PermutationExplainer",
}


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
