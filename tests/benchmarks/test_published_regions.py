"""The inputs of ``benchmarks/regions`` are where its commands look for them."""

import importlib
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks" / "regions"


def test_published_inputs_are_found(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    inputs = importlib.import_module("published_inputs")
    samples, lengths = inputs.load_samples(), inputs.load_lengths()
    explanation = inputs.load_explanation(samples)
    assert len(samples) == len(explanation) == 1868
    assert inputs.PROTEIN_TABLE.exists() and set(explanation.pair_ids.ravel()) <= set(lengths.index)
