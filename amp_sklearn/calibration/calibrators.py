"""Maps from a model's probability to a calibrated one, each a few numbers learned from held-out pairs."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

METHODS = ("sigmoid", "isotonic", "temperature")
_SMALLEST = 1e-6  # forests and nearest neighbours are sometimes certain; their log-odds must be finite


def log_odds(probability):
    """Log-odds of probabilities, finite for 0 and 1."""
    return logit(np.clip(np.asarray(probability, dtype=float), _SMALLEST, 1 - _SMALLEST))


def fit_sigmoid(probability, positive):
    """Slope and intercept on the log-odds (Platt): the likeliest, with Platt's priors for finite samples.

    Parameters
    ----------
    probability : ndarray of shape (n,)
    positive : ndarray of bool of shape (n,)

    Returns
    -------
    slope, intercept : float
    """
    # each pair counts as mostly its label and a little the other one, so that separable pairs have a finite slope
    n = np.array([(~positive).sum(), positive.sum()])
    target = np.where(positive, (n[1] + 1) / (n[1] + 2), 1 / (n[0] + 2))
    x = np.tile(log_odds(probability), 2)[:, None]
    label = np.repeat([1, 0], len(positive))
    weight = np.concatenate([target, 1 - target])
    model = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(x, label, sample_weight=weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def fit_temperature(probability, positive):
    """Factor on the log-odds (the inverse temperature) with the least cross-entropy.

    Parameters
    ----------
    probability : ndarray of shape (n,)
    positive : ndarray of bool of shape (n,)

    Returns
    -------
    float
    """
    signed = np.where(positive, 1, -1) * log_odds(probability)

    def cross_entropy(log_factor):
        return np.logaddexp(0, -np.exp(log_factor) * signed).mean()

    return float(np.exp(minimize_scalar(cross_entropy, bounds=(-7, 7), method="bounded").x))


def fit_isotonic(probability, positive):
    """The non-decreasing step function nearest to the labels; of n pairs no step is surer than ``1 / (n + 2)``.

    Without that limit a few pairs of one label at either end become certain, and one later pair of the other label
    has an infinite cross-entropy.
    """
    least = 1 / (len(positive) + 2)
    model = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    return model.fit(probability, positive.astype(float))


def fit_calibrator(method, probability, positive):
    """What ``apply_calibrator`` needs, by method.

    Parameters
    ----------
    method : {"sigmoid", "isotonic", "temperature"}
    probability : ndarray of shape (n,)
    positive : ndarray of bool of shape (n,)

    Returns
    -------
    dict
    """
    if method == "sigmoid":
        return dict(zip(("slope", "intercept"), fit_sigmoid(probability, positive), strict=True))
    if method == "temperature":
        return {"slope": fit_temperature(probability, positive), "intercept": 0.0}
    return {"isotonic": fit_isotonic(probability, positive)}


def apply_calibrator(calibrator, probability):
    """Calibrated probabilities.

    Parameters
    ----------
    calibrator : dict
        From ``fit_calibrator``.
    probability : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,)
    """
    if "isotonic" in calibrator:
        return calibrator["isotonic"].predict(np.asarray(probability, dtype=float))
    return expit(calibrator["slope"] * log_odds(probability) + calibrator["intercept"])
