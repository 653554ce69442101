"""Readers: real files of every format, positions that are not exact, malformed files."""

import gzip
import json

import pandas as pd
import pytest

from amp_sklearn.regions import (
    READERS,
    AnnotationError,
    annotation_format,
    annotation_summary,
    parse_feature_cell,
    parse_position,
    read_annotations,
    read_entry_types,
    read_interproscan_gff,
    read_interproscan_json,
    read_interproscan_tsv,
    read_interproscan_xml,
    read_uniprot_gff,
    read_uniprot_json,
    read_uniprot_table,
    read_uniprot_text,
    read_uniprot_xml,
    uniprot_type,
)

FILES = {  # file: (format, regions, proteins)
    "P37840.json": ("uniprot-json", 33, 1),
    "P05067.json.gz": ("uniprot-json", 232, 1),
    "search_results.json.gz": ("uniprot-json", 193, 2),
    "Q7Z739.txt": ("uniprot-text", 40, 1),
    "multi_ex.txt.gz": ("uniprot-text", 170, 8),
    "multi_ex.xml.gz": ("uniprot-xml", 170, 8),
    "multi_ex.gff": ("uniprot-gff", 140, 8),
    "domain_ft_cells_transcribed.tsv": ("uniprot-table", 11, 8),
    "biopython_test_001.xml": ("interproscan-xml", 10, 3),
    "ips5_test_proteins_convert_mode.xml.gz": ("interproscan-xml", 102, 6),
    "ips6_expected_output.json.gz": ("interproscan-json", 170, 12),
    "ips5_63_sfld_output.json.gz": ("interproscan-json", 3, 2),
    "ips6_expected_output.tsv.gz": ("interproscan-tsv", 181, 12),
    "ips5_52_excerpt.gff3": ("interproscan-gff", 8, 2),
    "interpro_web_P38398.tsv": ("interpro-table", 28, 1),
}


@pytest.mark.parametrize("name", FILES)
def test_real_files_of_every_format(region_data, name):
    path = region_data / "fixtures" / name
    format_, n_regions, n_proteins = FILES[name]
    assert annotation_format(path) == format_
    table = read_annotations(path)
    assert (len(table), table["protein"].nunique()) == (n_regions, n_proteins)
    known = table.dropna(subset=["start", "end"])
    assert ((known["start"] >= 1) & (known["start"] <= known["end"])).all()
    pd.testing.assert_frame_equal(read_annotations([path, path]), table)


def test_every_reader_is_tried_on_a_real_file():
    assert {format_ for format_, _, _ in FILES.values()} == set(READERS)


def test_text_and_xml_of_the_same_entries_agree(region_data):
    text, xml = (
        READERS[f](region_data / "fixtures" / n)
        for f, n in (("uniprot-text", "multi_ex.txt.gz"), ("uniprot-xml", "multi_ex.xml.gz"))
    )
    key = ["protein", "type", "start", "end", "start_modifier", "end_modifier"]
    pd.testing.assert_frame_equal(
        text[key].sort_values(key, ignore_index=True), xml[key].sort_values(key, ignore_index=True)
    )


def test_old_text_holds_positions_of_every_kind(region_data):
    table = read_uniprot_text(region_data / "fixtures" / "multi_ex.txt.gz")
    totals = annotation_summary(table)[["outside", "unsure", "unknown"]].sum()
    assert totals.to_dict() == {"outside": 2, "unsure": 6, "unknown": 4}
    unknown = table[table["end_modifier"] == "unknown"].iloc[0]
    assert unknown["type"] == "Transit peptide"
    assert pd.isna(unknown["end"])


def test_gff_agrees_with_text_where_it_gives_the_same_regions(region_data):
    text = read_uniprot_text(region_data / "fixtures" / "multi_ex.txt.gz")
    gff = read_uniprot_gff(region_data / "fixtures" / "multi_ex.gff")
    for type_ in ("Domain", "Region", "Motif", "Repeat"):
        here = [
            set(zip(t["protein"], t["start"], t["end"], strict=True))
            for t in (
                frame[(frame["type"] == type_) & frame["protein"].isin(gff["protein"])]
                for frame in (text, gff)
            )
        ]
        assert here[1] <= here[0]
    assert gff["description"].str.contains("partial").any()  # %3B is decoded


def test_json_details(region_data):
    table = read_uniprot_json(region_data / "fixtures" / "P05067.json.gz")
    domains = table[table["type"] == "Domain"]
    assert domains["description"].tolist() == ["E1", "BPTI/Kunitz inhibitor", "E2"]
    assert (table["protein_length"].dropna() == 770).all()
    assert table["evidence"].str.startswith("ECO:").any()


def test_discontinuous_matches_are_their_fragments(region_data):
    table = read_interproscan_json(region_data / "fixtures" / "ips6_expected_output.json.gz")
    match = table[
        (table["protein"] == "A2SLW2") & table["evidence"].str.contains("3.40.50.1100", regex=False)
    ]
    assert {(15, 47), (168, 332)} <= set(zip(match["start"], match["end"], strict=True))


def test_entry_types_come_from_entry_list(region_data, tmp_path):
    path = region_data / "fixtures" / "ips6_expected_output.tsv.gz"
    assert set(read_interproscan_tsv(path)["type"]) == {"Untyped", "Unintegrated"}
    entries = tmp_path / "entry.list"
    entries.write_text(
        "ENTRY_AC\tENTRY_TYPE\tENTRY_NAME\nIPR002915\tFamily\tDeoC\nIPR013785\tHomologous_superfamily\tTIM\n"
    )
    types = read_interproscan_tsv(path, entries)["type"].value_counts()
    assert types["Family"] > 0 and types["Homologous_superfamily"] > 0
    assert read_entry_types(entries) == {"IPR002915": "Family", "IPR013785": "Homologous_superfamily"}
    entries.write_text("ENTRY_AC\tENTRY_TYPE\tENTRY_NAME\nPF00001\tFamily\tx\n")
    with pytest.raises(AnnotationError, match=r"line 2.*IPR000000"):
        read_entry_types(entries)


def test_several_identifiers_of_one_sequence_all_get_its_regions(tmp_path):
    xml = (
        '<protein-matches interproscan-version="5"><protein><sequence md5="x">MKVMKV</sequence><xref id="P1"/>'
        '<xref id="sp|P2|X_HUMAN"/><matches><m><signature ac="PF1"><entry ac="IPR1" type="PTM"/>'
        '</signature><locations><l start="2" end="4"/></locations></m></matches></protein></protein-matches>'
    )
    (tmp_path / "a.xml").write_text(xml)
    table = read_annotations(tmp_path / "a.xml")
    assert table[["protein", "type", "start", "end"]].to_numpy().tolist() == [
        ["P1", "Ptm", 2, 4],
        ["P2", "Ptm", 2, 4],
    ]


def test_published_table_including_what_its_own_reader_missed(published):
    table = published.annotations
    assert (table["protein_length"].dropna() > 0).all()
    repeats = table[(table["protein"] == "P63162") & (table["type"] == "Repeat")]
    assert repeats[["start", "end"]].to_numpy().tolist() == [
        [175, 181],
        [191, 196],
        [216, 221],
        [222, 228],
        [230, 236],
    ]
    assert (
        table["protein"].str.startswith("O60716-").sum() == 16
    )  # motifs of isoforms, numbered on the isoform


def test_published_table_as_excel_and_in_its_interpro_form(published, tmp_path):
    head = published.table.head(30)
    head.to_excel(tmp_path / "proteins.xlsx", index=False)
    head.to_csv(tmp_path / "proteins.tsv", sep="\t", index=False)
    pd.testing.assert_frame_equal(
        read_annotations(tmp_path / "proteins.xlsx"), read_annotations(tmp_path / "proteins.tsv")
    )
    (tmp_path / "interpro.tsv").write_text(
        'Entry\tLength\tActive_site\tPtm\nP1\t90\tActive_site[5,5]: /note="x"\t\n'
    )
    table = read_uniprot_table(tmp_path / "interpro.tsv")
    assert table[["type", "source", "start", "end"]].to_numpy().tolist() == [
        ["Active_site", "InterPro", 5, 5]
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # what the published pattern misreads or misses
        ("Domain[3,9]", [("Domain", 3, 9, "")]),
        (
            'Domain[3,9]: /evidence="ECO"; Domain[20,30]: /note="y"',
            [("Domain", 3, 9, ""), ("Domain", 20, 30, "y")],
        ),
        ('Motif[5]: /note="x"', [("Motif", 5, 5, "x")]),
        ('Region[3,9]: /note=""', [("Region", 3, 9, "")]),
        ('Domain[<3,>9]: /note="x"', [("Domain", 3, 9, "x")]),
        ('Cross link site[3,9]: /note="x"', [("Cross link site", 3, 9, "x")]),
        ('DNA-binding[3,9]: /note="x"', [("DNA binding", 3, 9, "x")]),
        ('Region[3,9]: /note="see Domain[1,2]: here"', [("Region", 3, 9, "see Domain[1,2]: here")]),
        ("ACT_SITE 165; DOMAIN P1-2:3..9", [("Active site", 165, 165, ""), ("Domain", 3, 9, "")]),
        ("", []),
    ],
)
def test_cells(text, expected):
    got = [(type_, start[0], end[0], note) for type_, start, end, note, _, _ in parse_feature_cell(text)]
    assert got == expected


def test_names_of_types_agree_across_formats():
    assert {uniprot_type(n) for n in ("COMPBIAS", "compositionally biased region", "Compositional bias")} == {
        "Compositional bias"
    }
    assert uniprot_type("my own type") == "my own type"


@pytest.mark.parametrize("text", ["x", "1-2", "-3", "<", "1.5"])
def test_positions_that_are_none(text):
    with pytest.raises(ValueError, match="residue number"):
        parse_position(text)


def test_gff_with_sequences_and_entry_types(tmp_path):
    path = tmp_path / "x.gff3"
    path.write_text(
        "##gff-version 3\n##interproscan-version 5\n##sequence-region P1 1 50\n"
        'P1\tPfam\tprotein_match\t2\t9\t.\t+\t.\tName=PF1;Dbxref="InterPro:IPR000001"\n##FASTA\n>P1\nMKV\n'
    )
    table = read_interproscan_gff(path, {"IPR000001": "DOMAIN"})
    assert table.loc[0, ["type", "protein_length"]].tolist() == ["Domain", 50]


def test_isoform_features_keep_their_isoform(tmp_path):
    location = {"start": {"value": 900}, "end": {"value": 910}, "sequence": "P1-2"}
    entry = {
        "primaryAccession": "P1",
        "sequence": {"length": 50},
        "features": [{"type": "Motif", "location": location}],
    }
    path = tmp_path / "e.json.gz"
    path.write_bytes(gzip.compress(json.dumps(entry).encode()))
    assert read_uniprot_json(path)["protein"].tolist() == ["P1-2"]
    xml = (
        '<uniprot><entry><accession>P1</accession><feature type="short sequence motif" evidence="1">'
        '<location sequence="P1-2"><begin position="900"/><end status="unknown"/></location></feature>'
        '<evidence type="ECO:0000255" key="1"/><sequence length="50">MKV</sequence></entry></uniprot>'
    )
    (tmp_path / "e.xml").write_text(xml)
    row = read_uniprot_xml(tmp_path / "e.xml").iloc[0]
    assert (row["protein"], row["evidence"], row["end_modifier"]) == ("P1-2", "ECO:0000255", "unknown")


def test_interproscan_xml_of_both_ages_reads_types(region_data):
    for name in ("biopython_test_001.xml", "ips5_test_proteins_convert_mode.xml.gz"):
        assert "Domain" in set(read_interproscan_xml(region_data / "fixtures" / name)["type"])
