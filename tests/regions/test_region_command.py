"""The regions command: tables and pictures from files, and plain words for wrong input."""

import csv
import gzip
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from amp_sklearn.cli.regions import regions
from amp_sklearn.exceptions import PairTableError
from amp_sklearn.explanation import Explanation
from amp_sklearn.regions import (
    enrichment,
    explanation_from_ranked_segments,
    outcomes_by_labels,
    read_protein_lengths,
)


@pytest.fixture(scope="module")
def app():
    app = typer.Typer(rich_markup_mode=None)
    app.command()(regions)
    return app


@pytest.fixture(scope="module")
def saved(published, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explanation")
    predictions = 0.1 + 0.8 * published.samples["prediction"].to_numpy()
    explanation = replace(published.explanation, predictions=predictions)
    explanation.save(folder / "explanation.npz")
    first = published.samples.head(30)
    selection = [first[[f"{end}{rank}" for rank in (1, 2, 3)]] for end in ("top", "low")]
    explanation_from_ranked_segments(first[["protein_a", "protein_b"]], *selection).save(folder / "few.npz")
    labels = published.samples[["protein_a", "protein_b", "label"]]
    labels.to_csv(folder / "labels.tsv", sep="\t", index=False)
    return folder


def run(app, saved, published, *options, explanation="explanation.npz"):
    table = str(published.table_path)
    arguments = [
        str(saved / explanation),
        table,
        "--sequences",
        table,
        "--resamples",
        "99",
        *map(str, options),
    ]
    return CliRunner().invoke(app, arguments)


def test_tables_and_pictures(app, saved, published, tmp_path):
    result = run(
        app, saved, published, "--labels", saved / "labels.tsv", "--out", tmp_path / "new", "--pair", 2
    )
    assert result.exit_code == 0, result.output
    names = {p.name for p in (tmp_path / "new").iterdir()}
    assert names == {
        "run.toml",
        *(f"{n}.tsv" for n in ("annotations", "coverage", "hit_rates", "enrichment", "top_vs_low")),
        *(f"{n}.png" for n in ("donuts_TN", "donuts_TP", "hit_rates", "enrichment", "track_2_P11940_Q86U42")),
    }
    coverage = pd.read_csv(tmp_path / "new" / "coverage.tsv", sep="\t")
    assert len(coverage) == len(published.samples) * 6 * 6
    table = pd.read_csv(tmp_path / "new" / "enrichment.tsv", sep="\t")
    direct = enrichment(
        published.explanation,
        published.annotations,
        published.lengths,
        by=published.outcome,
        n_resamples=99,
        random_state=0,
    )
    pd.testing.assert_frame_equal(table, direct, check_dtype=False, check_categorical=False, rtol=1e-4)
    assert "1,868 pairs, 1,232 proteins, 126 of them without" in result.output


def test_workbook_and_vector_pictures(app, saved, published, tmp_path):
    options = ("--tables", "xlsx", "--pictures", "svg", "--out", tmp_path, "--types", "Domain")
    result = run(app, saved, published, *options, explanation="few.npz")
    assert result.exit_code == 0, result.output
    sheets = pd.read_excel(tmp_path / "regions.xlsx", sheet_name=None)
    assert set(sheets) == {"annotations", "coverage", "hit_rates", "enrichment", "top_vs_low"}
    assert set(sheets["enrichment"]["type"]) == {"Domain", "all types"}
    assert (tmp_path / "donuts_all.svg").read_text().startswith("<?xml")


def test_wrong_input_is_said_in_words(app, saved, published, tmp_path):
    broken = tmp_path / "broken.tsv"
    broken.write_text("Entry\tDomain\nP1\tDomain[9,3]\n")
    table = str(published.table_path)
    call = [str(saved / "explanation.npz"), str(broken), "--sequences", table]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 2
    assert "broken.tsv, line 2: Domain of P1: start 9 lies after end 3" in result.output
    fasta = tmp_path / "few.fasta"
    fasta.write_text(">P04899\n" + "M" * 355 + "\n")
    result = CliRunner().invoke(app, [call[0], table, "--sequences", str(fasta)])
    assert result.exit_code == 2
    assert "no sequence for protein" in result.output
    result = run(app, saved, published, "--pair", 5000)
    assert result.exit_code == 2
    assert "--pair must lie in 0..1867" in result.output
    (tmp_path / "labels.csv").write_text("protein_a,protein_b,label\nP1,P2,1\n")
    result = run(app, saved, published, "--labels", tmp_path / "labels.csv")
    assert "no label for pair P04899, P81274" in result.output


def test_labels_and_lengths_are_read_as_every_other_table(saved, published, tmp_path):
    explanation = Explanation.load(saved / "explanation.npz")
    plain = outcomes_by_labels(explanation, saved / "labels.tsv")
    table = published.samples[["protein_b", "protein_a", "label"]].copy()  # the other order
    table.columns = ["Protein1", "Protein2", "Label"]
    table["Label"] = np.where(table["Label"] == 1, "yes", "no")
    table["note"] = '5" end'  # a quotation mark swallows no row
    path = tmp_path / "labels.csv.gz"
    with gzip.open(path, "wt", encoding="utf-16") as handle:
        handle.write(table.to_csv(sep="\t", index=False, quoting=csv.QUOTE_NONE))
    assert outcomes_by_labels(explanation, path).tolist() == plain.tolist()
    a, b = explanation.pair_ids[0]
    (tmp_path / "both.tsv").write_text(f"protein_a\tprotein_b\tlabel\n{a}\t{b}\t1\n{b}\t{a}\t0\n")
    with pytest.raises(PairTableError, match="has both labels, line 3"):
        outcomes_by_labels(explanation, tmp_path / "both.tsv")
    (tmp_path / "lengths.tsv").write_text('Entry\tLength\tnote\nP1\t9\t"5-prime\nP2\t12\tx\n')
    assert read_protein_lengths(tmp_path / "lengths.tsv").to_dict() == {"P1": 9, "P2": 12}
    (tmp_path / "wrong.tsv").write_text("Entry\tLength\nP1\t9.5\n")
    with pytest.raises(PairTableError, match=r"column 'Length' hold no whole number \(.*9.5.*\), line 2"):
        read_protein_lengths(tmp_path / "wrong.tsv")
