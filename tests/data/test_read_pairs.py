import datetime
import gzip
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amp_sklearn.data import read_pairs
from amp_sklearn.exceptions import PairTableError, PairTableWarning, SequenceError

SEQUENCES = {"007": "MKV", "1e5": "MA", "NA": "MKTAY", "nan": "MSDN"}
FRAME = pd.DataFrame(
    {
        "Protein1": ["007", "NA", "1e5"],
        "Protein2": ["1e5", "nan", "NA"],
        "Label": [1, 0, 1],
        "Pairs": ["x", "", "z"],
    }
)


def write(path, frame=FRAME):
    kind = path.name.split(".")[1]
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep={"tsv": "\t", "csv": ",", "txt": ";"}[kind], index=False)
    return path


def text_file(tmp_path, text, name="pairs.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def error(pairs, sequences=SEQUENCES, kind=PairTableError, **options):
    with pytest.raises(kind) as caught:
        read_pairs(pairs, sequences, **options)
    return str(caught.value)


def check_frame(X, y):
    assert X.index.to_list() == [("007", "1e5"), ("NA", "nan"), ("1e5", "NA")]
    assert X.index.names == ["protein_a", "protein_b"]
    assert X.to_dict("list") == {"sequence_a": ["MKV", "MKTAY", "MA"], "sequence_b": ["MA", "MSDN", "MKTAY"]}
    assert y.tolist() == [1, 0, 1] and y.dtype == np.int64


@pytest.mark.parametrize("name", ["p.tsv", "p.tsv.gz", "p.csv", "p.csv.gz", "p.txt", "p.xlsx", "p.parquet"])
def test_every_kind_of_table_keeps_ids_as_text(tmp_path, name):
    check_frame(*read_pairs(write(tmp_path / name), SEQUENCES))
    check_frame(*read_pairs(str(tmp_path / name), SEQUENCES))


def test_data_frames_and_their_index():
    check_frame(*read_pairs(FRAME, SEQUENCES))
    check_frame(*read_pairs(FRAME.set_index(["Protein1", "Protein2"]), SEQUENCES))


@pytest.mark.parametrize(
    "names",
    [
        ("protein_a", "protein_b"),
        ("ProteinA", "ProteinB"),
        ("PROTEIN 1", "protein-2"),
        (" protein_a ", "Protein B"),
    ],
)
def test_published_column_names_in_any_case(tmp_path, names):
    frame = FRAME.rename(columns=dict(zip(("Protein1", "Protein2", "Label"), (*names, "LABEL"), strict=True)))
    check_frame(*read_pairs(write(tmp_path / "p.csv", frame), SEQUENCES))


def test_columns_by_name():
    frame = FRAME.rename(columns={"Protein1": "bait", "Protein2": "prey", "Label": "hit"})
    check_frame(*read_pairs(frame, SEQUENCES, columns=("bait", "prey"), label="hit"))
    X, y = read_pairs(frame, SEQUENCES, columns=("bait", "prey"))
    assert len(X) == 3 and y is None
    found = "columns found: 'bait', 'prey', 'hit', 'Pairs'"
    for options in ({}, {"columns": ("bait", "pray")}, {"columns": ("bait", "prey"), "label": "Label"}):
        assert found in error(frame, **options)
    with pytest.raises(ValueError, match="two different columns"):
        read_pairs(frame, SEQUENCES, columns=("bait", "bait"))


def test_ambiguous_and_repeated_columns(tmp_path):
    assert "several columns for protein A: ['Protein1', 'protein_a']" in error(FRAME.assign(protein_a="NA"))
    path = text_file(tmp_path, "protein_a,protein_b,label,label\nNA,nan,1,0\n")
    assert "several columns of the same name: ['label']" in error(path)


def test_a_table_without_header_is_told_apart(tmp_path):
    found = error(text_file(tmp_path, "NA\tnan\t1\n007\t1e5\t0\n", "p.tsv"))
    assert "p.tsv" in found and "first line holds ids instead of column names (NA, nan, 1)" in found


def test_unknown_ids_are_listed_with_lines(tmp_path):
    path = text_file(tmp_path, "protein_a,protein_b\nNA,Q1\n\nQ1,Q2\nNA,nan\nQ1,Q1\n")
    found = error(path)
    assert "pairs.csv: 2 id(s) in 3 pair(s) have no sequence:" in found
    assert "'Q1' (lines 2, 4, 6)" in found and "'Q2' (line 4)" in found
    assert "sequences holds 4 ids such as '007', '1e5', 'NA'" in found


def test_long_lists_of_unknown_ids_are_counted():
    frame = pd.DataFrame({"protein_a": [f"Q{i}" for i in range(13)], "protein_b": "R"})
    found = error(frame)
    assert "14 id(s) in 13 pair(s)" in found and "  and 4 more" in found
    assert "'R' (rows 0, 1, 2, 3, 4 and 8 more (from 0))" in found


def test_empty_ids_and_labels_are_named(tmp_path):
    path = text_file(tmp_path, "protein_a,protein_b,label\nNA,,1\n , nan,0\nNA,nan,\n")
    assert "pairs.csv: 1 empty cell(s) in column 'protein_a', line 3" in error(path)
    path = text_file(tmp_path, "protein_a,protein_b,label\nNA,,1\nNA,,1\nNA,nan,\n")
    assert "pairs.csv: 2 empty cell(s) in column 'protein_b', lines 2, 3" in error(path)
    path = text_file(tmp_path, "protein_a,protein_b,label\nNA,nan,1\nnan,NA,\n")
    found = error(path)
    assert "1 empty cell(s) in label column 'label', line 3" in found and "label=False" in found
    with pytest.warns(
        PairTableWarning, match=r"1 row\(s\) repeat an earlier pair with the proteins swapped, line 3"
    ):
        assert read_pairs(path, SEQUENCES, label=False)[1] is None


@pytest.mark.parametrize("empty", [None, np.nan, pd.NA, ""])
def test_empty_cells_of_a_frame_are_errors(empty):
    frame = pd.DataFrame(
        {"protein_a": ["NA", empty], "protein_b": ["nan", empty], "label": [1, empty]}, dtype=object
    )
    assert "1 empty cell(s) in column 'protein_a', row 1 (from 0)" in error(frame)
    frame["protein_a"] = frame["protein_b"] = "NA"
    assert "label column 'label', row 1 (from 0)" in error(frame)


def test_what_a_spreadsheet_made_of_ids(tmp_path):
    cells = ["NA", datetime.datetime(2024, 9, 2), 2.5, True]
    path = write(
        tmp_path / "p.xlsx", pd.DataFrame({"protein_a": cells, "protein_b": ["NA", "NA", "NA", "NA"]})
    )
    found = error(path)
    assert "3 cell(s) in column 'protein_a', rows 3, 4, 5, hold no id but a datetime (2024-09-02" in found
    assert "spreadsheet" in found


def test_whole_numbers_as_ids(tmp_path):
    frame = pd.DataFrame({"protein_a": [7157, 672], "protein_b": [672.0, 675.0]})
    sequences = pd.Series({7157: "MEE", 672: "MDL", 675: "MPI"})
    for source in (frame, write(tmp_path / "p.xlsx", frame)):
        X, _ = read_pairs(source, sequences)
        assert X.index.to_list() == [("7157", "672"), ("672", "675")]


def test_rows_of_a_sheet_are_numbered_as_the_program_shows_them(tmp_path):
    frame = pd.DataFrame(
        {"protein_a": ["NA", None, "NA"], "protein_b": ["nan", None, "Q9"], "label": [1, None, 0]}
    )
    assert "'Q9' (row 4)" in error(write(tmp_path / "p.xlsx", frame))


@pytest.mark.parametrize(
    ("given_labels", "expected", "kind"),
    [
        (["1", "0"], [1, 0], "i"),
        (["1.0", "0.0"], [1, 0], "i"),
        ([1.0, 0.0], [1, 0], "i"),
        (["-1", "+1"], [-1, 1], "i"),
        ([True, False], [True, False], "b"),
        (["0.5", "1"], [0.5, 1.0], "f"),
        (["yes", "no"], [1, 0], "i"),
        (["strong", "weak"], ["strong", "weak"], "O"),
        ([1, "0"], [1, 0], "i"),
    ],
)
def test_labels_are_numbers_where_they_can_be(given_labels, expected, kind):
    frame = pd.DataFrame({"protein_a": ["NA", "007"], "protein_b": ["nan", "1e5"]})
    frame["label"] = pd.Series(given_labels, dtype=object)
    y = read_pairs(frame, SEQUENCES)[1]
    assert y.tolist() == expected and y.dtype.kind == kind


def test_conflicting_labels_are_listed_or_kept(tmp_path):
    path = text_file(tmp_path, "protein_a,protein_b,label\nNA,nan,1\n007,1e5,0\nnan,NA,0\n")
    found = error(path)
    assert "pairs.csv: 1 pair(s) in 2 rows come with different labels:" in found
    assert "NA - nan is 1 (line 2); nan - NA is 0 (line 4)" in found
    assert "007" not in found and "conflicts='keep'" in found
    with pytest.warns(
        PairTableWarning, match=r"different labels, lines 2, 4; 1 row\(s\) repeat .* swapped, line 4"
    ):
        X, y = read_pairs(path, SEQUENCES, conflicts="keep")
    assert len(X) == 3 and y.tolist() == [1, 0, 0]
    with pytest.raises(ValueError, match="'drop'"):
        read_pairs(path, SEQUENCES, conflicts="drop")


def test_two_ids_of_one_sequence_are_one_protein():
    frame = pd.DataFrame({"protein_a": ["P1", "P2"], "protein_b": ["P3", "P3"], "label": [1, 0]})
    found = error(frame, {"P1": "MKV", "P2": "MKV", "P3": "MA"})
    assert "P1 - P3 is 1 (row 0 (from 0)); P2 - P3 is 0 (row 1 (from 0))" in found


def test_one_warning_says_all_and_nothing_changes(tmp_path):
    rows = ["NA,nan,1", "NA,nan,1", "nan,NA,1", "007,007,0", "1e5,007,0"]
    path = text_file(tmp_path, "\n".join(["protein_a,protein_b,label", *rows]))
    with pytest.warns(PairTableWarning) as caught:
        X, y = read_pairs(path, SEQUENCES)
    assert len(caught) == 1 and caught[0].filename == __file__
    text = str(caught[0].message)
    assert "all 5 rows kept" in text
    assert "1 row(s) repeat an earlier pair, line 3" in text
    assert "1 row(s) repeat an earlier pair with the proteins swapped, line 4" in text
    assert "1 row(s) pair a protein with itself, line 5" in text
    assert [f"{a},{b},{label}" for (a, b), label in zip(X.index, y, strict=True)] == rows


def test_repeated_entries_of_a_sequence_table_multiply_no_pair():
    table = pd.DataFrame({"Entry": [*SEQUENCES, *SEQUENCES], "Sequence": [*SEQUENCES.values()] * 2})
    check_frame(*read_pairs(FRAME, table))
    check_frame(*read_pairs(FRAME, table.set_axis(["k", "v"], axis=1), sequence_columns=("k", "v")))


def test_only_sequences_in_use_are_checked():
    odd = SEQUENCES | {"unused": "J*"}
    check_frame(*read_pairs(FRAME, odd))
    found = error(FRAME, odd | {"nan": "MxS"}, kind=SequenceError)
    assert "1 of 4 sequences cannot be used" in found and "nan: 'x' at 2" in found
    X, _ = read_pairs(FRAME, odd | {"nan": "MxS"}, uppercase=True)
    assert X.loc[("NA", "nan"), "sequence_b"] == "MXS"


def test_rows_of_one_protein_share_one_string():
    X, _ = read_pairs(FRAME, SEQUENCES)
    assert X["sequence_a"].iloc[1] is X["sequence_b"].iloc[2] and [str(dtype) for dtype in X.dtypes] == [
        "object",
        "object",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "pairs.csv is empty"),
        ("protein_a,protein_b,label\n", "has column names but no pairs"),
        ("protein_a,protein_b,label\nNA,nan,1\nNA,nan\n", "line 3 has 2 cells, but there are 3 column names"),
        ("protein_a,protein_b\nNA,nan,1\n", "line 2 has 3 cells, but there are 2 column names"),
        ("protein_a\nNA\n", "needs two columns of ids"),
    ],
)
def test_malformed_tables(tmp_path, text, expected):
    assert expected in error(text_file(tmp_path, text))


def test_sources_of_other_types():
    with pytest.raises(TypeError, match="a table must be a file or a DataFrame, got list"):
        read_pairs([("NA", "nan")], SEQUENCES)
    with pytest.raises(TypeError, match=r"sequences must be a file .* got list"):
        read_pairs(FRAME, ["MKV"])


def test_files_that_are_no_tables(tmp_path):
    old = tmp_path / "p.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    assert "p.xls is an old Excel file" in error(old)
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("pairs.csv", "x")
    assert "p.zip is a zip archive, but no Excel workbook" in error(tmp_path / "p.zip")
    (tmp_path / "p.gz").write_bytes(gzip.compress(b"protein_a,protein_b\n" * 100)[:-12])
    assert "p.gz is damaged or cut off" in error(tmp_path / "p.gz")
    (tmp_path / "p.bin").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "p.bin, line 1: is not text in UTF-8: byte 0x89" in error(tmp_path / "p.bin")


pairs_strategy = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD"), st.sampled_from([0, 1])),
    min_size=1,
    max_size=12,
)


@given(pairs_strategy)
def test_findings_agree_with_a_row_by_row_search(rows):
    """Slow twin: look at all earlier rows of each row."""
    frame = pd.DataFrame(rows, columns=["protein_a", "protein_b", "label"])
    exact = swapped = conflicting = 0
    for i, (a, b, label) in enumerate(rows):
        earlier = rows[:i]
        exact += any((c, d) == (a, b) for c, d, _ in earlier)
        swapped += any({c, d} == {a, b} for c, d, _ in earlier) and not any(
            (c, d) == (a, b) for c, d, _ in earlier
        )
        conflicting += any({c, d} == {a, b} and other != label for c, d, other in rows)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        X, y = read_pairs(frame, dict(zip("ABCD", ["MA", "MC", "MD", "ME"], strict=True)), conflicts="keep")
    text = " ".join(str(warning.message) for warning in caught)
    itself = sum(a == b for a, b, _ in rows)
    for count, words in (
        (exact, "row(s) repeat an earlier pair,"),
        (swapped, "row(s) repeat an earlier pair with the proteins swapped"),
        (itself, "row(s) pair a protein with itself"),
        (conflicting, "rows come with different labels"),
    ):
        assert (f"{count} {words}" in text) if count else (words not in text)
    assert [(*pair, label) for pair, label in zip(X.index, y, strict=True)] == rows
