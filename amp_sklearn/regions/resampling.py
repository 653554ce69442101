"""Resampling shared by the region tests: selection of each protein, bootstrap, p-values."""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control
from sklearn.utils import check_random_state

from .coverage import annotated_residues
from .ranking import rank_pairs

CHUNK = 20_000_000
"""Numbers drawn at a time."""


def adjust_p_values(p_values):
    """Benjamini-Hochberg adjustment; missing values stay missing and are not counted as tests.

    Parameters
    ----------
    p_values : array-like of float of shape (n,)

    Returns
    -------
    ndarray of float of shape (n,)

    References
    ----------
    Benjamini and Hochberg, J. R. Stat. Soc. B 1995, :doi:`10.1111/j.2517-6161.1995.tb02031.x`.

    Examples
    --------
    >>> from amp_sklearn.regions import adjust_p_values
    >>> adjust_p_values([0.01, 0.04, 0.03, float("nan")]).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    adjusted = np.array(p_values, dtype=float)
    known = ~np.isnan(adjusted)
    if known.any():
        adjusted[known] = false_discovery_control(adjusted[known], method="bh")
    return adjusted


class RankedSelection:
    """The steps that all tests share: lay regions, rank, and collect the selection of each protein."""

    def __init__(self, explanation, annotations, sequences, k, types, unit, by, fuzzy, outside):
        self.explanation, self.k, self.unit = explanation, k, unit
        self.annotated = annotated_residues(annotations, sequences, types, fuzzy, outside)
        self.pair_rows = self.annotated.rows(explanation.pair_ids)
        by = np.full(len(explanation), "all") if by is None else np.asarray(by)
        if by.shape != (len(explanation),):
            raise ValueError(f"by must have one entry per pair ({len(explanation)}), got shape {by.shape}")
        self.group_of_pair, self.groups = pd.factorize(by, sort=True)
        if unit == "segment":
            lengths, counts = self.annotated.segment_counts()
            self._percent = 100 * counts / np.maximum(lengths, 1)[..., None]
            self._testable = (lengths > 0).all(axis=1)  # with an empty segment there is no choice among ten
        self._selections = {}

    def selection(self, which):
        """Protein row and segment or residue number of each pick, shape (n_pairs, k)."""
        if which not in self._selections:
            ranked = rank_pairs(
                self.explanation, self.k, which, self.unit, self.pair_rows, self.annotated.lengths
            )
            self._selections[which] = ranked.proteins(self.pair_rows), ranked.number
        return self._selections[which]

    def by_protein(self, which, group):
        """Rows of the proteins with selected segments, and for each its selection and coverage values."""
        rows, numbers = (part[self.group_of_pair == group].ravel() for part in self.selection(which))
        if self.unit == "segment":
            n_segments = self._percent.shape[1]
            counts = np.bincount(rows * n_segments + numbers, minlength=self._percent[..., 0].size)
            counts = counts.reshape(-1, n_segments)
            proteins = np.flatnonzero((counts.sum(axis=1) > 0) & self._testable)
            return proteins, list(counts[proteins]), list(self._percent[proteins])
        order = np.argsort(rows, kind="stable")
        proteins, first = np.unique(rows[order], return_index=True)
        per_protein = np.split(numbers[order], first[1:]) if len(proteins) else []
        selected = [
            np.bincount(n, minlength=self.annotated.lengths[p])
            for p, n in zip(proteins, per_protein, strict=True)
        ]
        return proteins, selected, [100.0 * self.annotated.mask(p) for p in proteins]


def generator(random_state):
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1, size=4))


def check_resampling(n_resamples, n_bootstrap, confidence_level):
    if n_resamples < 1 or n_bootstrap < 1:
        raise ValueError(f"n_resamples and n_bootstrap must be positive, got {n_resamples} and {n_bootstrap}")
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level must lie between 0 and 1, got {confidence_level}")


def bootstrap(sums, n_bootstrap, rng):
    """Sums over proteins drawn with replacement: (n_bootstrap, n_columns)."""
    n = len(sums)
    step = max(1, CHUNK // max(n, 1))
    parts = []
    for start in range(0, n_bootstrap, step):
        weights = rng.multinomial(n, np.full(n, 1 / n), size=min(step, n_bootstrap - start))
        parts.append(weights @ sums)
    return np.concatenate(parts)


def interval(samples, confidence_level):
    tail = 50 * (1 - confidence_level)
    return np.nanpercentile(samples, [tail, 100 - tail], axis=0)


def ratio(numerator, denominator):
    return np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator > 1e-9
    )


def two_sided(observed, draws):
    """Share of draws as far from zero as what was observed, itself included; NaN if nothing can vary."""
    extreme = (np.abs(draws) >= np.abs(observed) - 1e-9).sum(axis=0)
    p_values = (1 + extreme) / (1 + len(draws))
    return np.where(np.abs(draws).max(axis=0) > 1e-9, p_values, np.nan)
