"""Lengths and residue composition of positive against negative pairs."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..data.layout import combine_proteins
from ..data.sequences import STANDARD_RESIDUES, residue_numbers
from .finding import Finding, grade

_MOST_TRAINED = 20_000


def check_lengths(pairs):
    """Whether lengths alone tell positive from negative pairs.

    Parameters
    ----------
    pairs : EncodedPairs
        Distinct pairs.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``lengths``: median residues by class, and AUROC of each length measure.
    """
    lengths = np.array([len(sequence) for sequence in pairs.sequences])[pairs.proteins]
    measures = {
        "both together": lengths.sum(axis=1),
        "shorter": lengths.min(axis=1),
        "longer": lengths.max(axis=1),
        "longer / shorter": lengths.max(axis=1) / np.maximum(lengths.min(axis=1), 1),
    }
    table = pd.DataFrame(
        {
            "measure": name,
            "median_positive": np.median(values[pairs.positive]),
            "median_negative": np.median(values[~pairs.positive]),
            "auroc": roc_auc_score(pairs.positive, values),
        }
        for name, values in measures.items()
    )
    worst = table.iloc[int((table["auroc"] - 0.5).abs().to_numpy().argmax())]
    text = (
        f"length ({worst['measure']}) alone reaches AUROC {worst['auroc']:.2f}; median {worst['median_positive']:,.4g} "
        f"in positive pairs, {worst['median_negative']:,.4g} in negative ones"
    )
    severity = grade(abs(worst["auroc"] - 0.5), 0.1, 0.2, 0.35)
    return [Finding("length", severity, worst["auroc"], "AUROC", text)], {"lengths": table}


def check_composition(pairs, folds, random_state):
    """Whether residue frequencies tell positive from negative pairs of unseen proteins.

    Parameters
    ----------
    pairs : EncodedPairs
        Distinct pairs.
    folds : list of (train, test)
        Protein-disjoint folds.
    random_state : numpy.random.RandomState
        Draws the training pairs where there are more than 20,000.

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``residues``: mean frequency by class and standardised difference (Cohen's d) of each residue.
    """
    frequency = _frequencies(pairs.sequences)
    a, b = frequency[pairs.proteins[:, 0]], frequency[pairs.proteins[:, 1]]
    mean = (a + b) / 2
    positive, negative = mean[pairs.positive], mean[~pairs.positive]
    spread = np.sqrt((positive.var(axis=0) + negative.var(axis=0)) / 2)
    difference = positive.mean(axis=0) - negative.mean(axis=0)
    effect = np.divide(difference, spread, out=np.zeros_like(spread), where=spread > 0)
    table = pd.DataFrame(
        {
            "residue": list(STANDARD_RESIDUES),
            "mean_positive": positive.mean(axis=0),
            "mean_negative": negative.mean(axis=0),
            "effect_size": effect,
        }
    )
    largest = table.iloc[int(np.abs(effect).argmax())]
    tables = {"residues": table}
    text = f"largest difference: {largest['residue']}, {largest['effect_size']:+.2f} standard deviations"
    if not folds:
        severity = grade(abs(largest["effect_size"]), 0.5, None, None)
        return [Finding("composition", severity, largest["effect_size"], "standard deviations", text)], tables
    features = np.hstack(combine_proteins(a, b, ("A+B", "|A-B|")))
    scores = []
    for train, test in folds:
        if len(train) > _MOST_TRAINED:
            train = random_state.choice(train, _MOST_TRAINED, replace=False)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
        model.fit(features[train], pairs.positive[train])
        scores.append(roc_auc_score(pairs.positive[test], model.decision_function(features[test])))
    auroc = float(np.mean(scores))
    # Composition may be biology as well as a trace of how negatives were drawn: worth a note before a warning.
    severity = grade(abs(auroc - 0.5), 0.15, 0.25, None)
    text = f"residue frequencies reach AUROC {auroc:.2f} on pairs of unseen proteins; {text}"
    return [Finding("composition", severity, auroc, "AUROC in protein-disjoint folds", text)], tables


def _frequencies(sequences):
    """Share of each standard residue, by protein."""
    n = len(STANDARD_RESIDUES)
    counts = np.array(
        [np.bincount(residue_numbers(sequence) + 1, minlength=n + 1)[1 : n + 1] for sequence in sequences]
    )
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
