"""Published weights in the zip archive that they are downloaded in."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from amp_sklearn.classification import load_checkpoint
from amp_sklearn.exceptions import ModelLoadError

DATA = Path(__file__).parents[1] / "fixtures"
CHECKPOINT = DATA / "checkpoints" / "numpy2_plain.pth"
TENSORS = DATA / "models" / "amp_transformer.safetensors"


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def same(a, b):
    x = np.random.default_rng(0).normal(size=(3, a.n_features_in_)).astype(np.float32)
    np.testing.assert_array_equal(a.decision_function(x), b.decision_function(x))


@pytest.mark.parametrize("source", [CHECKPOINT, TENSORS], ids=["pth", "safetensors"])
def test_an_archive_gives_what_its_file_gives(tmp_path, source):
    names = (f"weights/best{source.suffix}", "weights/README.txt", f"__MACOSX/._best{source.suffix}")
    path = archive(tmp_path / "download", {name: source.read_bytes() for name in names})
    zipped, plain = load_checkpoint(path, n_heads=4), load_checkpoint(source, n_heads=4)
    assert zipped.checkpoint_ == plain.checkpoint_
    same(zipped, plain)


def test_an_archive_with_several_files_asks_which(tmp_path):
    path = archive(
        tmp_path / "w.zip", {"a.pth": CHECKPOINT.read_bytes(), "b.safetensors": TENSORS.read_bytes()}
    )
    with pytest.raises(
        ModelLoadError, match=r"2 files of weights \(a\.pth, b\.safetensors\); choose one with member="
    ):
        load_checkpoint(path, n_heads=4)
    same(load_checkpoint(path, n_heads=4, member="a.pth"), load_checkpoint(CHECKPOINT, n_heads=4))
    with pytest.raises(ModelLoadError, match=r"no member 'c\.pth'; it holds a\.pth, b\.safetensors"):
        load_checkpoint(path, member="c.pth")
    with pytest.raises(ModelLoadError, match="is no zip archive of weights"):
        load_checkpoint(CHECKPOINT, member="a.pth")


def test_archives_without_weights_damaged_or_too_large_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ModelLoadError, match="no file of weights; expected one that ends in"):
        load_checkpoint(archive(tmp_path / "w.zip", {"README": b"x"}))
    path = archive(tmp_path / "w.zip", {"a.pth": CHECKPOINT.read_bytes()})
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    (tmp_path / "damaged.zip").write_bytes(data)
    with pytest.raises(ModelLoadError, match=r"damaged\.zip is a damaged or locked zip archive"):
        load_checkpoint(tmp_path / "damaged.zip")
    monkeypatch.setenv("AMP_SKLEARN_UNPACK_LIMIT", "1000")
    with pytest.raises(ModelLoadError, match=r"a\.pth unpacks to more than 1,000 bytes"):
        load_checkpoint(path)
