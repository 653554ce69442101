"""Outputs: never over inputs, nothing over existing files unasked, whole or not at all, in the format of their ending."""

import os

import pandas as pd
import pytest

from amp_sklearn.cli.outputs import (
    TABLES,
    beside,
    prepare_file,
    prepare_folder,
    remove_if_empty,
    require_inputs,
    write_table,
)

TABLE = pd.DataFrame({"protein_a": ["=1+1", "NA", "007"], "probability": [0.25, 0.5, 1.0]})


@pytest.mark.parametrize("ending", TABLES)
def test_tables_come_back_as_they_were(tmp_path, ending):
    path = tmp_path / f"table{ending}"
    write_table(TABLE, path)
    if ending == ".parquet":
        found = pd.read_parquet(path)
    elif ending == ".xlsx":
        found = pd.read_excel(path, dtype={"protein_a": str}, keep_default_na=False)
    else:
        separator = "," if ending == ".csv" else "\t"
        found = pd.read_csv(path, sep=separator, dtype={"protein_a": str}, keep_default_na=False)
    assert found["protein_a"].tolist() == TABLE["protein_a"].tolist()  # no formula, no number, no empty cell
    assert found["probability"].tolist() == TABLE["probability"].tolist()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "table.tsv"
    path.write_text("before")

    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", broken)
    with pytest.raises(OSError, match="No space"):
        write_table(TABLE, path)
    assert path.read_text() == "before" and len(list(tmp_path.iterdir())) == 1


def test_more_rows_than_a_sheet_holds(tmp_path):
    many = pd.DataFrame({"x": range(1_048_576)})
    with pytest.raises(
        ValueError, match=r"holds 1,048,575 rows, there are 1,048,576; end the name in .parquet"
    ):
        write_table(many, tmp_path / "many.xlsx")
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_an_input_by_another_name(tmp_path):
    given = tmp_path / "pairs.tsv"
    given.write_text("a\tb\n")
    (tmp_path / "link.tsv").symlink_to(given)
    os.link(given, tmp_path / "hard.tsv")
    for name in ("pairs.tsv", "link.tsv", "hard.tsv", f"../{tmp_path.name}/pairs.tsv"):
        with pytest.raises(ValueError, match="which would be lost"):
            prepare_file(tmp_path / name, [given], force=True)
    with pytest.raises(ValueError, match="folder of the input"):
        prepare_folder(tmp_path, [given], force=True)


def test_existing_outputs_need_to_be_asked_for(tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    prepare_folder(there, [], force=False)  # empty
    (there / "file.tsv").write_text("x")
    with pytest.raises(FileExistsError, match="give --force"):
        prepare_file(there / "file.tsv", [], force=False)
    with pytest.raises(FileExistsError, match="holds files already"):
        prepare_folder(there, [], force=False)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        prepare_file(there, [], force=True)
    with pytest.raises(FileExistsError, match="is a file; give a folder"):
        prepare_folder(there / "file.tsv", [], force=True)
    prepare_file(there / "file.tsv", [], force=True)
    prepare_folder(there, [], force=False, resume=True)
    assert (there / "file.tsv").read_text() == "x"  # trying changes nothing


def test_folders_made_for_nothing_are_removed(tmp_path):
    made = prepare_file(tmp_path / "a" / "b" / "model.amp", [], force=False)
    assert made == [tmp_path / "a", tmp_path / "a" / "b"] and made[-1].is_dir()
    (tmp_path / "a" / "kept").write_text("x")
    remove_if_empty(made)
    assert not (tmp_path / "a" / "b").exists() and (tmp_path / "a").is_dir()


def test_all_missing_inputs_are_named_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"x.tsv, .*y.fasta; nothing was read or written"):
        require_inputs([tmp_path / "x.tsv", tmp_path / "y.fasta"])


def test_names_of_what_lies_beside(tmp_path):
    assert beside(tmp_path / "model.amp", ".run.toml").name == "model.amp.run.toml"
    assert beside(tmp_path, ".run.toml") == tmp_path / "run.toml"
