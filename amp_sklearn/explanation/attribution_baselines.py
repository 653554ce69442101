"""Baselines: the rows that stand for absent tokens and that attributions are measured against."""

import numpy as np
from sklearn.utils import check_random_state

BASELINES = ("mean", "zero", "sample")


def baseline_rows(model, baseline="mean", n_background=200, random_state=0):
    """Rows that stand for pairs without information.

    Parameters
    ----------
    model : ExplainedModel
    baseline : {"mean", "zero", "sample"} or array-like, default="mean"
        ``"mean"``: mean of ``n_background`` background rows drawn without replacement from *all* of them.
        ``"zero"``: zeros. ``"sample"``: another random background row for each pair. Or the rows themselves,
        shape (n_features,), (1, n_features) or (n_pairs, n_features).
    n_background : int, default=200
        Background rows to average.
    random_state : int, RandomState or None, default=0
        Draws the rows.

    Returns
    -------
    ndarray of shape (1, n_features) or (n_pairs, n_features)

    Raises
    ------
    ValueError
        If the name is unknown or the shape does not fit.
    """
    n_features = model.layout.n_features
    if isinstance(baseline, str):
        if baseline == "mean":
            return model.sample_background(n_background, random_state).mean(axis=0, keepdims=True)
        if baseline == "zero":
            return np.zeros((1, n_features), dtype=model.features.dtype)
        if baseline == "sample":
            rows = check_random_state(random_state).randint(0, len(model.background), len(model))
            return np.asarray(model.background[rows])
        raise ValueError(f"baseline must be one of {BASELINES} or an array, got {baseline!r}")
    rows = np.atleast_2d(np.asarray(baseline))
    if rows.shape not in ((1, n_features), (len(model), n_features)):
        raise ValueError(
            f"baseline must have shape ({n_features},), (1, {n_features}) or ({len(model)}, {n_features}), "
            f"got {np.shape(baseline)}"
        )
    return rows


def of_rows(baseline, rows):
    """The baselines of some pairs: one for all, or one for each."""
    return baseline if len(baseline) == 1 else baseline[rows]
