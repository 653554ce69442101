"""Sanity of explanations: agreement between methods, dependence on the model, stability."""

import copy
from dataclasses import fields, replace

import numpy as np
import torch
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.utils import check_random_state


def rank_correlation(first, second):
    """Spearman correlation of token magnitudes, pair by pair.

    Parameters
    ----------
    first, second : Explanation
        Of the same pairs and tokens.

    Returns
    -------
    ndarray of shape (n_pairs,)
        NaN where one of both gives all tokens the same magnitude.

    Raises
    ------
    ValueError
        If pairs or tokens differ.
    """
    _check_same(first, second)
    a, b = (rankdata(np.abs(e.values), axis=1) for e in (first, second))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    spread = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), spread, out=np.full(len(a), np.nan), where=spread > 0)


def top_overlap(first, second, k=3):
    """Share of the ``k`` tokens of largest magnitude that two explanations have in common, pair by pair.

    Parameters
    ----------
    first, second : Explanation
        Of the same pairs and tokens.
    k : int, default=3

    Returns
    -------
    ndarray of shape (n_pairs,)
        Two random choices share ``k / n_tokens`` on average.
    """
    _check_same(first, second)
    if not 1 <= k <= first.layout.n_tokens:
        raise ValueError(f"k must lie in 1..{first.layout.n_tokens} (tokens of a pair), got {k}")
    tops = [np.argsort(-np.abs(e.values), axis=1, kind="stable")[:, :k] for e in (first, second)]
    return (tops[0][:, :, None] == tops[1][:, None, :]).any(axis=2).mean(axis=1)


def _check_same(first, second):
    if first.values.shape != second.values.shape or first.layout.token_labels != second.layout.token_labels:
        raise ValueError(
            f"explanations must be of the same pairs and tokens, got {first!r} and {second!r}; "
            "explain the same X with both methods"
        )


def randomised(model, random_state):
    """The same kind of model without what it learned.

    The entries of each parameter of a network are shuffled (their distribution stays). Another classifier is
    fitted anew to its own predictions in random order.

    Parameters
    ----------
    model : ExplainedModel
    random_state : int, RandomState or None

    Returns
    -------
    ExplainedModel
    """
    random = check_random_state(random_state)
    if model.module is None:
        features = np.asarray(model.features)
        predicted = model.estimator.predict(features)
        return replace(model, estimator=clone(model.estimator).fit(features, random.permutation(predicted)))
    module = copy.deepcopy(model.module)
    with torch.no_grad():
        for parameter in module.parameters():
            order = torch.as_tensor(random.permutation(parameter.numel())).to(parameter.device)
            parameter.copy_(parameter.reshape(-1)[order].reshape(parameter.shape))
    # the estimator holds the fitted network: predictions must come from the shuffled one
    return replace(model, module=module, estimator=None)


def similarity_to_randomised(explainer, model, explanation, n_repeats=3, random_state=0):
    """Mean rank correlation between an explanation and those of models that learned nothing.

    Parameters
    ----------
    explainer : Explainer
    model : ExplainedModel
    explanation : Explanation
        Of ``model`` by ``explainer``.
    n_repeats : int, default=3
        Randomised models.
    random_state : int, RandomState or None, default=0

    Returns
    -------
    float
        Near 0 for a method that looks at the model, near 1 for one that would say the same of any model.

    References
    ----------
    Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018, arXiv:1810.03292.
    """
    random = check_random_state(random_state)
    others = (explainer.explain_model(randomised(model, random)) for _ in range(n_repeats))
    return _mean([rank_correlation(explanation, other) for other in others])


def stability(explainer, model, explanation, setting, n_repeats=3):
    """Mean rank correlation between an explanation and those under other seeds or baselines.

    Parameters
    ----------
    explainer : Explainer
    model : ExplainedModel
    explanation : Explanation
        Of ``model`` by ``explainer``.
    setting : {"random_state", "baseline"}
        What to vary: seeds 1, 2, ... or the named baselines.
    n_repeats : int, default=3
        Seeds.

    Returns
    -------
    float
        NaN if the method has no such setting.
    """
    if setting not in ("random_state", "baseline"):
        raise ValueError(f"setting must be 'random_state' or 'baseline', got {setting!r}")
    if setting not in {field.name for field in fields(explainer)}:
        return np.nan
    current = getattr(explainer, setting)
    choices = range(1, n_repeats + 1) if setting == "random_state" else explainer.baselines
    others = [choice for choice in choices if not (isinstance(current, str | int) and choice == current)]
    found = (replace(explainer, **{setting: choice}).explain_model(model) for choice in others)
    return _mean([rank_correlation(explanation, other) for other in found])


def _mean(correlations):
    """Mean over all pairs for which there is a correlation."""
    values = np.concatenate(correlations)
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else np.nan
