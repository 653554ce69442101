"""Explainers by name, and ``explain``, the function that runs any of them."""

import difflib
from dataclasses import fields, replace

from .base import Explainer
from .model import read_model
from .published import PUBLISHED_ANALYSES

_REGISTRY: dict[str, type[Explainer]] = {}


def register_explainer(name):
    """Class decorator that makes an explainer known to ``explain`` under a name.

    Parameters
    ----------
    name : str
        Name of the method; a later class of the same name replaces the earlier one.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from amp_sklearn.explanation import Attribution, Explainer, available_explainers, register_explainer
    >>> @register_explainer("magnitude")
    ... @dataclass
    ... class Magnitude(Explainer):
    ...     def attribute(self, model):
    ...         return Attribution(feature_values=np.abs(model.rows(slice(None))))
    >>> "magnitude" in available_explainers()
    True
    """

    def register(cls):
        cls.name = name
        _REGISTRY[name] = cls
        return cls

    return register


def available_explainers():
    """Names that ``explain`` knows, in alphabetical order."""
    return tuple(sorted(_REGISTRY))


def affordable_explainers():
    """Names of the methods that take no more than a few passes through the classifier for each pair."""
    return tuple(name for name in available_explainers() if not _REGISTRY[name].expensive)


def make_explainer(method, **settings):
    """An explainer from its name, or an explainer as it is.

    Parameters
    ----------
    method : str, Explainer or type
        A member of ``available_explainers()``, the name of a published analysis, ``"captum:KernelShap"`` or
        ``"shap:PermutationExplainer"`` and the like (or the class of these libraries itself), a class of explainers of
        this package, or an explainer.
    **settings
        Settings of the explainer; they override those of a published analysis.

    Returns
    -------
    Explainer

    Raises
    ------
    ValueError
        If there is no such method, or settings come with a ready explainer.
    TypeError
        If the method has no such setting; the message lists those it has.
    """
    if isinstance(method, Explainer):
        if settings:
            raise ValueError(f"settings {sorted(settings)} belong into {type(method).__name__}(...)")
        return method
    from .adapters import (
        make_adapter,  # which needs this module, through the explainers that it shares rules with
    )

    adapter = make_adapter(method, settings)
    if adapter is not None:
        return adapter
    if isinstance(method, type) and issubclass(method, Explainer):
        return _checked(method, method.name or method.__name__, settings)
    if not isinstance(method, str):
        raise TypeError(
            f"method must be the name of an explainer, an explainer or its class, got {type(method).__name__}"
        )
    if method in PUBLISHED_ANALYSES:
        analysis = PUBLISHED_ANALYSES[method]
        return make_explainer(analysis.method, **{**analysis.settings, **settings})
    if method not in _REGISTRY:
        raise ValueError(
            f"no explainer {method!r}; {_nearest(method)}there are {', '.join(available_explainers())}, the published "
            f"analyses {', '.join(PUBLISHED_ANALYSES)}, and the methods of two libraries such as 'captum:KernelShap' and "
            "'shap:KernelExplainer'"
        )
    return _checked(_REGISTRY[method], method, settings)


def _nearest(method):
    """Names that are spelt alike or hold the word, as a question."""
    names = [*available_explainers(), *PUBLISHED_ANALYSES]
    folded = method.casefold().replace("-", "_").replace(" ", "_")
    holding = [name for name in available_explainers() if folded and folded in name]
    spelt = difflib.get_close_matches(folded, [name.casefold() for name in names], 3, cutoff=0.6)
    alike = [name for near in spelt for name in names if name.casefold() == near]
    found = list(dict.fromkeys([*alike, *holding]))
    return f"did you mean {' or '.join(map(repr, found))}? " if found else ""


def _checked(cls, method, settings):
    known = [field.name for field in fields(cls)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise TypeError(f"{method} has no setting {', '.join(unknown)}; it has {', '.join(known) or 'none'}")
    return cls(**settings)


def explain(fitted, X, method="attention", *, layout=None, background=None, target=None, **settings):
    """Explain the predictions of a fitted model.

    Parameters
    ----------
    fitted : Pipeline, classifier, search or torch.nn.Module
        A fitted pipeline from sequences to a classifier, a fitted classifier, a search with
        ``best_estimator_``, or a network that maps ``(n, n_features)`` to logits.
    X : DataFrame, PairMatrix or array-like
        Pairs to explain, as ``fitted.predict`` takes them.
    method : str, Explainer or type, default="attention"
        One of ``available_explainers()``; the name of a published analysis (``PUBLISHED_ANALYSES``),
        which brings its settings; a method of captum or shap by name or class, such as ``"captum:KernelShap"`` or
        ``"shap:PermutationExplainer"``; or an explainer.
    layout : FeatureLayout, default=None
        Meaning of the columns; needed only where neither the features nor the classifier know it.
    background : same as ``X``, default=None
        Reference pairs (training pairs, say) for baselines and replacement values; by default ``X`` itself.
    target : class label, default=None
        Class to explain; by default the positive class of two.
    **settings
        Settings of the method, such as ``n_steps=25``.

    Returns
    -------
    Explanation

    Raises
    ------
    RefusedExplanation
        If the method would be wrong for this model; the message says why and what to use instead.
    ValueError
        If method, layout or class are unknown or do not fit, or a published analysis used other tokens.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import explain
    >>> X = np.random.RandomState(0).normal(size=(60, 8))
    >>> model = LogisticRegression().fit(X, X[:, 4:6].sum(axis=1) > 0)
    >>> layout = FeatureLayout(("cls", "mean"), width=2)
    >>> explain(model, X, "permutation", layout=layout).mean(magnitude=True).idxmax()
    'B_cls'
    """
    explainer = make_explainer(method, **settings)
    model = read_model(fitted, X, layout=layout, background=background, target=target)
    if not isinstance(method, str) or method not in PUBLISHED_ANALYSES:
        return explainer.explain_model(model)
    analysis = PUBLISHED_ANALYSES[method]
    analysis.check(method, model.layout)
    explanation = explainer.explain_model(model)
    notes = (f"{method}: {analysis.correction}.",) if analysis.correction else ()
    parameters = {**explanation.parameters, "published_analysis": method}
    return replace(explanation, parameters=parameters, notes=(*explanation.notes, *notes))
