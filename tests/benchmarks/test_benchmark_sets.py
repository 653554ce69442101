"""The command that counts the traps of benchmark sets: on planted traps the audit and brute force agree."""

import importlib.util
import sys
from pathlib import Path

import pytest

from amp_sklearn.audit import audit_pairs

FOLDER = Path(__file__).parents[2] / "benchmarks" / "evaluation"


@pytest.fixture
def command(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location("benchmark_sets", FOLDER / "benchmark_sets.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "benchmark_sets", module)
    spec.loader.exec_module(module)
    return module


def lines(command, wanted):
    for name, data, traps in command.planted():
        if wanted(name):
            yield from command.lines_of(name, data, traps, audit_pairs(*data, random_state=0))


def agree(found):
    counted = [line for line in found if line["by_brute_force"] is not None]
    return counted and all(line["equal"] for line in counted)


def test_a_planted_trap_is_found_and_counted(command):
    found = list(lines(command, lambda name: name == "planted: host-virus, negatives of any two"))
    assert agree(found) and found[0]["found"] == "severe" and found[0]["number"] > 0.8


@pytest.mark.slow
def test_every_planted_trap_is_found_and_counted(command):
    found = list(lines(command, lambda name: True))
    assert agree(found) and len(found) == 18
    harmless = "planted: 1:10, negatives of the 150 of the positives"
    assert {line["set"] for line in found if line["found"] == "clean"} == {harmless}
