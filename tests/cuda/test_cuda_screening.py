"""Screens on a CUDA device: every pair has the probability that the model gives it."""

import itertools

import numpy as np
import pandas as pd
import pytest
from cuda_models import DEVICE, MAKERS
from sklearn.pipeline import make_pipeline

from amp_sklearn import ESM2Embedder, PairConcatenator, ProteinScaler, screen_pairs
from amp_sklearn.screening import screen

pytestmark = pytest.mark.cuda


@pytest.fixture(scope="module")
def fitted(table, tiny_esm2):
    """Maker of a fitted pipeline, by the name of its classifier."""

    def make(name):
        embedder = ESM2Embedder(tiny_esm2, store=None, device=DEVICE)
        steps = embedder, PairConcatenator("segments"), ProteinScaler(), MAKERS[name]()
        return make_pipeline(*steps).fit(*table)

    return make


@pytest.mark.parametrize("name", ["amps", "amps with embeddings", "gru", "dpm", "late"])
def test_all_against_all(name, fitted, proteins, tmp_path):
    model = fitted(name)
    pairs = list(itertools.combinations(proteins, 2))
    X = pd.DataFrame([[proteins[a], proteins[b]] for a, b in pairs], columns=["sequence_a", "sequence_b"])
    expected = pd.Series(model.predict_proba(X)[:, 1], pd.MultiIndex.from_tuples(pairs))
    found = screen_pairs(model, proteins, block_size=4).set_index(["protein_a", "protein_b"])["score"]
    assert len(found) == len(pairs)
    np.testing.assert_allclose(found[expected.index], expected, rtol=0, atol=1e-4)
    kept = screen(model, proteins, out=tmp_path / "screen", block_size=4).pairs()
    kept = kept.set_index(["protein_a", "protein_b"])["probability"]
    assert len(kept) == len(pairs)
    np.testing.assert_allclose(kept[expected.index], expected, rtol=0, atol=1e-4)
