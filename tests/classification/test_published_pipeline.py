"""Published weights as pipelines from pairs of sequences to probabilities."""

import zipfile

import numpy as np
import pytest
import torch

from amp_sklearn import ESM2Embedder, PairConcatenator, cli
from amp_sklearn.classification import load_checkpoint, published_pipeline
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.nn import AutoEncoder, DeepPairNetwork, MLPHead, PairGRU, PairTransformer
from amp_sklearn.persistence import load_model

X = [["MKTAYIAKQRQISFVKSHFSRQ", "MVLSPADKTNVKAAWGKVGAHAG"], ["GSHMRYKLLDEWQ", "MKTAYIAKQRQISFVKSHFSRQ"]]
WIDTH = 192  # of esm2-mini
MODULES = {
    "amps": (lambda: PairTransformer(20, WIDTH, n_layers=1, n_heads=4, dim_feedforward=16, hidden=(8, 4)), {"n_heads": 4}),
    "cse": (
        lambda: PairTransformer(24, WIDTH, n_layers=1, n_heads=4, dim_feedforward=16, hidden=(8, 4)),
        {"n_heads": 4, "n_tokens": 24},
    ),
    "gru": (lambda: PairGRU(24, WIDTH, n_layers=1, hidden=(8, 4)), {"n_tokens": 24}),
    "dpm": (lambda: DeepPairNetwork(2, WIDTH, hidden=(8, 6, 4)), {}),
}  # fmt: skip


def weights(tmp_path, module, name="best.pth"):
    torch.manual_seed(0)
    made = module()
    torch.save({"model_state_dict": made.state_dict(), "epoch": 3}, tmp_path / name)
    return tmp_path / name


@pytest.fixture(scope="module")
def embedded():
    return ESM2Embedder(store=None).fit_transform(X)


@pytest.mark.parametrize("name", MODULES)
def test_the_pipeline_does_what_its_parts_do(name, tmp_path, embedded):
    module, options = MODULES[name]
    path = weights(tmp_path, module)
    model = published_pipeline(path, "esm2-mini", **options)
    classifier = load_checkpoint(path, **options)
    features = PairConcatenator(list(classifier.layout_.tokens)).fit_transform(embedded)
    np.testing.assert_array_equal(model.predict_proba(X), classifier.predict_proba(features))
    assert model.classes_.tolist() == [0, 1] and np.ptp(model.decision_function(X)) > 0


def test_an_ae_dnn_stands_behind_its_autoencoder(tmp_path, embedded):
    head = weights(tmp_path, lambda: MLPHead(20, 6, hidden=(8, 4)), "head.pth")
    reducer = weights(tmp_path, lambda: AutoEncoder(WIDTH, 6), "autoencoder.pth")
    model = published_pipeline(head, "esm2-mini", kind="ae_dnn", autoencoder=reducer)
    segments = PairConcatenator("segments").fit_transform(embedded)
    reduced = load_checkpoint(reducer, "autoencoder").transform(segments)
    expected = load_checkpoint(head, "ae_dnn").predict_proba(reduced)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    with pytest.raises(ModelLoadError, match="give the file of its weights as autoencoder"):
        published_pipeline(head, "esm2-mini", kind="ae_dnn")
    with pytest.raises(ModelLoadError, match="which predicts nothing alone"):
        published_pipeline(reducer, "esm2-mini")
    other = weights(tmp_path, lambda: AutoEncoder(WIDTH, 5), "other.pth")
    with pytest.raises(ModelLoadError, match=r"makes 5 columns .* takes 6: they do not belong together"):
        published_pipeline(head, "esm2-mini", kind="ae_dnn", autoencoder=other)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    path = weights(
        tmp_path, lambda: PairTransformer(20, 16, n_layers=1, n_heads=4, dim_feedforward=8, hidden=(8, 4))
    )
    with pytest.raises(ModelLoadError, match="take features of width 16, and those of esm2-mini have 192"):
        published_pipeline(path, "esm2-mini", n_heads=4)
    module, options = MODULES["amps"]
    with pytest.raises(ModelLoadError, match="holds a model that has no autoencoder"):
        published_pipeline(weights(tmp_path, module), "esm2-mini", autoencoder=path, **options)


def test_a_downloaded_archive_becomes_a_model_file(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    module, _ = MODULES["amps"]
    path = weights(tmp_path, module)
    with zipfile.ZipFile("downloaded.zip", "w") as archive:
        archive.write(path.name, "AMPS/best.pth")
    command = ["models", "import", "downloaded.zip", "--heads", "4", "--out", "amps.amp"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--esm2", "esm2-mini"])
    assert ended.value.code == 0 and "imported AMPSClassifier from downloaded.zip" in capfd.readouterr().out
    expected = published_pipeline(path, "esm2-mini", n_heads=4).predict_proba(X)
    np.testing.assert_array_equal(load_model("amps.amp").predict_proba(X), expected)
    assert (tmp_path / "amps.amp.card.md").read_text().startswith("#")
    for wrong, message in (
        (["models", "import", "amps.amp", "--out", "b.amp"], "is a whole model by save_model, not weights"),
        (["models", "import"], "amp-sklearn models import FILE"),
        (["models", "yeast-mini", "amps.amp"], "amp-sklearn models import FILE"),
        ([*command, "--esm2", "esm2-mini"], "--force"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(wrong)
        assert ended.value.code == 2 and message in capfd.readouterr().err
