"""Whole jobs made of the package's parts: cross-validation of several models, tables of results."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from .model_selection import ProteinDisjointKFold, SideDisjointKFold, evaluate_folds
from .model_selection.evaluation_report import FEWEST_PAIRS, few_pairs

SUMMARY_METRICS = ("accuracy", "mcc", "roc_auc", "average_precision")


def cross_validation(scheme, n_splits=5, random_state=0):
    """The splitter of a scheme.

    Parameters
    ----------
    scheme : {"random", "protein-disjoint", "new-side-a", "new-side-b"}
        ``"random"``: stratified random folds over pairs, which share proteins; ``"protein-disjoint"``: no protein of a
        test pair occurs in training; of two kinds of protein, such as virus and host, ``"new-side-a"``: the protein of
        side A (the kind of the first column) is new, that of side B is known, and ``"new-side-b"``: the reverse.
    n_splits : int, default=5
    random_state : int, default=0

    Returns
    -------
    splitter

    Raises
    ------
    ValueError
        If there is no such scheme.

    Examples
    --------
    >>> from amp_sklearn.workflows import cross_validation
    >>> cross_validation("protein-disjoint")
    ProteinDisjointKFold(n_splits=5, random_state=0)
    """
    if scheme == "random":
        return StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
    if scheme == "protein-disjoint":
        return ProteinDisjointKFold(n_splits, random_state=random_state)
    if scheme in ("new-side-a", "new-side-b"):
        return SideDisjointKFold(n_splits, side=scheme[-1], random_state=random_state)
    raise ValueError(
        f"scheme must be 'random', 'protein-disjoint', 'new-side-a' or 'new-side-b', got {scheme!r}"
    )


def evaluate_schemes(
    models,
    X,
    y,
    schemes=("random", "protein-disjoint"),
    *,
    n_splits=5,
    pos_label=None,
    random_state=0,
    verbose=0,
):
    """Cross-validate several models under several schemes, all on the same folds.

    Parameters
    ----------
    models : dict of str to classifier
    X, y
        Pairs of sequences and two-class labels.
    schemes : sequence of str, default=("random", "protein-disjoint")
        See ``cross_validation``.
    n_splits : int, default=5
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused.
    random_state : int, default=0
    verbose : int, default=0

    Returns
    -------
    metrics : DataFrame
        One row per scheme, model and fold.
    predictions : DataFrame
        One row per scheme, model and test pair.
    """
    metrics: list[pd.DataFrame] = []
    predictions: list[pd.DataFrame] = []
    for scheme in schemes:
        cv = cross_validation(scheme, n_splits, random_state)
        for name, model in models.items():
            if verbose:
                print(f"{scheme} {n_splits}-fold: {name}", flush=True)
            of_folds, of_pairs = evaluate_folds(model, X, y, cv, pos_label=pos_label, verbose=verbose)
            for table, tables in ((of_folds.reset_index(), metrics), (of_pairs, predictions)):
                table.insert(0, "scheme", scheme)
                table.insert(1, "model", name)
                tables.append(table)
    return pd.concat(metrics, ignore_index=True), pd.concat(predictions, ignore_index=True)


def summarise(metrics):
    """Mean and standard deviation over folds, as text.

    Parameters
    ----------
    metrics : DataFrame
        From ``evaluate_schemes``.

    Returns
    -------
    DataFrame
        One row per scheme and model, ``"mean ± sd"`` of accuracy, MCC, ROC AUC and average precision; over all folds the numbers of
        test pairs ``n_test``, positive ones ``n_positive``, and pairs in neither part ``n_dropped`` (a pair may be left
        out of several folds); ``note`` where folds have fewer than 50 test pairs of a class.
    """
    grouped = metrics.groupby(["scheme", "model"], sort=False)[list(SUMMARY_METRICS)]
    mean, deviation = grouped.mean(), grouped.std()
    text = {
        metric: [f"{m:.3f} ± {d:.3f}" for m, d in zip(mean[metric], deviation[metric], strict=True)]
        for metric in SUMMARY_METRICS
    }
    table = pd.DataFrame(text, index=mean.index)
    sizes = [name for name in ("n_test", "n_positive", "n_dropped") if name in metrics]
    table[sizes] = metrics.groupby(["scheme", "model"], sort=False)[sizes].sum()
    if {"n_test", "n_positive"} <= set(sizes):
        few = np.array(
            [few_pairs(*fold) for fold in zip(metrics["n_test"], metrics["n_positive"], strict=True)]
        )
        counted = metrics.assign(few=few).groupby(["scheme", "model"], sort=False)["few"].sum()
        table["note"] = [
            f"{n} fold(s) with fewer than {FEWEST_PAIRS} pairs of a class" if n else "" for n in counted
        ]
    return table.reset_index()
