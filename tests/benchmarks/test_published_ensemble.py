"""The figures of the published predictions, and of their mean."""

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "evaluation"


@pytest.fixture
def published(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location("published_ensemble", FOLDER / "published_ensemble.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "published_ensemble", module)
    spec.loader.exec_module(module)
    return module


def test_the_mean_of_four_is_better_than_each(published):
    found = published.table(pd.read_csv(published.DATA, sep="\t"))
    assert found.loc["mean of the four"].round(3).tolist() == [0.723, 0.709, 0.319, 0.660]
    assert found.loc["TUnA"].round(3).tolist()[:3] == [0.703, 0.692, 0.295]
    assert (found.loc["mean of the four"] > found.drop("mean of the four")).all(axis=None)
