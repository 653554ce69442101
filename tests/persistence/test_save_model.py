import copy
import importlib
import inspect
import json
import pkgutil
import warnings
import zipfile
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC

import amp_sklearn
from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    LateInteractionClassifier,
    TokenMeanClassifier,
    load_checkpoint,
)
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.persistence import FORMAT, load_model, save_model
from amp_sklearn.persistence.archive import read_card
from amp_sklearn.persistence.trusted import TRUSTED_TYPES
from amp_sklearn.preprocessing import AutoencoderReducer, CompositionEncoder, PairConcatenator, ProteinScaler

SMALL = {"hidden1": 6, "hidden2": 4, "max_epochs": 2, "batch_size": 8, "random_state": 0, "device": "cpu"}
TRANSFORMER = {"n_layers": 1, "n_heads": 2, "dim_feedforward": 8, "d_model": 8, **SMALL}
NETS = {
    "amps": AMPSClassifier(**TRANSFORMER, position_embedding=True, chain_embedding=True),
    "cse": AMPCSEClassifier(**TRANSFORMER, grad_clip=1.0, warm_start=True),
    "gru": GRUClassifier(n_layers=2, hidden_size=5, **SMALL),
    "late": LateInteractionClassifier(d_model=4, **{k: v for k, v in SMALL.items() if k != "hidden2"}),
    "mean": TokenMeanClassifier(**SMALL, dtype="float64"),
    "dpm": DPMClassifier(hidden3=3, **SMALL, symmetric=True),
    "ae_dnn": AEDNNClassifier(**SMALL, early_stopping=True, class_weight={"no": 1.0, "yes": 2.0}),
}


@pytest.fixture(scope="module")
def pairs():
    random = np.random.default_rng(0)
    proteins = ["".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), size=n)) for n in range(11, 23)]
    a, b = random.integers(0, 12, size=(2, 24))
    X = pd.DataFrame({"sequence_a": np.take(proteins, a), "sequence_b": np.take(proteins, b)})
    return X, np.where(np.arange(24) % 2, "yes", "no")


@pytest.fixture(scope="module")
def dense():
    X, y = make_classification(60, 40, random_state=0)
    return X.astype("float32"), y


def roundtrip(model, tmp_path):
    return load_model(save_model(model, tmp_path / "model.amp"))


def assert_same(model, again, X):
    for method in ("predict_proba", "decision_function", "transform", "predict"):
        if hasattr(model, method):
            before, after = getattr(model, method)(X), getattr(again, method)(X)
            np.testing.assert_array_equal(np.asarray(before), np.asarray(after))


@pytest.mark.parametrize("name", NETS)
def test_pipelines_of_nets_predict_bitwise_the_same(pairs, tmp_path, name):
    X, y = pairs
    tokens = {"cse": "cls+segments+eos", "dpm": "mean"}.get(name, "segments")
    model = make_pipeline(
        ESM2Embedder(store=None, device="cpu"), PairConcatenator(tokens), ProteinScaler(), clone(NETS[name])
    ).fit(X, y)
    again = roundtrip(model, tmp_path)
    assert_same(model, again, X)
    before, after = model[-1], again[-1]
    assert again.classes_.tolist() == ["no", "yes"]
    assert after.layout_ == before.layout_ and after.token_shape_ == before.token_shape_
    pd.testing.assert_frame_equal(after.history_, before.history_)
    assert after.net_.history.to_list() == before.net_.history.to_list()
    assert after.n_rows_ == before.n_rows_ and after.best_epoch_ == before.best_epoch_
    assert clone(again).get_params()[f"{again.steps[-1][0]}__hidden1"] == 6
    assert_same(model, roundtrip(again, tmp_path), X)


@pytest.mark.parametrize("before_concatenator", [False, True])
def test_reduced_pipelines_predict_bitwise_the_same(pairs, tmp_path, before_concatenator):
    X, y = pairs
    reducer = AutoencoderReducer(4, max_epochs=1, random_state=0, device="cpu")
    middle = [reducer, PairConcatenator()] if before_concatenator else [PairConcatenator(), reducer]
    for last in (RandomForestClassifier(5, random_state=0), AEDNNClassifier(**SMALL)):
        model = make_pipeline(ESM2Embedder(store=None, device="cpu"), *middle, last).fit(X, y)
        again = roundtrip(model, tmp_path)
        assert_same(model, again, X)
        first, second = (next(s for s in m if isinstance(s, AutoencoderReducer)) for m in (model, again))
        pd.testing.assert_frame_equal(second.history_, first.history_)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated_nets_predict_bitwise_the_same(pairs, tmp_path, method):
    X, y = pairs
    head = CalibratedClassifierCV(TokenMeanClassifier(**SMALL), cv=2, method=method)
    model = make_pipeline(ESM2Embedder(store=None, device="cpu"), PairConcatenator(), head).fit(X, y)
    assert_same(model, roundtrip(model, tmp_path), X)
    frozen = CalibratedClassifierCV(FrozenEstimator(model), method=method).fit(X, y)
    assert_same(frozen, roundtrip(frozen, tmp_path), X)


SKLEARN = {
    "logistic": LogisticRegression(),
    "svm": make_pipeline(StandardScaler(), SVC()),
    "forest": RandomForestClassifier(7, random_state=0),
    "extra trees": ExtraTreesClassifier(7, random_state=np.random.RandomState(0)),
    "boosting": GradientBoostingClassifier(n_estimators=3),
    "ada": AdaBoostClassifier(n_estimators=3),
    "mlp": MLPClassifier((4,), max_iter=5),
    "bayes": GaussianNB(),
    "select": make_pipeline(SelectKBest(k=3), LogisticRegression()),
    "union": make_pipeline(
        FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())]), LogisticRegression()
    ),
    "voting": VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"),
    "stacking": StackingClassifier([("n", AEDNNClassifier(**SMALL)), ("b", GaussianNB())], cv=2),
    "log": make_pipeline(FunctionTransformer(np.abs), LogisticRegression()),
}


@pytest.mark.parametrize("name", SKLEARN)
def test_scikit_learn_models_predict_bitwise_the_same(dense, tmp_path, name):
    X, y = dense
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # five iterations converge to nothing
        model = clone(SKLEARN[name]).fit(X, y)
    assert_same(model, roundtrip(model, tmp_path), X)


def test_composition_and_labels_of_any_type(pairs, tmp_path):
    X, _ = pairs
    for y in (
        np.tile([0, 1], 12),
        np.tile([True, False], 12),
        np.tile(["a", "b", "c"], 8),
        np.tile([-1.0, 2.0], 12),
    ):
        model = make_pipeline(CompositionEncoder(), AEDNNClassifier(**SMALL)).fit(X, y)
        again = roundtrip(model, tmp_path)
        assert_same(model, again, X)
        assert again.classes_.dtype == model.classes_.dtype


def test_data_frame_names_and_output_setting_survive(tmp_path):
    X, y = make_classification(40, 6, random_state=0)
    X = pd.DataFrame(X, columns=list("abcdef"))
    model = make_pipeline(StandardScaler().set_output(transform="pandas"), AEDNNClassifier(**SMALL)).fit(X, y)
    again = roundtrip(model, tmp_path)
    assert again.feature_names_in_.tolist() == list("abcdef")
    assert_same(model, again, X)
    assert isinstance(again[0].transform(X), pd.DataFrame)
    with pytest.raises(ValueError, match="feature names"):
        again.predict(X.rename(columns={"a": "z"}))


def test_training_can_go_on(dense, tmp_path):
    X, y = dense
    model = AEDNNClassifier(**SMALL, warm_start=True, lr=1e-2).fit(X, y)
    again = roundtrip(model, tmp_path)
    before = again.decision_function(X)
    again.fit(X, y)
    assert again.n_iter_ == 4 and len(again.history_) == 4
    assert np.abs(again.decision_function(X) - before).max() > 0
    again.partial_fit(X, y)
    assert again.n_iter_ == 5


def test_loaded_checkpoints_can_be_saved(tmp_path):
    from pathlib import Path

    path = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "numpy2_plain.pth"
    model = load_checkpoint(path, n_heads=4, device="cpu")
    again = roundtrip(model, tmp_path)
    assert_same(model, again, np.random.default_rng(0).normal(size=(5, 640)).astype("float32"))
    assert again.checkpoint_ == model.checkpoint_


def test_loading_does_not_touch_random_numbers_or_the_model(dense, tmp_path):
    X, y = dense
    model = AEDNNClassifier(**SMALL).fit(X, y)
    state = torch.get_rng_state()
    net = model.net_
    roundtrip(model, tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.net_ is net and isinstance(model.history_, pd.DataFrame)


def test_device(dense, tmp_path):
    X, y = dense
    model = AEDNNClassifier(**{**SMALL, "device": "auto"}).fit(X, y)
    path = save_model(model, tmp_path / "m.amp")
    assert load_model(path, device="cpu").device == "cpu"
    assert load_model(path).device == "auto"
    model.set_params(device="cuda:7")  # saved elsewhere, on a device that is not here
    again = load_model(save_model(model, path))
    assert str(again.net_.device) == "cpu"
    np.testing.assert_allclose(again.predict_proba(X), model.predict_proba(X), atol=1e-6)


def test_paths_of_this_machine_stay_here(pairs, tmp_path):
    X, y = pairs
    model = make_pipeline(
        ESM2Embedder(store=tmp_path / "store", device="cpu"),
        PairConcatenator(),
        TokenMeanClassifier(**SMALL, checkpoint_dir=str(tmp_path / "checkpoints")),
        memory=str(tmp_path / "memory"),
    ).fit(X, y)
    path = save_model(model, tmp_path / "m.amp")
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert str(tmp_path).encode() not in archive.read(name)
    again = load_model(path)
    assert (again[0].store, again[2].checkpoint_dir, again.memory) == ("auto", None, None)
    assert model[0].store == tmp_path / "store" and model.memory is not None


def test_card_and_manifest(pairs, tmp_path):
    X, y = pairs
    model = make_pipeline(
        ESM2Embedder(store=None, device="cpu"), PairConcatenator(), TokenMeanClassifier(**SMALL)
    )
    path = save_model(model.fit(X, y), tmp_path / "m.amp", description="Trained on *twelve* proteins.")
    card = read_card(path)
    for text in (
        "# Pipeline",
        "*twelve*",
        "no, yes",
        "| tokenmeanclassifier |",
        "Net TokenMean",
        "2 epochs",
        "torch",
    ):
        assert text in card
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {
            "manifest.json",
            "README.md",
            "model.skops",
            "nets/0.json",
            "nets/0.safetensors",
            "tables/0.json",
        }
    assert manifest["format"] == FORMAT and manifest["versions"]["torch"] == torch.__version__
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_leaves_the_old_file(dense, tmp_path, monkeypatch):
    X, y = dense
    path = save_model(GaussianNB().fit(X, y), tmp_path / "m.amp")
    old = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("amp_sklearn.persistence.archive.model_card", fail)
    with pytest.raises(OSError, match="disk full"):
        save_model(LogisticRegression().fit(X, y), path)
    monkeypatch.setattr("amp_sklearn.writing.os.replace", fail)
    monkeypatch.setattr("amp_sklearn.persistence.archive.model_card", lambda *args: "")
    with pytest.raises(OSError, match="disk full"):
        save_model(LogisticRegression().fit(X, y), path)
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]


def own_function(X):
    return X


def test_what_cannot_be_saved_is_named(dense, tmp_path):
    X, y = dense
    with pytest.raises(NotFittedError):
        save_model(LogisticRegression(), tmp_path / "m.amp")
    model = make_pipeline(FunctionTransformer(own_function), LogisticRegression()).fit(X, y)
    with pytest.raises(TypeError, match=r"own_function.*load_model would refuse.*joblib"):
        save_model(model, tmp_path / "m.amp")
    scored = AEDNNClassifier(**SMALL, monitor=get_scorer("accuracy")).fit(X, y)
    with pytest.raises(TypeError, match="Scorer"):
        save_model(scored, tmp_path / "m.amp")
    assert not list(tmp_path.iterdir())


def test_every_estimator_of_the_package_is_on_the_list():
    found = set()
    for module in pkgutil.walk_packages(amp_sklearn.__path__, "amp_sklearn."):
        if "._" in module.name or module.name.startswith(("amp_sklearn.cli", "amp_sklearn.model_selection")):
            continue  # a search is no model: its best_estimator_ is
        for name, item in vars(importlib.import_module(module.name)).items():
            public = (
                inspect.isclass(item)
                and issubclass(item, BaseEstimator)
                and not name.startswith(("_", "Base"))
            )
            if public and item.__module__ == module.name:
                found.add(f"{module.name}.{name}")
    listed = {name for name in TRUSTED_TYPES if name.startswith("amp_sklearn.")}
    parts = {"FrameReference", "NetReference", "FeatureLayout", "KmerReference", "EmbeddingReference"}
    assert found == {name for name in listed if name.rpartition(".")[2] not in parts}


def test_a_model_with_nan_weights_is_not_loaded(dense, tmp_path):
    X, y = dense
    model = AEDNNClassifier(**SMALL).fit(X, y)
    with torch.no_grad():
        model.module_.mlp_layers[2].bias[0] = float("nan")
    with pytest.raises(ModelLoadError, match=r"model.amp holds NaN or infinity in mlp_layers.2.bias"):
        roundtrip(model, tmp_path)


def test_parameters_newer_than_a_file_have_their_defaults(pairs, tmp_path):
    X, y = pairs
    model = make_pipeline(
        ESM2Embedder(store=None, device="cpu"), PairConcatenator(), TokenMeanClassifier(**SMALL)
    )
    expected = model.fit(X, y).predict_proba(X)
    old = copy.deepcopy(model)
    del vars(old[0])["layer"], vars(old[0])["verbose"]
    again = load_model(_saved_as_it_is(old, tmp_path / "old.amp"))
    assert again[0].layer == -1 and again[0].verbose == 0
    np.testing.assert_array_equal(again.predict_proba(X), expected)


def _saved_as_it_is(model, path):
    """Save a model some of whose parameters are missing, which its card cannot show."""
    with mock.patch("amp_sklearn.persistence.archive.model_card", return_value=""):
        return save_model(model, path)
