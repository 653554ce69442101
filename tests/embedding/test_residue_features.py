"""Vectors of residues on disk: right values, resumed after a stop, exchanged with other tools as HDF5."""

import hashlib

import h5py
import numpy as np
import pandas as pd
import pytest

from amp_sklearn import ESM2Embedder
from amp_sklearn.embedding import ResidueFeatures, batching, read_residue_features, residue_features

RNG = np.random.default_rng(0)
PROTEINS = {
    f"P{number}": "".join(RNG.choice(list("ACDEFGHIKLMNPQRSTVWY"), length))
    for number, length in enumerate((1, 7, 40, 300, 40, 12, 90, 33, 5, 64))
}


@pytest.fixture
def embedder(tiny_esm2):
    return ESM2Embedder(tiny_esm2, store=None, device="cpu", batch_size=2)


@pytest.mark.parametrize(("dtype", "near"), [("float32", 1e-6), ("float16", 2e-3)])
def test_vectors_are_those_of_residue_states(embedder, tmp_path, dtype, near):
    found = embedder.residue_features(PROTEINS, tmp_path / "residues", dtype=dtype)
    assert list(found) == list(PROTEINS) and found.sequences == PROTEINS
    for name, state in zip(PROTEINS, embedder.residue_states(PROTEINS.values()), strict=True):
        assert found[name].dtype == dtype and isinstance(found[name], np.memmap)
        np.testing.assert_allclose(found[name], state, rtol=near, atol=near)


def test_ids_of_series_and_lists(embedder, tmp_path):
    series = pd.Series(["MKV", "MAAA"], index=["a", "b"])
    assert list(embedder.residue_features(series, tmp_path / "series")) == ["a", "b"]
    assert list(embedder.residue_features(["MKV", "MAAA"], tmp_path / "list")) == ["0", "1"]
    with pytest.raises(ValueError, match=r"1 occur more than once, first \['a'\]"):
        embedder.residue_features(pd.Series(["MKV", "MAA"], index=["a", "a"]), tmp_path / "twice")


def test_windows_layers_and_truncation_are_respected(tiny_esm2, tmp_path):
    settings = {"max_length": 20, "long_proteins": "window", "layer": -2}
    embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu", **settings)
    found = embedder.residue_features(PROTEINS, tmp_path / "windows", dtype="float32")
    np.testing.assert_allclose(found["P3"], embedder.residue_states([PROTEINS["P3"]])[0], atol=1e-6)
    embedder.set_params(long_proteins="truncate")
    with pytest.warns(UserWarning, match="Only their first 20 residues"):
        found = embedder.residue_features(PROTEINS, tmp_path / "cut", dtype="float32")
    assert found["P3"].shape == (20, 32)


def test_a_stopped_run_goes_on(embedder, tmp_path, monkeypatch):
    expected = embedder.residue_features(PROTEINS, tmp_path / "whole")
    monkeypatch.setattr(residue_features, "_AT_ONCE", 1)
    compute, computed, limit = batching.hidden_states, [], 6

    def stopping(members, *arguments):
        if len(computed) >= limit:
            raise KeyboardInterrupt
        computed.extend(members)
        return compute(members, *arguments)

    monkeypatch.setattr(residue_features, "hidden_states", stopping)
    with pytest.raises(KeyboardInterrupt):
        embedder.residue_features(PROTEINS, tmp_path / "stopped")
    with pytest.raises(ValueError, match=r"incomplete: 4 of 10 proteins are missing"):
        read_residue_features(tmp_path / "stopped")
    limit = 100
    found = embedder.residue_features(PROTEINS, tmp_path / "stopped")
    assert sorted(computed) == sorted(PROTEINS.values())  # none twice
    for name in PROTEINS:
        np.testing.assert_array_equal(found[name], expected[name])
    embedder.residue_features(PROTEINS, tmp_path / "stopped")  # complete: only opened
    assert len(computed) == len(PROTEINS)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"layer": -2}, "layers"),
        ({"model": "esm2-mini"}, "fingerprint, width"),
        ({"dtype": "bfloat16"}, "precision"),
    ],
)
def test_a_folder_of_other_settings_is_refused(embedder, tmp_path, change, what):
    embedder.residue_features({"P": "MKV"}, tmp_path / "residues")
    with pytest.raises(ValueError, match=f"other proteins or settings .they differ in {what}"):
        embedder.set_params(**change).residue_features({"P": "MKV"}, tmp_path / "residues")


def test_a_folder_of_other_proteins_or_files_is_refused(embedder, tmp_path):
    embedder.residue_features({"P": "MKV"}, tmp_path / "residues")
    with pytest.raises(ValueError, match="they differ in sequences"):
        embedder.residue_features({"P": "MKVA"}, tmp_path / "residues")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty and holds no residue features"):
        embedder.residue_features({"P": "MKV"}, tmp_path / "own")
    with pytest.raises(ValueError, match="holds no residue features"):
        read_residue_features(tmp_path / "own")


def test_numbers_too_large_for_float16_are_refused():
    with pytest.raises(ValueError, match=r"vectors of P reach 7e\+04, which float16 cannot hold"):
        residue_features._as_type(np.full((2, 3), 7e4, dtype=np.float32), "float16", "P")
    with pytest.raises(ValueError, match="NaN or infinity for P"):
        residue_features._as_type(np.full((2, 3), np.nan, dtype=np.float32), "float32", "P")


def test_hdf5_as_biotrainer_reads_it(embedder, tmp_path):
    proteins = PROTEINS | {"twin/of P1": PROTEINS["P1"]}
    found = embedder.residue_features(proteins, tmp_path / "residues")
    found.write_hdf5(tmp_path / "residues.h5")
    with h5py.File(tmp_path / "residues.h5") as file:
        by_original_id = {
            dataset.attrs["original_id"]: dataset[()] for dataset in file.values()
        }  # bio_embeddings
        assert set(by_original_id) == set(proteins)
        sequence = PROTEINS["P3"]
        key = hashlib.sha256(f"{sequence}_{len(sequence)}".encode()).hexdigest()  # biotrainer
        np.testing.assert_array_equal(file[key], found["P3"])
    again = read_residue_features(tmp_path / "residues.h5")
    assert set(again) == set(proteins) and again.sequences is None
    for name in proteins:
        np.testing.assert_array_equal(again[name], found[name])


def test_files_of_other_tools(tmp_path):
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        file.create_dataset("0", data=np.ones((5, 4), "float32")).attrs["original_id"] = "sp|P1|A"
        file.create_dataset("P2", data=np.zeros((3, 4), "float16"))  # ProtT5's own script writes ids as keys
    found = read_residue_features(tmp_path / "theirs.h5")
    assert {name: found[name].shape for name in found} == {"sp|P1|A": (5, 4), "P2": (3, 4)}
    with h5py.File(tmp_path / "reduced.h5", "w") as file:
        file["P1"] = np.ones(4)
    with pytest.raises(ValueError, match=r"'P1' is not a table of residues by dimensions \(shape \(4,\)\)"):
        read_residue_features(tmp_path / "reduced.h5")
    with pytest.raises(FileNotFoundError, match="no residue features at"):
        read_residue_features(tmp_path / "nothing")


def test_without_sequences_keys_are_numbers(tmp_path):
    ResidueFeatures({"a/b": np.ones((2, 3))}).write_hdf5(tmp_path / "one.h5")
    with h5py.File(tmp_path / "one.h5") as file:
        assert list(file) == ["0"] and file["0"].attrs["original_id"] == "a/b"
