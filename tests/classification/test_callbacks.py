"""Callbacks of skorch in the torch classifiers: each kind does what skorch documents."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
    PrintLog,
    ProgressBar,
    TensorBoard,
)
from skorch.history import History

from amp_sklearn.classification import DPMClassifier, GRUClassifier, TokenMeanClassifier
from amp_sklearn.persistence import load_model, save_model


class Recorder(Callback):
    """Keeps the name and the arguments of every event."""

    def __init__(self):
        self.events = []

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.events.append(("train_begin", X.shape, y))

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self.events.append(("train_end", X.shape, y))

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.events.append(("epoch_begin", len(dataset_train), dataset_valid and len(dataset_valid)))

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.events.append(("epoch_end", len(dataset_train), dict(net.history[-1])))

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.events.append(("batch_begin", len(batch[0]), training))

    def on_batch_end(self, net, batch=None, training=None, loss=None, y_pred=None, **kwargs):
        assert len(batch[0]) == len(batch[1]) == len(y_pred) and np.isfinite(float(loss))
        self.events.append(("batch_end", batch[1], training))

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.events.append(("grad", len(list(named_parameters)), None))


class Stop(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


@pytest.fixture
def named(pairs):
    X, y = pairs
    return X, np.where(y, "yes", "no")


def test_every_event_with_what_skorch_documents(small, named):
    X, y = named
    model = small(callbacks=[Recorder()], max_epochs=2, validation="share", validation_fraction=0.2).fit(X, y)
    events = model.net_.callbacks_[-1][1].events
    names = [name for name, *_ in events]
    batch = ["batch_begin", "grad", "batch_end"]
    epoch = ["epoch_begin", *batch * 5, "batch_begin", "batch_end", "epoch_end"]
    assert names == ["train_begin", *epoch, *epoch, "train_end"]  # 72 pairs in batches of 16, 18 to validate
    assert events[0][1] == (72, 16) and set(events[0][2]) == {"yes", "no"}
    assert events[1][1:] == (72, 18)
    trained = np.concatenate(
        [labels for name, labels, training in events if name == "batch_end" and training]
    )
    assert sorted(trained[:72]) == sorted(events[0][2])
    row = [row for name, _, row in events if name == "epoch_end"][-1]
    assert {
        "epoch",
        "lr",
        "train_loss",
        "train_loss_best",
        "valid_loss",
        "valid_loss_best",
        "seconds",
    } <= set(row)
    assert isinstance(model.net_.history, History) and model.net_.history[:, "epoch"] == [1, 2]
    losses, sizes = zip(
        *model.net_.history[0, "batches", :5, ("train_loss", "train_batch_size")], strict=True
    )
    assert np.average(losses, weights=sizes) == pytest.approx(model.history_.train_loss[0], rel=1e-5)
    assert model.net_.history[:, "batches", -1, "valid_loss"] == model.history_.valid_loss.tolist()


@pytest.mark.parametrize("settings", [{}, {"validation": "share", "lr_schedule": "cosine", "grad_clip": 1.0}])
def test_callbacks_that_only_watch_change_no_bit(small, pairs, settings):
    plain = small(**settings).fit(*pairs)
    watched = small(callbacks=[("mine", Recorder()), EpochScoring("roc_auc", on_train=True)], **settings).fit(
        *pairs
    )
    assert np.array_equal(plain.decision_function(pairs[0]), watched.decision_function(pairs[0]))
    assert plain.history_.train_loss.tolist() == watched.history_.train_loss.tolist()


@pytest.mark.parametrize("kind", [DPMClassifier, GRUClassifier, TokenMeanClassifier])
def test_other_classifiers(kind, pairs):
    settings = {"hidden1": 6, "hidden2": 4, "max_epochs": 2, "device": "cpu", "random_state": 0}
    model = kind(callbacks=[EpochScoring("accuracy", on_train=True, name="right")], **settings).fit(*pairs)
    assert len(model.history_.right) == 2 and (model.history_.right > 0.2).all()


@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("dense", [True, False])
def test_epoch_scoring(small, named, use_caching, dense):
    X, y = named
    X, train, valid = np.asarray(X) if dense else X, slice(0, 60), slice(60, 90)
    scoring = EpochScoring("roc_auc", lower_is_better=False, name="area", use_caching=use_caching)
    accuracy = EpochScoring("accuracy", lower_is_better=False, name="right", use_caching=use_caching)
    model = small(callbacks=[scoring, accuracy], monitor="roc_auc", n_tokens=4)
    model.fit(X[train], y[train], X_val=X[valid], y_val=y[valid])
    assert model.history_.area.tolist() == pytest.approx(model.history_.valid_roc_auc.tolist())
    assert model.history_.right.tolist() == pytest.approx(model.history_.valid_accuracy.tolist())
    assert model.history_.area.max() == pytest.approx(
        roc_auc_score(y[valid], model.predict_proba(X[valid])[:, 1])
    )


def test_epoch_scoring_with_three_classes(small, pairs):
    X, y = pairs[0], np.array(["a", "b", "c"])[np.arange(90) % 3]
    scoring = EpochScoring("accuracy", lower_is_better=False, name="right")
    model = small(callbacks=[scoring], validation="share").fit(X, y)
    assert model.history_.right.tolist() == pytest.approx(model.history_.valid_accuracy.tolist())


def test_lr_scheduler_takes_the_place_of_lr_schedule(small, pairs):
    step = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    model = small(callbacks=[step], lr=0.08, warm_start=True).fit(*pairs)
    assert model.history_.lr.tolist() == pytest.approx([0.08, 0.04, 0.02, 0.01])
    assert model.history_.event_lr.tolist() == pytest.approx(model.history_.lr.tolist())
    model.fit(*pairs)  # a continued fit goes on
    assert model.n_iter_ == 8 and len(model.history_.lr) == 8
    plateau = LRScheduler("ReduceLROnPlateau", monitor="valid_loss", patience=0, threshold=10.0, factor=0.5)
    model = small(callbacks=[plateau], lr=0.08, validation="share").fit(*pairs)
    assert model.history_.lr.iloc[-1] < 0.08
    batches = LRScheduler("CyclicLR", base_lr=0.01, max_lr=0.02, step_every="batch")
    assert small(callbacks=[batches]).fit(*pairs).history_.lr.nunique() > 1


def test_early_stopping_ends_the_fit(small, pairs):
    stop = EarlyStopping(
        monitor="train_loss", patience=2, threshold=100.0, threshold_mode="abs", sink=lambda text: None
    )
    model = small(callbacks=[("stop", stop)], max_epochs=9).fit(*pairs)
    assert model.n_iter_ == 3 and model.best_epoch_ == 3
    best = clone(stop)
    best.set_params(load_best=True)
    model = small(callbacks=[best], max_epochs=9).fit(*pairs)
    first = small(max_epochs=1).fit(*pairs)
    assert model.best_epoch_ == 1
    assert np.array_equal(model.decision_function(pairs[0]), first.decision_function(pairs[0]))


def test_a_callback_of_ones_own_ends_the_fit_as_in_skorch(small, pairs):
    model = small(callbacks=[Stop()], max_epochs=9).fit(*pairs)
    assert model.n_iter_ == 2 == model.best_epoch_


def test_checkpoint(small, pairs, tmp_path):
    keep = Checkpoint(monitor="valid_loss_best", dirname=str(tmp_path), load_best=True)
    model = small(callbacks=[keep], validation="share").fit(*pairs)
    assert model.best_epoch_ == model.history_.valid_loss.argmin() + 1
    state = torch.load(tmp_path / "params.pt", weights_only=True)
    assert all(torch.equal(value, state[key]) for key, value in model.module_.state_dict().items())
    assert (tmp_path / "history.json").exists() and (tmp_path / "optimizer.pt").exists()


def test_progress_bar_and_log(small, pairs, capsys):
    lines = []
    small(
        callbacks=[ProgressBar(detect_notebook=False), PrintLog(sink=lines.append)], validation="share"
    ).fit(*pairs)
    assert "0/7" in capsys.readouterr().err  # 81 pairs in batches of 16, and one batch of 9 to validate
    assert len(lines) == 6 and "valid_loss" in lines[0]  # head, line, four epochs


def test_tensorboard(small, pairs, tmp_path):
    writing = pytest.importorskip("torch.utils.tensorboard", reason="needs the package tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model = small(callbacks=[TensorBoard(writing.SummaryWriter(str(tmp_path)))], validation="share").fit(
        *pairs
    )
    read = EventAccumulator(str(tmp_path)).Reload()
    losses = [event.value for event in read.Scalars("Loss/valid_loss")]
    assert losses == pytest.approx(model.history_.valid_loss.tolist(), rel=1e-6)
    save = tmp_path / "model.amp"
    with pytest.warns(UserWarning, match="callbacks are not saved"):
        save_model(model, save)


def test_clone_parameters_pickle_and_file(small, pairs, tmp_path):
    callbacks = [EarlyStopping(patience=7), ("step", LRScheduler("StepLR", step_size=3))]
    model = small(callbacks=callbacks, validation="share")
    assert model.get_params()["callbacks"] is callbacks
    copied = clone(model)
    assert copied.callbacks[0] is not callbacks[0] and copied.callbacks[0].patience == 7
    assert copied.callbacks[1][1].kwargs == {"step_size": 3}
    before = {key: value for key, value in vars(callbacks[0]).items()}
    model.fit(*pairs)
    assert vars(callbacks[0]) == before  # a fit leaves what it was given as it was
    logits = model.decision_function(pairs[0])
    assert np.array_equal(pickle.loads(pickle.dumps(model)).decision_function(pairs[0]), logits)
    with pytest.warns(
        UserWarning, match=r"AMPSClassifier.callbacks are not saved, because callbacks may hold"
    ):
        path = save_model(model, tmp_path / "model.amp")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_model(path)
    assert loaded.callbacks is None and np.array_equal(loaded.decision_function(pairs[0]), logits)


@pytest.mark.parametrize(
    "wrong", [EarlyStopping(), [EarlyStopping], ["EarlyStopping"], [(EarlyStopping(), "a")]]
)
def test_what_is_no_list_of_callbacks_is_refused(small, pairs, wrong):
    with pytest.raises(ValueError, match=r"'?callbacks'? (parameter )?of AMPSClassifier must be"):
        small(callbacks=wrong).fit(*pairs)


def test_not_together_with_checkpoint_dir(small, pairs, tmp_path):
    with pytest.raises(ValueError, match="callbacks cannot go on"):
        small(callbacks=[EarlyStopping()], checkpoint_dir=tmp_path).fit(*pairs)
