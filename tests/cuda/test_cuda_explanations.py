"""Explanations of networks on a CUDA device: the values that the CPU gives for the same weights."""

import numpy as np
import pytest
from cuda_models import DEVICE, MAKERS
from sklearn.pipeline import make_pipeline

from amp_sklearn import ESM2Embedder, PairConcatenator, load_model, save_model
from amp_sklearn.explanation import explain
from amp_sklearn.preprocessing import AutoencoderReducer, ProteinScaler

pytestmark = pytest.mark.cuda


def on_both(model, X, method, tmp_path, **settings):
    """Explanations on the device and on the CPU."""
    on_cpu = load_model(save_model(model, tmp_path / "model.amp"), device="cpu")
    return explain(model, X, method, **settings), explain(on_cpu, X, method, **settings)


def assert_near(found, expected, atol):
    assert np.abs(expected).max() > 20 * atol
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize(
    "name, method",
    [
        ("amps", "attention"),
        ("amps with embeddings", "attention"),
        ("amps", "integrated_gradients"),
        ("amps", "gradient_shap"),
        ("gru", "integrated_gradients"),
        ("gru", "gradient_shap"),
        ("dpm", "integrated_gradients"),
        ("dpm", "gradient_shap"),
        ("ae_dnn", "deep_shap"),
        ("ae_dnn", "integrated_gradients"),
        ("mean", "integrated_gradients"),
        ("late", "interaction_map"),
        ("late", "integrated_gradients"),
        ("late", "gradient_shap"),
        ("late", "permutation"),
        ("gru", "occlusion"),
    ],
)
def test_values_are_those_of_the_cpu(name, method, pairs, tmp_path):
    X, y = pairs
    model = MAKERS[name](max_epochs=8).fit(X, y)
    found, expected = on_both(model, X[:20], method, tmp_path)
    assert_near(found.values, expected.values, 1e-3 * np.abs(expected.values).max() + 1e-5)
    if expected.error is not None:
        np.testing.assert_allclose(found.error, expected.error, rtol=0, atol=2e-3)
    np.testing.assert_allclose(found.predictions, expected.predictions, rtol=0, atol=1e-4)
    assert np.isfinite(model.decision_function(X)).all()  # the network is as before


@pytest.mark.parametrize("steps", [("segments",), ("segments", "scaler"), ("segments", "autoencoder")])
@pytest.mark.parametrize("classifier", ["ae_dnn", "gru", "amps"])
def test_gradients_through_the_language_model(steps, classifier, table, tiny_esm2, tmp_path):
    X, y = table
    made = {
        "segments": PairConcatenator("segments"),
        "scaler": ProteinScaler(),
        "autoencoder": AutoencoderReducer(n_components=4, max_epochs=2, device=DEVICE, random_state=0),
    }
    embedder = ESM2Embedder(tiny_esm2, store=None, device=DEVICE)
    model = make_pipeline(embedder, *(made[step] for step in steps), MAKERS[classifier](max_epochs=4))
    model.fit(X, y)
    settings = {"tolerance": 0.5, "n_steps": 8, "max_steps": 8}
    found, expected = on_both(model, X[:3], "esm2_gradients", tmp_path, **settings)
    for pair in range(3):
        for ours, theirs in zip(found.residues(pair), expected.residues(pair), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-3 * np.abs(theirs).max() + 1e-6)


def test_gradients_through_the_language_model_in_half_precision(table, tmp_path):
    X, y = table
    embedder = ESM2Embedder("esm2-mini", store=None, device=DEVICE, dtype="bfloat16")
    model = make_pipeline(embedder, PairConcatenator("segments"), MAKERS["ae_dnn"]()).fit(X, y)
    found = explain(model, X[:2], "esm2_gradients", tolerance=1.0, n_steps=8, max_steps=8)
    assert all(np.isfinite(side).all() and side.any() for pair in range(2) for side in found.residues(pair))


def test_gradients_of_residues(table, tiny_esm2, tmp_path):
    X, y = table
    embedder = ESM2Embedder(tiny_esm2, store=None, device=DEVICE)
    model = make_pipeline(embedder, PairConcatenator("segments"), MAKERS["late"]()).fit(X, y)
    found, expected = on_both(model, X[:4], "residue_gradients", tmp_path)
    assert_near(found.values, expected.values, 1e-3 * np.abs(expected.values).max())
