import gzip
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amp_sklearn.data import RESIDUES, read_fasta
from amp_sklearn.exceptions import SequenceError

ids = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12).filter(
    lambda word: word.count("|") != 2
)


def error(path, text, **options):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SequenceError) as caught:
        read_fasta(path, **options)
    return str(caught.value)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    proteins=st.dictionaries(ids, st.text(RESIDUES, min_size=1, max_size=200), min_size=1),
    width=st.integers(1, 90),
    end=st.sampled_from(["\n", "\r\n", " \n", "\n\n"]),
    gzipped=st.booleans(),
)
def test_round_trip(tmp_path, proteins, width, end, gzipped):
    lines = [
        line for name, s in proteins.items() for line in (f">{name} some text", *textwrap.wrap(s, width))
    ]
    data = "".join(line + end for line in lines).encode()
    path = tmp_path / "proteins.fasta"
    path.write_bytes(gzip.compress(data) if gzipped else data)
    assert list(read_fasta(path).items()) == list(proteins.items())


def test_uniprot_headers_give_the_accession_or_the_whole_word(tmp_path):
    path = tmp_path / "uniprot.fasta"
    path.write_text(">sp|P04637|P53_HUMAN Cellular\nMEE\n>tr|A0A1|X_Y\nMK\n>gb|1|2\nM\n>P3|x\nMA\n")
    assert list(read_fasta(path).index) == ["P04637", "A0A1", "gb|1|2", "P3|x"]
    assert list(read_fasta(path, full_id=True).index) == [
        "sp|P04637|P53_HUMAN",
        "tr|A0A1|X_Y",
        "gb|1|2",
        "P3|x",
    ]


def test_result_is_a_named_series_of_plain_strings(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_bytes(b"\xef\xbb\xbf>P1\nMKV")  # byte order mark, no line end
    series = read_fasta(path)
    assert (series.name, series.index.name, series.dtype) == ("sequence", "protein", object)
    assert type(series["P1"]) is str


def test_the_same_sequence_under_one_id_is_kept_once(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_text(">P1\nMKV\n>P2\nMA\n>P1\nMK\nV\n")
    assert read_fasta(path).to_dict() == {"P1": "MKV", "P2": "MA"}


def test_different_sequences_under_one_id_are_listed_with_lines(tmp_path):
    found = error(tmp_path / "a.fasta", ">sp|P1|X\nMKV\n>P2\nMA\n>tr|P1|Y\nMK\n>P1\nM\n")
    assert "a.fasta: 1 id(s)" in found and "'P1' (lines 1, 5, 7)" in found and "full_id=True" in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a.fasta holds no sequence"),
        (" \n\n", "a.fasta holds no sequence"),
        (
            "\nprotein,sequence\n",
            "not FASTA: line 2 should be a header such as '>P04637', got 'protein,sequence'",
        ),
        (">P1\nMKV\n>\nMA\n", "header on line 3 has no id"),
        (">P1\nMKV\n> P2\nMA\n", "header on line 3 has no id"),
        (">P1\n>P2\nMK\n", "P1: is empty"),
        (">P1\nMK V*\n", "P1: ' ' at 3, '*' at 5"),
        (">P1\nmkv\n", "P1: 'm' at 1, 'k' at 2, 'v' at 3"),
        (b">P1\n\xff\xfe", "is not text in UTF-8"),
        (gzip.compress(b">P1\nMKV\n" * 100, mtime=0)[:-12], "damaged or cut off"),
    ],
)
def test_errors_say_where(tmp_path, text, expected):
    assert expected in error(tmp_path / "a.fasta", text)


def test_upper_case_on_request(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_text(">P1\nmkV\n")
    assert read_fasta(path, uppercase=True)["P1"] == "MKV"


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_fasta(tmp_path / "nowhere.fasta")
