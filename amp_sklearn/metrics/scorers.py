"""The metrics as scikit-learn scorers, for ``cross_validate`` and searches."""

from typing import Any

import numpy as np
from sklearn.metrics import brier_score_loss, make_scorer

from ._labels import positive_label
from .calibration import expected_calibration_error
from .pairs import PAIR_METRICS, pair_metrics
from .prevalence import RATIOS, average_precision_at_ratio
from .ranking import unsaturated

_RANKING = ("roc_auc", "average_precision", "pr_auc_trapezoid")


def _published(y, probability, score, *, metric):
    return pair_metrics(y, probability, names=(metric,), score=score)[metric]


def _brier(y, probability, score):
    return brier_score_loss(y, probability, pos_label=1)


def _ece(y, probability, score, **options):
    return expected_calibration_error(y, probability, **options)


def _at_ratio(y, probability, score, *, ratio):
    return average_precision_at_ratio(y, probability, ratio, score=score)


_SCORER: Any = type(
    make_scorer(pair_metrics, response_method="predict_proba")
)  # a private class of scikit-learn


class _PairScorer(_SCORER):
    """A scorer that knows the positive label, and orders pairs by scores that do not saturate."""

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        options = dict(self._kwargs)
        classes, y = estimator.classes_, np.asarray(y_true)
        strange = [label for label in np.unique(y) if label not in list(classes)]
        if strange:
            raise ValueError(
                f"y holds labels that the model does not know: {strange[:5]}, not {classes.tolist()}"
            )
        positive = positive_label(classes, options.pop("pos_label"))
        last = positive == classes[1]  # what scikit-learn hands out, and shares between scorers

        def respond(method):
            if last:
                return method_caller(estimator, method, X, pos_label=positive)
            response = getattr(estimator, method)(X)
            return -response if response.ndim == 1 else response[:, 0]

        probability = respond("predict_proba")
        score = None
        if options.get("metric") in _RANKING or "ratio" in options:
            score = unsaturated(probability, lambda: respond("decision_function"), estimator)
        return self._sign * self._score_func((y == positive).astype(int), probability, score, **options)


_FUNCTIONS: dict[str, tuple[Any, int, dict[str, Any]]] = {
    **{name: (_published, 1, {"metric": name}) for name in PAIR_METRICS if name != "loss"},
    "neg_loss": (_published, -1, {"metric": "loss"}),
    "neg_brier": (_brier, -1, {}),
    "neg_ece": (_ece, -1, {}),
    "neg_ece_equal_mass": (_ece, -1, {"strategy": "quantile"}),
    **{f"average_precision_1_to_{ratio}": (_at_ratio, 1, {"ratio": ratio}) for ratio in (1, *RATIOS)},
}


def pair_scorer(name, *, pos_label=None):
    """Scorer of a metric, for labels of which the positive one must be named.

    Parameters
    ----------
    name : str
        A key of ``PAIR_SCORERS``.
    pos_label : object, default=None
        The positive label. None: 1 of 0 and 1, the larger of two numbers, of texts a usual word such as "interacts";
        other texts are refused when the scorer is called.

    Returns
    -------
    callable
        ``scorer(model, X, y)``; greater is better.

    Raises
    ------
    ValueError
        If there is no such scorer.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from amp_sklearn.metrics import pair_scorer
    >>> model = DummyClassifier().fit([[0], [1]], ["decoy", "native"])
    >>> pair_scorer("roc_auc", pos_label="native")(model, [[0], [1]], ["decoy", "native"])
    0.5
    """
    if name not in _FUNCTIONS:
        raise ValueError(f"there is no scorer {name!r}; there are {', '.join(_FUNCTIONS)}")
    function, sign, options = _FUNCTIONS[name]
    settings: dict[str, Any] = {**options, "pos_label": pos_label}
    return _PairScorer(function, sign, settings, "predict_proba")


PAIR_SCORERS = {name: pair_scorer(name) for name in _FUNCTIONS}
"""Scorers by name, of two-class models with ``predict_proba``; greater is better (losses and errors are negated).

The metrics of ``PAIR_METRICS`` under their names (``"neg_loss"`` for the loss), threshold 0.5;
``"neg_brier"``, ``"neg_ece"`` and ``"neg_ece_equal_mass"`` (ten bins); ``"average_precision_1_to_100"`` and the like, the
average precision with so many negatives per positive. The whole dictionary, or a part of it, goes to ``scoring`` of
``cross_validate`` and of searches; the model then predicts once for all of them, and once more where its probabilities
tie near 1 and it has a decision function.
"""
