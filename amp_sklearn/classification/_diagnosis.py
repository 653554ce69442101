"""Signs, after a fit, that a model has learned little or nothing."""

import warnings

import numpy as np

from ..exceptions import TrainingWarning

CONSTANT = 0.01
"""Predictions are nearly constant below this share of the standard deviation of a label drawn with their mean."""

FEW_PAIRS = 50
"""With fewer pairs than this, and more parameters than pairs, there are too few."""

MOST_PARAMETERS_PER_PAIR = 20_000
"""Published full-size models have about 4,400 parameters per training pair."""

FEWEST_TO_JUDGE = 50
"""With fewer validation pairs chance and skill look alike."""

PAIRS_TO_PREDICT = 512
"""Training pairs whose predictions are looked at where there is no validation."""


def signs_of_a_bad_fit(probability, n_pairs, n_parameters, areas=(), y_valid=()):
    """Messages about a fit; none if nothing is suspicious.

    Parameters
    ----------
    probability : ndarray of shape (n, n_classes)
        Predictions for validation pairs, or for training pairs where there are none.
    n_pairs, n_parameters : int
        Pairs trained on, trained parameters.
    areas : array-like of float
        ROC AUC on the validation pairs in each epoch.
    y_valid : array-like of int
        Their labels, 0 and 1.

    Returns
    -------
    list of str
    """
    found = []
    mean = probability.mean(axis=0)
    expected = np.sqrt(mean * (1 - mean))
    if len(probability) > 1 and (probability.std(axis=0) <= CONSTANT * expected).all():
        low, high = probability[:, -1].min(), probability[:, -1].max()
        found.append(
            f"predictions are nearly constant (probabilities of the last class from {low:.4f} to {high:.4f}): train for "
            "more epochs, use a larger lr, or scale the features"
        )
    if (n_pairs < FEW_PAIRS and n_parameters > n_pairs) or n_parameters > MOST_PARAMETERS_PER_PAIR * n_pairs:
        found.append(
            f"{n_pairs} training pairs are few for {n_parameters:,} parameters, and the model may only know them by "
            "heart: give more pairs, use a smaller model (fewer layers and units), or a linear model on composition"
        )
    areas, n_positive = np.asarray(areas, dtype=float), int(np.sum(y_valid))
    n_negative = len(y_valid) - n_positive
    if len(y_valid) >= FEWEST_TO_JUDGE and n_positive and n_negative and np.isfinite(areas).any():
        chance = 0.5 + 2 * np.sqrt((len(y_valid) + 1) / (12 * n_positive * n_negative))
        if np.nanmax(areas) < chance:
            found.append(
                f"ROC AUC on {len(y_valid)} validation pairs never left chance (at most {np.nanmax(areas):.3f}, chance "
                f"reaches {chance:.3f}): check that labels and features belong together, scale the features, change lr, "
                "or give more pairs"
            )
    return found


def warn_of_a_bad_fit(name, *arguments):
    """A TrainingWarning for each of `signs_of_a_bad_fit`."""
    for message in signs_of_a_bad_fit(*arguments):
        warnings.warn(f"{name}: {message}", TrainingWarning, stacklevel=5)
