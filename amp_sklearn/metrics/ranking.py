"""Scores that order pairs: the probability, or the decision function where probabilities have run out of digits."""

import numpy as np


def probability_and_score(model, X, positive):
    """Probability of the positive class, and what orders the pairs for areas under curves.

    Parameters
    ----------
    model : fitted classifier of two classes
    X : pairs
        What the model predicts.
    positive : object
        The positive one of ``model.classes_``.

    Returns
    -------
    probability, score : ndarray of float of shape (n_pairs,)
        The score is the probability, unless probabilities tie near 1 or at 0 and the model has a
        ``decision_function``: then it is that function, turned so that the positive class is high.
    """
    column = list(model.classes_).index(positive)
    probability = model.predict_proba(X)[:, column]
    return probability, unsaturated(probability, lambda: _decision(model, X, column), model)


def _decision(model, X, column):
    decision = np.asarray(model.decision_function(X))
    return decision if column == 1 else -decision


def unsaturated(probability, decision, model):
    """``probability``, or ``decision()`` where it tells apart what the probability does not.

    Parameters
    ----------
    probability : ndarray of shape (n_pairs,)
    decision : callable
        Decision function of the same pairs.
    model : classifier
        Asked whether it has a decision function.

    Returns
    -------
    ndarray of shape (n_pairs,)
    """
    # A probability near 1 has only as many digits as its distance from 1 leaves; near 0 it has all until it is 0.
    extreme = np.sort(probability[(probability > 0.99) | (probability < 1e-30)])
    if not (np.diff(extreme) == 0).any() or not hasattr(model, "decision_function"):
        return np.asarray(probability, dtype=float)
    score = np.asarray(decision(), dtype=float)
    order = np.argsort(score, kind="stable")
    # a decision function that orders the pairs otherwise than the probability (calibrated ones may) is another model
    same = score.shape == probability.shape and (np.diff(probability[order].astype(float)) >= -1e-6).all()
    return score if same else np.asarray(probability, dtype=float)
