"""Examples in docstrings run, and docstrings name the parameters that there are."""

import doctest
import importlib
import inspect
import pkgutil

import pytest
from numpydoc.docscrape import FunctionDoc

import amp_sklearn

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(amp_sklearn.__path__, "amp_sklearn.")
    if ".cli" not in module.name
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


PUBLIC = ("data", "embedding", "preprocessing", "classification", "presets", "model_selection", "audit", "persistence", "explanation",
          "regions", "plotting", "workflows")  # fmt: skip


def public_objects():
    for package in PUBLIC:
        module = importlib.import_module(f"amp_sklearn.{package}")
        for name in getattr(module, "__all__", vars(module)):
            thing = getattr(module, name)
            if (
                name.startswith("_")
                or not callable(thing)
                or not thing.__module__.startswith(module.__name__)
            ):
                continue
            if not (inspect.isclass(thing) and issubclass(thing, BaseException)):
                yield pytest.param(thing, id=f"{package}.{name}")


@pytest.mark.parametrize("thing", list(public_objects()))
def test_parameters_in_docstrings_are_those_of_the_signature(thing):
    assert inspect.getdoc(thing), "no docstring"
    described = [
        name.strip().lstrip("*")
        for parameter in FunctionDoc(thing, doc=inspect.getdoc(thing))["Parameters"]
        for name in parameter.name.split(",")
    ]
    accepted = [
        name for name in inspect.signature(thing).parameters if name not in ("self", "args", "kwargs")
    ]
    assert sorted(described) == sorted(accepted)
