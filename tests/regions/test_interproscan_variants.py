"""InterProScan files of other versions and of nucleotide scans."""

import json

import pytest

from amp_sklearn.regions import AnnotationError, read_annotations, read_interproscan_gff

HEAD = "##gff-version 3\n##interproscan-version 5.77-108.0\n"
MATCH = "{}\t{}\tprotein_match\t{}\t{}\t.\t+\t.\t{}\n"
NUCLEOTIDES = (
    HEAD
    + "##sequence-region contig1 1 1347\n"
    + "contig1\tprovided_by_user\tnucleic_acid\t1\t1347\t.\t+\t.\tName=contig1;md5=b2;ID=contig1\n"
    + "contig1\tgetorf\tORF\t1\t600\t.\t+\t.\tName=contig1_1;Target=pep_contig1_1_600 1 200;ID=orf_contig1_1_600\n"
    + "contig1\tgetorf\tpolypeptide\t1\t200\t.\t+\t.\tmd5=fd;ID=pep_contig1_1_600\n"
    + MATCH.format("contig1", "Pfam", 84, 190, "Name=PF00696;signature_desc=Kinase;Target=null 84 190;ID=match$8_84_190")
    + "contig1\tgetorf\tORF\t700\t1000\t.\t-\t.\tName=contig1_2;Target=pep_contig1_700_1000 1 100;ID=orf_contig1_700_1000\n"
    + "contig1\tgetorf\tpolypeptide\t1\t100\t.\t+\t.\tmd5=fe;ID=pep_contig1_700_1000\n"
    + MATCH.format("contig1", "Pfam", 5, 90, "Name=PF2;Target=null 5 90;ID=match$9_5_90")
    + MATCH.format("contig1", "Pfam", 150, 160, "Name=PF3;Target=pep_contig1_1_600 150 160;ID=match$10_150_160")
    + "##FASTA\n>contig1\nATG\n>pep_contig1_1_600\nM\n"
)  # fmt: skip


def test_an_unescaped_semicolon_belongs_to_the_value_before_it(tmp_path):
    path = tmp_path / "scan.gff3"
    attributes = (
        'Name=PTHR1;signature_desc=KINASE; PUTATIVE;status=T;Dbxref="InterPro:IPR000719","MetaCyc:A;B"'
    )
    path.write_text(HEAD + MATCH.format("P1", "PANTHER", 3, 90, attributes))
    table = read_annotations(path, entry_types={"IPR000719": "DOMAIN"})
    row = table.iloc[0]
    assert (row["protein"], row["start"], row["end"], row["type"]) == ("P1", 3, 90, "Domain")
    assert row["description"] == "KINASE; PUTATIVE" and row["evidence"] == "PANTHER:PTHR1|IPR000719"
    path.write_text(HEAD + MATCH.format("P1", "PANTHER", 3, 90, "PUTATIVE;Name=x"))
    with pytest.raises(AnnotationError, match="line 3: expected attributes key=value, got 'PUTATIVE'"):
        read_annotations(path)


def test_matches_of_a_nucleotide_scan_lie_on_the_translated_proteins(tmp_path):
    path = tmp_path / "scan.gff3"
    path.write_text(NUCLEOTIDES)
    table = read_annotations(path)
    found = table[["protein", "start", "end", "protein_length"]].to_numpy().tolist()
    assert found == [
        ["pep_contig1_1_600", 84, 190, 200],
        ["pep_contig1_700_1000", 5, 90, 100],
        ["pep_contig1_1_600", 150, 160, 200],
    ]


def test_a_match_that_no_protein_of_a_nucleotide_scan_holds_is_refused(tmp_path):
    path = tmp_path / "scan.gff3"
    lines = NUCLEOTIDES.splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "polypeptide" not in line))
    with pytest.raises(AnnotationError, match=r"line 6: match on the nucleotide sequence 'contig1' without"):
        read_interproscan_gff(path)
    path.write_text(NUCLEOTIDES.replace("\t5\t90\t", "\t5\t101\t"))
    with pytest.raises(AnnotationError, match=r"line 10: .*ends at 101, but the protein has 100 residues"):
        read_interproscan_gff(path)


def test_json_of_a_nucleotide_scan_is_refused_with_advice(tmp_path):
    result = {"sequence": "ATG", "openReadingFrames": [{"start": 1, "end": 3, "protein": {}}]}
    (tmp_path / "scan.json").write_text(json.dumps({"interproscan-version": "5", "results": [result]}))
    with pytest.raises(AnnotationError, match=r"scan of a nucleotide sequence; scan the translated proteins"):
        read_annotations(tmp_path / "scan.json")


def test_xml_of_a_nucleotide_scan_gives_the_translated_proteins(tmp_path):
    match = '<hmmer3-match><signature ac="PF1"/><locations><l start="1" end="2"/></locations></hmmer3-match>'
    protein = f'<protein><sequence>MKV</sequence><xref id="contig1_1"/><matches>{match}</matches></protein>'
    text = f'<nucleotide-sequence-matches xmlns="https://interproscan"><nucleotide-sequence><sequence>ATG</sequence><xref id="contig1"/><orf start="1" end="9" strand="SENSE">{protein}</orf></nucleotide-sequence></nucleotide-sequence-matches>'
    (tmp_path / "scan.xml").write_text(text)
    assert read_annotations(tmp_path / "scan.xml")[["protein", "start", "end"]].to_numpy().tolist() == [
        ["contig1_1", 1, 2]
    ]
