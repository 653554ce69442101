"""What a user sees when training goes wrong: with numbers that are none, with few pairs, after Ctrl-C."""

import signal
import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

from amp_sklearn.classification import DPMClassifier, GRUClassifier, TokenMeanClassifier
from amp_sklearn.classification._diagnosis import signs_of_a_bad_fit
from amp_sklearn.classification._net import PairNet
from amp_sklearn.exceptions import TrainingWarning
from amp_sklearn.preprocessing import AutoencoderReducer


def after_epochs(monkeypatch, n_epochs, action):
    """Calls ``action(net)`` in the middle of the epoch after some complete ones."""
    step, first = PairNet.train_step, []

    def train_step(net, batch, **arguments):
        first[:] = first or [len(net.history)]
        if len(net.history) - first[0] == n_epochs:
            action(net)
        return step(net, batch, **arguments)

    monkeypatch.setattr(PairNet, "train_step", train_step)


def interrupt(net):
    signal.raise_signal(signal.SIGINT)  # as Ctrl-C does


def spoil(net):
    with torch.no_grad():
        next(net.module_.parameters()).fill_(float("nan"))


@pytest.mark.parametrize("validation", [None, "share"])
def test_a_learning_rate_of_1e30(small, pairs, validation):
    model = small(lr=1e30, lr_schedule=None, max_epochs=9, validation=validation)
    with pytest.raises(
        ValueError,
        match=r"^(the training loss became (nan|inf)|parameters became NaN|predictions for validation pairs became NaN)"
        r".* in epoch \d of PairTransformer; use a smaller lr, grad_clip, or features of smaller magnitude",
    ):
        model.fit(*pairs)
    with pytest.raises(NotFittedError):
        model.predict(pairs[0])


@pytest.mark.parametrize("validation", [None, "share"])
@pytest.mark.parametrize("kind", ["transformer", "dpm", "gru"])
def test_nan_later_keeps_the_last_good_epoch(small, pairs, validation, kind, monkeypatch):
    settings = {"hidden1": 6, "hidden2": 4, "device": "cpu", "random_state": 0, "batch_size": 16, "lr": 1e-3}
    make = {
        "transformer": small,
        "dpm": lambda **changes: DPMClassifier(**{**settings, **changes}),
        "gru": lambda **changes: GRUClassifier(hidden_size=4, n_layers=1, **{**settings, **changes}),
    }[kind]
    after_epochs(monkeypatch, 4, spoil)  # histories count the epoch that runs
    model = make(max_epochs=9, validation=validation)
    with pytest.warns(
        TrainingWarning, match=r"became nan in epoch 5 .* has the parameters of epoch \d"
    ) as seen:
        model.fit(*pairs)
    monkeypatch.undo()
    four = make(max_epochs=4, validation=validation).fit(*pairs)  # what was complete before
    assert model.best_epoch_ == four.best_epoch_
    assert np.array_equal(model.decision_function(pairs[0]), four.decision_function(pairs[0]))
    assert model.n_iter_ == 5 and np.isnan(model.history_.train_loss.iloc[-1])
    assert "use a smaller lr" in str(seen[0].message) and seen[0].filename == __file__


def test_a_continued_fit_goes_back_to_where_it_began(small, pairs, monkeypatch):
    model = small(warm_start=True).fit(*pairs)
    logits = model.decision_function(pairs[0])
    after_epochs(monkeypatch, 0, spoil)
    with pytest.warns(TrainingWarning, match="became nan in epoch 5 .* has the parameters of epoch 4"):
        model.partial_fit(*pairs)
    assert np.array_equal(model.decision_function(pairs[0]), logits) and model.best_epoch_ == 4


@pytest.mark.parametrize("validation", [None, "share"])
def test_an_interruption_keeps_the_best_epoch_so_far(small, pairs, validation, monkeypatch):
    model = small(max_epochs=50, validation=validation)
    after_epochs(monkeypatch, 4, interrupt)
    with (
        pytest.warns(
            TrainingWarning, match=r"AMPSClassifier was interrupted; it is fitted, .* of 4 complete ones"
        ),
        pytest.raises(KeyboardInterrupt),
    ):
        model.fit(*pairs)
    monkeypatch.undo()
    four = small(max_epochs=4, validation=validation).fit(*pairs)
    assert model.n_iter_ == len(model.history_) == 4 and model.best_epoch_ == four.best_epoch_
    assert np.array_equal(model.decision_function(pairs[0]), four.decision_function(pairs[0]))


def test_an_interruption_in_the_first_epoch_leaves_no_model(small, pairs, monkeypatch):
    model = small()
    after_epochs(monkeypatch, 0, interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*pairs)
    with pytest.raises(NotFittedError):
        model.predict(pairs[0])


def test_an_interruption_within_a_callback_is_one(small, pairs):
    class Pressed(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                signal.raise_signal(signal.SIGINT)

    model = small(callbacks=[Pressed()], max_epochs=9)
    with pytest.warns(TrainingWarning, match="was interrupted"), pytest.raises(KeyboardInterrupt):
        model.fit(*pairs)
    assert model.n_iter_ == 2


def test_twelve_pairs(small, pairs):
    X, y = pairs
    with pytest.warns(TrainingWarning) as seen:
        small(max_epochs=1).fit(X[:12], y[:12])
    messages = [str(warning.message) for warning in seen]
    n_parameters = sum(p.numel() for p in small(max_epochs=1).fit(X, y).module_.parameters())
    expected = f"AMPSClassifier: 12 training pairs are few for {n_parameters} parameters, and the model may only know"
    assert any(message.startswith(expected) and "a smaller model" in message for message in messages)
    assert all(warning.filename == __file__ for warning in seen)


def test_labels_that_features_do_not_tell(small, pairs):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(300, 16)), rng.integers(0, 2, 300)
    with pytest.warns(
        TrainingWarning, match=r"ROC AUC on 100 validation pairs never left chance \(at most 0\.\d+"
    ):
        small(n_tokens=4, max_epochs=2).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])


@pytest.mark.parametrize("validation", [None, "share"])
def test_predictions_that_are_nearly_constant(pairs, validation):
    X, y = pairs
    settings = {"max_epochs": 2, "validation": validation, "random_state": 0, "device": "cpu"}
    with pytest.warns(
        TrainingWarning, match=r"predictions are nearly constant .* larger lr, or scale the features"
    ):
        TokenMeanClassifier(n_tokens=4, hidden1=6, hidden2=4, **settings).fit(np.asarray(X) * 1e-6, y)


def test_no_warning_about_a_model_that_learned(small, pairs):
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrainingWarning)
        small(max_epochs=12, validation="share").fit(*pairs)
        small(max_epochs=12).fit(*pairs)


def test_signs():
    spread, flat = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.501, 0.499], [0.499, 0.501]])
    assert signs_of_a_bad_fit(spread, 1000, 10_000) == []
    assert "nearly constant" in signs_of_a_bad_fit(flat, 1000, 10_000)[0]
    rare = np.array([[0.99, 0.01], [0.985, 0.015]])  # a rare class has small probabilities that differ
    assert signs_of_a_bad_fit(rare, 1000, 10_000) == []
    assert signs_of_a_bad_fit(spread, 11_188, 4_400 * 11_188) == []  # the size of published models
    assert "11,188" not in signs_of_a_bad_fit(spread, 11_188, 30_000 * 11_188)[0]
    assert "few for" in signs_of_a_bad_fit(spread, 49, 50)[0] and not signs_of_a_bad_fit(spread, 49, 49)
    y = np.arange(200) % 2
    assert "never left chance" in signs_of_a_bad_fit(spread, 1000, 10, [0.4, 0.55], y)[0]
    assert signs_of_a_bad_fit(spread, 1000, 10, [0.4, 0.62, 0.5], y) == []
    assert signs_of_a_bad_fit(spread, 1000, 10, [0.4], y[:30]) == []


def test_progress_shows_epoch_losses_score_and_time_left(small, pairs, capsys):
    small(verbose=1, max_epochs=3, validation="share").fit(*pairs)
    shown = capsys.readouterr().err
    assert "3/3" in shown and "<" in shown  # elapsed<left
    assert all(name in shown for name in ("train_loss=", "valid_loss=", "valid_score="))
    small(max_epochs=1).fit(*pairs)
    assert capsys.readouterr().err == ""


def autoencoder_after(monkeypatch, n_steps, action):
    from amp_sklearn.preprocessing import autoencoder_training

    loss, calls = autoencoder_training.functional.mse_loss, []

    def mse_loss(output, target, **arguments):
        calls.append(1)
        return (
            action(loss, output, target, arguments)
            if len(calls) == n_steps + 1
            else loss(output, target, **arguments)
        )

    monkeypatch.setattr(autoencoder_training.functional, "mse_loss", mse_loss)


@pytest.mark.parametrize("how", ["nan", "interrupted"])
def test_the_autoencoder_keeps_the_last_good_epoch(monkeypatch, how):
    X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)

    def action(loss, output, target, arguments):
        if how == "interrupted":
            signal.raise_signal(signal.SIGINT)
        return loss(output, target, **arguments) * float("nan")

    settings = {"n_components": 2, "batch_size": 20, "random_state": 0, "device": "cpu"}  # two steps an epoch
    two = AutoencoderReducer(max_epochs=2, **settings).fit(X)
    autoencoder_after(monkeypatch, 5, action)
    model = AutoencoderReducer(max_epochs=9, **settings)
    if how == "nan":
        with pytest.warns(
            TrainingWarning, match=r"loss of the autoencoder became nan in epoch 3; .* of epoch 2"
        ):
            model.fit(X)
    else:
        with (
            pytest.warns(TrainingWarning, match=r"was interrupted.* epoch 2"),
            pytest.raises(KeyboardInterrupt),
        ):
            model.fit(X)
    monkeypatch.undo()
    assert model.n_iter_ == 2 and np.array_equal(model.transform(X), two.transform(X))
    assert model.history_.equals(two.history_) and model.reconstruction_error_ == two.reconstruction_error_
