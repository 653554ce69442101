"""Code blocks of the documentation run, page by page, or have a reason not to; their imports resolve in any case."""

import ast
import importlib
import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.rst")))]
RUN = [
    "docs/extending.rst",
    "docs/from_other_tools.rst",
    "docs/my_organism.rst",
    "docs/score_meaning.rst",
    "docs/troubleshooting.rst",
]
NOT_RUN = {
    "README.md": "fits on all yeast pairs; tests/test_pipeline.py fits the same pipelines on fewer",
    "docs/index.rst": "as README.md",
    "docs/architecture.rst": "its recipe is run by tests/classification/test_new_encoder.py",
    "docs/audit.rst": "takes minutes; tests/audit makes the same calls on small sets",
    "docs/comparing.rst": "takes minutes; tests/model_selection makes the same calls on small sets",
    "docs/evaluation.rst": "takes minutes; docs/examples/plot_honest_evaluation.py makes the same calls",
    "docs/explanations.rst": "a list of forms, for models of the reader; tests/explanation runs each",
    "docs/functional_regions.rst": "files of the reader; tests/regions makes the same calls",
    "docs/language_models.rst": "names models that are downloaded; tests/embedding makes the same calls on small ones",
    "docs/mutation_scan.rst": "goes on from a model of the reader; tests/explanation/test_mutation_scan.py makes the same calls",
    "docs/own_files.rst": "files of the reader; tests/data makes the same calls",
    "docs/screening.rst": "goes on from a model of the reader; tests/screening makes the same calls",
    "docs/start.rst": "names the published ESM-2, which is downloaded",
    "docs/trust.rst": "takes minutes; docs/examples/plot_calibration.py makes the same calls",
}


def blocks(page):
    """Python blocks of a page, in order, with the number of their first line."""
    text = (ROOT / page).read_text()
    if page.endswith(".md"):
        found = re.finditer(r"^```python\n(?P<code>.*?)^```", text, re.MULTILINE | re.DOTALL)
    else:
        found = re.finditer(
            r"^( *)\.\. code-block:: python\n\n(?P<code>(?:(?:\1   .*)?\n)+)", text, re.MULTILINE
        )
    return [(text[: m.start("code")].count("\n") + 1, textwrap.dedent(m["code"])) for m in found]


PAGES_WITH_CODE = [page for page in PAGES if blocks(page)]


@pytest.mark.parametrize("page", PAGES_WITH_CODE)
def test_every_page_runs_or_says_why_not(page):
    assert page in RUN or len(NOT_RUN.get(page, "")) > 5, (
        f"{page}: name it in RUN, or in NOT_RUN with a reason"
    )


@pytest.mark.parametrize("page", PAGES_WITH_CODE)
def test_imports_of_all_blocks_resolve(page):
    for line, text in blocks(page):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("amp_sklearn"):
                module = importlib.import_module(node.module)
                missing = [a.name for a in node.names if not hasattr(module, a.name)]
                assert not missing, f"{page}, line {line}: {node.module} has no {missing}"


@pytest.mark.parametrize("page", RUN)
def test_blocks_run(page, tmp_path, monkeypatch):
    """All blocks of a page, in one namespace, in a folder that has the files the page speaks of."""
    monkeypatch.chdir(tmp_path)
    Path("interactions.fasta").write_text(
        ">P1 INTERACTOR=P2 TARGET=1 SET=train\nMKTAYIAKQRQISFVKSHFSRQ\n"
        ">P2 INTERACTOR=P3 TARGET=0 SET=train\nMVLSPADKTNVKAAWGKVGAHA\n"
        ">P3 INTERACTOR=P1 TARGET=1 SET=val\nMGLSDGEWQLVLNVWGKVEADI\n"
    )
    namespace = {"__name__": page}
    for line, text in blocks(page):
        try:
            exec(compile(text, f"{page}:{line}", "exec"), namespace)
        except Exception as error:
            raise AssertionError(f"{page}, block at line {line}: {type(error).__name__}: {error}") from error
    if page == "docs/my_organism.rst":
        assert Path("known.tsv").exists() and Path("proteins.fasta").exists()
    if page == "docs/from_other_tools.rst":
        assert len(namespace["X"]) == 2 and namespace["y"].tolist() == [1, 0]


def test_roles_name_things_that_exist():
    """``:class:`~amp_sklearn.data.PairMatrix``` and the like; Sphinx itself leaves unknown names without a word."""
    missing = []
    for page in PAGES[1:]:
        for name in re.findall(
            r":(?:class|func|meth|mod):`[^`]*?~?(amp_sklearn[\w.]*)>?`", (ROOT / page).read_text()
        ):
            thing, parts = importlib.import_module("amp_sklearn"), name.split(".")[1:]
            for at, part in enumerate(parts, 2):
                try:
                    thing = getattr(thing, part, None) or importlib.import_module(
                        ".".join(name.split(".")[:at])
                    )
                except ImportError:
                    missing.append(f"{page}: {name}")
                    break
    assert not missing
