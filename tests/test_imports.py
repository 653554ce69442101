"""The shape of the package: imports point downwards, public names exist and are documented."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import amp_sklearn

PACKAGE = Path(amp_sklearn.__file__).parent
DOCS = Path(__file__).parents[1] / "docs"
LAYERS = (
    "exceptions", "writing", "cpu", "metrics", "data", "nn", "embedding", "preprocessing", "classification",
    "model_selection", "presets", "audit", "calibration", "persistence", "screening", "distributed", "explanation", "regions", "plotting", "workflows",
    "report", "cli",
)  # fmt: skip
NOT_ALLOWED = {
    "explanation": {"classification", "presets"}
}  # it asks a fitted model for what the model declares
PUBLIC = (
    "data",
    "embedding",
    "preprocessing",
    "classification",
    "model_selection",
    "screening",
    "distributed",
    "audit",
    "explanation",
    "regions",
    "plotting",
    "report",
)


def imported_layers(file):
    """Layers of this package that a file imports."""
    inside = file.relative_to(PACKAGE).parts
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = inside[: len(inside) - node.level]
            path = [*base, *(node.module or "").split(".")]
            yield path[0] if path[0] else None
            if not node.module and not base:
                yield from (alias.name for alias in node.names)


@pytest.mark.parametrize(
    "file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_imports_point_downwards(file):
    layer = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if layer == "__init__":
        return
    for imported in imported_layers(file):
        if imported in LAYERS and imported != layer:
            assert LAYERS.index(imported) < LAYERS.index(layer), f"{layer} imports {imported}"
            assert imported not in NOT_ALLOWED.get(layer, ()), f"{layer} imports {imported}"


def test_every_public_name_is_there():
    for name in amp_sklearn.__all__:
        assert getattr(amp_sklearn, name) is not None
        assert importlib.util.find_spec(f"amp_sklearn.{name}") is None, f"{name} is also a module"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        amp_sklearn.nothing  # noqa: B018 - the access is the test


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_object_is_in_the_reference(name):
    module = importlib.import_module(f"amp_sklearn.{name}")
    reference = (DOCS / "api.rst").read_text().split()
    objects = [public for public in module.__all__ if callable(getattr(module, public))]
    assert [public for public in objects if public not in reference] == []


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page.name}" for page in sorted(DOCS.glob("*.rst")))])
def test_what_the_documentation_imports_is_there(page):
    text = (DOCS.parent / page).read_text()
    for found in re.finditer(r"^ *from (amp_sklearn[.\w]*) import (\([^)]*\)|.*)$", text, re.MULTILINE):
        module = importlib.import_module(found[1])
        for name in re.findall(r"\w+", found[2]):
            assert not isinstance(getattr(module, name), ModuleType)


def test_help_loads_no_torch():
    script = "import sys, amp_sklearn.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
