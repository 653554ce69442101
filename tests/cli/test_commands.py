"""The command line: every command on small real data, its help, and one wrong input each."""

import importlib
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from typer.testing import CliRunner

import amp_sklearn
from amp_sklearn import cli, data, presets, workflows
from amp_sklearn.data import load_bernett_mini
from amp_sklearn.embedding import ESM2Embedder

demo_module = importlib.import_module("amp_sklearn.cli.demo")
COMMANDS = (
    "demo", "embed", "train", "search", "predict", "screen", "evaluate", "audit", "explain", "mutate", "regions",
    "negatives",
)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """120 real pairs as a table, and their proteins as FASTA."""
    folder = tmp_path_factory.mktemp("input")
    X, y = load_bernett_mini("train")
    rows = np.r_[0:60, len(X) - 60 : len(X)]
    X, y = X.iloc[rows], y[rows]
    X.index.to_frame(index=False).assign(label=y).to_csv(folder / "pairs.tsv", sep="\t", index=False)
    proteins = dict(zip(X.index.to_frame().to_numpy().ravel(), X.to_numpy().ravel(), strict=True))
    (folder / "proteins.fasta").write_text("".join(f">{name}\n{text}\n" for name, text in proteins.items()))
    return folder


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setitem(presets.PRESETS["late-interaction"].settings, "max_epochs", 2)

    def call(*arguments):
        result = CliRunner().invoke(
            cli.app, [str(argument) for argument in arguments], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return result.output

    return call


def test_version(run):
    assert run("--version") == f"amp-sklearn {amp_sklearn.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    text = run(command, "-h")
    assert "Usage" in text and "--out" in text and "--force" in text and "--config" in text


def test_train_then_predict_equals_python(run, files, tiny_esm2, tmp_path):
    pairs, proteins = files / "pairs.tsv", files / "proteins.fasta"
    model, predictions = tmp_path / "model.amp", tmp_path / "predictions.tsv"
    run("train", pairs, proteins, "--out", model, "--esm2", tiny_esm2)
    assert "120 pairs" in run("predict", model, pairs, proteins, "--out", predictions)
    X, y = data.read_pairs(pairs, proteins)
    expected = (
        presets.make_preset("late-interaction", str(tiny_esm2), random_state=0)
        .fit(X, y)
        .predict_proba(X)[:, 1]
    )
    table = pd.read_csv(predictions, sep="\t")
    np.testing.assert_allclose(table["probability"], expected, rtol=0, atol=1e-6)
    assert table[["protein_a", "protein_b"]].to_numpy().tolist() == X.index.to_frame().to_numpy().tolist()
    run("predict", model, pairs, proteins, "--out", tmp_path / "predictions.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "predictions.csv"), table)


def test_predict_reads_joblib_files_with_a_warning(files, tmp_path):
    X, y = data.read_pairs(files / "pairs.tsv", files / "proteins.fasta")
    fitted = presets.make_preset("composition").fit(X, y)
    joblib.dump(fitted, tmp_path / "model.joblib")
    arguments = ["predict", tmp_path / "model.joblib", files / "pairs.tsv", files / "proteins.fasta"]
    result = CliRunner().invoke(cli.app, [*map(str, arguments), "--out", str(tmp_path / "found.tsv")])
    assert result.exit_code == 0 and "can run code that its author put there" in result.stderr
    found = pd.read_csv(tmp_path / "found.tsv", sep="\t")["probability"]
    np.testing.assert_allclose(found, fitted.predict_proba(X)[:, 1])


def test_evaluate_writes_folds_summary_and_predictions(run, files, tiny_esm2, tmp_path):
    out = tmp_path / "evaluation"
    run(
        "evaluate", files / "pairs.tsv", files / "proteins.fasta", "--out", out, "--cv", "random", "--folds", 2,
        "--esm2", tiny_esm2,
    )  # fmt: skip
    folds = pd.read_csv(out / "folds.tsv", sep="\t")
    assert folds["model"].tolist() == ["late-interaction"] * 2 + ["composition"] * 2
    assert folds.groupby("model")["n_test"].sum().tolist() == [120, 120]
    assert len(pd.read_csv(out / "predictions.tsv", sep="\t")) == 240


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_embed_writes_the_features_of_the_embedder(run, files, tiny_esm2, tmp_path, suffix):
    out = tmp_path / f"features.{suffix}"
    run("embed", files / "proteins.fasta", "--out", out, "--esm2", tiny_esm2)
    sequences = data.read_fasta(files / "proteins.fasta")
    expected = ESM2Embedder(tiny_esm2).fit([["MK", "MK"]]).embed(sequences)
    if suffix == "npz":
        table = np.load(out)
        assert table["ids"].tolist() == sequences.index.tolist()
        np.testing.assert_array_equal(table["features"], expected)
    else:
        table = pd.read_parquet(out)
        assert table["Entry"].tolist() == sequences.index.tolist()
        np.testing.assert_array_equal(table["ESM2_segment0_mean31"], expected[:, 1, 31])


def test_demo_leaves_tables_pictures_and_a_model(run, tiny_esm2, tmp_path, monkeypatch):
    X, y = load_bernett_mini("train")
    rows = np.random.default_rng(0).choice(len(X), 300, replace=False)
    monkeypatch.setattr(data, "load_yeast_ppi", lambda: (X.iloc[rows], y[rows]))
    monkeypatch.setattr(workflows.cross_validation, "__defaults__", (2, 0))
    monkeypatch.setitem(workflows.evaluate_schemes.__kwdefaults__, "n_splits", 2)
    monkeypatch.setattr(demo_module, "N_EXPLAINED", 20)
    out = tmp_path / "results"
    text = run("demo", "--out", out, "--esm2", tiny_esm2)
    assert f"Results are in {out}" in text and "Your own pairs" in text
    for picture in ("results", "map", "segments", "pair"):
        assert (out / f"{picture}.png").read_bytes().startswith(b"\x89PNG")
    results = pd.read_csv(out / "results.tsv", sep="\t")
    assert results["scheme"].tolist() == ["random", "random", "protein-disjoint", "protein-disjoint"]
    assert pd.read_csv(out / "predictions.tsv", sep="\t")["probability"].between(0, 1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "missing.joblib", "pairs.tsv", "proteins.fasta"], "missing.joblib"),
        (["train", "unlabelled.tsv", "proteins.fasta"], "unlabelled.tsv has no label column"),
        (
            ["train", "pairs.tsv", "proteins.fasta", "--model", "lstm"],
            "'lstm' is not one of 'late-interaction', 'late-interaction-ensemble', 'amps-small', 'composition'",
        ),
        (["embed", "proteins.fasta", "--esm2", "no/such-model"], "cannot load the protein language model"),
        (["train", "pairs.tsv", "empty.fasta"], "empty.fasta is empty; expected FASTA, or a table"),
        (["predict", "pairs.tsv", "pairs.tsv", "proteins.fasta"], "pairs.tsv is no model that"),
        (
            ["predict", "three.joblib", "pairs.tsv", "proteins.fasta"],
            "tells apart 0, 1, 2, not 1 (interacting) and 0",
        ),
        (
            ["train", "words.tsv", "proteins.fasta"],
            "write 1 for interacting pairs, else 0",
        ),
        (["train", "three.tsv", "proteins.fasta"], "are 0, 1, 2, first 2 of "),
        (["evaluate", "mixed.tsv", "proteins.fasta"], "hold no number, unlike the others"),
        (["evaluate", "ones.tsv", "proteins.fasta"], "all labels of ones.tsv are 1"),
        (["train", "pairs.tsv", "proteins.fasta", "--epochs", "0"], "--epochs"),
        (
            ["train", "pairs.tsv", "proteins.fasta", "--model", "composition", "--epochs", "3"],
            "--epochs is not for --model composition",
        ),
        (["demo", "--out", "pairs.tsv"], "pairs.tsv"),
    ],
)
def test_wrong_input_is_said_in_words(files, monkeypatch, capfd, arguments, message):
    table = pd.read_csv(files / "pairs.tsv", sep="\t", dtype=str)
    labels = {
        "words": table["label"].map({"0": "none", "1": "strong"}),
        "three": ["2", *table["label"][1:]],
        "mixed": ["NaN", *table["label"][1:]],
        "ones": "1",
    }
    for name, column in labels.items():
        table.assign(label=column).to_csv(files / f"{name}.tsv", sep="\t", index=False)
    (files / "empty.fasta").write_text("")
    joblib.dump(DummyClassifier().fit([[0]] * 3, [0, 1, 2]), files / "three.joblib")
    table.drop(columns="label").to_csv(files / "unlabelled.tsv", sep="\t", index=False)
    monkeypatch.chdir(files)
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    said = capfd.readouterr().err
    assert ended.value.code == 2 and message in said and "Traceback" not in said


def test_a_process_ends_with_the_exit_code(files):
    done = subprocess.run(
        [sys.executable, "-c", "from amp_sklearn.cli import main; main()", "train", "missing.tsv", "missing.fasta"],
        cwd=files, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert (
        done.stderr
        == "amp-sklearn train: there is no file missing.tsv, missing.fasta; nothing was read or written\n"
    )
