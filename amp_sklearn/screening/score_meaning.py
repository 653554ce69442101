"""What the scores of a screen mean: expected precision at an assumed prevalence, thresholds, degrees."""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, logit

EDGES = np.linspace(-16, 16, 641)
"""Log-odds at which scores are counted: every 0.05; what lies outside counts in the first and last bin."""

_CENTRES = (EDGES[:-1] + EDGES[1:]) / 2


@dataclass(frozen=True, eq=False)
class ScoreHistogram:
    """Scores counted by their log-odds.

    Parameters
    ----------
    counts : ndarray of int of shape (640,)
        Pairs in each bin, of 0.05 in log-odds.

    Examples
    --------
    >>> from amp_sklearn.screening import ScoreHistogram
    >>> histogram = ScoreHistogram.of([0.2, 0.5, 0.9]) + ScoreHistogram.of([0.91])
    >>> histogram.n, histogram.above(0.6)
    (4, 2)
    """

    counts: np.ndarray = field(default_factory=lambda: np.zeros(len(EDGES) - 1, dtype=np.int64))

    @classmethod
    def of(cls, scores):
        """Count scores.

        Parameters
        ----------
        scores : array-like of shape (n,)
            Probabilities.

        Returns
        -------
        ScoreHistogram
        """
        with np.errstate(divide="ignore"):
            odds = logit(np.asarray(scores, dtype=np.float64))
        place = np.clip((odds - EDGES[0]) * ((len(EDGES) - 1) / (EDGES[-1] - EDGES[0])), 0, len(EDGES) - 2)
        return cls(np.bincount(place.astype(np.int64), minlength=len(EDGES) - 1))

    def __add__(self, other):
        return ScoreHistogram(self.counts + other.counts)

    @property
    def n(self):
        """Number of pairs."""
        return int(self.counts.sum())

    def above(self, threshold):
        """Pairs whose score reaches a threshold, to the width of a bin."""
        return int(self.counts[self._from(threshold)].sum())

    def expected_precision(self, threshold, prevalence, training_prevalence=0.5):
        """Share of true pairs to expect among those that reach a threshold.

        Parameters
        ----------
        threshold : float
            Probability.
        prevalence : float
            Share of true pairs among all pairs of the screen that you assume.
        training_prevalence : float, default=0.5
            Share of positive pairs for which the probabilities are calibrated.

        Returns
        -------
        float
            NaN if no pair reaches the threshold.
        """
        counts = self.counts[self._from(threshold)]
        posterior = self._posterior(prevalence, training_prevalence)[self._from(threshold)]
        return float(counts @ posterior / counts.sum()) if counts.sum() else float("nan")

    def threshold_for(self, precision, prevalence, training_prevalence=0.5):
        """Lowest probability above which the wanted precision is to be expected.

        Parameters
        ----------
        precision : float
        prevalence, training_prevalence : float
            As of `expected_precision`.

        Returns
        -------
        float
            NaN if no threshold reaches it.
        """
        posterior = self._posterior(prevalence, training_prevalence)
        pairs = np.cumsum(self.counts[::-1])[::-1]
        with np.errstate(invalid="ignore"):
            reached = np.cumsum((self.counts * posterior)[::-1])[::-1] / pairs
        good = np.flatnonzero((reached >= precision) & (pairs > 0))
        return float(expit(EDGES[good[0]])) if len(good) else float("nan")

    def _from(self, threshold):
        if threshold <= 0:
            return slice(0, None)
        return slice(
            int(np.clip(np.searchsorted(EDGES, logit(min(threshold, 1 - 1e-9)) - 1e-9), 0, len(EDGES))), None
        )

    @staticmethod
    def _posterior(prevalence, training_prevalence):
        for name, value in (("prevalence", prevalence), ("training_prevalence", training_prevalence)):
            if not 0 < value < 1:
                raise ValueError(f"{name} is a share of true pairs, between 0 and 1, got {value!r}")
        return expit(_CENTRES + logit(prevalence) - logit(training_prevalence))

    def to_dict(self):
        """Bins that are not empty, for JSON."""
        filled = np.flatnonzero(self.counts)
        return {"bins": filled.tolist(), "counts": self.counts[filled].tolist()}

    @classmethod
    def from_dict(cls, found):
        """From what ``to_dict`` made."""
        counts = np.zeros(len(EDGES) - 1, dtype=np.int64)
        counts[found["bins"]] = found["counts"]
        return cls(counts)


@dataclass(frozen=True, eq=False)
class ScreenSummary:
    """Counts of a screen and what its scores mean.

    Parameters
    ----------
    n_pairs, scored, kept : int
        Pairs of the screen, pairs that the model scored (fewer with a prefilter), pairs that were kept.
    histogram : ScoreHistogram
        Of all scored pairs.
    degrees : dict of int to int
        Number of proteins by number of kept partners.
    prefilter : dict or None
        Share that was scored, and the share of the full model's best pairs among them with its interval.
    """

    n_pairs: int
    scored: int
    kept: int
    histogram: ScoreHistogram
    degrees: dict
    prefilter: dict | None = None

    @classmethod
    def from_dict(cls, found):
        """From ``summary.json``."""
        found = dict(found)
        found["histogram"] = ScoreHistogram.from_dict(found["histogram"])
        found["degrees"] = {int(partners): n for partners, n in found["degrees"].items()}
        return cls(**found)

    def table(self, prevalence, training_prevalence=0.5, precisions=(0.1, 0.25, 0.5, 0.75, 0.9)):
        """Thresholds for wanted precisions.

        Parameters
        ----------
        prevalence : float
            Share of true pairs among all pairs of the screen that you assume. For all human pairs, estimates of the
            number of interactions between 650,000 [1]_ and 130,000 [2]_ mean 1 in 300 to 1 in 1,500.
        training_prevalence : float, default=0.5
            Share of positive pairs for which the probabilities are calibrated.
        precisions : sequence of float

        Returns
        -------
        list of dict
            ``precision``, ``threshold`` (None if out of reach), ``pairs`` that reach it, ``expected_true`` among them.

        References
        ----------
        .. [1] Stumpf et al., Proceedings of the National Academy of Sciences 2008, :doi:`10.1073/pnas.0708078105`.
        .. [2] Venkatesan et al., Nature Methods 2009, :doi:`10.1038/nmeth.1280`.
        """
        rows = []
        for precision in precisions:
            threshold = self.histogram.threshold_for(precision, prevalence, training_prevalence)
            if np.isnan(threshold):
                rows.append({"precision": precision, "threshold": None, "pairs": 0, "expected_true": 0.0})
                continue
            pairs = self.histogram.above(threshold)
            found = self.histogram.expected_precision(threshold, prevalence, training_prevalence)
            rows.append(
                {
                    "precision": precision,
                    "threshold": threshold,
                    "pairs": pairs,
                    "expected_true": pairs * found,
                }
            )
        return rows
