"""Some sixty situations that people come with, each through a command, and the words that they read."""

import json
from dataclasses import dataclass

import joblib
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from amp_sklearn import cli
from amp_sklearn.data import load_bernett_mini


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """40 short real pairs in the shapes that people have, and a trained baseline."""
    folder = tmp_path_factory.mktemp("situations")
    X, y = load_bernett_mini("train")
    short = np.flatnonzero((X["sequence_a"].str.len() < 230) & (X["sequence_b"].str.len() < 230))
    rows = np.concatenate([short[y[short] == label][:20] for label in (1, 0)])
    X, y = X.iloc[rows], y[rows]
    table = X.index.to_frame(index=False).assign(label=y)
    proteins = dict(zip(X.index.to_frame().to_numpy().ravel(), X.to_numpy().ravel(), strict=True))

    def write(name, frame=table, **settings):
        frame.to_csv(folder / name, sep="," if name.endswith("csv") else "\t", index=False, **settings)

    def fasta(name, entries):
        (folder / name).write_text("".join(f">{key}\n{text}\n" for key, text in entries.items()))

    write("pairs.tsv")
    write("pairs.csv")
    table.to_excel(folder / "pairs.xlsx", index=False)
    table.to_parquet(folder / "pairs.parquet")
    with pd.ExcelWriter(folder / "sheets.xlsx") as book:
        pd.DataFrame({"remark": ["none"]}).to_excel(book, sheet_name="notes", index=False)
        table.to_excel(book, sheet_name="hits", index=False)
    write("bare.tsv", header=False)
    write("names.tsv", table.set_axis(["bait", "prey", "hit"], axis=1))
    write("words.tsv", table.assign(label=table["label"].map({1: "binds strongly", 0: "none"})))
    write("yesno.tsv", table.assign(label=table["label"].map({1: "yes", 0: "no"})))
    write("three.tsv", table.assign(label=[2, *table["label"][1:]]))
    write("ones.tsv", table.assign(label=1))
    write("gap.tsv", table.astype(object).assign(label=["", *table["label"][1:]]))
    write("unlabelled.tsv", table[["protein_a", "protein_b"]])
    write("extra.tsv", table.assign(source="assay", probability=0.5))
    write("unknown.tsv", table.assign(protein_a=["Q00000", *table["protein_a"][1:]]))
    write("conflict.tsv", pd.concat([table, table.head(1).assign(label=0)]))
    write("few.tsv", table.iloc[[0, 1, 25]])
    write("positives.tsv", table[table["label"] == 1][["protein_a", "protein_b"]])
    (folder / "empty.tsv").write_text("")
    (folder / "header.tsv").write_text("protein_a\tprotein_b\tlabel\n")
    (folder / "ragged.tsv").write_text("protein_a\tprotein_b\tlabel\nP1\tP2\t1\t9\t9\n")
    (folder / "picture.tsv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    fasta("proteins.fasta", proteins)
    half = list(proteins.items())
    fasta("one.fasta", dict(half[: len(half) // 2]))
    fasta("two.fasta", dict(half[len(half) // 2 :]))
    fasta("lower.fasta", {name: text.lower() for name, text in proteins.items()})
    fasta("stops.fasta", {name: text + "*" for name, text in proteins.items()})
    fasta("uniprot.fasta", {f"sp|{name}|{name}_HUMAN": text for name, text in proteins.items()})
    fasta("genes.fasta", {name: "ACGT" * (30 + i) for i, name in enumerate(proteins)})
    fasta("long.fasta", {**proteins, half[0][0]: "MKVL" * 7500})
    frame = pd.DataFrame({"gene": list(proteins), "aa": list(proteins.values())})
    frame.to_csv(folder / "sequences.tsv", sep="\t", index=False)
    joblib.dump({"no": "model"}, folder / "foreign.joblib")
    (folder / "notes.joblib").write_text("not a pickle")
    (folder / "notes.toml").write_text("epochs = \n")
    (folder / "run.toml").write_text(
        'command = "train"\n[options]\npairs = "pairs.tsv"\nsequences = ["proteins.fasta"]\nmodel = "composition"\nout = "again.amp"\n'
    )
    (folder / "typo.toml").write_text("[options]\nepoch = 3\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            cli.main(
                [
                    "train",
                    "pairs.tsv",
                    "proteins.fasta",
                    "--model",
                    "composition",
                    "--out",
                    "model.amp",
                    "--domain",
                    "-q",
                ]
            )
        assert ended.value.code == 0
    return folder


@pytest.fixture
def run(material, monkeypatch, capfd):
    monkeypatch.chdir(material)

    def call(line):
        with pytest.raises(SystemExit) as ended:
            cli.main(line.split())
        said = capfd.readouterr()
        return ended.value.code, said.out, said.err

    return call


@dataclass
class Situation:
    """A command line, its exit code, and what must be read in what it prints."""

    line: str
    code: int
    words: str

    def __str__(self):
        return self.line


TRAIN = "train {} --model composition --out out/new.amp --dry-run"
OK = [
    ("pairs.tsv proteins.fasta", "40 pairs of"),
    ("pairs.csv proteins.fasta", "20 interacting and 20 not"),
    ("pairs.xlsx proteins.fasta", "40 pairs"),
    ("pairs.parquet proteins.fasta", "40 pairs"),
    ("sheets.xlsx proteins.fasta --sheet hits", "40 pairs"),
    ("sheets.xlsx proteins.fasta --sheet 1", "40 pairs"),
    ("bare.tsv proteins.fasta --no-header", "40 pairs"),
    ("bare.tsv proteins.fasta --no-header --columns 1,0 --label 2", "40 pairs"),
    ("names.tsv proteins.fasta --columns bait,prey --label hit", "40 pairs"),
    ("yesno.tsv proteins.fasta", "20 interacting and 20 not"),
    ("pairs.tsv one.fasta two.fasta", "40 pairs"),
    ("pairs.tsv uniprot.fasta", "40 pairs"),
    ("pairs.tsv lower.fasta --uppercase", "40 pairs"),
    ("pairs.tsv stops.fasta --strip-stop", "the stop sign (*) at the end of"),
    ("pairs.tsv sequences.tsv --sequence-columns gene,aa", "40 pairs"),
    ("conflict.tsv proteins.fasta --conflicts keep", "come with different labels"),
    ("pairs.tsv genes.fasta", "only the letters of nucleotides"),
]  # fmt: skip
WRONG = [
    ("names.tsv proteins.fasta", "name yours with --columns A,B"),
    ("names.tsv proteins.fasta --columns bait,prey", "--label NAME"),
    ("names.tsv proteins.fasta --columns bait", "--columns takes two different columns"),
    ("names.tsv proteins.fasta --columns bait,nothing", "no column 'nothing' (named in --columns A,B)"),
    ("bare.tsv proteins.fasta", "give --no-header"),
    ("sheets.xlsx proteins.fasta", "--columns A,B"),
    ("sheets.xlsx proteins.fasta --sheet nothing", "nothing"),
    ("pairs.tsv proteins.fasta --sheet hits", "is no Excel workbook"),
    ("words.tsv proteins.fasta", "write 1 for interacting pairs, else 0"),
    ("three.tsv proteins.fasta", "are 0, 1, 2, first 2 of"),
    ("ones.tsv proteins.fasta", "all labels of ones.tsv are 1"),
    ("gap.tsv proteins.fasta", "fill them in, remove these rows"),
    ("unlabelled.tsv proteins.fasta", "has no label column"),
    ("unknown.tsv proteins.fasta", "1 id(s) in 1 pair(s) have no sequence"),
    ("conflict.tsv proteins.fasta", "give --conflicts keep"),
    ("empty.tsv proteins.fasta", "empty.tsv is empty"),
    ("header.tsv proteins.fasta", "header.tsv"),
    ("ragged.tsv proteins.fasta", "line 2 has 5 cells"),
    ("picture.tsv proteins.fasta", "picture.tsv"),
    ("proteins.fasta pairs.tsv", "the order is PAIRS SEQUENCES"),
    ("pairs.tsv one.fasta", "have no sequence"),
    ("pairs.tsv lower.fasta", "Give --uppercase"),
    ("pairs.tsv stops.fasta", "Give --strip-stop"),
    ("pairs.tsv sequences.tsv", "--sequence-columns ID,SEQUENCE"),
    ("absent.tsv absent.fasta", "there is no file absent.tsv, absent.fasta"),
    ("pairs.tsv .", "is a folder; a file is needed"),
    ("pairs.tsv proteins.fasta --device gpu", "'gpu' is no device; choose auto, cpu, cuda or cuda:N"),
    ("pairs.tsv proteins.fasta --device cuda:7", "there is no CUDA device here"),
    ("pairs.tsv proteins.fasta --epochs 3", "--epochs is not for --model composition"),
    ("pairs.tsv proteins.fasta --modell x", "--modell"),
    ("pairs.tsv proteins.fasta --config typo.toml", "sets epoch, which train does not have; nearest: epochs"),
    ("pairs.tsv proteins.fasta --config notes.toml", "is no TOML file"),
    ("pairs.tsv proteins.fasta --config absent.toml", "cannot be read"),
]
COMMANDS = [
    Situation("train pairs.tsv proteins.fasta --model composition --out pairs.tsv --force", 2, "which would be lost"),
    Situation("train pairs.tsv proteins.fasta --model composition --out ./proteins.fasta --force", 2, "which would be lost"),
    Situation("train pairs.tsv proteins.fasta --model composition --out model.amp", 2, "give --force to replace it"),
    Situation("train pairs.tsv proteins.fasta --model composition --out pairs.csv/model.amp", 2, "nothing can be written to"),
    Situation("train few.tsv proteins.fasta --model composition --calibrate sigmoid --out c.amp", 2, "5 folds need at least 5 of either"),
    Situation("train --config run.toml --dry-run", 0, "would train composition on 40 pairs"),
    Situation("predict --config run.toml", 2, "is about the command train, not predict"),
    Situation("evaluate few.tsv proteins.fasta --model composition", 2, "smaller --folds"),
    Situation("evaluate pairs.tsv proteins.fasta --model composition --out .", 2, "folder of the input"),
    Situation("predict model.amp pairs.tsv proteins.fasta --out p.txt", 2, "must end in .tsv or .csv or .xlsx or .parquet"),
    Situation("predict foreign.joblib pairs.tsv proteins.fasta --out p.tsv", 2, "tells apart no classes"),
    Situation("predict notes.joblib pairs.tsv proteins.fasta --out p.tsv", 2, "is no model file by joblib"),
    Situation("predict pairs.tsv model.amp proteins.fasta --out p.tsv", 2, "amp-sklearn predict: "),
    Situation("predict absent.amp pairs.tsv proteins.fasta --out p.tsv", 2, "there is no file absent.amp"),
    Situation("predict model.amp words.tsv proteins.fasta --out p.tsv --dry-run", 0, "would predict 40 pairs"),
    Situation("predict model.amp bare.tsv proteins.fasta --no-header --out p.tsv --dry-run", 0, "40 pairs"),
    Situation("screen model.amp proteins.fasta --part 17/16", 2, "--part takes K/N with K from 1 to N"),
    Situation("screen model.amp proteins.fasta --part 1/2 --merge", 2, "give one of them"),
    Situation("screen model.amp proteins.fasta --out out/unstarted --merge", 2, "amp-sklearn screen: "),
    Situation("screen model.amp proteins.fasta --part 1/2 --page p.html", 2, "give --network and --page with --merge"),
    Situation("screen model.amp proteins.fasta --network n.xlsx", 2, "--network n.xlsx must end in .tsv or .graphml"),
    Situation("screen model.amp proteins.fasta --page p.html --prevalence 1", 2, "--prevalence is a share"),
    Situation("search pairs.tsv proteins.fasta --model composition", 2, "has no settings to search"),
    Situation("embed proteins.fasta --esm2 facebook/esm2_t6_8M_UR50DD --out e.npz", 2, "cannot load the protein language model"),
    Situation("embed proteins.fasta --out e.tsv", 2, "must end in .npz or .parquet"),
    Situation("embed long.fasta --out e.npz --dry-run", 0, "has 30,000; embedding them whole takes about"),
    Situation("embed long.fasta --out e.npz --dry-run --max-length 1022", 0, "would embed"),
    Situation("negatives pairs.tsv proteins.fasta --out n.tsv", 2, "give the interacting pairs alone"),
    Situation("negatives positives.tsv proteins.fasta --out n.tsv --ratio 90", 2, "--ratio"),
    Situation("explain model.amp pairs.tsv proteins.fasta --method magic --out out/e", 2, "no explainer 'magic'"),
    Situation("mutate model.amp NO NO2 proteins.fasta --out out/m", 2, "has no protein NO and none NO2"),
    Situation("mutate model.amp pairs.tsv proteins.fasta --out out/m", 2, "Missing argument"),
    Situation("models pairs.tsv", 2, "pairs.tsv is no model"),
    Situation("models model.amp", 0, "SelectiveClassifier"),
    Situation("models", 0, "ESM2_AMPS"),
    Situation("retrain", 2, "retrain"),
]  # fmt: skip
SITUATIONS = [
    *(Situation(TRAIN.format(rest), 0, words) for rest, words in OK),
    *(Situation(TRAIN.format(rest), 2, words) for rest, words in WRONG),
    *COMMANDS,
]
PYTHON_ADVICE = (
    "header=",
    "columns=",
    "label=",
    "sheet=",
    "conflicts=",
    "uppercase=",
    "device=",
    "read_pairs",
    "pass ",
)


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_what_is_said(run, material, situation):
    before = {path: path.read_bytes() for path in material.iterdir() if path.is_file()}
    code, out, err = run(situation.line)
    text = out + err
    assert code == situation.code, text
    assert situation.words in text
    assert "Traceback" not in text and "Warning:" not in text and ".py:" not in text
    assert [advice for advice in PYTHON_ADVICE if advice in text] == []
    assert {path: path.read_bytes() for path in material.iterdir() if path.is_file()} == before


def test_there_are_sixty():
    assert len(SITUATIONS) >= 60


def test_predict_keeps_other_columns_and_ignores_labels(run, material):
    assert run("predict model.amp extra.tsv proteins.fasta --out kept.parquet")[0] == 0
    kept = pd.read_parquet("kept.parquet")
    given = pd.read_csv("extra.tsv", sep="\t")
    assert (
        kept["source"].tolist() == ["assay"] * 40
        and kept["label"].astype(int).tolist() == given["label"].tolist()
    )
    assert (kept["probability_given"].astype(float) == 0.5).all() and kept["probability"].between(0, 1).all()
    assert not kept["outside_domain"].any()  # its own training pairs
    for name in ("kept.csv", "kept.tsv", "kept.xlsx"):
        assert run(f"predict model.amp words.tsv proteins.fasta --out {name}")[0] == 0
    read = pd.read_excel("kept.xlsx"), pd.read_csv("kept.csv"), pd.read_csv("kept.tsv", sep="\t")
    for table in read:
        np.testing.assert_allclose(table["probability"], kept["probability"])
        assert set(table["label"]) == {"binds strongly", "none"}


def test_json_is_one_object_and_quiet_is_quiet(run):
    code, out, err = run("predict model.amp pairs.tsv proteins.fasta --out j.tsv --json")
    found = json.loads(out)
    assert code == 0 and found["n_pairs"] == 40 and found["out"] == "j.tsv" and "40 pairs" in err
    assert run("predict model.amp pairs.tsv proteins.fasta --out j.tsv --force -q") == (0, "", "")


def test_a_record_repeats_a_run(run, material):
    line = (
        "train names.tsv proteins.fasta --model composition --columns bait,prey --label hit --out first.amp"
    )
    assert run(line)[0] == 0
    assert run("train --config first.amp.run.toml --out second.amp")[0] == 0
    tables = []
    for name in ("first", "second"):
        run(f"predict {name}.amp pairs.tsv proteins.fasta --out {name}.tsv")
        tables.append(pd.read_csv(f"{name}.tsv", sep="\t"))
    pd.testing.assert_frame_equal(*tables)
    import tomllib

    records = [tomllib.loads((material / f"{name}.amp.run.toml").read_text()) for name in ("first", "second")]
    assert records[0]["results"] == records[1]["results"]
    assert records[0]["inputs_sha256"] == records[1]["inputs_sha256"]
    assert (material / "first.amp.card.md").read_text().startswith("---\nlibrary_name: amp_sklearn")


def test_interruption_says_how_to_go_on_and_leaves_nothing_half(run, material, monkeypatch):
    from amp_sklearn import persistence

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(persistence, "save_model", interrupted)
    code, _, err = run("train pairs.tsv proteins.fasta --model composition --out deep/er/m.amp")
    assert code == 130 and "interrupted; no model was written" in err
    assert not (material / "deep").exists()


def test_a_fault_of_the_program_keeps_its_traceback(material, monkeypatch):
    from amp_sklearn import persistence

    monkeypatch.chdir(material)
    monkeypatch.setattr(persistence, "save_model", lambda *_: None + 1)
    with pytest.raises(TypeError):
        cli.main(["train", "pairs.tsv", "proteins.fasta", "--model", "composition", "--out", "fault.amp"])


def test_parts_of_a_screen_are_merged(run, material):
    line = "screen model.amp one.fasta --top-k 3"
    assert run(f"{line} --out whole")[0] == 0
    for part in ("1/2", "2/2"):
        assert run(f"{line} --out parts --part {part}")[0] == 0
    code, out, _ = run(f"{line} --out parts --merge")
    assert code == 0 and "kept" in out
    whole, parts = (pd.read_parquet(material / name / "pairs") for name in ("whole", "parts"))
    pd.testing.assert_frame_equal(whole, parts)
    # a finished screen is not computed again
    code, out, err = run(
        f"{line} --out whole --network n.tsv --network n.graphml --page page.html --prevalence 0.01"
    )
    assert code == 0 and "not calibrated" in err
    assert (
        len(pd.read_csv(material / "n.tsv", sep="\t"))
        == len(whole)
        == nx.read_graphml("n.graphml").number_of_edges()
    )
    assert "1 in 100" in (material / "page.html").read_text()


def test_explain_makes_what_regions_needs(run, material):
    code, out, err = run("explain model.amp pairs.tsv proteins.fasta --out explained --limit 5")
    assert code == 2 and "amp-sklearn explain: " in err  # composition has no segments
    line = "train pairs.tsv proteins.fasta --epochs 1 --out late.amp"
    code, out, err = run(line)
    assert code == 0 and "40 training pairs are few for" in err
    code, out, err = run("explain late.amp pairs.tsv proteins.fasta --out explained --limit 5 --force")
    assert code == 0 and "interaction_map" in out, err
    ids = pd.read_csv("pairs.tsv", sep="\t")[["protein_a", "protein_b"]].head(5).to_numpy().ravel()
    (material / "domains.tsv").write_text(
        "Entry\tDomain\n" + "".join(f"{name}\tDomain[3,20]\n" for name in dict.fromkeys(ids))
    )
    line = "regions explained/explanation.npz domains.tsv --sequences proteins.fasta --resamples 9 --out on_regions"
    code, out, err = run(line)
    assert code == 0 and "5 pairs" in out, err


def test_negatives_are_added_and_trainable(run):
    assert (
        run("negatives positives.tsv proteins.fasta --out balanced.tsv --strategy uniform --seed 3")[0] == 0
    )
    table = pd.read_csv("balanced.tsv", sep="\t")
    assert table["label"].value_counts().to_dict() == {1: 20, 0: 20}
    assert run("train balanced.tsv proteins.fasta --model composition --out balanced.amp")[0] == 0
    assert run("audit balanced.tsv proteins.fasta --out audited -q")[0] == 0


def test_a_search_goes_on(run):
    line = "search pairs.tsv proteins.fasta --folds 2 --epochs 1 --out searched -q --trials"
    assert run(f"{line} 1")[0] == 0
    code, _, err = run(f"{line} 2")
    assert code == 2 and "--force" in err
    assert run(f"{line} 2 --resume")[0] == 0
    assert len(pd.read_csv("searched/trials.tsv", sep="\t")) == 2


def test_searches_share_a_storage(run, material):
    import optuna

    from amp_sklearn.model_selection.optuna_study import open_storage

    line = "search pairs.tsv proteins.fasta --folds 2 --epochs 1 --storage journal:///shared.log"
    assert run(f"{line} --trials 1 --out one -q")[0] == 0
    assert not (material / "one" / "search.db").exists() and (material / "one" / "model.amp").exists()
    study = optuna.load_study(study_name=None, storage=open_storage("shared.log"))
    trial = study.ask()
    trial.set_user_attr("worker", "another-host:1:1")
    code, out, _ = run(f"{line} --trials 3 --out two")
    assert code == 0 and "2 of 3 trials are finished, 1 run in other processes" in out
    assert not (material / "two" / "model.amp").exists()
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    code, out, _ = run(f"{line} --trials 3 --out two")
    assert code == 0 and "best of 3 trials" in out and (material / "two" / "model.amp").exists()


def test_model_names_are_those_of_the_registry():
    from amp_sklearn.cli.options import ModelName
    from amp_sklearn.presets import PRESETS

    assert [name.value for name in ModelName] == list(PRESETS)


def test_mutate_goes_on_and_says_what_is_wrong(run, material):
    assert run("train pairs.tsv proteins.fasta --epochs 1 --out mutable.amp")[0] == 0
    a, b = pd.read_csv("pairs.tsv", sep="\t")[["protein_a", "protein_b"]].iloc[0]
    line = f"mutate mutable.amp {a} {b} proteins.fasta --positions 2,4-5 --to AW"
    code, out, err = run(f"{line} --out dry --dry-run")
    assert (
        code == 0
        and "about 6 variants; embedding them takes about" in out
        and not (material / "dry").exists()
    )
    assert run(f"{line} --out mutations")[0] == 0
    table = pd.read_csv("mutations/mutations.tsv", sep="\t")
    assert set(table["position"]) == {2, 4, 5} and set(table["variant"]) <= {"A", "W"}
    assert set(pd.read_csv("mutations/positions.tsv", sep="\t")["position"]) == {2, 4, 5}
    assert (material / "mutations" / "mutations_A.png").exists()
    before = (material / "mutations" / "mutations.tsv").read_bytes()
    assert run(f"{line} --out mutations")[0] == 0  # a finished scan is not computed again
    assert (material / "mutations" / "mutations.tsv").read_bytes() == before
    code, _, err = run(f"mutate mutable.amp {a} {b} proteins.fasta --positions 3 --out mutations")
    assert code == 2 and "holds a scan of other variants" in err and "--force to start anew" in err
    assert (
        run(f"mutate mutable.amp {a} {b} proteins.fasta --positions 3 --to alanine --out mutations --force")[
            0
        ]
        == 0
    )
    code, out, _ = run(f"mutate mutable.amp {a} {b} proteins.fasta --protein both --first-look --out look")
    assert code == 0 and "no variant was embedded" in out
    assert (material / "look" / "mutations_B.png").exists()
    for rest, words in {
        "--positions 4-2": "--positions takes numbers and ranges such as 4,10-25",
        "--positions 9999": "must be whole numbers from 1 to",
        "--to AZ": "--to must be",
        "--to none": "--to none goes with --deletions",
        "--first-look --deletions": "leave out --first-look",
    }.items():
        code, _, err = run(f"mutate mutable.amp {a} {b} proteins.fasta --out wrong {rest}")
        assert code == 2 and words.lower() in err.lower(), err
        assert [advice for advice in PYTHON_ADVICE if advice in err] == []
    code, _, err = run(f"mutate model.amp {a} {b} proteins.fasta --out wrong")
    assert code == 2 and "begins with an ESM2Embedder" in err
