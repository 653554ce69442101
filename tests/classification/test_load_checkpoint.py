import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    TokenMeanClassifier,
)
from amp_sklearn.classification.checkpoints import load_checkpoint
from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.nn import MLPHead, PairGRU, PairTransformer
from amp_sklearn.preprocessing import AutoencoderReducer

DATA = Path(__file__).parents[1] / "fixtures"
MODELS = DATA / "models"
INPUTS, OUTPUTS = np.load(MODELS / "inputs.npz"), np.load(MODELS / "outputs.npz")


def difference(model, name, number=0):
    x = INPUTS[f"{name}__x{number}"]
    logits = model.decision_function(x.reshape(len(x), -1))
    return np.abs(logits - OUTPUTS[f"{name}__logits{number}"][:, 0]).max()


def saved(tmp_path, content, name="model.pth"):
    path = tmp_path / name
    torch.save(content, path)
    return path


@pytest.mark.parametrize("name", ["numpy1_dataparallel.pth", "numpy2_plain.pth"])
def test_published_checkpoint_layouts_predict_as_published(name):
    path = DATA / "checkpoints" / name
    amps = load_checkpoint(path, n_heads=4)
    check_is_fitted(amps)
    assert type(amps) is AMPSClassifier
    assert (amps.n_layers, amps.dim_feedforward, amps.hidden1, amps.hidden2) == (6, 64, 24, 12)
    assert amps.classes_.tolist() == [0, 1] and amps.n_features_in_ == 640
    assert amps.layout_.tokens == tuple(f"segment{i}" for i in range(10))
    assert amps.checkpoint_["epoch"] == 7 and amps.checkpoint_["auc"] == 0.6284722222222222
    assert difference(amps, "amp_transformer") < 2e-5  # measured 2.9e-6
    cse = load_checkpoint(path, n_tokens=24, n_heads=4)
    assert type(cse) is AMPCSEClassifier
    assert cse.layout_.tokens == ("cls", *amps.layout_.tokens, "eos")
    assert difference(cse, "amp_transformer", 1) < 2e-5  # measured 1.4e-6


CASES = {
    "amp_gru": ("gru", {}, GRUClassifier, 1),
    "amp_mean": ("mean", {}, TokenMeanClassifier, 0),
    "dnn": ("dpm", {}, DPMClassifier, 0),
    "ae_dnn": ("ae_dnn", {"n_tokens": 4}, AEDNNClassifier, 0),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("layout", ["safetensors", "bare", "wrapped", "data parallel"])
def test_every_kind_predicts_as_published(name, layout, tmp_path):
    kind, parameters, expected, _ = CASES[name]
    path, state = MODELS / f"{name}.safetensors", load_file(MODELS / f"{name}.safetensors")
    if layout == "data parallel":
        state = {f"module.{k}": v for k, v in state.items()}
    if layout != "safetensors":
        path = saved(
            tmp_path, state if layout == "bare" else {"model_state_dict": state, "optimizer_state_dict": {}}
        )
    model = load_checkpoint(path, kind, **parameters)
    assert type(model) is expected
    assert difference(model, name) < 2e-6  # measured: GRU 2.7e-7, mean 0, DPM and AE_DNN 2.4e-7
    if kind in ("gru", "dpm"):
        assert type(load_checkpoint(path)) is expected


def test_a_24_token_gru_predicts_as_published_in_the_order_of_its_layout():
    path = MODELS / "amp_gru.safetensors"
    model = load_checkpoint(path, n_tokens=24)
    assert model.layout_.tokens[:3] == ("cls", "eos", "segment0")
    assert difference(model, "amp_gru", 1) < 2e-6
    assert load_checkpoint(path, n_tokens=24, token_order="ours").layout_.tokens[-1] == "eos"


def test_published_token_order_of_ae_dnn_is_permuted_to_ours(tmp_path):
    torch.manual_seed(0)
    module = MLPHead(24, 3, hidden=(8, 4)).eval()
    path = saved(tmp_path, module.state_dict())
    proteins = {token: torch.randn(5, 2, 3) for token in ("cls", "eos", *(f"segment{i}" for i in range(10)))}

    def pairs(tokens):
        return torch.cat([proteins[t][:, side] for side in (0, 1) for t in tokens], dim=1)

    segments = [f"segment{i}" for i in range(10)]
    with torch.inference_mode():
        expected = module(pairs(["cls", "eos", *segments])).numpy()
    model = load_checkpoint(path, "ae_dnn", n_tokens=24)
    ours = pairs(model.layout_.tokens).numpy()
    assert model.layout_.tokens == ("cls", *segments, "eos")
    np.testing.assert_allclose(model.decision_function(ours), expected, atol=1e-6)
    unpermuted = load_checkpoint(path, "ae_dnn", n_tokens=24, token_order="ours")
    assert np.abs(unpermuted.decision_function(ours) - expected).max() > 1e-3
    with torch.inference_mode():
        np.testing.assert_allclose(
            unpermuted.decision_function(ours), module(torch.from_numpy(ours)), atol=1e-6
        )


@pytest.mark.parametrize(("inputs", "tokens"), [(3000, 20), (3600, 24)])
def test_published_sizes_of_ae_dnn_are_recognised(tmp_path, inputs, tokens):
    path = saved(tmp_path, MLPHead(tokens, 150, hidden=(16, 8)).state_dict())
    model = load_checkpoint(path)
    assert type(model) is AEDNNClassifier
    assert (model.layout_.n_tokens, model.layout_.width, model.n_features_in_) == (tokens, 150, inputs)


def test_pair_matrices_of_other_tokens_are_refused():
    model = load_checkpoint(DATA / "checkpoints" / "numpy2_plain.pth", n_heads=4)
    layout = FeatureLayout(tuple(f"token{i}" for i in range(10)), 32)
    with pytest.raises(ValueError, match="segment0"):
        model.predict(PairMatrix(np.zeros((2, 320), np.float32), [[0, 1]], layout))


def test_own_extensions_and_other_precisions_load(tmp_path):
    module = PairTransformer(
        20, 6, n_layers=1, n_heads=2, dim_feedforward=8, hidden=(4, 3), n_outputs=3, d_model=8,
        chain_embedding=True, position_embedding=True,
    )  # fmt: skip
    module = module.double().eval()
    model = load_checkpoint(saved(tmp_path, module.state_dict()), n_heads=2)
    assert model.classes_.tolist() == [0, 1, 2] and model.dtype == "float64"
    x = torch.randn(4, 120, dtype=torch.float64)
    with torch.inference_mode():
        np.testing.assert_allclose(model.decision_function(x.numpy()), module(x), atol=1e-12)
    gru = PairGRU(20, 6, n_layers=2, hidden_size=5, hidden=(4, 3))
    assert load_checkpoint(saved(tmp_path, gru.state_dict())).hidden_size == 5


def test_loaded_model_can_be_trained_on(tmp_path):
    path = DATA / "checkpoints" / "numpy2_plain.pth"
    model = load_checkpoint(path, n_heads=4, device="cpu")
    X, y = np.random.default_rng(0).normal(size=(8, 640)).astype("float32"), np.repeat([0, 1], 4)
    before = model.decision_function(X)
    model.set_params(lr=1e-3, dropout=0.0).partial_fit(X, y)
    assert np.abs(model.decision_function(X) - before).max() > 0


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


def test_code_in_a_checkpoint_does_not_run(tmp_path):
    mark = tmp_path / "ran"
    state = load_file(MODELS / "amp_mean.safetensors")
    path = saved(tmp_path, {"model_state_dict": state, "epoch": Payload(mark)})
    with pytest.raises(ModelLoadError, match=r"could run code.*system"):
        load_checkpoint(path, "mean")
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists()  # the payload is one that works


def test_files_that_are_no_checkpoints(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        load_checkpoint(tmp_path / "missing.pth")
    for content in (b"", b"hello", pickle.dumps({"a": 1}, protocol=2)):
        (tmp_path / "x.pth").write_bytes(content)
        with pytest.raises(ModelLoadError, match=r"x\.pth"):
            load_checkpoint(tmp_path / "x.pth")
    (tmp_path / "x.safetensors").write_bytes(b"hello")
    with pytest.raises(ModelLoadError, match="no safetensors file"):
        load_checkpoint(tmp_path / "x.safetensors")
    with pytest.raises(ModelLoadError, match="holds a Tensor"):
        load_checkpoint(saved(tmp_path, torch.zeros(3)))
    with pytest.raises(ModelLoadError, match=r"no state dict.*weights, epoch"):
        load_checkpoint(saved(tmp_path, {"weights": [1], "epoch": 3}))
    with pytest.raises(ModelLoadError, match=r"no known model.*begin with conv"):
        load_checkpoint(saved(tmp_path, {"conv": torch.zeros(3)}))


def test_keys_that_do_not_fit_are_named(tmp_path):
    state = load_file(MODELS / "amp_gru.safetensors")
    lacking = {k: v for k, v in state.items() if k != "gru.bias_hh_l3"}
    with pytest.raises(ModelLoadError, match=r"does not fit PairGRU: missing keys: gru\.bias_hh_l3"):
        load_checkpoint(saved(tmp_path, lacking))
    with pytest.raises(ModelLoadError, match=r"missing keys: mlp_layers\.4\.weight"):
        load_checkpoint(saved(tmp_path, {k: v for k, v in state.items() if not k.startswith("mlp_layers.4")}))
    with pytest.raises(ModelLoadError, match=r"unexpected keys: extra\.weight"):
        load_checkpoint(saved(tmp_path, {**state, "extra.weight": torch.zeros(1)}))
    with pytest.raises(ModelLoadError, match=r"gru\.bias_hh_l0 is \(2,\), expected \(48,\)"):
        load_checkpoint(saved(tmp_path, {**state, "gru.bias_hh_l0": torch.zeros(2)}))
    with pytest.raises(ModelLoadError, match="kind='amps': missing keys: transformer_encoder"):
        load_checkpoint(saved(tmp_path, state), "amps")
    both = {**state, "module.gru.bias_hh_l0": torch.zeros(48)}
    with pytest.raises(ModelLoadError, match=r"both with and without 'module\.': gru\.bias_hh_l0"):
        load_checkpoint(saved(tmp_path, both))
    some = {("module." if i % 2 else "") + k: v for i, (k, v) in enumerate(state.items())}
    assert difference(load_checkpoint(saved(tmp_path, some)), "amp_gru") < 2e-6


def test_what_the_file_does_not_tell_must_be_said(tmp_path):
    path = saved(tmp_path, load_file(MODELS / "ae_dnn.safetensors"))
    with pytest.raises(ValueError, match="head with 36 inputs"):
        load_checkpoint(path)
    with pytest.raises(ValueError, match="36 features, which are not 20 tokens; give n_tokens"):
        load_checkpoint(path, "ae_dnn")
    with pytest.raises(ValueError, match="n_heads=3 does not divide the width 32"):
        load_checkpoint(DATA / "checkpoints" / "numpy2_plain.pth", n_heads=3)
    with pytest.raises(ValueError, match="kind must be"):
        load_checkpoint(path, "resnet")
    with pytest.raises(ValueError, match="token_order must be"):
        load_checkpoint(path, "ae_dnn", token_order="alphabetical")


def test_kept_epochs_of_a_fit_are_checkpoints_too(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(20, 80)).astype("float32"), np.tile([0, 1], 10)
    model = AMPSClassifier(
        n_layers=1, n_heads=2, dim_feedforward=8, hidden1=4, hidden2=3, max_epochs=2, top_k=2, random_state=0,
        checkpoint_dir=tmp_path, device="cpu",
    ).fit(X, y)  # fmt: skip
    (path,) = tmp_path.glob("*/epoch-0002.safetensors")
    again = load_checkpoint(path, n_heads=2, device="cpu")
    np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))
    assert again.token_shape_ == model.token_shape_
    save_file(again.module_.state_dict(), tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").stat().st_size == path.stat().st_size


@pytest.mark.parametrize("kind", ["auto", "autoencoder"])
def test_autoencoder_encodes_as_published(tmp_path, kind):
    state = load_file(MODELS / "autoencoder.safetensors")
    path = saved(tmp_path, {f"module.{k}": v for k, v in state.items()})
    reducer = load_checkpoint(path, kind, n_tokens=1)
    check_is_fitted(reducer)
    assert type(reducer) is AutoencoderReducer and reducer.n_components == 12
    latent = reducer.transform(INPUTS["autoencoder__x0"])
    assert np.abs(latent - OUTPUTS["autoencoder__latent"]).max() < 5e-6  # measured 5.1e-7
    x = INPUTS["autoencoder__x0"][:26].reshape(2, -1)
    for n_tokens, tokens in ((20, 10), (24, 12), (26, 13)):
        reducer = load_checkpoint(path, kind, n_tokens=n_tokens)
        assert len(reducer.layout_.tokens) == tokens and reducer.layout_.width == 12
        pairs = PairMatrix(x[:, : tokens * 32], [[0, 1]], FeatureLayout(reducer.layout_.tokens, 32))
        reduced = reducer.transform(pairs)
        assert reduced.layout == reducer.layout_
        expected = OUTPUTS["autoencoder__latent"].reshape(-1, 12)
        np.testing.assert_allclose(reduced.features[0], expected[:tokens].ravel(), atol=5e-6)
    clone(reducer), pickle.loads(pickle.dumps(reducer))


def test_autoencoder_that_does_not_fit_is_named(tmp_path):
    state = load_file(MODELS / "autoencoder.safetensors")
    lacking = {k: v for k, v in state.items() if k != "decoder.1.bn.weight"}
    with pytest.raises(
        ModelLoadError, match=r"does not fit AutoEncoder: missing keys: decoder\.1\.bn\.weight"
    ):
        load_checkpoint(saved(tmp_path, lacking))


def test_weights_that_are_nan_are_refused(tmp_path):
    state = MLPHead(20, 4, hidden=(6, 4)).state_dict()
    state["mlp_layers.0.weight"][3, 2] = float("nan")
    expected = r"NaN or infinity in mlp_layers.0.weight: its training diverged"
    with pytest.raises(ModelLoadError, match=f"model.pth holds {expected}"):
        load_checkpoint(saved(tmp_path, state), kind="ae_dnn")
    with pytest.raises(ModelLoadError, match=f"state_dict holds {expected}"):
        AEDNNClassifier(hidden1=6, hidden2=4).initialize(80, state_dict=state)
