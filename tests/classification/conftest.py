import numpy as np
import pytest

from amp_sklearn.classification import AMPSClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix

SMALL = {
    "n_layers": 1,
    "n_heads": 2,
    "dim_feedforward": 8,
    "hidden1": 8,
    "hidden2": 4,
    "max_epochs": 4,
    "batch_size": 16,
    "lr": 1e-2,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture
def small():
    """Maker of a small AMPSClassifier."""
    return lambda **changes: AMPSClassifier(**{**SMALL, **changes})


@pytest.fixture
def pairs():
    """90 pairs of 30 proteins, 2 tokens of width 4 each, and labels that the features tell."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 8)).astype(np.float32)
    index = rng.integers(0, 30, size=(90, 2))
    y = (features[index[:, 0]].sum(axis=1) + features[index[:, 1]].sum(axis=1) > 0).astype(int)
    return PairMatrix(features, index, FeatureLayout(("segment0", "segment1"), width=4)), y
