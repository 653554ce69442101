"""Every command line of the README and the documentation runs, on small bundled data, or has a reason not to."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from amp_sklearn import cli, presets
from amp_sklearn.data import load_bernett_mini

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.rst"))))
NOT_HERE = {
    r"^demo": "takes minutes; tests/cli/test_commands.py runs it on fewer pairs",
    r"facebook/": "downloads a model",
    r"^regions attention\.npz": "files of the reader; tests/regions/test_region_command.py runs this command",
    r"^models import": "needs published weights and their ESM-2 model; tests/classification/test_published_pipeline.py runs this command",
    r"postgresql://": "needs a server; tests/model_selection searches on one",
    r"^COMMAND|\.\.\.": "no command but its form",
}


def command_lines():
    """Distinct command lines of all pages, in order, continued lines joined; and the pages that have some."""
    lines, pages = {}, set()
    for page in PAGES:
        text = re.sub(r" *\\\n\s*", " ", (ROOT / page).read_text())
        for line in re.findall(r"^(?: {3,}|)amp-sklearn (.+?)$", text, re.MULTILINE):
            pages.add(page)
            if not any(re.search(pattern, line) for pattern in NOT_HERE):
                lines[line] = None
    return list(lines), pages


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The files that the documentation speaks of."""
    monkeypatch.setitem(presets.PRESETS["late-interaction"].settings, "max_epochs", 1)
    monkeypatch.chdir(tmp_path)
    X, y = load_bernett_mini("train")
    short = np.flatnonzero((X["sequence_a"].str.len() < 230) & (X["sequence_b"].str.len() < 230))
    rows = np.concatenate([short[y[short] == label][:20] for label in (1, 0)])
    X, y = X.iloc[rows], y[rows]
    table = X.index.to_frame(index=False).assign(label=y)
    proteins = list(
        dict(zip(X.index.to_frame().to_numpy().ravel(), X.to_numpy().ravel(), strict=True)).items()
    )
    table.to_csv("pairs.tsv", sep="\t", index=False)
    table[["protein_a", "protein_b"]].to_csv("new_pairs.tsv", sep="\t", index=False)
    table.set_axis(["bait", "prey", "hit"], axis=1).to_csv("hits.csv", index=False)
    table.to_csv("bare.tsv", sep="\t", index=False, header=False)
    with pd.ExcelWriter("workbook.xlsx") as book:
        pd.DataFrame({"remark": ["none"]}).to_excel(book, sheet_name="notes", index=False)
        table.to_excel(book, sheet_name="screen", index=False)
    half = len(proteins) // 2
    files = {"proteins": proteins, "human": proteins[:half], "virus": proteins[half:]}
    files["lower"] = [(name, text.lower() + "*") for name, text in proteins]
    for name, entries in files.items():
        Path(f"{name}.fasta").write_text("".join(f">{key}\n{text}\n" for key, text in entries))
    Path("annotations.tsv").write_text(
        "Entry\tDomain\n" + "".join(f"{name}\tDomain[3,20]\n" for name, _ in proteins)
    )
    table[table["label"] == 1][["protein_a", "protein_b"]].to_csv("known.tsv", sep="\t", index=False)
    table.to_csv("labelled.tsv", sep="\t", index=False)
    table[["protein_a", "protein_b"]].to_csv("candidates.tsv", sep="\t", index=False)
    table.to_csv("test_interaction.tsv", sep="\t", index=False, header=False)
    pd.DataFrame(proteins).to_csv("test_dictionary.tsv", sep="\t", index=False, header=False)
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "pairs.tsv", "proteins.fasta", "--out", "model.amp", "--epochs", "1", "-q"])
    assert ended.value.code == 0
    for name in ("my_organism.amp", "from_dscript.amp"):  # made by earlier lines of their pages
        shutil.copy("model.amp", name)
    return tmp_path


def run(line, capfd, *more):
    with pytest.raises(SystemExit) as ended:
        cli.main([*shlex.split(line, comments=True), *more])
    assert ended.value.code == 0, f"{line}: {capfd.readouterr().err}"


def test_documented_commands_are_understood(folder, capfd):
    """Short twin of the test below: all options exist, all files are read, and the work is not done."""
    lines, pages = command_lines()
    assert {"README.md", "docs/command_line.rst", "docs/start.rst"} <= pages and len(lines) > 15
    for line in lines:
        if not re.search(r"^(regions|models)|--merge|-h$|^-", line):  # they need what the others make
            run(line, capfd, "--dry-run", "--force")


@pytest.mark.slow  # pytest -m slow tests/cli/test_documented_commands.py
def test_documented_commands_run(folder, capfd):
    for line in command_lines()[0]:
        arguments = shlex.split(line, comments=True)
        run(line, capfd, *([] if "-h" in arguments or "--merge" in arguments else ["--force"]))
        if "--out" in arguments:
            assert (folder / arguments[arguments.index("--out") + 1]).exists(), line
