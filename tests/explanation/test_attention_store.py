"""Attention on disk equals attention in memory, also after an interruption."""

import itertools
import os
import shutil

import numpy as np
import pytest

from amp_sklearn.data import PairMatrix
from amp_sklearn.explanation import (
    AttentionExplainer,
    AttentionStore,
    RefusedExplanation,
    attention_store,
    explain,
    write_attention,
)


@pytest.mark.parametrize("settings", [{}, {"per_head": True}, {"rollout": True}, {"layers": (-1,)}])
def test_equals_the_explanation_in_memory(network, features, tmp_path, settings):
    module = network("transformer")
    expected = explain(module, features, "attention", batch_size=7, **settings)
    store = write_attention(
        tmp_path, module, features, explainer=AttentionExplainer(batch_size=7, **settings)
    )
    assert store.n_done == store.n_pairs == len(features) and store.map_names == expected.map_names
    np.testing.assert_array_equal(store.token_maps, expected.token_maps)
    np.testing.assert_array_equal(store.values, expected.values)
    np.testing.assert_allclose(store.mean_maps(), expected.token_maps.mean(axis=0, dtype=float), atol=1e-12)
    some = store.explanation([3, 30, 0])
    np.testing.assert_array_equal(some.token_maps, expected.token_maps[[3, 30, 0]])
    assert some.pair_ids.tolist() == expected.pair_ids[[3, 30, 0]].tolist()
    assert some.notes == expected.notes and some.model == expected.model and some.layout == expected.layout


def test_half_precision_on_disk(network, features, tmp_path):
    module = network("transformer")
    store = write_attention(tmp_path, module, features, dtype="float16")
    assert store.token_maps.dtype == np.float16
    expected = explain(module, features, "attention").token_maps
    np.testing.assert_allclose(store.token_maps, expected, rtol=1e-3, atol=1e-6)
    assert store.explanation(slice(2)).token_maps.dtype == np.float32


@pytest.mark.parametrize("write_before_the_end", [0, 1, 2, 5, 6, 7])
def test_goes_on_after_an_interruption(network, features, tmp_path, monkeypatch, write_before_the_end):
    module, explainer = network("transformer"), AttentionExplainer(batch_size=16)
    whole = write_attention(tmp_path / "whole", module, features, explainer=explainer)
    calls, replace = itertools.count(), attention_store._write_text

    def failing(path, text):
        if next(calls) == write_before_the_end:
            raise KeyboardInterrupt
        replace(path, text)

    monkeypatch.setattr(attention_store, "_write_text", failing)
    n_writes = 2 + 3  # header, count, and the count after each of three blocks
    try:
        write_attention(tmp_path / "part", module, features, explainer=explainer)
        assert write_before_the_end >= n_writes
    except KeyboardInterrupt:
        assert write_before_the_end < n_writes
    monkeypatch.setattr(attention_store, "_write_text", replace)
    computed, attribute = [], AttentionExplainer.attribute
    monkeypatch.setattr(
        AttentionExplainer,
        "attribute",
        lambda self, model: computed.append(len(model)) or attribute(self, model),
    )
    store = write_attention(tmp_path / "part", module, features, explainer=explainer)
    n_complete = max(min(write_before_the_end, n_writes) - 2, 0)
    assert computed == [16, 16, 8][n_complete:]
    np.testing.assert_array_equal(store.token_maps, whole.token_maps)
    np.testing.assert_array_equal(store.values, whole.values)


def test_other_work_does_not_overwrite(network, features, tmp_path):
    module = network("transformer")
    write_attention(tmp_path, module, features)
    other_pairs = PairMatrix(features.features, features.index[::-1], features.layout)
    for change, message in [
        ({"X": other_pairs}, "differs in pairs;"),
        ({"X": features[:9]}, "differs in pairs, n_pairs;"),
        ({"fitted": network("transformer", chain_embedding=True)}, "differs in model;"),
        ({"explainer": AttentionExplainer(layers=(0,))}, "differs in settings;"),
        ({"dtype": "float16"}, "differs in dtype;"),
    ]:
        with pytest.raises(ValueError, match=message):
            write_attention(tmp_path, **({"fitted": module, "X": features} | change))


def test_errors(network, features, tmp_path):
    with pytest.raises(RefusedExplanation, match="TransformerEncoder"):
        write_attention(tmp_path, network("dpm"), features)
    with pytest.raises(ValueError, match="dtype must be"):
        write_attention(tmp_path, network("transformer"), features, dtype="int8")
    with pytest.raises(ValueError, match="keep_maps=True"):
        write_attention(
            tmp_path, network("transformer"), features, explainer=AttentionExplainer(keep_maps=False)
        )
    with pytest.raises(FileNotFoundError, match=r"no header\.json"):
        AttentionStore(tmp_path)
    write_attention(tmp_path, network("transformer"), features)
    header = tmp_path / "header.json"
    header.write_text(header.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(ValueError, match="format 99"):
        AttentionStore(tmp_path)


def test_damaged_files_name_the_folder(network, features, tmp_path):
    module, explainer = network("transformer"), AttentionExplainer(batch_size=7)
    whole = write_attention(tmp_path / "whole", module, features, explainer=explainer)
    whole.verify()

    def cut(path):
        os.truncate(path, path.stat().st_size - 10)

    def flip(path):
        content = bytearray(path.read_bytes())
        content[-40] ^= 1
        path.write_bytes(content)

    damages = [
        ("token_maps.npy", cut, True),
        ("values.npy", os.remove, True),
        ("values.npy", lambda path: path.write_bytes(b""), True),
        ("done", lambda path: path.write_text("99999"), True),
        ("done", lambda path: path.write_text("-1"), True),
        ("header.json", lambda path: path.write_text("{"), True),
        (
            "header.json",
            lambda path: path.write_text('{"format": 1, "layout": {"tokens": [], "width": 0}}'),
            True,
        ),
        ("token_maps.npy", flip, False),
        ("values.npy", flip, False),
        ("digests", os.remove, False),
    ]
    for number, (name, damage, at_once) in enumerate(damages):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "whole", folder)
        damage(folder / name)
        if at_once:
            with pytest.raises(ValueError, match=rf"{folder} are damaged .*remove that folder"):
                AttentionStore(folder)
        else:
            with pytest.raises(ValueError, match=rf"{folder} are damaged .*not as they were written"):
                AttentionStore(folder).verify()
        with pytest.raises(ValueError, match=rf"{folder} are damaged"):
            write_attention(folder, module, features, explainer=explainer)
