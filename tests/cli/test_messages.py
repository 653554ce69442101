"""Messages name options that exist on the command at hand, and no parameters of Python."""

import ast
import re
from pathlib import Path

import pytest
import typer

import amp_sklearn
from amp_sklearn import cli
from amp_sklearn.cli.messages import error_text, reword

PACKAGE = Path(amp_sklearn.__file__).parent
REACHED = (
    "data", "embedding", "calibration", "screening", "regions", "nn/device.py", "presets.py", "audit", "persistence/archive.py",
)  # fmt: skip
GROUP = typer.main.get_command(cli.app)
OPTIONS = {
    name: {option for parameter in command.params for option in parameter.opts}
    for name, command in GROUP.commands.items()
}


def messages():
    """Texts of the package that hold ``name=``, as they stand in the source."""
    for place in REACHED:
        home = PACKAGE / place
        for file in [home] if home.is_file() else sorted(home.rglob("*.py")):
            tree = ast.parse(file.read_text())
            documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
            docs = {
                id(node.body[0].value)
                for node in ast.walk(tree)
                if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
            }
            for node in ast.walk(tree):
                text = None
                if isinstance(node, ast.JoinedStr):
                    text = "".join(
                        part.value if isinstance(part, ast.Constant) else "17" for part in node.values
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                    text = node.value
                if text and " " in text and re.search(r"\b[a-z_]+=", text) and "<td" not in text:
                    yield pytest.param(text, id=f"{file.name}:{node.lineno}")


@pytest.mark.parametrize("text", messages())
def test_every_message_names_options_that_exist(text):
    for command, options in OPTIONS.items():
        said = reword(text, options)
        assert re.findall(r"\b[a-z]\w*=[\w'\"(<]", said) == [], f"{command}: {said}"
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", said))
        assert named <= options, f"{command} has no {named - options}: {said}"


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (
            "Possible: SideDisjointKFold(n, side='b'), new proteins of side B only, with n up to 1,200",
            {"--cv"},
            "Possible: --cv new-side-b, new proteins of side B only, with up to 1,200 folds",
        ),
        (
            "name the kind of each protein with sides={protein: kind}, and leave out pairs within one kind",
            {"--cv"},
            "leave out pairs within one kind",
        ),
        ("pass uppercase=True if", {"--uppercase"}, "give --uppercase if"),
        ("pass uppercase=True if", set(), "turn them into upper case if"),
        ("n_splits=5 is more", {"--folds"}, "--folds 5 is more"),
        ("n_splits=5 is more", set(), "n splits 5 is more"),
        ("longer than max_length=7 residues", {"--max-length"}, "longer than --max-length 7 residues"),
        ("a == b, x>=3", set(), "a == b, x>=3"),
    ],
)
def test_reword(text, options, expected):
    assert reword(text, options) == expected


def test_errors_of_the_system_name_the_file():
    assert error_text(FileNotFoundError(2, "No such file", "x.tsv"), set()) == "x.tsv: no such file"
    assert error_text(KeyError("no protein 'P1'"), set()) == "no protein 'P1'"


def test_all_commands_share_names():
    """Pairs, sequences, outputs, devices and seeds go by one name everywhere."""
    for name, options in OPTIONS.items():
        assert {"--config", "--force", "--dry-run", "--quiet", "--json"} <= options, name
        assert not {"--random-state", "--output", "--fasta", "--cuda"} & options, name
        if name != "models":
            assert "--out" in options, name
    for name in ("train", "predict", "explain", "evaluate", "search", "audit", "negatives"):
        assert {"--columns", "--label", "--sheet", "--no-header", "--conflicts", "--uppercase"} <= OPTIONS[
            name
        ]
