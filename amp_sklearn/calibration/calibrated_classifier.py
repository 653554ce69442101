"""CalibratedPairClassifier: probabilities calibrated for pairs of proteins that were not seen in training."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .calibrators import METHODS, apply_calibrator, fit_calibrator
from .held_out import fitted_on_all, held_out_probabilities, two_classes


class CalibratedPairClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Calibrate a model's probabilities on pairs whose proteins it has not seen.

    A model is sure of itself on proteins it was trained on, and calibration on random folds believes it. Here the
    model is cloned and fitted on the training part of protein-disjoint folds, the calibrator learns from the
    probabilities of all their test pairs together, and the model itself is then fitted on all pairs: no pair is lost
    to it. Calibration is therefore right for pairs of unseen proteins (C3); for pairs of seen proteins the
    probabilities are rather too cautious.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Of two classes, with ``predict_proba``. A fitted one inside a ``sklearn.frozen.FrozenEstimator`` is not fitted
        again; ``fit`` then takes the pairs to calibrate on, such as a published validation split.
    method : {"sigmoid", "isotonic", "temperature"}, default="sigmoid"
        ``"sigmoid"``: slope and intercept on the log-odds (Platt). ``"temperature"``: slope only, so that 0.5 stays
        0.5 and no label changes. ``"isotonic"``: any non-decreasing steps; needs some thousand held-out pairs, and
        makes ties.
    cv : splitter, iterable of (train, test), int or None, default=None
        How pairs are held out. None is five protein-disjoint folds, an int that with so many folds; the model is
        fitted once more than there are folds. One held-out share:
        ``cv=[next(ProteinDisjointKFold(5).split(X, y))]``.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Labels.
    estimator_ : classifier
        The model, fitted on all pairs.
    calibrator_ : dict
        ``slope`` and ``intercept`` on the log-odds, or ``isotonic``.
    n_calibration_ : int
        Held-out pairs that the calibrator learned from; a pair in several test parts counts several times.
    n_features_in_ : int
        Number of columns of X, where the model says so.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : With ``ensemble=True`` it takes protein-disjoint folds too, and averages
        models that each lack a share of the proteins; with ``ensemble=False`` it needs folds that test every pair.

    References
    ----------
    Platt, Advances in Large Margin Classifiers 1999, pages 61-74.
    Guo, Pleiss, Sun and Weinberger, ICML 2017, arXiv:1706.04599 (temperature).

    Examples
    --------
    >>> from amp_sklearn.calibration import CalibratedPairClassifier
    >>> from amp_sklearn.data import load_bernett_mini
    >>> from amp_sklearn.metrics import expected_calibration_error
    >>> from amp_sklearn.model_selection import make_baseline
    >>> X, y = load_bernett_mini("val")
    >>> model = CalibratedPairClassifier(make_baseline("composition_logistic"), cv=2).fit(X, y)
    >>> bool(model.calibrator_["slope"] < 1)  # it was too sure
    True
    """

    _parameter_constraints: ClassVar[dict] = {"method": [StrOptions(set(METHODS))]}

    def __init__(self, estimator, *, method="sigmoid", cv=None):
        self.estimator = estimator
        self.method = method
        self.cv = cv

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def fit(self, X, y):
        """Learn the calibrator, and fit the model on all pairs.

        Parameters
        ----------
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)
            What the model takes, such as pairs of sequences.
        y : array-like of shape (n_pairs,)
            Labels of two classes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If ``method`` is unknown, there are not two classes, or the pairs cannot be divided as ``cv`` asks.
        """
        self._validate_params()
        X, y, self.classes_ = two_classes(self, X, y)
        self.estimator_ = fitted_on_all(self.estimator, X, y)
        rows, probability = held_out_probabilities(self.estimator, X, y, self.cv)
        positive = y[rows] == self.classes_[1]
        if positive.all() or not positive.any():
            raise ValueError(
                f"all {len(rows)} held-out pairs have one label; calibration needs both: change cv"
            )
        self.calibrator_ = fit_calibrator(self.method, probability, positive)
        self.n_calibration_ = len(rows)
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "calibrator_")

    @property
    def n_features_in_(self):
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    def predict_proba(self, X):
        """Calibrated probability of both classes.

        Parameters
        ----------
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs, 2)
        """
        check_is_fitted(self)
        positive = apply_calibrator(self.calibrator_, self.estimator_.predict_proba(X)[:, 1])
        return np.column_stack([1 - positive, positive])

    def predict(self, X):
        """Label of each pair: the second class where its calibrated probability is above one half.

        Parameters
        ----------
        X : DataFrame, PairMatrix or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        positive = self.predict_proba(X)[:, 1] > 0.5
        return self.classes_[positive.astype(int)]
