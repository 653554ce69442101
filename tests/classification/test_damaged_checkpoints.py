"""Checkpoints of a fit that are damaged, zeroed or of another fit: noticed, named, and never gone on from."""

import errno
import os
import resource
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from amp_sklearn.classification._training import Trainer
from amp_sklearn.exceptions import TrainingWarning

CHANGES = {"validation": "share", "max_epochs": 4, "top_k": 2}


def zeroed(path):
    save_file({key: value * 0 for key, value in load_file(path).items()}, path)


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


@pytest.fixture
def interrupted(small, pairs, tmp_path, monkeypatch):
    """A folder of checkpoints of a fit that stopped after two of four epochs, and what the whole fit predicts."""
    whole = small(**CHANGES).fit(*pairs).decision_function(pairs[0])
    model, epoch = small(checkpoint_dir=tmp_path / "kept", **CHANGES), Trainer._epoch

    def stop_after_two(self):
        epoch(self)
        if len(self.net.history) == 2:
            raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_epoch", stop_after_two)
        with pytest.raises(MemoryError):
            model.fit(*pairs)
    (folder,) = (tmp_path / "kept").iterdir()
    trained = []
    monkeypatch.setattr(Trainer, "_epoch", lambda self: (epoch(self), trained.append(len(self.net.history))))
    return model, folder, whole, trained


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("last.pt", flipped),
        ("last.pt", lambda path: path.write_bytes(path.read_bytes()[:-500])),
        ("last.pt", lambda path: path.write_bytes(bytes(path.stat().st_size))),
        ("epoch-0001.safetensors", zeroed),
        ("epoch-0001.safetensors", flipped),
        ("epoch-0002.safetensors", os.remove),
    ],
    ids=["flipped", "cut short", "zeros", "zeroed weights", "flipped weights", "missing weights"],
)
@pytest.mark.filterwarnings("ignore:.*(training pairs|nearly constant)")
def test_a_damaged_file_is_named_and_the_fit_starts_afresh(interrupted, pairs, pattern, damage):
    model, folder, whole, trained = interrupted
    damage(folder / pattern)
    with pytest.warns(TrainingWarning, match=rf"{folder} cannot be used, and this fit starts afresh.*"):
        model.fit(*pairs)
    assert trained == [1, 2, 3, 4]
    np.testing.assert_array_equal(model.decision_function(pairs[0]), whole)


@pytest.mark.filterwarnings("ignore:.*(training pairs|nearly constant)")
def test_undamaged_ones_are_gone_on_from(interrupted, pairs):
    model, _, whole, trained = interrupted
    model.fit(*pairs)
    assert trained == [3, 4]
    np.testing.assert_array_equal(model.decision_function(pairs[0]), whole)


@pytest.mark.filterwarnings("ignore:.*(training pairs|nearly constant)")
def test_files_of_another_fit_are_noticed(interrupted, small, pairs, tmp_path):
    model, folder, whole, trained = interrupted
    small(checkpoint_dir=tmp_path / "other", **{**CHANGES, "lr": 0.03}).fit(*pairs)
    (other,) = (tmp_path / "other").iterdir()
    shutil.rmtree(folder)
    shutil.copytree(other, folder)
    trained.clear()
    with pytest.warns(TrainingWarning, match="belongs to another fit"):
        model.fit(*pairs)
    assert trained == [1, 2, 3, 4]
    np.testing.assert_array_equal(model.decision_function(pairs[0]), whole)


def test_a_full_disk_names_the_folder(small, pairs, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        with pytest.raises(OSError, match=rf"{tmp_path}.*another checkpoint_dir") as caught:
            small(checkpoint_dir=tmp_path, **CHANGES).fit(*pairs)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.__cause__.errno == errno.EFBIG
