"""Malformed annotation files: the error names file and line."""

import pytest

from amp_sklearn.regions import (
    READERS,
    AnnotationError,
    annotation_table,
    read_annotations,
    read_interpro_table,
)

JSON_FEATURE = '{"type": "Domain", "location": {"start": {"value": 9}, "end": {"value": 3}}}'
MALFORMED = {
    "uniprot-json": [
        ('{"primaryAccession": "P1",\n "features": [}', 2, "not valid JSON"),
        (
            '{"results": [\n{"primaryAccession": "P1",\n"features": [\n{"type": "Domain"}]}]}',
            4,
            "feature 1 of P1",
        ),
        (
            '{"primaryAccession": "P1",\n"features": [\n\n' + JSON_FEATURE + "]}",
            4,
            "start 9 lies after end 3",
        ),
        ('{"results": [\n{"features": []}]}', 2, "primaryAccession"),
        ("[1]", None, "primaryAccession"),
        ('{"a": 1}', 1, "primaryAccession"),
    ],
    "uniprot-text": [
        (
            "ID   TEST_HUMAN              Reviewed;          80 AA.\nAC   P1;\nFT   DOMAIN          5..x\n",
            3,
            "x",
        ),
        ("ID   TEST_HUMAN              Reviewed;          80 AA.\nAC   P1;\n", 2, "flat-text"),
        ("nonsense\n", 1, "flat-text"),
        ("", 1, "no entry"),
    ],
    "uniprot-xml": [
        ("<uniprot>\n<entry>\n<accession>P1</accession>\n<feature></uniprot>", 4, "well-formed"),
        (
            '<uniprot>\n<entry><accession>P1</accession>\n<feature type="domain"/></entry></uniprot>',
            3,
            "location",
        ),
        (
            '<uniprot><entry><accession>P1</accession>\n<feature type="domain"><location><begin position="9"/>'
            '<end position="3"/></location></feature></entry></uniprot>',
            2,
            "start 9",
        ),
        ('<uniprot><entry>\n<feature type="domain"/></entry></uniprot>', 2, "accession"),
        ("<uniprot/>", 1, "no UniProt"),
    ],
    "uniprot-gff": [
        ("##gff-version 3\nP1\tUniProtKB\tDomain\t1\n", 2, "9 tab-separated"),
        ("##gff-version 3\nP1\tUniProtKB\tDomain\t9\t3\t.\t.\t.\tNote=x\n", 2, "start 9"),
        ("##gff-version 3\nP1\tUniProtKB\tDomain\t1\t3\t.\t.\t.\tnonsense\n", 2, "key=value"),
        ("##gff-version 3\n##sequence-region P1\n", 2, "sequence-region"),
    ],
    "uniprot-table": [
        ("Entry\tDomain [FT]\nP1\tDOMAIN 1..9\nP2\tDOMAIN one..9\n", 3, "column Domain \\[FT\\] of P2"),
        ("Entry\tLength\tDomain\nP1\t9\tDomain[3,19]\n", 2, "9 residues"),
        ("Entry\tLength\tDomain\nP1\tnine\tDomain[3,9]\n", 2, "Length"),
        ("Entry\tDomain\nP1\n", 2, "2 cells"),
        ("Entry\tOrganism\nP1\tyeast\n", 1, "feature columns"),
        ("Name\tDomain\nP1\tDomain[1,2]\n", 1, "Entry"),
    ],
    "interproscan-tsv": [
        ("P1\tmd5\t90\tPfam\tPF1\tx\t5\t9\t1\tT\t01-01-2025\nP1\tmd5\n", 2, "11 to 15"),
        ("P1\tmd5\tmany\tPfam\tPF1\tx\t5\t9\t1\tT\t01-01-2025\n", 1, "protein length"),
        ("P1\tmd5\t90\tPfam\tPF1\tx\t0\t9\t1\tT\t01-01-2025\n", 1, "count from 1"),
    ],
    "interproscan-json": [
        ('{"interproscan-version": "6",\n"results": [\n{"sequence": "MKV",\n"matches": []}]}', 3, "xref"),
        ('{"interproscan-version": "6", "x": []}', 1, "results"),
        (
            '{"interproscan-version": "6", "results": [{"xref": [{"id": "P1"}], "sequence": "MKV", "matches": [\n{'
            '"signature": {"accession": "x", "signatureLibraryRelease": {"library": "Y"}},'
            '"locations": [{"start": 1, "end": 4}]}]}]}',
            2,
            "3 residues",
        ),
    ],
    "interproscan-xml": [
        ("<protein-matches>\n<protein>\n<sequence>MKV</sequence>\n</protein></protein-matches>", 4, "xref"),
        (
            '<protein-matches>\n<protein><xref id="P1"/><matches><m/></matches></protein></protein-matches>',
            2,
            "signature",
        ),
        ("<protein-matches>\n<protein>", 2, "well-formed"),
        ("<protein-matches/>", 1, "no InterProScan"),
    ],
    "interproscan-gff": [
        ("##gff-version 3\nP1\tPfam\tprotein_match\tx\t9\t.\t+\t.\tName=a\n", 2, "residue number")
    ],
    "interpro-table": [
        ("PROTEIN_ACCESSION\tPOS_FROM\nP1\t3\n", 1, "PROTEIN_LENGTH"),
    ],
}


@pytest.mark.parametrize(
    ("format_", "content", "line", "message"),
    [(format_, *case) for format_, cases in MALFORMED.items() for case in cases],
)
def test_malformed_files_name_file_and_line(tmp_path, format_, content, line, message):
    path = tmp_path / "broken.txt"
    path.write_text(content)
    with pytest.raises(AnnotationError, match=message) as caught:
        READERS[format_](path)
    place = "broken.txt" + ("" if line is None else f", line {line}:")
    assert place in str(caught.value)
    assert str(caught.value).count("broken.txt") == 1


def test_malformed_rows_of_the_interpro_table(region_data, tmp_path):
    lines = (region_data / "fixtures" / "interpro_web_P38398.tsv").read_text().splitlines()
    path = tmp_path / "web.tsv"
    path.write_text("\n".join([*lines[:3], lines[3] + "\textra"]))
    with pytest.raises(AnnotationError, match="line 4: expected 18 cells, got 19"):
        read_interpro_table(path)
    path.write_text("\n".join([lines[0], lines[1].replace("\t1863\t", "\tx\t")]))
    with pytest.raises(AnnotationError, match=r"line 2.*number of residues"):
        read_interpro_table(path)


def test_unknown_formats_and_options(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("hello\tworld\n")
    with pytest.raises(AnnotationError, match="not recognised"):
        read_annotations(path)
    with pytest.raises(ValueError, match="format must be"):
        read_annotations(path, format="xls")
    with pytest.raises(ValueError, match="at least one"):
        read_annotations([])
    with pytest.raises(AnnotationError, match=r"line 2: .*start 9"):
        annotation_table([("P1", "Domain", 1, 2), ("P1", "Domain", 9, 2)])
