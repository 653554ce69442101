"""A model folder with code of its own: it is neither run, nor is the user asked to run it."""

import json
import shutil

import pytest

from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.exceptions import ModelLoadError


def test_code_in_a_model_folder_is_not_run(tiny_esm2, tmp_path, monkeypatch):
    def asked(*arguments):
        raise AssertionError("the user was asked")

    monkeypatch.setattr("builtins.input", asked)
    folder, mark = tmp_path / "model", tmp_path / "the code ran"
    shutil.copytree(tiny_esm2, folder)
    (folder / "own.py").write_text(f"open({str(mark)!r}, 'w').close()\nclass Own: pass\n")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text()) if path.exists() else {}
    settings.update(tokenizer_class="Own", auto_map={"AutoTokenizer": ["own.Own", None]})
    path.write_text(json.dumps(settings))
    with pytest.raises(ModelLoadError):
        ESM2Embedder(str(folder), store=None).embed(["MKT"])
    assert not mark.exists()
