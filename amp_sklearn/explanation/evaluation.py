"""One report on the explanations of one model: faithfulness, agreement, sanity, stability."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .attribution_baselines import baseline_rows
from .base import RefusedExplanation
from .faithfulness import (
    area,
    deletion_curve,
    infidelity,
    insertion_curve,
    random_rankings,
    ranking,
    sensitivity,
    supported,
)
from .model import read_model
from .registry import affordable_explainers, make_explainer
from .sanity import rank_correlation, similarity_to_randomised, stability, top_overlap


@dataclass(frozen=True, eq=False)
class ExplanationReport:
    """What ``evaluate_explanations`` found.

    Parameters
    ----------
    summary : DataFrame
        One row per method: ``deletion`` and ``insertion`` (areas under the curves of support for the
        prediction, mean over pairs), ``deletion_gain`` (area of random rankings minus that of the method;
        positive is better than random) with its 95 % interval over pairs ``deletion_gain_low``,
        ``deletion_gain_high``, ``insertion_gain`` likewise, ``better_than_random`` (share of pairs with a
        positive deletion gain), ``randomised_model`` (rank correlation with explanations of models that
        learned nothing), ``infidelity`` (captum's, of random halves of the tokens; 0 is best), ``sensitivity`` (captum's: how far values turn
        when features change by up to 0.02 of their standard deviation, as a share of their length; 0 is steadiest),
        ``other_seeds``, ``other_baselines`` (rank correlations), ``largest_error`` (of the method about itself).
    curves : DataFrame
        Columns ``method`` (``"random"`` is one of them), ``curve`` (``"deletion"``, ``"insertion"``),
        ``share`` of the tokens, ``support`` (mean over pairs), ``low``, ``high`` (95 % interval of the mean).
    agreement, overlap : DataFrame
        Methods by methods: mean rank correlation of magnitudes; mean share of common top tokens.
    explanations : dict
        By method.
    refused : dict
        Reason by method.
    output : str
        Unit of the curves: ``"logit"`` or ``"probability"``.
    k : int
        Top tokens compared in ``overlap``.
    """

    summary: pd.DataFrame
    curves: pd.DataFrame
    agreement: pd.DataFrame
    overlap: pd.DataFrame
    explanations: dict = field(repr=False)
    refused: dict
    output: str
    k: int

    def __repr__(self):
        return f"ExplanationReport(methods={list(self.summary.index)}, refused={list(self.refused)})"


def evaluate_explanations(
    fitted,
    X,
    methods=None,
    *,
    layout=None,
    background=None,
    target=None,
    baseline="mean",
    n_random=10,
    k=3,
    n_repeats=3,
    random_state=0,
    batch_size=1024,
):
    """Compare explanations of one fitted model: do they tell what the model uses, and do they agree?

    Parameters
    ----------
    fitted : Pipeline, classifier, search or torch.nn.Module
        As for ``explain``.
    X : DataFrame, PairMatrix or array-like
        Pairs to explain; a hundred are enough for narrow intervals.
    methods : sequence of str, Explainer or type, or dict of str to these, default=None
        What to compare; keys of a dict are the names in the report. None takes every method that does not
        refuse the model, but for those that pass through the language model.
    layout, background, target
        As for ``explain``.
    baseline : {"mean", "zero", "sample"} or array-like, default="mean"
        What replaces deleted tokens; see ``baseline_rows``.
    n_random : int, default=10
        Random rankings per pair.
    k : int, default=3
        Top tokens to compare.
    n_repeats : int, default=3
        Randomised models, slightly changed pairs, and other seeds; 0 leaves these tests out, and the other baselines too.
    random_state : int, RandomState or None, default=0
        Draws random rankings, baselines and randomised models.
    batch_size : int, default=1024
        Rows at a time.

    Returns
    -------
    ExplanationReport

    Raises
    ------
    ValueError
        If no method can explain the model.

    References
    ----------
    Petsiuk et al., RISE: randomized input sampling for explanation, BMVC 2018, arXiv:1806.07421.
    Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018, arXiv:1810.03292.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import evaluate_explanations
    >>> X = np.random.RandomState(0).normal(size=(60, 4))
    >>> model = LogisticRegression().fit(X, X[:, 3] > 0)
    >>> layout = FeatureLayout(("cls", "mean"), width=1)
    >>> report = evaluate_explanations(model, X, ["occlusion", "permutation"], layout=layout)
    >>> bool(report.summary.loc["occlusion", "deletion_gain_low"] > 0)
    True
    """
    model = read_model(fitted, X, layout=layout, background=background, target=target)
    explainers, explanations, refused = {}, {}, {}
    for name, method in _named(methods).items():
        explainer = make_explainer(method)
        try:
            explanations[name] = explainer.explain_model(model)
        except RefusedExplanation as reason:
            refused[name] = str(reason)
        else:
            explainers[name] = explainer
    if not explanations:
        raise ValueError("no method can explain this model: " + "; ".join(refused.values()))
    absent = baseline_rows(model, baseline, random_state=random_state)
    base = 0.0 if model.output_name == "logit" else 0.5
    outputs = model.outputs(batch_size)
    orders = random_rankings(len(model), model.layout.n_tokens, n_random, random_state)
    random_curves = np.stack([deletion_curve(model, order, absent, batch_size) for order in orders])
    by_chance = supported(random_curves, outputs, base).mean(axis=0)
    # putting tokens back in random order is deleting them in random order, read backwards
    curves = _curve_rows("random", by_chance, by_chance[:, ::-1])
    summary = {}
    for name, explanation in explanations.items():
        order = ranking(explanation, outputs, base)
        deletion, insertion = (
            supported(curve(model, order, absent, batch_size), outputs, base)
            for curve in (deletion_curve, insertion_curve)
        )
        curves += _curve_rows(name, deletion, insertion)
        summary[name] = _summary(deletion, insertion, by_chance) | {
            "infidelity": _mean_of_known(infidelity(model, explanation, absent, random_state=random_state)),
            "largest_error": np.nan if explanation.error is None else float(np.abs(explanation.error).max()),
        }
        if n_repeats:
            summary[name] |= {
                "randomised_model": similarity_to_randomised(
                    explainers[name], model, explanation, n_repeats, random_state
                ),
                "sensitivity": _mean_of_known(
                    sensitivity(model, explainers[name], explanation, n_repeats, random_state=random_state)
                ),
                "other_seeds": stability(explainers[name], model, explanation, "random_state", n_repeats),
                "other_baselines": stability(explainers[name], model, explanation, "baseline"),
            }
    return ExplanationReport(
        summary=pd.DataFrame.from_dict(summary, orient="index"),
        curves=pd.concat(curves, ignore_index=True),
        agreement=_table(explanations, lambda a, b: np.nanmean(rank_correlation(a, b))),
        overlap=_table(explanations, lambda a, b: top_overlap(a, b, k).mean()),
        explanations=explanations,
        refused=refused,
        output=model.output_name,
        k=k,
    )


def _mean_of_known(values):
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _named(methods):
    if methods is None:
        methods = affordable_explainers()
    if isinstance(methods, dict):
        return methods
    return {method if isinstance(method, str) else make_explainer(method).name: method for method in methods}


def _interval(values):
    """Mean over pairs and its normal 95 % interval; of one pair there is no interval."""
    mean = values.mean(axis=0)
    half = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan * mean
    return mean, mean - half, mean + half


def _summary(deletion, insertion, by_chance):
    chance = area(by_chance)
    gain, low, high = _interval(chance - area(deletion))
    more, more_low, more_high = _interval(area(insertion) - chance)
    return {
        "deletion": float(area(deletion).mean()),
        "deletion_gain": float(gain),
        "deletion_gain_low": float(low),
        "deletion_gain_high": float(high),
        "insertion": float(area(insertion).mean()),
        "insertion_gain": float(more),
        "insertion_gain_low": float(more_low),
        "insertion_gain_high": float(more_high),
        "better_than_random": float((area(deletion) < chance).mean()),
    }


def _curve_rows(method, deletion, insertion):
    tables = []
    for name, curve in (("deletion", deletion), ("insertion", insertion)):
        mean, low, high = _interval(curve)
        share = np.linspace(0, 1, curve.shape[1])
        tables.append(
            pd.DataFrame(
                {"method": method, "curve": name, "share": share, "support": mean, "low": low, "high": high}
            )
        )
    return tables


def _table(explanations, measure):
    names = list(explanations)
    values = [[float(measure(explanations[a], explanations[b])) for b in names] for a in names]
    return pd.DataFrame(values, index=names, columns=names)
