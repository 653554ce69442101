"""Do explanations point at the residues that are at the interface? Comparison with known structures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import rankdata, ttest_1samp
from sklearn.utils import check_random_state

from .explanation import Explanation
from .residue_rules import CHANCE, RULES

MEASURES = ("roc_auc", "average_precision", "precision_at_l10", "enrichment")


@dataclass(frozen=True, eq=False)
class ResidueTruthReport:
    """What ``evaluate_against_residues`` found.

    Parameters
    ----------
    summary : DataFrame
        One row per way to rank residues. ``kind`` (``"method"``, ``"rule"`` or ``"chance"``), ``n_proteins``, the mean over
        proteins of ``roc_auc``, ``average_precision``, ``precision_at_l10`` (share of true residues among the top tenth)
        and ``enrichment`` (that share divided by the share in the whole protein), each with a bootstrap interval over
        complexes (``..._low``, ``..._high``). For methods also ``above_chance`` (p-value that the mean ROC AUC is no more than
        0.5), ``gain`` over the best rule (mean difference of ROC AUC, with interval) and ``above_best_rule`` (its p-value), both
        p-values corrected by Holm for all methods of the report.
    per_protein : DataFrame
        Columns ``ranking``, ``pair``, ``side`` (``"A"`` or ``"B"``), ``complex`` and the four measures.
    best_rule : str
        Rule of the largest mean ROC AUC.
    coverage : float
        That of the intervals.
    """

    summary: pd.DataFrame
    per_protein: pd.DataFrame = field(repr=False)
    best_rule: str
    coverage: float = 0.95

    def found(self, level=0.05):
        """Methods that are better than chance and better than the best simple rule, by corrected p-values.

        Parameters
        ----------
        level : float, default=0.05

        Returns
        -------
        list of str
        """
        table = self.summary[self.summary["kind"] == "method"]
        return list(table.index[(table["above_chance"] < level) & (table["above_best_rule"] < level)])


def evaluate_against_residues(
    explanations,
    truth,
    sequences,
    *,
    complexes=None,
    n_random=20,
    n_bootstrap=2000,
    coverage=0.95,
    random_state=0,
):
    """Compare explanations with residues known to be at the interface, or to matter for another reason.

    Residues of a protein are ranked by what the explanation gives them: the values of the method itself, or those of
    the segment that they are in (``Explanation.residues``). Methods with signs are ranked twice, by magnitude and by the
    signed value. The same residues are ranked at random, at random in whole segments, and by rules that know no model:
    hydrophobicity, surface propensity, residues that are frequent at interfaces, position.

    Parameters
    ----------
    explanations : Explanation or dict of str to Explanation
        Of the same pairs; keys of a dict are the names in the report.
    truth : sequence of (array-like, array-like)
        For each pair, one 0 or 1 per residue of protein A and of protein B; None for a protein that is not known.
    sequences : array-like of str of shape (n_pairs, 2)
    complexes : array-like of shape (n_pairs,), default=None
        Which pairs belong together; the bootstrap draws these. By default every pair is one.
    n_random : int, default=20
        Random rankings of each kind, averaged.
    n_bootstrap : int, default=2000
    coverage : float, default=0.95
        Of the intervals.
    random_state : int, RandomState or None, default=0

    Returns
    -------
    ResidueTruthReport

    Raises
    ------
    ValueError
        If lengths do not fit together, a truth is neither 0 nor 1, or no protein has residues of both kinds.

    Notes
    -----
    Proteins without any, or with nothing but, true residues are left out: no ranking is right or wrong about them.
    The best rule is chosen on the same proteins, which is to the disadvantage of the methods. P-values are those of
    Student's one-sided test on the means of complexes.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import Explanation, evaluate_against_residues
    >>> random = np.random.default_rng(0)
    >>> sequences = [["".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), 40)) for _ in "AB"] for _ in range(12)]
    >>> truth = random.integers(0, 2, (12, 2, 40))
    >>> explanation = Explanation(
    ...     np.ones((12, 2)), FeatureLayout(("mean",), 4), "oracle", residue_values=[tuple(pair) for pair in truth]
    ... )
    >>> report = evaluate_against_residues(explanation, truth, sequences)
    >>> report.summary.loc["oracle", "roc_auc"], report.found()
    (np.float64(1.0), ['oracle'])
    """
    if isinstance(explanations, Explanation):
        explanations = {explanations.method: explanations}
    if not isinstance(explanations, Mapping) or not explanations:
        raise ValueError("explanations must be an Explanation, or a dict of at least one by name")
    known = _check_truth(truth, sequences)
    random = check_random_state(random_state)
    complexes = np.arange(len(truth)) if complexes is None else np.asarray(complexes)
    if complexes.shape != (len(truth),):
        raise ValueError(
            f"complexes must name one for each of {len(truth)} pairs, got shape {complexes.shape}"
        )
    parts, kinds = [], {}
    for name, explanation in explanations.items():
        for label, values in _rankings_of(name, explanation, known, len(truth)):
            parts.append(_measure(label, known, values, complexes))
            kinds[label] = "method"
    for name, rule in RULES.items():
        values = [rule(sequences[pair][side]) for pair, side, _ in known]
        parts.append(_measure(name, known, values, complexes))
        kinds[name] = "rule"
    for name, draw in CHANCE.items():
        tables = [
            _measure(name, known, [draw(len(labels), random) for _, _, labels in known], complexes)
            for _ in range(n_random)
        ]
        mean = tables[0].copy()
        mean[list(MEASURES)] = np.mean([table[list(MEASURES)].to_numpy() for table in tables], axis=0)
        parts.append(mean)
        kinds[name] = "chance"
    per_protein = pd.concat(parts, ignore_index=True)
    return _report(per_protein, kinds, n_bootstrap, coverage, random)


def _check_truth(truth, sequences):
    """Proteins that can be judged: (pair, side, labels) with residues of both kinds."""
    if len(truth) != len(sequences):
        raise ValueError(f"truth is about {len(truth)} pairs, sequences about {len(sequences)}")
    known = []
    for pair, sides in enumerate(truth):
        for side, labels in enumerate(sides):
            if labels is None:
                continue
            labels, length = np.asarray(labels), len(sequences[pair][side])
            if labels.shape != (length,):
                raise ValueError(
                    f"truth of pair {pair}, protein {'AB'[side]}: expected one value for each of {length} residues, got "
                    f"shape {labels.shape}"
                )
            if not np.isin(labels, (0, 1)).all():
                raise ValueError(f"truth of pair {pair}, protein {'AB'[side]}: values must be 0 or 1")
            labels = labels.astype(bool)
            if 0 < labels.sum() < length:
                known.append((pair, side, labels))
    if not known:
        raise ValueError("no protein has residues of both kinds, so there is nothing to compare with")
    return known


def _rankings_of(name, explanation, known, n_pairs):
    """The values of an explanation by residue, by magnitude and, where there are signs, signed."""
    if len(explanation) != n_pairs:
        raise ValueError(f"{name} explains {len(explanation)} pairs, truth is about {n_pairs}")
    of_pair = {pair: explanation.residues(pair, spread="value") for pair in {pair for pair, _, _ in known}}
    values = [np.asarray(of_pair[pair][side], dtype=float) for pair, side, _ in known]
    for (pair, side, labels), found in zip(known, values, strict=True):
        if len(found) != len(labels):
            raise ValueError(
                f"{name}, pair {pair}, protein {'AB'[side]}: the explanation knows {len(found)} residues, the truth "
                f"{len(labels)}; was the protein cut before it was embedded?"
            )
    if not any((found < 0).any() for found in values):
        return [(name, values)]
    magnitudes = [np.abs(found) for found in values]
    return [(f"{name}, magnitude", magnitudes), (f"{name}, signed", values)]


def _measure(name, known, values, complexes):
    rows = [
        (name, pair, "AB"[side], complexes[pair], *ranking_measures(labels, found))
        for (pair, side, labels), found in zip(known, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["ranking", "pair", "side", "complex", *MEASURES])


def ranking_measures(labels, values):
    """How well values rank the true residues of one protein; ties count as every order of them, on average.

    Parameters
    ----------
    labels : ndarray of bool of shape (n_residues,)
        True and false ones both occur.
    values : ndarray of float of shape (n_residues,)

    Returns
    -------
    roc_auc, average_precision, precision_at_l10, enrichment : float
        Average precision takes tied residues together, as scikit-learn does.
    """
    n, positives = len(labels), int(labels.sum())
    ranks = rankdata(values)
    auc = (ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * (n - positives))
    order = np.argsort(-values, kind="stable")
    hits, descending = np.cumsum(labels[order]), values[order]
    ends = np.append(np.flatnonzero(np.diff(descending)), n - 1)  # last residue of each group of ties
    gained = np.diff(np.append(0, hits[ends]))
    average_precision = float((gained * hits[ends] / (ends + 1)).sum() / positives)
    top = max(1, n // 10)
    group = int(np.searchsorted(ends, top - 1))
    start = ends[group - 1] + 1 if group else 0
    before = hits[start - 1] if start else 0
    share = gained[group] / (ends[group] + 1 - start)
    precision = (before + share * (top - start)) / top
    return float(auc), average_precision, float(precision), float(precision * n / positives)


def _report(per_protein, kinds, n_bootstrap, coverage, random):
    names = list(kinds)
    codes, groups = pd.factorize(per_protein["complex"])
    # proteins come in the same order in every ranking
    proteins = len(per_protein) // len(names)
    codes = codes[:proteins]
    values = per_protein[list(MEASURES)].to_numpy().reshape(len(names), proteins, len(MEASURES))
    weights = random.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=n_bootstrap)[
        :, codes
    ]
    drawn = np.einsum("bp,rpm->brm", weights, values) / weights.sum(axis=1)[:, None, None]
    tails = (1 - coverage) / 2, (1 + coverage) / 2
    summary = pd.DataFrame({"kind": pd.Series(kinds), "n_proteins": proteins})
    for place, measure in enumerate(MEASURES):
        summary[measure] = values[:, :, place].mean(axis=1)
        summary[f"{measure}_low"], summary[f"{measure}_high"] = np.quantile(drawn[:, :, place], tails, axis=0)
    best = str(summary.loc[summary["kind"] == "rule", "roc_auc"].idxmax())
    auc = values[:, :, 0]
    methods = [place for place, name in enumerate(names) if kinds[name] == "method"]
    gains = auc - auc[names.index(best)]
    for column, tested in (("above_chance", auc - 0.5), ("above_best_rule", gains)):
        summary[column] = np.nan
        p_values = [_p_value(tested[place], codes) for place in methods]
        summary.loc[summary.index[methods], column] = _holm(p_values)
    drawn_gains = drawn[:, :, 0] - drawn[:, names.index(best), 0][:, None]
    summary["gain"] = np.where(summary["kind"] == "method", gains.mean(axis=1), np.nan)
    low, high = np.quantile(drawn_gains, tails, axis=0)
    for column, bound in (("gain_low", low), ("gain_high", high)):
        summary[column] = np.where(summary["kind"] == "method", bound, np.nan)
    return ResidueTruthReport(summary, per_protein, best, coverage)


def _p_value(differences, codes):
    """That the mean of complexes is no more than 0."""
    means = np.bincount(codes, differences) / np.bincount(codes)
    if len(means) < 2:
        return np.nan
    if np.ptp(means) == 0:
        return 0.0 if means[0] > 0 else 1.0
    return float(ttest_1samp(means, 0.0, alternative="greater").pvalue)


def _holm(p_values):
    """P-values corrected for their number (Holm)."""
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1)))
    return corrected
