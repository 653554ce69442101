"""Tables and ids as people have them: matched where they mean one thing, refused with words that help otherwise."""

import warnings

import numpy as np
import pandas as pd
import pytest

from amp_sklearn.data import check_sequences, read_fasta, read_pairs, read_sequences
from amp_sklearn.exceptions import PairTableError, PairTableWarning, SequenceError, SequenceWarning

SEQUENCES = {"P1": "MKV", "P2": "MA", "P3": "MKTAY"}
EXPECTED = [("P1", "P2"), ("P2", "P3"), ("P1", "P3")]
HUMAN = """>sp|P04637|P53_HUMAN Cellular tumor antigen p53 OS=Homo sapiens OX=9606 GN=TP53 PE=1 SV=4
MEEPQ
>sp|Q00987|MDM2_HUMAN E3 ubiquitin-protein ligase OS=Homo sapiens OX=9606 GN=MDM2 PE=1 SV=1
MCNTN
>sp|Q00987-2|MDM2_HUMAN Isoform 2 of E3 ubiquitin-protein ligase OS=Homo sapiens OX=9606 GN=MDM2
MCN
>sp|P01111-1|RASN_HUMAN Isoform 1 GN=NRAS
MTEYK
>tr|A0A024R1R8|A0A024R1R8_HUMAN one of two GN=TWICE
MSS
>tr|A0A024R1R9|A0A024R1R9_HUMAN the other GN=TWICE
MST
"""


def write(path, text):
    path.write_text(text)
    return path


def quiet(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_pairs(*args, **options)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("P1\tP2\t1\nP2\tP3\t0\nP1\tP3\t1\n", {"header": None}),
        ("P1,P2,1\nP2,P3,0\nP1,P3,1\n", {"header": None, "columns": (0, 1), "label": 2}),
        ("1 x P2 P1\n0 y P3 P2\n1 z P3 P1\n", {"header": None, "columns": (3, 2), "label": 0}),
        ("protein_a protein_b   label\nP1 P2 1\nP2   P3 0\n P1 P3 1 \n", {}),
        (
            "# a comment, with commas\nprotein_a\tprotein_b\tlabel\nP1\tP2\t1\n# P9\tP9\t1\nP2\tP3\t0\nP1\tP3\t1\n#end\n",
            {},
        ),
        ("# BioGRID\n#protein_a\tprotein_b\tlabel\nP1\tP2\t1\nP2\tP3\t0\nP1\tP3\t1\n", {}),
        ("protein_a,protein_b,label, \nP1 ,P2,1,\nP2, P3,0 ,\nP1,P3\t,1,   \n\n  \n", {}),
        ("bait;x;prey;hit\nP1;;P2;1\nP2;;P3;0\nP1;;P3;1\n", {"columns": (0, 2), "label": 3}),
    ],
    ids=[
        "tabs",
        "commas",
        "white space",
        "aligned",
        "comments",
        "marked header",
        "trailing blanks",
        "numbers",
    ],
)
def test_shapes_of_text_tables(tmp_path, text, options):
    X, y = quiet(write(tmp_path / "p.txt", text), SEQUENCES, **options)
    assert [tuple(name.strip() for name in pair) for pair in X.index] == EXPECTED
    assert y.tolist() == [1, 0, 1]
    assert X["sequence_b"].tolist() == ["MA", "MKTAY", "MKTAY"]


def test_two_columns_without_labels(tmp_path):
    for text, header in (
        ("P1 P2\nP2 P3\nP1 P3\n", None),
        ("protein_a\tprotein_b\nP1\tP2\nP2\tP3\nP1\tP3\n", 0),
    ):
        X, y = read_pairs(write(tmp_path / "p", text), SEQUENCES, header=header)
        assert X.index.to_list() == EXPECTED and y is None


def test_what_cannot_be_told_without_column_names_is_asked(tmp_path):
    path = write(tmp_path / "p.tsv", "P1\tP2\t1\t.9\nP2\tP3\t0\t.1\n")
    with pytest.raises(PairTableError, match=r"no column names and 4 columns; .*label=2"):
        read_pairs(path, SEQUENCES, header=None)
    assert read_pairs(path, SEQUENCES, header=None, label=2)[1].tolist() == [1, 0]
    assert read_pairs(path, SEQUENCES, header=None, label=False)[1] is None
    with pytest.raises(PairTableError, match=r"no column 7 .*columns found: 0, 1, 2, 3"):
        read_pairs(path, SEQUENCES, header=None, columns=(0, 7))
    with pytest.raises(PairTableError, match=r"holds ids instead of column names .*header=None"):
        read_pairs(path, SEQUENCES)
    with pytest.raises(ValueError, match="header must be 0"):
        read_pairs(path, SEQUENCES, header=3)
    write(path, "P1\tP2\t1\nP2\tP3\t0\t1\n")
    with pytest.raises(PairTableError, match="line 2 has 4 cells, but the first row has 3"):
        read_pairs(path, SEQUENCES, header=None)


def test_comment_lines_are_counted_in_the_warning(tmp_path):
    path = write(tmp_path / "p.tsv", "protein_a\tprotein_b\n#P1\tP1\nP1\tP2\n\n# x\n")
    with pytest.warns(
        PairTableWarning, match=r"2 line\(s\) that begin with # were skipped as comments, line\(s\) 2, 5"
    ):
        assert len(read_pairs(path, SEQUENCES)[0]) == 1


def test_sheets_of_a_workbook(tmp_path):
    first = pd.DataFrame({"protein_a": ["P1"], "protein_b": ["P2"], "label": [1]})
    second = pd.DataFrame({"protein_a": ["P2", "P1"], "protein_b": ["P3", "P3"], "label": [0, 1]})
    sequences = pd.DataFrame({"Entry": list(SEQUENCES), "Sequence": list(SEQUENCES.values())})
    with pd.ExcelWriter(tmp_path / "p.xlsx") as book:
        for name, frame in {
            "train": first,
            "test": second,
            "empty": first[:0].T[:0],
            "seq": sequences,
        }.items():
            frame.to_excel(book, sheet_name=name, index=False)
    path = tmp_path / "p.xlsx"
    with pytest.warns(PairTableWarning, match="other sheets were not read: 'test', 'seq' "):
        assert read_pairs(path, SEQUENCES)[0].index.to_list() == [("P1", "P2")]
    for sheet in ("test", 1):
        X, y = quiet(path, path, sheet=sheet, sequence_sheet="seq")
        assert X.index.to_list() == [("P2", "P3"), ("P1", "P3")] and y.tolist() == [0, 1]
    with pytest.warns(PairTableWarning, match="'train', 'test'"):
        assert read_sequences(path, sheet="seq").to_dict() == SEQUENCES
    with pytest.raises(
        PairTableError, match=r"p\.xlsx has no sheet 'valid'; it has 'train', 'test', 'empty', 'seq'"
    ):
        read_pairs(path, SEQUENCES, sheet="valid")
    with pytest.raises(PairTableError, match=r"p\.csv is no Excel workbook .* has no sheet 'x'"):
        read_pairs(write(tmp_path / "p.csv", "protein_a,protein_b\nP1,P2\n"), SEQUENCES, sheet="x")


def test_several_files_of_sequences(tmp_path):
    a = write(tmp_path / "a.fasta", ">sp|P1|A_X GN=one\nMKV\n>P2\nMA\n")
    b = write(tmp_path / "b.tsv", "id\tseq\nP3\tMKTAY\nP2\tMA\n")
    assert read_sequences([a, str(b)]).to_dict() == SEQUENCES
    frame = pd.DataFrame({"protein_a": ["one"], "protein_b": ["P3"]})
    assert quiet(frame, [a, b])[0].iloc[0].to_list() == ["MKV", "MKTAY"]
    write(b, "id\tseq\nP2\tMAA\n")
    with pytest.raises(SequenceError, match=r"b\.tsv and a\.fasta give 'P2' different sequences"):
        read_sequences([a, b])


def pairs_of(a, b="P04637"):
    return pd.DataFrame({"protein_a": [a], "protein_b": [b]})


@pytest.mark.parametrize(
    ("wanted", "sequence"),
    [
        ("P04637", "MEEPQ"),
        ("sp|P04637|P53_HUMAN", "MEEPQ"),
        ("P53_HUMAN", "MEEPQ"),
        ("TP53", "MEEPQ"),
        (" P04637 ", "MEEPQ"),
        ("P04637-1", "MEEPQ"),
        ("MDM2_HUMAN", "MCNTN"),
        ("MDM2", "MCNTN"),
        ("Q00987", "MCNTN"),
        ("Q00987-2", "MCN"),
        ("P01111", "MTEYK"),
        ("sp|Q00987-2|MDM2_HUMAN", "MCN"),
    ],
)
@pytest.mark.parametrize("full_id", [False, True])
def test_forms_of_an_id_mean_one_protein(tmp_path, wanted, sequence, full_id):
    fasta = write(tmp_path / "human.fasta", HUMAN)
    X, _ = quiet(pairs_of(wanted), fasta, full_id=full_id)
    assert X.index[0] == (wanted, "P04637")  # as the table has it
    assert X.iloc[0].to_list() == [sequence, "MEEPQ"]


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [
        ("P04637-2", "'P04637'"),
        ("TWICE", "'A0A024R1R8', 'A0A024R1R9'"),
        ("P53_MOUSE", "'P53_HUMAN'"),
        ("P04638", "'P04637'"),
        ("tp53", ""),
        ("Q00987-3", "'Q00987'"),
    ],
)
def test_what_means_no_or_several_proteins_is_refused_with_the_nearest(tmp_path, wanted, nearest):
    fasta = write(tmp_path / "human.fasta", HUMAN)
    with pytest.raises(PairTableError) as caught:
        quiet(pairs_of(wanted), fasta)
    line = next(line for line in str(caught.value).splitlines() if wanted in line)
    assert nearest in line


def test_an_accession_with_several_isoforms_and_no_entry_is_refused():
    with pytest.raises(PairTableError, match=r"'P04637' .*nearest: 'P04637-1', 'P04637-2'"):
        read_pairs(pairs_of("P04637", "P04637-1"), {"P04637-1": "MEE", "P04637-2": "ME"})


def test_matched_forms_are_said(tmp_path):
    fasta = write(tmp_path / "human.fasta", HUMAN)
    with pytest.warns(
        PairTableWarning,
        match=r"2 id\(s\) were matched to another form: 'TP53' to 'P04637', 'MDM2' to 'Q00987'",
    ):
        read_pairs(pairs_of("TP53", "MDM2"), fasta)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_pairs(pairs_of("Q00987"), fasta)


def test_names_in_uniprot_tables():
    table = pd.DataFrame(
        {"Entry": ["P04637"], "Entry Name": ["P53_HUMAN"], "Gene Names": ["TP53 P53"], "Sequence": ["MEEPQ"]}
    )
    for name in ("P53_HUMAN", "TP53", "sp|P04637|P53_HUMAN"):
        assert quiet(pairs_of(name), table)[0].iloc[0, 0] == "MEEPQ"


def test_ids_where_sequences_are_meant():
    for ids in (
        ["P04637", "Q00987-2"],
        ["P53_HUMAN", "MDM2_HUMAN"],
        ["9606.ENSP00000269305"],
        ["ENSG00000141510"],
    ):
        with pytest.raises(SequenceError, match=r"look like ids of proteins \(.*use read_pairs"):
            check_sequences(ids)
    with pytest.raises(SequenceError, match="use read_pairs"):
        read_sequences(pd.DataFrame({"id": ["a", "b"], "sequence": ["P04637", "Q00987"]}))
    with pytest.raises(SequenceError, match="Remove stop signs"):
        check_sequences(["MKV*"])


def test_nucleotides_are_warned_of():
    gene = "ATGGAGGAGCCGCAGTCAGATCCTAGCGTC"
    with pytest.warns(
        SequenceWarning, match=r"1 of 2 sequences \(gene\) hold only the letters of nucleotides"
    ):
        assert check_sequences({"gene": gene, "protein": "MEEPQSDPSV"}) == [gene, "MEEPQSDPSV"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_sequences(["GATTACA", "MEEPQSDPSVEPPLSQETFSDLWKLLPENNV"])


LONG = "MEEPQSDPSVEPPLSQETFSDLWKLLPENNVLSPLPSQAMDDLMLSPDDIEQWFTEDPGP"


@pytest.mark.parametrize(
    "call",
    [
        lambda path: read_pairs(pairs_of(LONG), {"P04637": LONG}),
        lambda path: read_pairs(pd.DataFrame({LONG: ["a"], "x": ["b"]}), {"a": "MA"}),
        lambda path: read_pairs(write(path, f"{LONG},{LONG}A,1\n{LONG},x\n"), {LONG: "MA"}),
        lambda path: read_fasta(write(path, f"{LONG}\n>P1\nMA\n")),
        lambda path: read_fasta(write(path, f">{LONG}\nMA\n>{LONG}\nMK\n")),
        lambda path: read_sequences({LONG: "M*"}),
        lambda path: read_sequences(pd.DataFrame({"id": [LONG, LONG], "seq": ["MA", "MK"]})),
        lambda path: check_sequences({"a": LONG.lower()}),
        lambda path: read_pairs(pairs_of("a", "b").assign(label=LONG).pipe(lambda f: pd.concat([f, f.assign(label=1)])), {"a": "MA", "b": "MK"}),
    ],
)  # fmt: skip
def test_no_message_prints_a_whole_sequence(tmp_path, call):
    with pytest.raises((PairTableError, SequenceError)) as caught:
        call(tmp_path / "file")
    assert LONG not in str(caught.value) and LONG.lower() not in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ("yes", "no"), ("Yes", "NO "), ("true", "False"), ("+", "-"), ("positive", "negative"), ("pos", "neg"), ("Y", "N"),
        ("interacts", "no interaction"), ("Interaction", "no_interaction"), ("interacting", "non-interacting"),
        ("interacts", "does not interact"), ("+", "\u2212"),
    ],
)  # fmt: skip
def test_usual_words_for_the_two_classes(tmp_path, words):
    cells = [words[i] for i in (0, 1, 1, 0)]
    rows = "".join(f"P1\tP2\t{cell}\n" for cell in cells)
    path = write(tmp_path / "p.tsv", "protein_a\tprotein_b\tlabel\n" + rows)
    y = quiet(path, SEQUENCES, conflicts="keep")[1]
    assert y.tolist() == [1, 0, 0, 1] and y.dtype.kind == "i"


def test_minus_one_and_one_stay_numbers(tmp_path):
    path = write(tmp_path / "p.tsv", "protein_a\tprotein_b\tlabel\nP1\tP2\t-1\nP1\tP3\t1\n")
    y = read_pairs(path, SEQUENCES)[1]
    assert y.tolist() == [-1, 1] and y.dtype.kind == "i"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            ["0", "1", "NA", "0"],
            r"1 cell\(s\) that hold no number, unlike the others, in label column 'label' \('NA'\), line 4",
        ),
        (["0", "1", "1e400", "0"], r"1 infinite number\(s\) in label column 'label' \('1e400'\), line 4"),
        (["0", "yes", "1", "0"], r"hold no number.*'yes'.*line 3"),
        (["yes", "no", "n/a", "no"], r"1 cell\(s\) without a label .*'n/a'.*line 4"),
        (["yes", "no", "maybe", "no"], r"another word .*'maybe'.*line 4"),
        (["weak", "strong", "?", "weak"], r"1 cell\(s\) without a label .*line 4"),
        (["0", "1", " ", "0"], r"1 empty cell\(s\) in label column 'label', line 4"),
    ],
)
def test_one_odd_label_is_an_error_with_its_row(tmp_path, labels, message):
    rows = zip(["P1", "P2", "P1", "P3"], ["P2", "P3", "P3", "P3"], labels, strict=True)
    path = write(
        tmp_path / "p.tsv", "protein_a\tprotein_b\tlabel\n" + "".join("\t".join(row) + "\n" for row in rows)
    )
    with pytest.raises(PairTableError, match=message):
        quiet(path, SEQUENCES)


def test_infinite_labels_of_a_frame():
    frame = pd.DataFrame({"protein_a": ["P1", "P2"], "protein_b": ["P2", "P3"], "label": [0.0, np.inf]})
    with pytest.raises(PairTableError, match=r"label column 'label' \('inf'\), row 1"):
        read_pairs(frame, SEQUENCES)
