"""Occlusion and permutation against their definitions."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from amp_sklearn.explanation import explain


@pytest.fixture
def linear(features):
    x = np.asarray(features)
    return LogisticRegression().fit(x, np.where(x[:, :8].sum(axis=1) > 0, "yes", "no"))


def test_occlusion_of_each_token_by_hand(network, features, layout):
    module, x = network("gru"), np.asarray(features)
    found = explain(module, features, "occlusion", baseline="zero", batch_size=7)
    from torch import from_numpy, inference_mode

    for token in range(layout.n_tokens):
        without = x.copy()
        without[:, token * 8 : (token + 1) * 8] = 0
        with inference_mode():
            expected = (module(from_numpy(x)) - module(from_numpy(without))).numpy()
        np.testing.assert_allclose(found.values[:, token], expected, rtol=0, atol=1e-5)
    assert found.signed


def test_occlusion_of_a_classifier_is_in_probability(linear, features):
    found = explain(linear, features, "occlusion")
    x = np.asarray(features)
    without = x.copy()
    without[:, :8] = x.mean(axis=0)[:8]
    expected = linear.predict_proba(x)[:, 1] - linear.predict_proba(without)[:, 1]
    np.testing.assert_allclose(found.values[:, 0], expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.predictions, linear.predict_proba(x)[:, 1])
    at_baseline = linear.predict_proba(x.mean(axis=0)[None])[0, 1]
    np.testing.assert_allclose(found.base_values, at_baseline, rtol=0, atol=1e-5)


@pytest.mark.parametrize("method", ["occlusion", "permutation"])
def test_the_token_that_decides_is_found(linear, features, method):
    found = explain(linear, features, method)
    assert found.mean(magnitude=True).idxmax() == "A_segment0"


def test_the_other_class_has_the_opposite_values(linear, features):
    yes, no = (explain(linear, features, "occlusion", target=target) for target in ("yes", "no"))
    np.testing.assert_allclose(yes.values, -no.values, rtol=0, atol=1e-6)
    np.testing.assert_allclose(yes.predictions, 1 - no.predictions, rtol=0, atol=1e-6)


def test_permutation_expects_the_mean_over_all_backgrounds(network, features, layout):
    """Many repeats come close to the average over every background pair."""
    module, x = network("mlp"), np.asarray(features)
    found = explain(module, features[:4], "permutation", background=features, n_repeats=2000)
    from torch import from_numpy, inference_mode

    for pair in range(4):
        changed = np.repeat(x[pair][None], 40, axis=0)
        changed[:, 8:16] = x[:, 8:16]
        with inference_mode():
            expected = (module(from_numpy(x[pair][None])) - module(from_numpy(changed))).mean()
        assert found.values[pair, 1] == pytest.approx(float(expected), abs=0.05)


def test_a_token_that_never_varies_has_no_importance(linear, features):
    from amp_sklearn.data import PairMatrix

    proteins = features.features.copy()
    proteins[:, 8:] = 0.5
    constant = PairMatrix(proteins, features.index, features.layout)
    for method in ("occlusion", "permutation"):
        found = explain(linear, constant, method)
        np.testing.assert_allclose(found.values[:, [1, 3]], 0, atol=1e-7)
        assert np.abs(found.values[:, 0]).max() > 0.01


def test_permutation_is_repeatable(linear, features):
    one, two, other = (
        explain(linear, features, "permutation", random_state=seed).values for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0
    with pytest.raises(ValueError, match="n_repeats"):
        explain(linear, features, "permutation", n_repeats=0)
