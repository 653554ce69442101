"""Prediction that computes each protein's part of the network once equals the network run on every pair."""

import numpy as np
import pytest
import torch

from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    LateInteractionClassifier,
    TokenMeanClassifier,
    _prediction,
)
from amp_sklearn.classification._prediction import protein_groups
from amp_sklearn.data import PairMatrix

TRANSFORMER = {"n_layers": 2, "n_heads": 2, "dim_feedforward": 16, "hidden1": 8, "hidden2": 4}
MODELS = {
    "transformer": (AMPSClassifier, TRANSFORMER),
    "one layer": (AMPSClassifier, {**TRANSFORMER, "n_layers": 1}),
    "projected": (AMPSClassifier, {**TRANSFORMER, "d_model": 6}),
    "positions": (AMPSClassifier, {**TRANSFORMER, "position_embedding": True}),
    "chains": (AMPSClassifier, {**TRANSFORMER, "chain_embedding": True, "position_embedding": True}),
    "gru": (GRUClassifier, {"n_layers": 2, "hidden_size": 6, "hidden1": 8, "hidden2": 4}),
    "late": (LateInteractionClassifier, {"hidden1": 8, "d_model": 4, "n_channels": 2, "protein_width": 6}),
    "mean": (TokenMeanClassifier, {"hidden1": 8, "hidden2": 4}),
    "dpm": (DPMClassifier, {"hidden1": 8, "hidden2": 6, "hidden3": 4}),
    "ae_dnn": (AEDNNClassifier, {"hidden1": 8, "hidden2": 6}),
}


@pytest.fixture
def fitted(pairs):
    """A classifier with random parameters, double precision, by name."""

    def make(name, **changes):
        X, _ = pairs
        kind, settings = MODELS[name]
        model = kind(**settings, dtype="float64", device="cpu", random_state=0, batch_size=16, **changes)
        return model.initialize(X.shape[1], layout=X.layout)

    return make


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_equals_the_network_on_every_pair(fitted, pairs, name, symmetric):
    X, _ = pairs
    model = fitted(name, symmetric=symmetric)
    both = [
        torch.from_numpy(np.asarray(PairMatrix(X.features, i, X.layout), float))
        for i in (X.index, X.index[:, ::-1])
    ]
    with torch.inference_mode():
        one, other = (model.module_(rows).numpy() for rows in both)
    expected = (one + other) / 2 if symmetric else one
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["transformer", "chains", "dpm"])
def test_groups_of_few_proteins_change_nothing(fitted, pairs, name, monkeypatch):
    X, _ = pairs
    expected = fitted(name).decision_function(X)
    calls, module_part = [], type(fitted(name).module_).protein_part

    def counted(self, proteins, side):
        calls.append(len(proteins))
        return module_part(self, proteins, side)

    monkeypatch.setattr(type(fitted(name).module_), "protein_part", counted)
    fitted(name).decision_function(X)
    n_used = len(np.unique(X.index))
    assert sum(calls) <= 1 + (2 * n_used if fitted(name).module_.side_matters else n_used)
    monkeypatch.setattr(_prediction, "PART_BYTES", {"cpu": 4096})
    monkeypatch.setattr(_prediction, "BATCH_BYTES", 1)
    np.testing.assert_allclose(fitted(name).decision_function(X), expected, rtol=0, atol=1e-12)
    assert max(calls) > 1


@pytest.mark.parametrize("n_proteins", [2, 3, 7, 30, 31])
def test_groups_hold_every_pair_once_and_few_proteins(pairs, n_proteins):
    index = pairs[0].index
    groups = protein_groups(index, n_proteins)
    np.testing.assert_array_equal(np.sort(np.concatenate(groups)), np.arange(len(index)))
    assert max(len(np.unique(index[group])) for group in groups) <= n_proteins
    assert (len(groups) == 1) == (n_proteins >= len(np.unique(index)))


def test_combined_features_take_the_long_way(pairs):
    X, _ = pairs
    X = X.select(blocks=("A+B", "|A-B|"))
    model = DPMClassifier(hidden1=8, hidden2=6, hidden3=4, dtype="float64", device="cpu", random_state=0)
    model.initialize(X.shape[1], layout=X.layout)
    with torch.inference_mode():
        expected = model.module_(torch.from_numpy(np.asarray(X, float))).numpy()
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_bfloat16_is_close(fitted, pairs, name):
    X, _ = pairs
    kind, settings = MODELS[name]
    found = []
    for precision in (None, "bfloat16"):
        model = kind(**settings, precision=precision, device="cpu", random_state=0)
        found.append(model.initialize(X.shape[1], layout=X.layout).decision_function(X))
    assert found[1].dtype == np.float32
    assert 0 < np.abs(found[0] - found[1]).max() < 0.05 * max(np.abs(found[0]).max(), 1)
