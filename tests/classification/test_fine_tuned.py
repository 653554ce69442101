"""FineTunedPairClassifier: frozen features at the start, exact gradients in parts, resumed fits, saved adapters."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data
from transformers import AutoTokenizer, EsmModel

from amp_sklearn import (
    AMPSClassifier,
    ESM2Embedder,
    FineTunedPairClassifier,
    LateInteractionClassifier,
    PairConcatenator,
    ProteinScaler,
    TokenMeanClassifier,
    load_model,
    save_model,
)
from amp_sklearn.classification import _training
from amp_sklearn.exceptions import ModelLoadError, SequenceError

pytestmark = pytest.mark.filterwarnings("ignore::amp_sklearn.exceptions.TrainingWarning")
TINY = Path(__file__).parents[1] / "fixtures" / "esm2" / "model"
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
LATE = LateInteractionClassifier(hidden1=8, d_model=4, n_channels=2, protein_width=4, dropout=0.0)
HEADS = {
    "late interaction": LATE,
    "mean": TokenMeanClassifier(hidden1=4, hidden2=4),
    "transformer": AMPSClassifier(
        n_layers=1, n_heads=2, dim_feedforward=8, hidden1=8, hidden2=4, dropout=0.0
    ),
}


def fine_tuned(**settings):
    given = {
        "model": TINY, "head": LATE, "max_epochs": 2, "batch_size": 8, "validation": None, "early_stopping": False,
        "store": None, "device": "cpu", "random_state": 0, "grad_clip": None, "lr_schedule": None,
    }  # fmt: skip
    return FineTunedPairClassifier(**given | settings)


def pairs(n, n_proteins=12, seed=0):
    """Pairs of random proteins; those of two proteins of equal kind interact."""
    rng = np.random.default_rng(seed)
    proteins = [
        "".join(rng.choice(list("ACDEF" if number % 2 else "KLMNP"), rng.integers(8, 60)))
        for number in range(n_proteins)
    ]
    index = rng.integers(0, n_proteins, (n, 2))
    return pd.DataFrame(np.array(proteins)[index], columns=["a", "b"]), (index.sum(axis=1) % 2 == 0).astype(
        int
    )


@pytest.mark.parametrize("name", HEADS)
def test_before_the_first_step_it_is_the_frozen_model(name):
    """One step of a rate so small that nothing changes: logits are those of the head on scaled frozen features."""
    X, y = pairs(24)
    model = fine_tuned(head=HEADS[name], lr=1e-30, max_epochs=1).fit(X, y)
    steps = ESM2Embedder(TINY, store=None, device="cpu"), PairConcatenator("segments"), ProteinScaler()
    frozen = np.asarray(make_pipeline(*steps).fit_transform(X))
    with torch.no_grad():
        expected = model.module_.head.eval()(torch.from_numpy(frozen)).numpy()
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=0, atol=2e-4)
    assert (
        max(model.module_.adapters[key].abs().max() for key in model.module_.adapters if key[-1] == "B")
        < 1e-20
    )


def test_training_moves_adapters_and_learns():
    X, y = pairs(48)
    model = fine_tuned(max_epochs=25, lr=1e-2).fit(X, y)
    assert model.score(X, y) > 0.9
    assert all(model.module_.adapters[key].abs().max() > 1e-3 for key in model.module_.adapters)
    assert model.history_["train_loss"].iloc[-1] < 0.5 * model.history_["train_loss"].iloc[0]


@pytest.mark.parametrize("settings", [{"batch_tokens": 130}, {"gradient_checkpointing": True}])
def test_parts_and_checkpointing_change_no_gradient(settings):
    X, y = pairs(16)
    whole, other = (fine_tuned(lr=1e-3, adapt="all", **more).fit(X, y) for more in ({}, settings))
    for key, value in whole.module_.state_dict().items():
        np.testing.assert_allclose(other.module_.state_dict()[key], value, rtol=0, atol=2e-5, err_msg=key)
    np.testing.assert_allclose(other.decision_function(X), whole.decision_function(X), atol=1e-4)


def test_parts_are_small_and_hold_each_row_once():
    X, _ = pairs(40)
    model = fine_tuned(batch_tokens=150)
    with model._reading(X, reset=True) as (numbered, _):
        model.classes_, model.n_features_in_, model.layout_ = np.array([0, 1]), 2, None
        module = model._new_net(torch.device("cpu")).module_
        rows = torch.from_numpy(np.asarray(numbered))
        parts, lengths = module.batch_parts(rows), module.proteins.lengths
    assert sorted(torch.cat(parts).tolist()) == list(range(40)) and len(parts) > 5
    for part in parts:
        used = np.unique(rows[part].numpy().astype(int))
        assert len(part) == 1 or lengths[used].sum() <= 150


def test_the_state_holds_no_weights_of_the_language_model():
    X, y = pairs(16)
    model = fine_tuned().fit(X, y)
    n_layers = EsmModel.from_pretrained(TINY).config.num_hidden_layers
    keys = set(model.module_.state_dict())
    assert {key.split(".")[0] for key in keys} == {"adapters", "head", "mean", "scale"}
    assert len(model.module_.adapters) == 2 * 2 * n_layers  # two matrices for each of queries and values
    again = pickle.loads(pickle.dumps(model))
    assert again.module_.proteins is None and model.module_.proteins is None
    np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))


def test_validation_is_disjoint_in_proteins_and_stops_early():
    X, y = pairs(120, n_proteins=30)
    settings = {"validation": "protein", "validation_fraction": 0.2, "early_stopping": True, "patience": 1}
    model = fine_tuned(max_epochs=6, **settings).fit(X, y)
    assert model.n_rows_["validation"] >= 24 and model.n_rows_["unused"] > 0
    assert "valid_score" in model.history_ and 1 <= model.best_epoch_ <= model.n_iter_ <= 6


def test_given_validation_pairs_may_hold_new_proteins():
    X, y = pairs(24)
    X_val, y_val = pairs(10, seed=1)
    X_val.iloc[0] = X.iloc[0]
    model = fine_tuned().fit(X, y, X_val=X_val, y_val=y_val)
    probabilities = model.predict_proba(X_val)[:, 1]
    kept = y_val * np.log(probabilities) + (1 - y_val) * np.log(1 - probabilities)
    assert model.history_["valid_loss"][model.best_epoch_ - 1] == pytest.approx(-kept.mean(), abs=1e-4)


def test_a_killed_fit_goes_on(tmp_path, monkeypatch):
    X, y = pairs(24)
    settings = {"max_epochs": 4, "lr": 1e-2, "adapter_dropout": 0.1, "checkpoint_dir": tmp_path}
    expected = fine_tuned(**settings | {"checkpoint_dir": None}).fit(X, y)
    epoch, done = _training.Trainer._epoch, []

    def killed(self):
        if len(done) == 2:
            raise SystemExit
        epoch(self)
        done.append(1)

    monkeypatch.setattr(_training.Trainer, "_epoch", killed)
    with pytest.raises(SystemExit):
        fine_tuned(**settings).fit(X, y)
    assert (
        max(file.stat().st_size for file in tmp_path.rglob("*"))
        < TINY.joinpath("model.safetensors").stat().st_size
    )
    done.append(1)
    found = fine_tuned(**settings).fit(X, y)
    assert len(done) == 5  # two of four epochs were left
    np.testing.assert_allclose(found.decision_function(X), expected.decision_function(X), rtol=0, atol=1e-6)


def test_saved_models_hold_adapters_and_know_their_base(tmp_path):
    folder = tmp_path / "language model"
    base = EsmModel.from_pretrained(TINY, add_pooling_layer=False)
    base.save_pretrained(folder)
    AutoTokenizer.from_pretrained(TINY).save_pretrained(folder)
    X, y = pairs(16)
    model = fine_tuned(model=str(folder), head=HEADS["transformer"]).fit(X, y)
    save_model(model, tmp_path / "model.zip")
    loaded = load_model(tmp_path / "model.zip")
    np.testing.assert_allclose(loaded.decision_function(X), model.decision_function(X), rtol=0, atol=1e-6)
    with torch.no_grad():
        base.encoder.emb_layer_norm_after.bias += 1
    base.save_pretrained(folder)
    with pytest.raises(ModelLoadError, match="are not those of fit"):
        loaded.predict(X)


def test_partial_fit_and_warm_start_go_on():
    X, y = pairs(24)
    model = fine_tuned(lr=1e-2).partial_fit(X, y, classes=[0, 1])
    before = model.decision_function(X)
    assert np.abs(model.partial_fit(X, y).decision_function(X) - before).max() > 1e-3
    warm = fine_tuned(warm_start=True).fit(X, y).fit(X, y)
    assert warm.n_iter_ == 4


def test_what_cannot_be_read_is_refused():
    X, y = pairs(16)
    with pytest.raises(SequenceError, match=r"are longer than max_length=10"):
        fine_tuned(max_length=10).fit(X, y)
    with pytest.raises(SequenceError, match="cannot be used"):
        fine_tuned().fit([["MKV", "M1"]] * 4, [0, 1] * 2)
    with pytest.raises(ValueError, match=r"tokens \['start'\] are not among"):
        fine_tuned(tokens=["start"]).fit(X, y)
    with pytest.raises(TypeError, match="cannot be initialised without proteins"):
        fine_tuned().initialize(2)


def test_without_peft_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    with pytest.raises(ImportError, match=r"pip install 'amp-sklearn\[finetune\]'"):
        fine_tuned().fit(*pairs(8))


class NumericFineTuned(FineTunedPairClassifier):
    """Behind input that scikit-learn's checks can make: each row of numbers becomes a pair of proteins."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.classifier_tags.poor_score = True  # distances between numbers are not those between letters
        return tags

    def _sequences(self, X, reset):
        X = validate_data(self, X, dtype=np.float64, reset=reset)
        spelled = [["".join(_letters(v) for v in row[k::2].tolist()) or "M" for k in range(2)] for row in X]
        distinct, index = np.unique(np.array(spelled).ravel(), return_inverse=True)
        return distinct.tolist(), index.reshape(-1, 2), distinct.tolist()


def _letters(number):
    return "".join(RESIDUES[ord(character) % 20] for character in repr(number))[:12]


CHECKED = {"max_epochs": 1, "batch_size": 256, "dtype": "float64"}  # as of the other classifiers
NumericFineTuned.__name__ = "FineTunedPairClassifier"


@pytest.mark.slow
@parametrize_with_checks([NumericFineTuned(**clone(fine_tuned(**CHECKED)).get_params(deep=False))])
def test_estimator_checks(estimator, check):
    check(estimator)
