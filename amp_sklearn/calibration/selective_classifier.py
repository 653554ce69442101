"""SelectiveClassifier: predicts only the pairs for which its confidence is high enough."""

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from .held_out import fitted_on_all, held_out_probabilities, two_classes


class SelectiveClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Answer only the pairs that a model is sure of, and that lie in its applicability domain.

    The confidence that a pair must reach is found on held-out pairs with proteins that the model has not seen: the one
    that the share ``coverage`` of them reaches. ``predict`` answers the others with ``reject_label``;
    ``predict_proba`` answers all.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Of two classes, with ``predict_proba``. A fitted one inside a ``sklearn.frozen.FrozenEstimator`` is not fitted
        again; ``fit`` then takes the held-out pairs.
    coverage : float, default=1.0
        Share of held-out pairs to answer; 1 rejects none for want of confidence.
    domain : ApplicabilityDomain, default=None
        Pairs outside of it are rejected too. It is fitted on the pairs given to ``fit``; a fitted one inside a
        ``FrozenEstimator`` is used as it is, which a frozen ``estimator`` needs: its training pairs are others.
    cv : splitter, iterable of (train, test), int or None, default=None
        How pairs are held out, where ``coverage`` is less than 1. None is five protein-disjoint folds.
    reject_label : object, default=None
        Label of rejected pairs. None is -1 for numbers, ``"rejected"`` for text.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Labels, without ``reject_label``.
    estimator_ : classifier
        The model, fitted on all pairs.
    domain_ : ApplicabilityDomain or None
        Fitted.
    confidence_threshold_ : float
        Larger probability of the two classes that a pair must reach.
    reject_label_ : object
        Label of rejected pairs.
    n_features_in_ : int
        Number of columns of X, where the model says so.

    References
    ----------
    El-Yaniv and Wiener, Journal of Machine Learning Research 2010, 11:1605-1641.

    Examples
    --------
    >>> from amp_sklearn.calibration import SelectiveClassifier
    >>> from amp_sklearn.data import load_bernett_mini
    >>> from amp_sklearn.model_selection import make_baseline
    >>> X, y = load_bernett_mini("val")
    >>> model = SelectiveClassifier(make_baseline("composition_logistic"), coverage=0.3, cv=2).fit(X, y)
    >>> sorted(set(model.predict(X).tolist()))
    [-1, 0, 1]
    """

    _parameter_constraints: ClassVar[dict] = {"coverage": [Interval(Real, 0, 1, closed="right")]}

    def __init__(self, estimator, *, coverage=1.0, domain=None, cv=None, reject_label=None):
        self.estimator = estimator
        self.coverage = coverage
        self.domain = domain
        self.cv = cv
        self.reject_label = reject_label

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def fit(self, X, y):
        """Fit the model and its domain, and find the confidence to ask for.

        Parameters
        ----------
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)
            What the model takes; pairs of sequences where there is a domain.
        y : array-like of shape (n_pairs,)
            Labels of two classes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter cannot be used, there are not two classes, or ``reject_label`` is one of them.
        """
        self._validate_params()
        if isinstance(self.estimator, FrozenEstimator) and not isinstance(
            self.domain, FrozenEstimator | None
        ):
            raise ValueError(
                "a frozen estimator was trained on other pairs than these: fit the domain on its training pairs and pass "
                "domain=FrozenEstimator(domain)"
            )
        X, y, self.classes_ = two_classes(self, X, y)
        self.reject_label_ = self._reject_label(y)
        self.estimator_ = fitted_on_all(self.estimator, X, y)
        self.domain_ = None if self.domain is None else clone(self.domain).fit(X, y)
        self.confidence_threshold_ = 0.5
        if self.coverage < 1:
            _, probability = held_out_probabilities(self.estimator, X, y, self.cv)
            self.confidence_threshold_ = float(np.quantile(_confidence(probability), 1 - self.coverage))
        return self

    def _reject_label(self, y):
        label = self.reject_label
        if label is None:
            label = "rejected" if y.dtype.kind in "OUS" else -1
        if label in self.classes_.tolist() and (self.coverage < 1 or self.domain is not None):
            raise ValueError(
                f"reject_label={label!r} is one of the classes {self.classes_.tolist()}; choose another"
            )
        return label

    def __sklearn_is_fitted__(self):
        return hasattr(self, "confidence_threshold_")

    @property
    def n_features_in_(self):
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    def predict_proba(self, X):
        """The model's probabilities, of rejected pairs too.

        Parameters
        ----------
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs, 2)
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    def accepts(self, X):
        """Whether each pair is answered.

        Parameters
        ----------
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of bool of shape (n_pairs,)
        """
        return self._accepted(X, self.predict_proba(X)[:, 1])

    def predict(self, X):
        """Label of each pair, or ``reject_label_``.

        Parameters
        ----------
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        probability = self.predict_proba(X)[:, 1]
        labels = self.classes_[(probability > 0.5).astype(int)]
        accepted = self._accepted(X, probability)
        return labels if accepted.all() else np.where(accepted, labels, self.reject_label_)

    def _accepted(self, X, probability):
        accepted = _confidence(probability) >= self.confidence_threshold_
        return accepted if self.domain_ is None else accepted & self.domain_.contains(X)


def _confidence(probability):
    return np.maximum(probability, 1 - probability)
