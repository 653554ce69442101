"""ProteinFrequencyClassifier: predicts from how often proteins occur with each label, without reading sequences."""

from numbers import Real
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from ..data.layout import combine_proteins

STATISTICS = ("share", "counts", "positive_degree", "degree")


def _count_features(a, b):
    """What does not depend on the order: sum and absolute difference of log counts, each ``(n, n_classes)``."""
    return np.hstack(combine_proteins(np.log1p(a), np.log1p(b), ("A+B", "|A-B|")))


class ProteinFrequencyClassifier(ClassifierMixin, BaseEstimator):
    """Predict a pair from how often each of its proteins occurred with each label in training, and nothing else.

    It reads no sequence: a cell is a name, and equal cells are one protein. What it reaches is what a data set
    gives away by its choice of proteins, so a model has to be compared with it. Where no protein of a test pair
    occurs in training, it knows nothing and answers with the share of the classes in training.

    Parameters
    ----------
    statistic : {"share", "counts", "positive_degree", "degree"}, default="share"
        What is counted of a protein.

        - ``"share"``: the share of each class among its training pairs.
        - ``"counts"``: its number of training pairs of each class. How to weigh them is learned, by logistic
          regression on the sum and the difference of both proteins' logarithms of the counts. The strongest of the
          four where proteins of a pair resemble each other in their counts.
        - ``"positive_degree"``: its number of training pairs of the last class (label 1 of 0 and 1), whatever the
          number of others: a hub of the network is expected to interact.
        - ``"degree"``: its number of training pairs, whatever their labels; the more, the more likely the last
          class. Two classes only, as ``"positive_degree"``.
    smoothing : float, default=1.0
        Imagined pairs that are added to those of each protein, with labels in the proportion of all training pairs
        (``"share"``), or added to each degree; must be positive.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    class_prior_ : ndarray of shape (n_classes,)
        Share of each class in training.
    proteins_ : ndarray of str of shape (n_proteins,)
        Proteins of training.
    counts_ : ndarray of shape (n_proteins, n_classes)
        Training pairs, by protein and class; a pair of a protein with itself counts once.
    weighing_ : LogisticRegression
        Of ``statistic="counts"`` only. It is fitted on counts that leave out the pair in question, all its rows in
        either orientation: with them, training pairs would tell their own labels.
    n_features_in_ : int
        Columns of ``X``: 2.
    feature_names_in_ : ndarray of str
        Column names of ``X``, when it has any.

    Notes
    -----
    But for ``"counts"``, both proteins count as independent evidence: ``log p(c) = log prior(c) + e(A, c) + e(B, c)``, normalised over
    classes. For ``"share"`` the evidence ``e`` is the logarithm of the protein's smoothed share of the class
    divided by the prior; for the degrees it is that of the smoothed degree divided by the average one, in favour
    of the last class. A protein not seen in training is no evidence (for ``"counts"``: its counts are 0, and all pairs
    of two such proteins get one probability). Probabilities are not calibrated: the two
    proteins of a pair are not independent.

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259` (pairs of proteins seen in training).
    Bernett, Blumenthal and List, Briefings in Bioinformatics 2024, :doi:`10.1093/bib/bbae076` (degree as a shortcut).

    Examples
    --------
    >>> from amp_sklearn.classification import ProteinFrequencyClassifier
    >>> X = [["MKA", "MRV"], ["MKA", "MLL"], ["MGG", "MSS"]]
    >>> model = ProteinFrequencyClassifier().fit(X, [1, 1, 0])
    >>> model.predict_proba([["MKA", "MLL"], ["MGG", "MWW"], ["MYY", "MWW"]]).round(2)[:, 1]
    array([0.95, 0.33, 0.67])
    """

    _parameter_constraints: ClassVar[dict] = {
        "statistic": [StrOptions(set(STATISTICS))],
        "smoothing": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, statistic="share", *, smoothing=1.0):
        self.statistic = statistic
        self.smoothing = smoothing

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False  # to scikit-learn that means an array of numbers
        # where no protein occurs twice, there are no counts to learn from
        tags.classifier_tags.poor_score = self.statistic == "counts"
        return tags

    def fit(self, X, y, sample_weight=None):
        """Count.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Sequences, or names, of protein A and protein B.
        y : array-like of shape (n_pairs,)
            Labels.
        sample_weight : array-like of shape (n_pairs,), default=None
            How often each pair counts; None is once.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, X or y cannot be used.
        """
        self._validate_params()
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        cells, y = self._cells(X, reset=True), column_or_1d(y, warn=True)
        check_consistent_length(cells, y)
        check_classification_targets(y)
        weight = _check_sample_weight(sample_weight, cells, dtype=np.float64, ensure_non_negative=True)
        self.classes_, label = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2 and self.statistic in ("positive_degree", "degree"):
            raise ValueError(
                f"statistic={self.statistic!r} is for two classes, got {len(self.classes_)}; use statistic='share'"
            )
        if not weight.any():
            raise ValueError("all weights are zero: there is no pair to learn from")
        if weight.max() > np.finfo(float).max / (4 * len(weight)):
            raise ValueError(
                f"weights of up to {weight.max():g} add up to infinity; only their ratios matter: divide them by their mean"
            )
        cells, label, weight = cells[weight > 0], label[weight > 0], weight[weight > 0]
        codes, self.proteins_ = pd.factorize(cells.ravel())
        codes = codes.reshape(cells.shape)
        self.counts_ = np.zeros((len(self.proteins_), len(self.classes_)))
        np.add.at(self.counts_, (codes[:, 0], label), weight)
        other = codes[:, 0] != codes[:, 1]
        np.add.at(self.counts_, (codes[other, 1], label[other]), weight[other])
        total = np.bincount(label, weights=weight, minlength=len(self.classes_))
        self.class_prior_ = total / total.sum()
        if self.statistic == "counts":
            features = _count_features(*self._other_counts(codes, label, weight))
            self.weighing_ = LogisticRegression(max_iter=1000).fit(features, label, sample_weight=weight)
        return self

    def _other_counts(self, codes, label, weight):
        """Counts of both proteins of each training pair, without the rows of that pair."""
        low, high = codes.min(axis=1), codes.max(axis=1)
        pair = pd.factorize(low * len(self.proteins_) + high)[0]
        own = np.zeros((pair.max() + 1, len(self.classes_)))
        np.add.at(own, (pair, label), weight)
        return [np.maximum(self.counts_[codes[:, k]] - own[pair], 0) for k in range(2)]

    def decision_function(self, X):
        """Unnormalised logarithm of the probability.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)

        Returns
        -------
        ndarray of shape (n_pairs,) or (n_pairs, n_classes)
            Of two classes the logit of the second, else one number per class.
        """
        scores = self._log_probability(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X):
        """Probability of each class.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)

        Returns
        -------
        ndarray of shape (n_pairs, n_classes)
        """
        return softmax(self._log_probability(X), axis=1)

    def predict(self, X):
        """Label of each pair.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        best = self._log_probability(X).argmax(axis=1)
        return self.classes_[best]

    def _log_probability(self, X):
        check_is_fitted(self)
        cells = self._cells(X, reset=False)
        known = pd.Index(self.proteins_).get_indexer(cells.ravel()).reshape(cells.shape)
        if self.statistic == "counts":
            counts = np.vstack([self.counts_, np.zeros(len(self.classes_))])  # last row: not seen
            return self.weighing_.predict_log_proba(_count_features(counts[known[:, 0]], counts[known[:, 1]]))
        evidence = np.vstack([self._evidence(), np.zeros(len(self.classes_))])
        with np.errstate(divide="ignore"):  # a class whose pairs all have weight 0 is impossible
            prior = np.log(self.class_prior_)
        return prior + evidence[known[:, 0]] + evidence[known[:, 1]]

    def _evidence(self):
        """Logarithm of the factor by which each protein changes the odds of each class."""
        counts, number = self.counts_, self.counts_.sum(axis=1)
        if self.statistic == "share":
            share = (counts + self.smoothing * self.class_prior_) / (number + self.smoothing)[:, None]
            with np.errstate(divide="ignore", invalid="ignore"):
                evidence = np.log(share / self.class_prior_)
            return np.where(self.class_prior_ > 0, evidence, 0.0)
        degree = counts[:, -1] if self.statistic == "positive_degree" else number
        evidence = np.zeros_like(counts)
        evidence[:, -1] = np.log((degree + self.smoothing) / (degree.mean() + self.smoothing))
        return evidence

    def _cells(self, X, reset):
        """The two names of each pair."""
        X = X if isinstance(X, pd.DataFrame) else np.asarray(X, dtype=object)  # else a NaN would become text
        cells = np.asarray(
            validate_data(self, X, dtype=None, ensure_all_finite=False, reset=reset), dtype=object
        )
        if cells.shape[1] != 2:
            raise ValueError(
                f"X must have two columns, protein A and protein B, got {cells.shape[1]} columns"
            )
        wrong = next((cell for cell in np.ndindex(cells.shape) if not isinstance(cells[cell], str)), None)
        if wrong is not None:
            raise ValueError(
                f"X must hold sequences or names as text; row {wrong[0]}, column {wrong[1]} is {cells[wrong]!r}"
            )
        return cells
