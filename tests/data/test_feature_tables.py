"""Feature tables of the published programs become pair matrices: by name and equal id, never by position."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from amp_sklearn.data import read_features, read_pair_features
from amp_sklearn.data.feature_tables import pair_tokens
from amp_sklearn.exceptions import PairTableError, PairTableWarning

DATA = Path(__file__).parents[1] / "fixtures" / "feature_tables"
ESM2 = Path(__file__).parents[1] / "fixtures" / "esm2"
SEGMENTS = tuple(f"segment{i}" for i in range(10))
SPLIT = ("cls", "eos", *SEGMENTS)
h5py = pytest.importorskip("h5py", reason="HDF5 tables need the extra hdf5")


def expected(name):
    return np.load(DATA / "expected.npz")[name]


@pytest.mark.parametrize(("file", "rows"), [("fixed.h5", 8), ("table.h5", 3)])
def test_both_formats_of_hdf5_give_the_published_features(file, rows):
    features, ids, layout = read_features(DATA / file)
    assert layout.tokens == ("cls", *SEGMENTS, "eos", "mean") and layout.width == 32
    assert (
        ids[:3] == ["P49450", "P62308", "P05161"]
        and features.shape == (rows, 13 * 32)
        and features.dtype == np.float32
    )
    published = np.load(ESM2 / "features.npz")["features_bs1"][:rows].reshape(
        rows, 13, 32
    )  # cls, eos, mean, segments
    order = [0, *range(3, 13), 1, 2]
    np.testing.assert_allclose(features.reshape(rows, 13, 32), published[:, order], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "tokens"), [("segment_x", SEGMENTS), ("split_x", SPLIT), ("mean_x", ("mean",))]
)
def test_pairs_equal_those_of_the_published_program(name, tokens):
    with pytest.warns(PairTableWarning, match="repeat an earlier pair"):
        X, y = read_pair_features(DATA / "samples.csv", DATA / "fixed.h5", tokens=tokens, conflicts="keep")
    assert y.tolist() == [0, 0, 1, 0, 1, 0, 0] and X.layout.tokens == tokens
    np.testing.assert_array_equal(np.asarray(X).reshape(expected(name).shape), expected(name))


def frame():
    features, ids, _ = read_features(DATA / "fixed.h5", tokens=SPLIT)
    names = [f"ESM2_{t}_mean{d}" if t.startswith("seg") else f"ESM2_{t}{d}" for t in SPLIT for d in range(32)]
    return pd.DataFrame(features, columns=names).assign(Entry=ids)


@pytest.mark.parametrize("kind", ["frame", "xlsx", "tsv", "parquet"])
def test_columns_are_found_by_name_in_any_order_and_any_kind_of_table(tmp_path, kind):
    shuffled = frame().sample(frac=1, axis=1, random_state=0).sample(frac=1, random_state=1)
    path = tmp_path / "features"
    if kind == "xlsx":
        with open(path, "wb") as file:
            shuffled.to_excel(file, index=False)
    elif kind == "tsv":
        shuffled.to_csv(path, sep="\t", index=False)
    elif kind == "parquet":
        shuffled.to_parquet(path)
    with pytest.warns(PairTableWarning):
        X, _ = read_pair_features(
            pd.read_csv(DATA / "samples.csv"),
            shuffled if kind == "frame" else path,
            tokens=SPLIT,
            conflicts="keep",
        )
    np.testing.assert_allclose(
        np.asarray(X).reshape(expected("split_x").shape), expected("split_x"), rtol=1e-6
    )


def test_ids_are_equal_and_not_alike():
    """The published program looks for ids that contain the one wanted: P1 then finds P10."""
    table = pd.DataFrame({"Entry": ["P10", "P1", "A(1"], "ESM2_mean0": [10.0, 1.0, 5.0]})
    X, y = read_pair_features(pd.DataFrame({"Protein1": ["P1", "A(1"], "Protein2": ["P10", "P1"]}), table)
    assert np.asarray(X).tolist() == [[1, 10], [5, 1]] and y is None
    with pytest.raises(PairTableError, match=r"'P2' \(row 0 .*no sequence|'P2' \(row 0"):
        read_pair_features(pd.DataFrame({"Protein1": ["P1"], "Protein2": ["P2"]}), table)


def test_tables_that_hold_pairs_and_features():
    columns = {
        f"{side}_ESM2_{token}{d}": [float(f"{side}{d}"), 7.0]
        for side in "21"
        for token in ("cls", "mean")
        for d in (1, 0)
    }
    X, y = read_pair_features(
        pd.DataFrame({"Protein1": ["a", "b"], "Protein2": ["c", "d"], "Label": ["+", "-"], **columns})
    )
    assert X.layout.token_labels == ("A_cls", "A_mean", "B_cls", "B_mean") and y.tolist() == [1, 0]
    assert np.asarray(X).tolist() == [[10, 11, 10, 11, 20, 21, 20, 21], [7] * 8]
    assert len(X.features) == 3  # the second row's proteins have the same features


def test_labels_of_the_autoencoder_tables_are_put_right():
    path = DATA / "autoencoder_cls_segment_eos.csv"
    table = pd.read_csv(path)
    X, y = read_pair_features(path)
    assert (
        y.tolist() == table["Label"].tolist()
        and X.layout.tokens == ("cls", *SEGMENTS, "eos")
        and X.layout.width == 12
    )
    labelled = dict(zip(("cls", *SEGMENTS, "eos"), ("cls", "eos", *SEGMENTS), strict=True))
    for label, token in labelled.items():
        for side, block in ("1A", "2B"):
            wanted = table[[f"{side}_{label}_{d}" for d in range(12)]].to_numpy(np.float32)
            np.testing.assert_array_equal(np.asarray(X)[:, X.layout.columns(f"{block}_{token}")], wanted)
    believed, _ = read_pair_features(path, token_order="ours")
    wanted = table[[f"1_eos_{d}" for d in range(12)]].to_numpy(np.float32)
    np.testing.assert_array_equal(np.asarray(believed)[:, believed.layout.columns("A_eos")], wanted)
    with pytest.raises(ValueError, match="token_order must be"):
        pair_tokens([], ("1",), "theirs")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="ESM2_cls3"), "no column for dimension 3 of the token cls"),
        (lambda f: f.drop(columns="Entry"), "no column of proteins such as Entry"),
        (lambda f: f[["Entry"]], "no columns of features such as ESM2_cls0"),
        (lambda f: f.assign(ESM2_cls3=np.nan), r"'ESM2_cls3', row 0 \(from 0\) is nan"),
        (lambda f: f.assign(ESM2_cls3="x"), r"'ESM2_cls3', row 0 \(from 0\) holds no number but 'x'"),
        (lambda f: f.assign(Entry="P1"), r"'P1' stands in rows 0 and 1 \(from 0\) with different features"),
        (lambda f: f[:0], "no rows"),
    ],
)
def test_tables_with_faults_are_refused(change, message):
    with pytest.raises(PairTableError, match=message):
        read_features(change(frame()))


def test_tokens_that_are_not_there():
    with pytest.raises(PairTableError, match="no features of the tokens mean; it has cls, segment0"):
        read_features(frame(), tokens=("mean",))


class Planted:
    def __reduce__(self):
        return (Path.touch, (Path("planted"),))


def test_hdf5_runs_nothing_and_names_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = (DATA / "fixed.h5").read_bytes()
    for damaged in (data[:9000], data[:100], data[:2000] + bytes(500) + data[2500:]):
        (tmp_path / "f.h5").write_bytes(damaged)
        with pytest.raises(PairTableError, match=r"f\.h5"):
            read_features(tmp_path / "f.h5")
    with pytest.raises(PairTableError, match=r"fixed\.h5 has no table 'x'; it holds 'df'"):
        read_features(DATA / "fixed.h5", key="x")
    (tmp_path / "f.h5").write_bytes(data)
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        cells = next(item for item in file["df"].values() if item.attrs.get("PSEUDOATOM") == b"object")
        cells[0] = np.frombuffer(pickle.dumps(Planted()), dtype=np.uint8)
    with pytest.raises(PairTableError, match="could run code"):
        read_features(tmp_path / "f.h5")
    assert not (tmp_path / "planted").exists()


def test_hdf5_is_bounded(monkeypatch):
    monkeypatch.setenv("AMP_SKLEARN_UNPACK_LIMIT", "1000")
    with pytest.raises(PairTableError, match="unpacks to more than 1,000 bytes"):
        read_features(DATA / "fixed.h5")
