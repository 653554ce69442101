"""Hyperparameter search with Optuna, with the parameters of Optuna's own class."""

import time
import warnings
from copy import deepcopy
from functools import partial
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from optuna.trial import TrialState
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.model_selection import PredefinedSplit, check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._split import _CVIterableWrapper
from sklearn.utils import _safe_indexing, check_random_state, get_tags, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_method_params, _num_samples

from .optuna_results import StudyAttributesMixin, cv_results
from .optuna_space import SearchSpace, TrialSeededSampler
from .optuna_study import describe, open_study
from .optuna_trials import ERROR_KEY, FoldScorer, TrialLoop


class OptunaSearchCV(StudyAttributesMixin, BaseSearchCV):
    """Search hyperparameters with Optuna, by cross-validation, resumable and safe to prune.

    It takes the parameters of ``optuna_integration.OptunaSearchCV``, so that an import can be swapped, and
    behaves as scikit-learn's own searches: the type of the estimator is passed on, methods exist when the
    estimator has them, metadata is routed, ``cv_results_`` has the usual form.

    ``n_trials`` is the **total** that the study shall hold: a search that is started again on the same
    ``storage`` or ``study`` evaluates what is missing. A trial whose process died is taken up with its
    parameters, and its recorded folds are kept. Each draw depends on the seed, the trial's number and the
    earlier results only, so a search that was killed and resumed by one process visits the same parameters as
    one that was not. Parameters seen before are not evaluated again: the recorded scores are copied.

    With ``enable_pruning`` the running mean is reported after each fold and the study's pruner may end the
    trial. The unit of pruning is the fold: each is fitted from an unfitted clone on its training rows only,
    so that no held-out row can reach training, and any estimator (a Pipeline too) can be pruned.

    Parameters
    ----------
    estimator : estimator
        Classifier, regressor or Pipeline to tune.
    param_distributions : dict of str -> optuna distribution or list
        What to draw each parameter from; a list or tuple holds categorical choices of any type (tuples,
        estimators).
    cv : int, splitter or iterable, default=5
        Folds; an integer is stratified for classifiers. They are made once and serve all trials.
    enable_pruning : bool, default=False
        Whether the pruner may end a trial after a fold.
    error_score : "raise" or float, default=nan
        Score of a fold that cannot be fitted or scored. With NaN the trial fails and the search goes on.
    max_iter : int, default=1000
        Has no effect; kept so that code written for Optuna's class runs. Folds are pruned, not iterations.
    n_jobs : int, default=None
        Folds evaluated at the same time (joblib); results do not depend on it. For more workers, start the
        same search in several processes with one ``storage``.
    n_trials : int or None, default=10
        Trials that the study shall hold in the end, those of earlier runs and failed ones included, by
        however many processes. None: until ``timeout`` or a callback ends it.
    random_state : int, RandomState instance or None, default=None
        Seed of draws and of ``subsample``. None takes the study's recorded seed on resuming.
    refit : bool or callable, default=True
        Fit the best parameters on all data; a callable receives ``cv_results_`` and returns the row to take.
    return_train_score : bool, default=False
        Whether to score the training rows too.
    scoring : str, callable or None, default=None
        One metric; None uses the estimator's ``score``.
    study : optuna.study.Study, default=None
        Study to continue, with its sampler and pruner.
    subsample : float or int, default=1.0
        Share (float) or number (int) of samples used by the search; ``refit`` uses all.
    timeout : float, default=None
        Seconds after which no further trial starts.
    verbose : int, default=0
        1 prints each trial, 2 each fold.
    callbacks : list of callable, default=None
        Called with the study and the finished trial; ``study.stop()`` ends the search.
    catch : exception type or iterable of them, default=()
        Failures after which the search goes on though ``error_score="raise"``.
    storage : str, pathlib.Path or optuna storage, default=None
        Where to record: ``"sqlite:///search.db"``, ``"journal:///search.log"``,
        ``"postgresql://user@host/db"``, or a path ending in ``.db`` or ``.log``. None keeps the search in
        memory.
    study_name : str, default=None
        Name within ``storage``. None makes one name per data set, folds and scoring, so that the outer folds
        of a nested cross-validation do not mix.
    direction : {"maximize", "minimize"}, default=None
        None maximises, as scikit-learn's scorers want, or takes the direction of ``study``.
    sampler : optuna sampler, default=None
        None is a ``TPESampler``.
    pruner : optuna pruner, default=None
        None is a ``MedianPruner``.
    abandoned_after : float, default=86400
        Seconds after its start at which a running trial of another host counts as dead. On this host the
        process is looked up instead.

    Attributes
    ----------
    study_ : optuna.study.Study
        The study.
    cv_results_ : dict
        Scores, times and parameters of finished trials, with ``trial_number`` and ``trial_state``.
    best_index_ : int
        Row of ``cv_results_`` that was chosen.
    best_params_ : dict
        Its parameters.
    best_score_ : float
        Its mean score over the folds; not set when ``refit`` is a callable.
    best_trial_ : optuna.trial.FrozenTrial
        Its trial.
    best_estimator_ : estimator
        Refitted on all data, if ``refit``.
    refit_time_ : float
        Seconds of that fit.
    n_iter_ : int
        Finished trials.
    n_splits_ : int
        Folds.
    sample_indices_ : ndarray of int
        Rows used by the search.
    scorer_ : callable
        Scorer.
    multimetric_ : bool
        Always False.
    n_features_in_ : int
        Columns seen in ``fit``, if ``refit`` and the estimator counts them.
    feature_names_in_ : ndarray of str
        Column names seen in ``fit``, if ``refit`` and the estimator keeps them.
    classes_ : ndarray
        Classes, if ``refit`` and the estimator is a classifier.
    trials_, n_trials_, trials_dataframe, user_attrs_, set_user_attr
        Of the study, as Optuna's class has them.

    Raises
    ------
    ValueError
        If no trial completed (with the first failure), if the study was recorded on other data, folds or
        scoring, or if parameters contradict each other.

    Examples
    --------
    >>> from optuna.distributions import FloatDistribution
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amp_sklearn.model_selection import OptunaSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = OptunaSearchCV(
    ...     LogisticRegression(max_iter=1000), {"C": FloatDistribution(1e-3, 10, log=True)}, cv=3, n_trials=3,
    ...     random_state=0)
    >>> search.fit(X, y).n_trials_
    3
    >>> search.trials_frame()[["number", "state"]].values.tolist()
    [[0, 'COMPLETE'], [1, 'COMPLETE'], [2, 'COMPLETE']]
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit"])],
        "cv": ["cv_object"],
        "enable_pruning": ["boolean"],
        "error_score": [StrOptions({"raise"}), Real],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "n_trials": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
        "refit": ["boolean", callable],
        "return_train_score": ["boolean"],
        "subsample": [Interval(Integral, 1, None, closed="left"), Interval(Real, 0, 1, closed="right")],
        "timeout": [Interval(Real, 0, None, closed="left"), None],
        "verbose": ["verbose"],
        "callbacks": [list, tuple, None],
        "study_name": [str, None],
        "direction": [StrOptions({"maximize", "minimize"}), None],
        "abandoned_after": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        cv=5,
        enable_pruning=False,
        error_score=np.nan,
        max_iter=1000,
        n_jobs=None,
        n_trials=10,
        random_state=None,
        refit=True,
        return_train_score=False,
        scoring=None,
        study=None,
        subsample=1.0,
        timeout=None,
        verbose=0,
        callbacks=None,
        catch=(),
        storage=None,
        study_name=None,
        direction=None,
        sampler=None,
        pruner=None,
        abandoned_after=86400.0,
    ):
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.cv = cv
        self.enable_pruning = enable_pruning
        self.error_score = error_score
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.n_trials = n_trials
        self.random_state = random_state
        self.refit = refit
        self.return_train_score = return_train_score
        self.scoring = scoring
        self.study = study
        self.subsample = subsample
        self.timeout = timeout
        self.verbose = verbose
        self.callbacks = callbacks
        self.catch = catch
        self.storage = storage
        self.study_name = study_name
        self.direction = direction
        self.sampler = sampler
        self.pruner = pruner
        self.abandoned_after = abandoned_after

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags = deepcopy(get_tags(self.estimator).target_tags)
        tags.array_api_support = False  # folds are taken with numpy indices
        return tags

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Search, then fit the best parameters on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Anything that scikit-learn can index by rows, such as a DataFrame or a PairMatrix.
        y : array-like of shape (n_samples,), default=None
            Target.
        **params : dict
            ``groups`` for the splitter and parameters of the estimator's ``fit``, such as ``sample_weight``;
            with metadata routing enabled, whatever was requested.

        Returns
        -------
        OptunaSearchCV
            Itself, fitted.
        """
        self._check_combinations()
        space = SearchSpace(self.param_distributions)
        scorer, _ = self._get_scorers()
        if y is None and get_tags(self.estimator).target_tags.required:
            raise ValueError(
                f"{type(self.estimator).__name__} requires y to be passed, but the target y is None"
            )
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(_check_method_params(X, params=params))

        random_state = check_random_state(self.random_state)
        seed = random_state.randint(2**31 - 1)
        rows, X_search, y_search = self._subsample(X, y, random_state)
        part = {
            "estimator": routed.estimator.fit,
            "splitter": routed.splitter.split,
            "scorer": routed.scorer.score,
        }
        if len(rows) < _num_samples(X):
            part = {key: _check_method_params(X, params=value, indices=rows) for key, value in part.items()}

        cv = check_cv(self.cv, y_search, classifier=is_classifier(self.estimator))
        if isinstance(cv, PredefinedSplit | _CVIterableWrapper) and len(rows) < _num_samples(X):
            splits = _folds_within(cv.split(X, y), rows)
        else:
            splits = list(cv.split(X_search, y_search, **part["splitter"]))
        study, seed = open_study(
            self.get_params(deep=False), partial(describe, X_search, y_search, splits, self.scoring), seed
        )
        loop = TrialLoop(
            study,
            space,
            FoldScorer(
                clone(self.estimator),
                X_search,
                y_search,
                scorer,
                part["estimator"],
                part["scorer"],
                self.return_train_score,
                self.error_score,
            ),
            splits,
            n_jobs=self.n_jobs,
            prune=self.enable_pruning,
            callbacks=list(self.callbacks or []),
            catch=tuple(self.catch) if not isinstance(self.catch, type) else (self.catch,),
            abandoned_after=self.abandoned_after,
            verbose=self.verbose,
        )
        own_sampler, study.sampler = study.sampler, TrialSeededSampler(study.sampler, seed)
        try:
            loop.run(self.n_trials, self.timeout)
        finally:
            study.sampler = own_sampler

        self.study_, self.sample_indices_, self.n_splits_ = study, rows, len(splits)
        self.scorer_, self.multimetric_ = scorer, False
        self._space = space
        self._select()
        if self.refit:
            self._refit(X, y, routed.estimator.fit)
        return self

    def _check_combinations(self):
        """Raise if parameters contradict each other."""
        if isinstance(self.scoring, list | tuple | set | dict):
            raise ValueError(
                f"scoring must be one metric, got {self.scoring!r}; the search optimises one number, compute "
                "others with cross_validate(search.best_estimator_, ...)"
            )
        if self.study is not None:
            given = [
                n for n in ("storage", "study_name", "sampler", "pruner") if getattr(self, n) is not None
            ]
            if given:
                raise ValueError(
                    f"study and {', '.join(given)} were both given; a study has its own, so give either"
                )
        if self.study_name is not None and self.storage is None:
            raise ValueError(f"study_name={self.study_name!r} needs a storage to keep the study in")
        if self.n_trials is None and self.timeout is None and not self.callbacks:
            raise ValueError("n_trials=None needs a timeout or a callback that ends the search")
        if self.enable_pruning and self.max_iter != 1000:
            warnings.warn(
                f"max_iter={self.max_iter} has no effect: trials are pruned after folds, not iterations",
                stacklevel=3,
            )
        if getattr(self, "_skl_callbacks", None):
            warnings.warn(
                "callbacks set with set_callbacks are not called by this search; use the parameter callbacks",
                stacklevel=3,
            )

    def _subsample(self, X, y, random_state):
        """Rows that the search sees, and the data cut to them."""
        n_samples = _num_samples(X)
        size = self.subsample if isinstance(self.subsample, Integral) else int(self.subsample * n_samples)
        if size >= n_samples:
            return np.arange(n_samples), X, y
        if size < 1:
            raise ValueError(f"subsample={self.subsample} of {n_samples} samples leaves none to search on")
        rows = np.sort(random_state.choice(n_samples, size, replace=False))
        return rows, _safe_indexing(X, rows), None if y is None else _safe_indexing(y, rows)

    def _select(self):
        """Set the results and the best of them."""
        trials = [t for t in self.study_.get_trials() if t.state.is_finished()]
        completed = [t for t in trials if t.state == TrialState.COMPLETE]
        if not completed:
            errors = [t.user_attrs[ERROR_KEY] for t in trials if ERROR_KEY in t.user_attrs]
            reason = (
                f"the first failure was:\n{errors[0]}"
                if errors
                else "the study holds no failure either; raise timeout"
            )
            raise ValueError(
                f"no trial completed ({len(trials)} finished), so there are no best parameters; {reason}"
            )
        self.n_iter_ = len(trials)
        direction = self.study_.direction.name.lower()
        self.cv_results_ = cv_results(trials, self._space, self.n_splits_, direction, self.return_train_score)
        self.best_index_ = int(self._select_best_index(self.refit, "score", self.cv_results_))
        self.best_params_ = self.cv_results_["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_ = float(self.cv_results_["mean_test_score"][self.best_index_])
        self.best_trial_ = trials[self.best_index_]

    def _refit(self, X, y, fit_params):
        self.best_estimator_ = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        start = time.time()
        if y is None:
            self.best_estimator_.fit(X, **fit_params)
        else:
            self.best_estimator_.fit(X, y, **fit_params)
        self.refit_time_ = time.time() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


def _folds_within(folds, rows):
    """Folds that were given as rows of all data, as rows of the part that the search sees."""
    place = {row: position for position, row in enumerate(rows)}
    found = []
    for number, fold in enumerate(folds):
        train, test = (np.array([place[row] for row in part if row in place], dtype=int) for part in fold)
        if not len(train) or not len(test):
            part = "training" if not len(train) else "test"
            raise ValueError(
                f"subsample leaves fold {number} of cv no {part} rows; raise subsample, or give a splitter that divides "
                "what is left"
            )
        found.append((train, test))
    return found
