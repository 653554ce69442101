import json

import numpy as np
import pytest

from amp_sklearn.writing import plain_value, write_atomically


def test_a_file_is_replaced_in_one_step(tmp_path):
    target = tmp_path / "new_folder" / "table.tsv"
    for content in ("first", "second"):
        with write_atomically(target) as unfinished:
            assert unfinished.suffix == ".tsv" and unfinished.parent == target.parent
            unfinished.write_text(content)
            assert not target.exists() or target.read_text() == "first"
        assert target.read_text() == content
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "model.npz"
    target.write_text("complete")
    with pytest.raises(KeyboardInterrupt), write_atomically(target) as unfinished:
        unfinished.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "complete" and list(tmp_path.iterdir()) == [target]


def test_numpy_values_become_plain_ones():
    values = {"a": np.float32(0.5), "b": np.bool_(True), "c": np.arange(4).reshape(2, 2), "d": None}
    assert json.loads(json.dumps(values, default=plain_value)) == {
        "a": 0.5,
        "b": True,
        "c": [[0, 1], [2, 3]],
        "d": None,
    }
    with pytest.raises(TypeError, match="type object has no JSON form"):
        plain_value(object())
