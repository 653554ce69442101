"""One way to open text for every reader: marks, encodings, gzip and its limits."""

import csv
import gzip
import importlib
import json
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amp_sklearn.data import read_fasta, read_pairs, read_sequences
from amp_sklearn.data.delimited import rows_of_lines
from amp_sklearn.exceptions import AnnotationError, PairTableError, SequenceError
from amp_sklearn.model_selection import read_clusters
from amp_sklearn.regions import parse_feature_cell, read_annotations, read_uniprot_json

SEQUENCES = {"P1": "MKV", "P2": "MA", "P3": "MKTAY"}
PAIRS = "protein_a\tprotein_b\tlabel\nP1\tP2\t1\nP2\tP3\t0\n"
CLUSTERS = "P1\tP1\nP1\tP2\nP3\tP3\n"
SCAN = (
    "P1\tmd5\t90\tPfam\tPF1\tx\t5\t9\t1\tT\t01-01-2025\nP2\tmd5\t90\tPfam\tPF1\tx\t6\t9\t1\tT\t01-01-2025\n"
)
UNIPROT = "Entry\tDomain [FT]\nP1\tDOMAIN 3..9\n"
READERS = {
    "pairs": (lambda path: read_pairs(path, SEQUENCES)[0].index.to_list(), PAIRS, PairTableError),
    "fasta": (lambda path: read_fasta(path).to_dict(), ">P1 x\nMKV\n>P2\nMA\n", SequenceError),
    "sequences": (lambda path: read_sequences(path).to_dict(), "id,seq\nP1,MKV\nP2,MA\n", SequenceError),
    "clusters": (lambda path: read_clusters(path).to_dict(), CLUSTERS, PairTableError),
    "scan": (lambda path: read_annotations(path).to_dict("list"), SCAN, AnnotationError),
    "uniprot": (lambda path: read_annotations(path).to_dict("list"), UNIPROT, AnnotationError),
}
WRITTEN = {
    "plain": str.encode,
    "mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be with mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16 without mark": lambda text: text.encode("utf-16-le"),
    "utf-32": lambda text: text.encode("utf-32"),
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old mac": lambda text: text.replace("\n", "\r").encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip of utf-16": lambda text: gzip.compress(text.encode("utf-16")),
    "two gzip members": lambda text: gzip.compress(text[:9].encode()) + gzip.compress(text[9:].encode()),
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_every_way_of_writing_text(tmp_path, name, way):
    reader, text, _ = READERS[name]
    (tmp_path / "plain.txt").write_text(text)
    path = tmp_path / "file.txt"  # neither .gz nor anything else
    path.write_bytes(WRITTEN[way](text))
    assert reader(path) == reader(tmp_path / "plain.txt")


@pytest.mark.parametrize("name", READERS)
def test_a_name_that_ends_in_gz_does_not_make_gzip(tmp_path, name):
    reader, text, _ = READERS[name]
    (tmp_path / "plain.gz").write_text(text)
    (tmp_path / "plain.txt").write_text(text)
    assert reader(tmp_path / "plain.gz") == reader(tmp_path / "plain.txt")


@pytest.mark.parametrize("name", READERS)
def test_other_encodings_are_refused_with_file_and_line(tmp_path, name):
    reader, text, error = READERS[name]
    first, second, *rest = text.encode().split(b"\n")
    (tmp_path / "latin.txt").write_bytes(b"\n".join([first, second + b"\xe9", *rest]))
    with pytest.raises(error, match=r"latin\.txt, line 2: is not text in UTF-8: byte 0xe9 .*iconv"):
        reader(tmp_path / "latin.txt")


@pytest.mark.parametrize("name", READERS)
def test_damaged_gzip_is_refused_with_the_name(tmp_path, name):
    reader, text, error = READERS[name]
    packed = gzip.compress(text.encode() * 50, mtime=0)
    damaged = packed[:30] + bytes([packed[30] ^ 255]) + packed[31:]
    for data in (packed[:-12], packed[:-3], damaged, packed[:12], packed + b"rubbish"):
        (tmp_path / "cut.gz").write_bytes(data)
        with pytest.raises(error, match=r"cut\.gz"):
            reader(tmp_path / "cut.gz")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("packer", ["bz2", "lzma"])
def test_other_packers_are_named(tmp_path, name, packer):
    reader, text, error = READERS[name]
    (tmp_path / "file").write_bytes(importlib.import_module(packer).compress(text.encode()))
    with pytest.raises(error, match=r"is compressed with (bzip2|xz); unpack it"):
        reader(tmp_path / "file")


@pytest.mark.parametrize("name", READERS)
def test_what_a_compressed_file_may_unpack_to_is_bounded(tmp_path, name, monkeypatch):
    reader, text, error = READERS[name]
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(text.encode() + b"\n" * 300_000))
    monkeypatch.setenv("AMP_SKLEARN_UNPACK_LIMIT", "200000")
    with pytest.raises(
        error, match=r"bomb\.gz.* unpacks to more than 200,000 bytes.*AMP_SKLEARN_UNPACK_LIMIT"
    ):
        reader(tmp_path / "bomb.gz")
    monkeypatch.setenv("AMP_SKLEARN_UNPACK_LIMIT", "400000")
    assert reader(tmp_path / "bomb.gz")
    monkeypatch.setenv("AMP_SKLEARN_UNPACK_LIMIT", "much")
    with pytest.raises(ValueError, match="must be a number of bytes, got 'much'"):
        reader(tmp_path / "bomb.gz")


@pytest.mark.slow
def test_a_small_gzip_of_gigabytes_is_refused_by_default(tmp_path):
    """Run with ``pytest -m slow tests/data/test_text_files.py``."""
    with gzip.open(tmp_path / "bomb.gz", "wb", compresslevel=9) as file:
        for _ in range(1024):
            file.write(bytes(2**20))
    for reader, _, error in READERS.values():
        with pytest.raises(
            error, match=r"268,435,456 bytes|not recognised|not text|neither FASTA|is not FASTA"
        ):
            reader(tmp_path / "bomb.gz")


def test_workbooks_and_parquet_files_are_bounded_too(tmp_path, monkeypatch):
    frame = pd.DataFrame({"protein_a": ["P1"] * 5000, "protein_b": ["P2"] * 5000})
    frame.to_excel(tmp_path / "p.xlsx", index=False)
    frame.to_parquet(tmp_path / "p.parquet")
    monkeypatch.setenv("AMP_SKLEARN_UNPACK_LIMIT", "20000")
    for name in ("p.xlsx", "p.parquet"):
        with pytest.raises(PairTableError, match=rf"{name} unpacks to more than 20,000 bytes"):
            read_pairs(tmp_path / name, SEQUENCES)


def test_damaged_workbooks_and_parquet_files(tmp_path):
    frame = pd.DataFrame({"Entry": ["P1"], "Domain": ["Domain[1,2]"]})
    frame.to_excel(tmp_path / "good.xlsx", index=False)
    data = (tmp_path / "good.xlsx").read_bytes()
    for damaged in (data[: len(data) // 2], data[:100], b"PK\x03\x04" + bytes(50)):
        (tmp_path / "p.xlsx").write_bytes(damaged)
        for reader, error in ((read_annotations, AnnotationError), (read_sequences, PairTableError)):
            with pytest.raises(error, match=r"p\.xlsx.* is (a damaged|a zip)"):
                reader(tmp_path / "p.xlsx")
    (tmp_path / "good.xlsx").rename(tmp_path / "good.tsv")
    assert len(read_annotations(tmp_path / "good.tsv")) == 1  # by content, not by name
    (tmp_path / "p.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(PairTableError, match=r"p\.parquet is a damaged Parquet file"):
        read_sequences(tmp_path / "p.parquet")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("a.tsv", "x")
    with pytest.raises(
        AnnotationError, match=r"p\.zip: is a zip archive, but no Excel workbook \(it holds a\.tsv\)"
    ):
        read_annotations(tmp_path / "p.zip")


FEATURE = '{"type": "Domain", "location": {"start": {"value": %s}, "end": {"value": 9}}}'


@pytest.mark.parametrize(
    "content",
    [
        '{"primaryAccession": "P1", "features": [%s]}' % (FEATURE % "1.9"),
        '{"primaryAccession": "P1", "features": [%s]}' % (FEATURE % "1e999"),
        '{"primaryAccession": "P1", "features": [%s]}' % (FEATURE % "true"),
        '{"primaryAccession": "P1", "features": [%s]}' % (FEATURE % "NaN"),
        '{"primaryAccession": "P1", "features": [%s]}' % (FEATURE % ("9" * 5000)),
        '{"primaryAccession": "P1", "features": [%s]}' % (FEATURE % "[1]"),
        '{"primaryAccession": "P1", "sequence": {"length": 1e999}, "features": []}',
        '{"primaryAccession": 7, "features": [%s]}' % (FEATURE % "1"),
        '{"primaryAccession": "P1", "features": 7}',
        '{"primaryAccession": "\\ud800", "features": [%s]}' % (FEATURE % "1"),
        "[" * 200_000,
        '{"a":' * 200_000,
    ],
    ids=lambda text: text[-90:-50] or text[:9],
)
def test_wrong_values_in_json_are_refused(tmp_path, content):
    (tmp_path / "entry.json").write_text(content)
    with pytest.raises(AnnotationError, match=r"entry\.json"):
        read_uniprot_json(tmp_path / "entry.json")


@pytest.mark.parametrize("value", ["1.9", "1e999", "false", '"1.9"', "[]"])
def test_positions_of_interproscan_json_are_whole_numbers(tmp_path, value):
    match = {"signature": {"accession": "x", "signatureLibraryRelease": {"library": "Y"}}, "locations": [{}]}
    result = {"xref": [{"id": "P1"}], "sequence": "MKVLA", "matches": [match]}
    match["locations"][0] = {"start": 1, "end": "HERE"}
    text = json.dumps({"interproscan-version": "6", "results": [result]})
    (tmp_path / "scan.json").write_text(text.replace('"HERE"', value))
    with pytest.raises(AnnotationError, match=r"scan\.json"):
        read_annotations(tmp_path / "scan.json")


def test_deep_xml_is_refused(tmp_path):
    (tmp_path / "deep.xml").write_text("<uniprot>" + "<a>" * 200_000)
    with pytest.raises(AnnotationError, match="nested deeper than 200 levels"):
        read_annotations(tmp_path / "deep.xml")


def test_no_reader_changes_the_csv_module(tmp_path):
    before = csv.field_size_limit()
    for name, (reader, text, _) in READERS.items():
        (tmp_path / name).write_text(text)
        reader(tmp_path / name)
    assert csv.field_size_limit() == before


def test_over_long_cells_are_read(tmp_path):
    cell = "x" * 1_000_000
    (tmp_path / "p.tsv").write_text(f"protein_a\tprotein_b\tlabel\tnote\nP1\tP2\t1\t{cell}\n")
    assert len(read_pairs(tmp_path / "p.tsv", SEQUENCES)[0]) == 1
    (tmp_path / "u.tsv").write_text("Entry\tDomain\nP1\t" + "Domain[1,9];" * 20_000 + "\n")
    assert len(read_annotations(tmp_path / "u.tsv")) == 1  # twenty thousand times the same region


@pytest.mark.parametrize(
    "text",
    [
        "A" * 50_000,
        "A" + " " * 50_000,
        "A b" * 50_000,
        "A-" * 50_000,
        "DOMAIN 1..2" + " ;" * 50_000 + "x",
        "DOMAIN 1..2; /note=" + '"' * 50_000,
        'DOMAIN 1..2; /note="' + '" ' * 50_000 + "x",
        "DOMAIN " + "x" * 50_000,
        "DOMAIN 1..2" + ' /note="' * 50_000,
    ],
    ids=lambda text: text[:14],
)
def test_the_work_for_a_feature_cell_grows_with_its_length(text):
    """Work that grew with the square of the length would keep this test for minutes."""
    try:
        parse_feature_cell(text)
    except ValueError as error:
        assert len(str(error)) < 300


# -- quotation marks

STRAY = [
    ["P1", "P2", "1", '"5-prime end'],
    ["P2", "P3", "0", "x"],
    ["P1", "P3", "1", "y"],
]
HEAD = ["protein_a", "protein_b", "label", "note"]


def table(rows, delimiter):
    return "".join(delimiter.join(row) + "\n" for row in [HEAD, *rows])


def test_a_stray_quotation_mark_in_a_tab_separated_table_is_a_letter(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text(table(STRAY, "\t"))
    X, y = read_pairs(path, SEQUENCES)
    assert X.index.to_list() == [("P1", "P2"), ("P2", "P3"), ("P1", "P3")] and y.tolist() == [1, 0, 1]


@pytest.mark.parametrize("last", ["y", '3"', 'the 3" end', '"z"'])
def test_a_stray_quotation_mark_in_a_comma_separated_table_is_named_with_its_line(tmp_path, last):
    path = tmp_path / "p.csv"
    path.write_text(table([*STRAY[:2], [*STRAY[2][:3], last]], ","))
    with pytest.raises(
        PairTableError, match=r"p\.csv, line 2: a quotation mark opens a cell and does not close"
    ):
        read_pairs(path, SEQUENCES)


def test_sequences_and_annotations_keep_their_rows_too(tmp_path):
    path = tmp_path / "s.tsv"
    path.write_text('Entry\tnote\tSequence\nP1\t"5-prime\tMKV\nP2\tx\tMA\nP3\t3"\tMK\n')
    assert read_sequences(path).to_dict() == {"P1": "MKV", "P2": "MA", "P3": "MK"}
    path.write_text(
        'Entry\tName\tDomain [FT]\nP1\t"5-prime\tDOMAIN 1..2\nP2\tx\tDOMAIN 3..4\nP3\ty"\tDOMAIN 5..6\n'
    )
    found = read_annotations(path)
    assert list(zip(found["protein"], found["start"], strict=True)) == [("P1", 1), ("P2", 3), ("P3", 5)]
    path.write_text('Entry,note,Sequence\nP1,"5-prime,MKV\nP2,x,MA\n')
    with pytest.raises(PairTableError, match="line 2: a quotation mark opens"):
        read_sequences(path)


def test_cells_in_quotation_marks_are_taken_out_of_them(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        '"protein_a","protein_b","label","a ""note"""\n"P1","P2","1","x, ""y"" z"\n"P2",P3,0,"two\nlines"\n'
    )
    X, y = read_pairs(path, SEQUENCES)
    assert X.index.to_list() == [("P1", "P2"), ("P2", "P3")] and y.tolist() == [1, 0]
    rows = rows_of_lines(enumerate(path.read_text().splitlines(), 1), path, PairTableError)
    assert [cells[3] for _, cells in rows] == ['a "note"', 'x, "y" z', "two\nlines"]
    path.write_text('Entry\tDomain\nP1\t"DOMAIN 1..2; /note=""a b"""\n')
    assert read_annotations(path)["description"].tolist() == ["a b"]


cells = st.text(st.characters(exclude_characters="\r\n\t", exclude_categories=["Cs"]), max_size=12) | st.text(
    '" ,;x', max_size=8
)


def count(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X, y = read_pairs(path, SEQUENCES)
    return list(X.index), y.tolist()


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=st.lists(st.tuples(cells, cells), min_size=1, max_size=6), last=st.booleans())
def test_lines_in_are_pairs_out_whatever_a_cell_holds(tmp_path, notes, last):
    """Raw cells between tabs; and cells that the csv module quoted, between commas and semicolons."""
    rng = np.random.default_rng(len(notes))
    pairs = [tuple(f"P{i}" for i in rng.integers(1, 4, 2)) for _ in notes]
    labels = [
        sum(map(ord, "".join(sorted(pair)))) % 2 for pair in pairs
    ]  # one label for a pair that is repeated
    rows = [
        [note, *pair, str(label), other] if last else [*pair, str(label), note, other]
        for pair, label, (note, other) in zip(pairs, labels, notes, strict=True)
    ]
    head = ["note", *HEAD[:3], "more"] if last else [*HEAD, "more"]
    path = tmp_path / "p"
    path.write_text("".join("\t".join(row) + "\n" for row in [head, *rows]), newline="")
    if not any(row[0].startswith("#") for row in rows):
        assert count(path) == (pairs, labels)
    for delimiter in ",;":
        with open(path, "w", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows([head, *rows])
        if not any(row[0].startswith("#") for row in rows):
            assert count(path) == (pairs, labels)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=st.lists(cells.filter(lambda cell: "," not in cell), min_size=1, max_size=6))
def test_no_line_between_commas_is_lost_in_silence(tmp_path, notes):
    """Cells that nobody quoted: as many pairs as lines, or an error."""
    path = tmp_path / "p.csv"
    path.write_text(
        "".join(",".join(row) + "\n" for row in [HEAD, *(["P1", "P2", "1", note] for note in notes)]),
        newline="",
    )
    try:
        assert len(count(path)[0]) == len(notes)
    except PairTableError as error:
        assert "line" in str(error)
