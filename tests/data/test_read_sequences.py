import numpy as np
import pandas as pd
import pytest

from amp_sklearn.data import read_sequences
from amp_sklearn.exceptions import PairTableError, SequenceError

TABLE = pd.DataFrame({"Entry": ["P1", "NA"], "Entry Name": ["A_B", "C_D"], "Sequence": ["MKV", "MA"]})


def write(path):
    kind = path.name.split(".")[1]
    if kind == "xlsx":
        TABLE.to_excel(path, index=False)
    elif kind == "parquet":
        TABLE.to_parquet(path)
    elif kind == "fasta":
        path.write_text(">P1 x\nMKV\n>NA\nMA\n")
    else:
        TABLE.to_csv(path, sep={"tsv": "\t", "csv": ",", "txt": ";"}[kind], index=False)
    return path


@pytest.mark.parametrize("name", ["s.tsv", "s.csv", "s.txt", "s.csv.gz", "s.xlsx", "s.parquet", "s.fasta"])
def test_every_kind_of_file(tmp_path, name):
    assert read_sequences(write(tmp_path / name)).to_dict() == {"P1": "MKV", "NA": "MA"}


def test_content_and_not_the_name_tells_the_kind(tmp_path):
    for i, name in enumerate(["s.xlsx", "s.parquet", "s.fasta", "s.csv.gz"]):
        path = write(tmp_path / name).rename(tmp_path / f"plain{i}.txt")
        assert read_sequences(path).to_dict() == {"P1": "MKV", "NA": "MA"}


@pytest.mark.parametrize(
    "source",
    [
        {"P1": "MKV", "NA": "MA"},
        pd.Series({"P1": "MKV", "NA": "MA"}),
        TABLE,
        TABLE.set_index("Entry"),
    ],
)
def test_objects(source):
    assert read_sequences(source).to_dict() == {"P1": "MKV", "NA": "MA"}


def test_columns_by_name():
    frame = TABLE.rename(columns={"Entry": "gene", "Sequence": "aa"})
    assert list(read_sequences(frame, columns=("gene", "aa"))) == ["MKV", "MA"]
    with pytest.raises(PairTableError, match=r"no column 'AA'.*columns found: 'gene', 'Entry Name', 'aa'"):
        read_sequences(frame, columns=("gene", "AA"))
    with pytest.raises(PairTableError, match=r"a column of ids .*columns found: 'gene', 'Entry Name', 'aa'"):
        read_sequences(frame)
    with pytest.raises(PairTableError, match=r"several columns for ids: \['Entry', 'protein'\]"):
        read_sequences(TABLE.assign(protein="x"))


def test_repeats_are_kept_once_and_contradictions_listed(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("id,seq\nP1,MKV\nP2,MA\nP1,MKV\n")
    assert read_sequences(path).to_dict() == {"P1": "MKV", "P2": "MA"}
    path.write_text("id,seq\nP1,MKV\n\nP2,MA\nP1,MK\n")
    with pytest.raises(
        SequenceError, match=r"s.csv: 1 id\(s\) stand for different sequences: 'P1' \(lines 2, 5\)"
    ):
        read_sequences(path)


@pytest.mark.parametrize("missing", ["", None, np.nan, pd.NA])
def test_missing_sequences_are_named(missing):
    with pytest.raises(SequenceError, match=r"1 of 2 sequences cannot be used:\n  P2: is (empty|missing)"):
        read_sequences({"P1": "MKV", "P2": missing})
    contradiction = pd.DataFrame({"id": ["P1", "P1"], "seq": ["MKV", missing]})
    with pytest.raises(SequenceError, match=r"'P1' \(rows 0, 1 \(from 0\)\)"):
        read_sequences(contradiction)


def test_empty_sources():
    for source in ({}, pd.DataFrame({"id": [], "seq": []})):
        with pytest.raises(SequenceError, match="holds no sequence"):
            read_sequences(source)


def test_a_cell_larger_than_the_csv_module_allows_is_read(tmp_path):
    path = tmp_path / "long.tsv"
    path.write_text("Entry\tSequence\nP1\t" + "M" * 140_000 + "\n")
    assert len(read_sequences(path)["P1"]) == 140_000
