"""The mean of several classifiers of pairs: one head with several seeds, or heads of different kinds."""

from dataclasses import replace
from numbers import Integral
from typing import ClassVar

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble._base import _set_random_states
from sklearn.utils import check_random_state, column_or_1d, get_tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data

from ..nn import MeanModule
from .late_interaction import LateInteractionClassifier

AVERAGES = ("logit", "probability")
_LEAST = 1e-7  # probabilities of trees can be 0, whose logarithm would decide alone


class PairEnsembleClassifier(ClassifierMixin, BaseEstimator):
    """Mean of several classifiers that are fitted on the same features, each with a random seed of its own.

    Networks that differ in nothing but their seed make different mistakes; their mean is nearly always better than any of
    them, and their disagreement says how far to trust a prediction (``predict_uncertainty``). The members read what the
    steps before computed once, so an ensemble in a pipeline embeds each protein once. It is a classifier like the others:
    calibrated as one, saved as one, screened and explained as one. Where all members are networks of this package that
    read the same features, ``module_`` is their mean as one network, so that gradients and interaction maps explain the
    mean itself.

    Parameters
    ----------
    estimator : classifier or list of classifier, default=None
        Head, or heads of different kinds; pipelines such as ``make_pipeline(PairConcatenator("mean"), DPMClassifier())``
        let each read other tokens. None is ``LateInteractionClassifier()``.
    n_repeats : int, default=3
        Members of each head. They differ in their ``random_state``.
    average : {"logit", "probability"}, default="logit"
        What is averaged: the logarithms of the probabilities, which are normalised again (of two classes: the mean logit), or
        the probabilities.
    n_jobs : int, default=None
        Processes that fit members side by side; None fits one after the other.
    random_state : int, RandomState instance or None, default=None
        Draws the members' seeds.

    Attributes
    ----------
    estimators_ : list of classifier
        Members, fitted.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame.
    layout_ : FeatureLayout or None
        Meaning of the columns, if the members agree about it.
    module_ : torch.nn.Module
        Mean of the members' networks; only where all are such and ``average="logit"``.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.classification import LateInteractionClassifier, PairEnsembleClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> head = LateInteractionClassifier(hidden1=16, d_model=8, max_epochs=2)
    >>> model = PairEnsembleClassifier(head, n_repeats=2, random_state=0).fit(X, y)
    >>> model.predict_proba(X).shape, model.predict_uncertainty(X).shape
    ((60, 2), (60,))
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "average": [StrOptions(set(AVERAGES))],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator=None, *, n_repeats=3, average="logit", n_jobs=None, random_state=None):
        self.estimator = estimator
        self.n_repeats = n_repeats
        self.average = average
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        of_heads = [get_tags(head).input_tags for head in self._heads()]
        if of_heads:  # what every head takes
            tags.input_tags = replace(
                of_heads[0],
                sparse=all(of_head.sparse for of_head in of_heads),
                allow_nan=all(of_head.allow_nan for of_head in of_heads),
            )
        return tags

    def _heads(self):
        if self.estimator is None:
            return [LateInteractionClassifier()]
        return list(self.estimator) if isinstance(self.estimator, list | tuple) else [self.estimator]

    def fit(self, X, y, sample_weight=None):
        """Fit the members.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)
            What the members take.
        y : array-like of shape (n_pairs,)
            Labels.
        sample_weight : array-like of shape (n_pairs,), default=None
            Weights of the pairs.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter cannot be used, or a member refuses the data or has no use for weights.
        """
        self._validate_params()
        heads = self._heads()
        if not heads:
            raise ValueError("estimator must be a classifier or a list of at least one, got an empty list")
        validate_data(self, X, skip_check_array=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        settings = {}
        if sample_weight is not None:
            for head in heads:
                if not has_fit_parameter(head, "sample_weight"):
                    raise ValueError(
                        f"{type(head).__name__} takes no sample_weight: leave it out, or the head"
                    )
            settings["sample_weight"] = sample_weight
        random = check_random_state(self.random_state)
        members = [clone(head) for head in heads for _ in range(self.n_repeats)]
        for member in members:
            _set_random_states(member, random)
        self.estimators_ = Parallel(n_jobs=self.n_jobs)(
            delayed(_fitted)(member, X, y, settings) for member in members
        )
        return self

    @property
    def layout_(self):
        layouts = [getattr(member, "layout_", None) for member in self._members()]
        return layouts[0] if all(layout == layouts[0] for layout in layouts) else None

    @property
    def module_(self):
        members = self._members()
        modules = [getattr(member, "module_", None) for member in members]
        if self.average != "logit" or any(module is None for module in modules):
            raise AttributeError(
                "module_ is the mean of networks: the members must be networks of this package, average 'logit'"
            )
        return MeanModule(modules).eval()

    def _members(self):
        if not hasattr(self, "estimators_"):
            raise AttributeError(f"{type(self).__name__} has no members before it is fitted")
        return self.estimators_

    def _each(self, X):
        """Probabilities by every member, shape (n_members, n_pairs, n_classes)."""
        check_is_fitted(self)  # members check the columns
        return np.stack([np.asarray(member.predict_proba(X), dtype=float) for member in self.estimators_])

    def predict_proba(self, X):
        """Mean probability of each class.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs, n_classes)
        """
        each = self._each(X)
        if self.average == "probability":
            return each.mean(axis=0)
        mean = np.exp(np.log(np.clip(each, _LEAST, None)).mean(axis=0))
        return mean / mean.sum(axis=1, keepdims=True)

    def decision_function(self, X):
        """Logits of the mean: of two classes the log-odds of ``classes_[1]``, else the logarithm of each probability.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,) or (n_pairs, n_classes)
        """
        logarithm = np.log(np.clip(self.predict_proba(X), _LEAST, None))
        return logarithm[:, 1] - logarithm[:, 0] if len(self.classes_) == 2 else logarithm

    def predict(self, X):
        """Label of each pair: the class of the largest mean probability.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        largest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[largest]

    def predict_uncertainty(self, X):
        """How far the members disagree.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,)
            Standard deviation of the members' probabilities, of the class where it is largest (of two classes both are
            equal); 0 where all agree.
        """
        return self._each(X).std(axis=0).max(axis=1)


def _fitted(member, X, y, settings):
    return member.fit(X, y, **settings)
