"""The regions command: tables and pictures from files, and plain words for wrong input."""

from dataclasses import replace

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from amp_sklearn.cli.regions import regions
from amp_sklearn.regions import enrichment, explanation_from_ranked_segments


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
