"""Same seed, same numbers: beside other threads, in another process, after a kill."""

import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from skorch.exceptions import DeviceWarning

from amp_sklearn.classification._training import Trainer
from amp_sklearn.data import PairMatrix

HERE = Path(__file__).parent
ENV = {**os.environ, "OMP_NUM_THREADS": "1"}


def test_same_seed_same_model_and_the_global_generator_is_left_alone(small, pairs):
    X, y = pairs
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = small(dropout=0.3).fit(X, y).decision_function(X)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    np.random.seed(4)  # noqa: NPY002 - the point is that the old global generator does not matter
    np.testing.assert_array_equal(small(dropout=0.3).fit(X, y).decision_function(X), first)
    assert not np.array_equal(small(dropout=0.3, random_state=1).fit(X, y).decision_function(X), first)


def test_same_model_beside_other_threads(small, pairs):
    X, y = pairs
    alone = small(dropout=0.3, max_epochs=8).fit(X, y)
    expected = alone.decision_function(X)

    def work(number):
        if number % 2:
            return alone.decision_function(X)
        return small(dropout=0.3, max_epochs=8).fit(X, y).decision_function(X)

    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(work, range(8)):
            np.testing.assert_array_equal(result, expected)


def test_joblib_to_a_new_process_gives_bitwise_equal_probabilities(small, pairs, tmp_path):
    X, y = pairs
    model = small(validation="share").fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    joblib.dump(X, tmp_path / "X.joblib")
    code = (
        "import joblib, numpy as np; "
        "np.save('p.npy', joblib.load('model.joblib').predict_proba(joblib.load('X.joblib')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=ENV)
    assert (np.load(tmp_path / "p.npy") == model.predict_proba(X)).all()


def test_a_pickle_holds_the_parameters_once_and_no_pairs(small, pairs, tmp_path):
    X, y = pairs
    wide = {"dim_feedforward": 20_000}
    model = small(validation="share", max_epochs=1, **wide).fit(X, y)
    n_bytes = sum(p.numel() * 4 for p in model.module_.parameters())
    joblib.dump(model, tmp_path / "model")
    assert (tmp_path / "model").stat().st_size < 1.1 * n_bytes
    many = PairMatrix(np.vstack([X.features, np.zeros((50_000, 8), np.float32)]), X.index, X.layout)
    joblib.dump(small(validation="share").fit(many, y), tmp_path / "other")
    assert (tmp_path / "other").stat().st_size < 200_000
    going_on = small(warm_start=True, max_epochs=1, **wide).fit(X, y)
    joblib.dump(going_on, tmp_path / "warm")
    assert (tmp_path / "warm").stat().st_size > 2.5 * n_bytes  # the optimizer's two moments


def test_a_model_pickled_on_a_gpu_loads_where_there_is_none(small, pairs, monkeypatch):
    X, y = pairs
    model = small().fit(X, y)
    expected = model.decision_function(X)
    state = model.net_.__getstate__()
    apart = {name: value for name, value in state.items() if name != "__cuda_dependent_attributes__"}
    torch_objects = torch.Tensor | torch.nn.Module | torch.optim.Optimizer
    assert not [name for name, value in apart.items() if isinstance(value, torch_objects)]
    assert not [v for name, v in vars(model).items() if name != "net_" and isinstance(v, torch_objects)]
    model.net_.device = "cuda"  # as after training on a GPU
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.warns(DeviceWarning, match="cuda"):
        again = pickle.loads(pickle.dumps(model))
    assert torch.device(again.net_.device) == torch.device("cpu")
    np.testing.assert_array_equal(again.decision_function(X), expected)


RUN = """
import os, signal, sys
import joblib
from amp_sklearn.classification import AMPSClassifier
from amp_sklearn.classification import _fit_checkpoints

parameters, (X, y), kill_at = joblib.load("task")
save = _fit_checkpoints.Checkpoints.save

def save_then_die(self, net, *args):
    save(self, net, *args)
    if len(net.history) == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

_fit_checkpoints.Checkpoints.save = save_then_die
AMPSClassifier(**parameters).fit(X, y)
"""


@pytest.mark.parametrize("validation", ["share", None])
def test_a_killed_fit_goes_on_and_ends_as_an_uninterrupted_one(
    small, pairs, tmp_path, monkeypatch, validation
):
    X, y = pairs
    changes = {"dropout": 0.3, "validation": validation, "max_epochs": 8, "lr_patience": 0}
    whole = small(**changes).fit(X, y)
    model = small(checkpoint_dir=tmp_path / "kept", **changes)
    joblib.dump((model.get_params(), (X, y), 5), tmp_path / "task")
    process = subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, env=ENV)
    assert process.returncode == -signal.SIGKILL
    epochs, train = [], Trainer._epoch
    monkeypatch.setattr(Trainer, "_epoch", lambda self: (train(self), epochs.append(len(self.net.history))))
    model.fit(X, y)
    assert epochs == [6, 7, 8]
    np.testing.assert_array_equal(model.decision_function(X), whole.decision_function(X))
    columns = whole.history_.columns.drop("seconds")
    assert model.history_[columns].equals(whole.history_[columns])
    assert model.best_epoch_ == whole.best_epoch_


def test_the_best_checkpoints_are_kept_and_load(small, pairs, tmp_path):
    X, y = pairs
    model = small(checkpoint_dir=tmp_path, top_k=2, validation="share", max_epochs=7).fit(X, y)
    (folder,) = tmp_path.iterdir()
    kept = sorted(path.name for path in folder.glob("epoch-*"))
    table = model.history_.sort_values(["valid_score", "valid_loss"], ascending=[False, True])
    assert kept == sorted(f"epoch-{number:04d}.safetensors" for number in table["epoch"][:2])
    assert {path.name for path in folder.iterdir()} == {*kept, "last.pt", "history.json"}
    state = load_file(folder / f"epoch-{model.best_epoch_:04d}.safetensors")
    again = small().initialize(16, layout=X.layout, state_dict=state)
    np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))


def test_other_data_parameters_or_seeds_have_folders_of_their_own(small, pairs, tmp_path):
    X, y = pairs
    for changes, rows in (
        ({}, 90),
        ({}, 80),
        ({"lr": 0.02}, 90),
        ({"random_state": 1}, 90),
        ({"verbose": 0}, 90),
    ):
        small(checkpoint_dir=tmp_path, **changes).fit(X[:rows], y[:rows])
    assert len(list(tmp_path.iterdir())) == 4
    for _ in range(2):
        small(checkpoint_dir=tmp_path, random_state=None).fit(X, y)
    assert len(list(tmp_path.iterdir())) == 6
    for _ in range(2):  # a function is known by its name, not by where it lies in memory
        scorer = lambda estimator, X, y: 1.0  # noqa: E731
        small(checkpoint_dir=tmp_path, monitor=scorer, validation="share").fit(X, y)
    assert len(list(tmp_path.iterdir())) == 7
