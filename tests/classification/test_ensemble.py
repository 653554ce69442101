"""PairEnsembleClassifier: the mean of its members by hand, as one network, explained, screened, calibrated and saved."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.calibration import CalibratedPairClassifier
from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPSClassifier,
    LateInteractionClassifier,
    PairEnsembleClassifier,
)
from amp_sklearn.data import PairMatrix
from amp_sklearn.explanation import RefusedExplanation, explain
from amp_sklearn.persistence import load_model, save_model
from amp_sklearn.preprocessing import PairConcatenator

LATE = LateInteractionClassifier(hidden1=8, d_model=4, max_epochs=2, device="cpu")
AMPS = AMPSClassifier(
    n_layers=1, n_heads=2, dim_feedforward=8, hidden1=8, hidden2=4, max_epochs=2, device="cpu"
)
DNN = AEDNNClassifier(hidden1=8, hidden2=4, max_epochs=2, device="cpu")


@pytest.fixture
def late(pairs):
    return PairEnsembleClassifier(LATE, random_state=0).fit(*pairs)


def test_the_mean_of_members_with_different_seeds(pairs, late):
    X, _ = pairs
    each = np.stack([member.decision_function(X) for member in late.estimators_]).astype(float)
    assert len(each) == 3 and np.abs(each[0] - each[1]).max() > 1e-3
    np.testing.assert_allclose(late.decision_function(X), each.mean(axis=0), atol=1e-5)
    of_member = 1 / (1 + np.exp(-each))
    np.testing.assert_allclose(late.predict_uncertainty(X), of_member.std(axis=0), atol=1e-6)
    other = clone(late).set_params(average="probability").fit(*pairs)
    np.testing.assert_allclose(other.predict_proba(X)[:, 1], of_member.mean(axis=0), atol=1e-6)
    with pytest.raises(AttributeError, match="average 'logit'"):
        _ = other.module_


def test_processes_fit_the_same_members(pairs, late):
    X, _ = pairs
    again = clone(late).set_params(n_jobs=2).fit(*pairs)
    np.testing.assert_allclose(again.predict_proba(X), late.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("heads", [[LATE], [LATE, AMPS, DNN]])
def test_the_mean_is_one_network(pairs, heads):
    X, y = pairs
    model = PairEnsembleClassifier(heads, n_repeats=2, random_state=0).fit(X, y)
    dense = torch.from_numpy(np.asarray(X))
    half = dense.shape[1] // 2
    with torch.inference_mode():
        module = model.module_
        found = module(dense).numpy()
        a, b = module.protein_part(dense[:, :half], 0), module.protein_part(dense[:, half:], 1)
        if not module.side_matters:
            np.testing.assert_allclose(module.pair_part(a, b).numpy(), found, atol=1e-5)
    np.testing.assert_allclose(found, model.decision_function(X), atol=1e-4)
    assert model.layout_ == X.layout


def test_the_mean_is_explained(pairs, late):
    X, y = pairs
    found = explain(late, X, "interaction_map")
    logits = late.decision_function(X)
    np.testing.assert_allclose(found.pair_values.sum(axis=(1, 2)) + found.base_values, logits, atol=1e-4)
    members = [explain(member, X, "interaction_map").pair_values for member in late.estimators_]
    np.testing.assert_allclose(found.pair_values, np.mean(members, axis=0), atol=1e-6)
    gradients = explain(late, X, "integrated_gradients", aggregate="sum", n_steps=20)
    of_members = [
        explain(member, X, "integrated_gradients", aggregate="sum", n_steps=20).values
        for member in late.estimators_
    ]
    np.testing.assert_allclose(gradients.values, np.mean(of_members, axis=0), atol=1e-4)
    mixed = PairEnsembleClassifier([LATE, DNN], n_repeats=1, random_state=0).fit(X, y)
    with pytest.raises(RefusedExplanation, match="no sum over pairs of tokens"):
        explain(mixed, X, "interaction_map")


def test_blocks_are_scored_by_the_mean(pairs, late):
    X, _ = pairs
    with torch.inference_mode():
        module = late.module_
        part = module.protein_part(torch.from_numpy(X.features))
        block = module.score_block(part, part)
    index = np.array([[3, 5], [7, 2]])
    expected = late.decision_function(PairMatrix(X.features, index, X.layout))
    np.testing.assert_allclose(block[index[:, 0], index[:, 1]], expected, atol=1e-4)


def test_heads_that_read_different_tokens_and_trees(pairs):
    X, y = pairs
    heads = [
        make_pipeline(PairConcatenator(["segment1"], "sum"), RandomForestClassifier(5)),
        make_pipeline(PairConcatenator(["segment0"]), LogisticRegression()),
    ]
    model = PairEnsembleClassifier(heads, n_repeats=2, random_state=0).fit(X, y)
    forests = [member[-1] for member in model.estimators_[:2]]
    assert forests[0].random_state != forests[1].random_state
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.isfinite(model.decision_function(X)).all() and not hasattr(model, "module_")


def test_it_is_calibrated_and_saved_as_one(pairs, late, tmp_path):
    X, y = pairs
    again = load_model(save_model(late, tmp_path / "model.amp"))
    np.testing.assert_array_equal(again.predict_proba(X), late.predict_proba(X))
    np.testing.assert_array_equal(again.predict_uncertainty(X), late.predict_uncertainty(X))
    calibrated = CalibratedPairClassifier(PairEnsembleClassifier(LATE, n_repeats=2, random_state=0), cv=2)
    assert calibrated.fit(X, y).predict_proba(X).shape == (len(X), 2)


def test_bad_parameters_are_named(pairs):
    for settings, message in (
        ({"average": "median"}, "'average' parameter"),
        ({"n_repeats": 0}, "'n_repeats' parameter .* Got 0"),
        ({"estimator": []}, "estimator must be a classifier or a list"),
    ):
        with pytest.raises(ValueError, match=message):
            PairEnsembleClassifier(**settings).fit(*pairs)


@parametrize_with_checks(
    [
        PairEnsembleClassifier(LogisticRegression(), n_repeats=2),
        PairEnsembleClassifier(
            [LogisticRegression(), LogisticRegression(C=0.1)], n_repeats=1, average="probability"
        ),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)
