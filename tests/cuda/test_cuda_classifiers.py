"""Torch classifiers on a CUDA device: fits, predictions, validation, checkpoints, files, searches."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from cuda_models import DEVICE, MAKERS, NAMES
from optuna.distributions import FloatDistribution

from amp_sklearn import OptunaSearchCV, load_model, save_model
from amp_sklearn.classification import _rows
from amp_sklearn.classification._training import Trainer
from amp_sklearn.preprocessing import AutoencoderReducer

pytestmark = pytest.mark.cuda

NEAR = {"rtol": 0, "atol": 2e-4}
WITHOUT_GPU = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}


def on_device(model):
    return all(p.device.type == DEVICE for p in model.module_.parameters())


def as_on_cpu(model, X, tmp_path):
    return load_model(save_model(model, tmp_path / "model.amp"), device="cpu").decision_function(X)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dense", [False, True])
def test_fit_and_predict(name, dense, pairs, tmp_path):
    X, y = pairs
    settings = {"max_epochs": 12}
    if dense:  # a plain array does not say how many tokens it holds; networks of plain layers need not know
        X = np.asarray(X)
        settings |= {"n_tokens": 6} if "n_tokens" in MAKERS[name]().get_params() else {}
    model = MAKERS[name](**settings).fit(X, y)
    assert on_device(model)
    assert (model.predict(X) == y).mean() > 0.7
    assert model.history_["train_loss"].iloc[-1] < model.history_["train_loss"].iloc[0]
    found = model.decision_function(X)
    np.testing.assert_allclose(found, as_on_cpu(model, X, tmp_path), **NEAR)
    np.testing.assert_allclose(model.decision_function(X[:7]), found[:7], **NEAR)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_steps_are_those_of_the_cpu(name, pairs):
    """From the same weights, without dropout; later steps amplify rounding."""
    X, y = pairs
    quiet = {"max_epochs": 1, "batch_size": 200}
    start = MAKERS[name](device="cpu").initialize(X.shape[1], layout=X.layout)
    state = {key: value.clone() for key, value in start.module_.state_dict().items()}
    found = {}
    for device in ("cpu", DEVICE):
        settings = quiet if "dropout" not in start.get_params() else {**quiet, "dropout": 0.0}
        model = MAKERS[name](device=device, warm_start=True, **settings)
        model.initialize(X.shape[1], layout=X.layout, state_dict=state)
        found[device] = model.fit(X, y).decision_function(X)
    assert np.ptp(found["cpu"]) > 1e-3
    np.testing.assert_allclose(found[DEVICE], found["cpu"], rtol=0, atol=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_data_that_do_not_fit_on_the_device(name, pairs, monkeypatch):
    X, y = pairs
    settings = {"validation": "share"}
    expected = MAKERS[name](**settings).fit(X, y).decision_function(X)
    monkeypatch.setattr(_rows, "fits_on", lambda device, n_bytes: False)
    found = MAKERS[name](**settings).fit(X, y).decision_function(X)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize("name", ["amps with embeddings", "dpm"])
def test_symmetric(name, pairs):
    X, y = pairs
    model = MAKERS[name]().fit(X, y)
    np.testing.assert_allclose(model.decision_function(X.swapped()), model.decision_function(X), **NEAR)
    one_way = model.set_params(symmetric=False).decision_function(X)
    assert np.abs(one_way - model.decision_function(X.swapped())).max() > 1e-4


@pytest.mark.parametrize("validation", ["share", "protein"])
def test_validation_and_early_stopping(validation, pairs):
    X, y = pairs
    model = MAKERS["amps"](validation=validation, validation_fraction=0.2, max_epochs=4, patience=2)
    model.set_params(early_stopping=True).fit(X, y)
    assert np.isfinite(model.history_["valid_loss"]).all()
    given = MAKERS["late"]().fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    assert given.n_rows_["validation"] == 200 and np.isfinite(given.history_["valid_loss"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_model_and_the_generators_are_left_alone(name, pairs):
    X, y = pairs
    torch.manual_seed(1)
    before = torch.get_rng_state(), torch.cuda.get_rng_state()
    first = MAKERS[name]().fit(X, y).decision_function(X)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.equal(torch.cuda.get_rng_state(), before[1])
    torch.rand(3, device=DEVICE)
    np.testing.assert_allclose(MAKERS[name]().fit(X, y).decision_function(X), first, rtol=0, atol=1e-5)
    assert np.abs(MAKERS[name](random_state=1).fit(X, y).decision_function(X) - first).max() > 1e-3


@pytest.mark.parametrize("name", ["amps", "gru", "late"])
@pytest.mark.parametrize("validation", ["share", None])
def test_an_interrupted_fit_goes_on_from_its_checkpoint(name, validation, pairs, tmp_path, monkeypatch):
    X, y = pairs
    settings = {"validation": validation, "max_epochs": 5, "checkpoint_dir": tmp_path / "kept"}
    whole = MAKERS[name](**{**settings, "checkpoint_dir": None}).fit(X, y)
    train, epochs = Trainer._epoch, []

    def until_the_third(self):
        if len(self.net.history) == 3:
            raise RuntimeError("stopped here")
        train(self)

    monkeypatch.setattr(Trainer, "_epoch", until_the_third)
    with pytest.raises(RuntimeError, match="stopped here"):
        MAKERS[name](**settings).fit(X, y)
    monkeypatch.setattr(Trainer, "_epoch", lambda self: (train(self), epochs.append(len(self.net.history))))
    model = MAKERS[name](**settings).fit(X, y)
    assert epochs == [4, 5] and on_device(model)
    np.testing.assert_allclose(model.decision_function(X), whole.decision_function(X), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_the_cpu_on_the_device(name, pairs, tmp_path):
    X, y = pairs
    model = MAKERS[name](device="cpu").fit(X, y)
    again = load_model(save_model(model, tmp_path / "model.amp"), device=DEVICE)
    assert on_device(again)
    np.testing.assert_allclose(again.decision_function(X), model.decision_function(X), **NEAR)


@pytest.mark.parametrize("name", NAMES)
def test_joblib(name, pairs, tmp_path):
    X, y = pairs
    model = MAKERS[name](warm_start=True).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    assert on_device(again)
    np.testing.assert_allclose(again.decision_function(X), model.decision_function(X), **NEAR)
    again.fit(X, y)
    assert again.n_iter_ == 6


def test_files_of_a_gpu_where_there_is_none(pairs, tmp_path):
    """All classifiers in one process, since one takes seconds to start."""
    X, y = pairs
    joblib.dump(X, tmp_path / "X.joblib")
    expected = {}
    for number, name in enumerate(NAMES):
        model = MAKERS[name](max_epochs=1).fit(X, y)
        save_model(model, tmp_path / f"{number}.amp")
        joblib.dump(model, tmp_path / f"{number}.joblib")
        expected[str(number)] = model.decision_function(X)
    code = (
        "import joblib, numpy as np, torch, warnings; from amp_sklearn import load_model; "
        "warnings.simplefilter('ignore'); assert not torch.cuda.is_available(); X = joblib.load('X.joblib'); "
        f"n = {len(NAMES)}; "
        "np.savez('amp', **{str(k): load_model(f'{k}.amp').decision_function(X) for k in range(n)}); "
        "np.savez('joblib', **{str(k): joblib.load(f'{k}.joblib').decision_function(X) for k in range(n)})"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=WITHOUT_GPU)
    for kind in ("amp", "joblib"):
        found = np.load(tmp_path / f"{kind}.npz")
        for number, values in expected.items():
            np.testing.assert_allclose(found[number], values, err_msg=NAMES[int(number)], **NEAR)


def test_warm_start_and_partial_fit(pairs):
    X, y = pairs
    model = MAKERS["amps"](warm_start=True).fit(X, y)
    first = model.history_["train_loss"].iloc[-1]
    for _ in range(3):
        model.fit(X, y)
    assert model.n_iter_ == 12 and model.history_["train_loss"].iloc[-1] < first
    model = MAKERS["late"]().partial_fit(X[:300], y[:300], classes=[0, 1]).partial_fit(X[300:], y[300:])
    assert model.n_iter_ == 2 and on_device(model)


@pytest.mark.parametrize("name", NAMES)
def test_half_precision(name, pairs):
    X, y = pairs
    model = MAKERS[name](precision="bfloat16", max_epochs=12).fit(X, y)
    assert (model.predict(X) == y).mean() > 0.7
    exact = MAKERS[name]().initialize(X.shape[1], layout=X.layout, state_dict=model.module_.state_dict())
    found, expected = model.decision_function(X), exact.decision_function(X)
    assert np.abs(found - expected).max() < 0.05 * np.abs(expected).max() + 0.02


def test_double_precision_and_more_than_two_classes(pairs, tmp_path):
    X, y = pairs
    three = y + (X.features[X.index[:, 0], 0] > 0.5)
    model = MAKERS["amps"](dtype="float64", class_weight="balanced").fit(X, three)
    assert model.decision_function(X).shape == (600, 3)
    np.testing.assert_allclose(model.decision_function(X), as_on_cpu(model, X, tmp_path), rtol=0, atol=1e-9)


def test_search(pairs):
    X, y = pairs
    space = {"lr": FloatDistribution(1e-4, 1e-2, log=True)}
    search = OptunaSearchCV(MAKERS["amps"](max_epochs=2), space, n_trials=3, cv=2, random_state=0).fit(X, y)
    assert on_device(search.best_estimator_) and 0.4 < search.best_score_ <= 1


def test_autoencoder(pairs, tmp_path):
    X, _ = pairs
    reducers = {
        device: AutoencoderReducer(n_components=4, max_epochs=5, device=device, random_state=0).fit(X)
        for device in ("cpu", DEVICE)
    }
    on_gpu = reducers[DEVICE]
    assert on_gpu.history_["train_loss"].is_monotonic_decreasing
    assert on_gpu.reconstruction_error_ == pytest.approx(reducers["cpu"].reconstruction_error_, rel=0.3)
    expected = on_gpu.transform(X).features
    np.testing.assert_allclose(on_gpu.set_params(device="cpu").transform(X).features, expected, **NEAR)
    joblib.dump(on_gpu, tmp_path / "reducer")
    np.testing.assert_allclose(joblib.load(tmp_path / "reducer").transform(X).features, expected, **NEAR)
