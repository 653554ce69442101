"""Tests on a CUDA device, beside the same computation on the CPU. Elsewhere they are skipped: ``pytest -m cuda``."""

import numpy as np
import pandas as pd
import pytest
import torch

from amp_sklearn.data import FeatureLayout, PairMatrix

TOKENS = ("segment0", "segment1", "segment2")


def pytest_runtest_setup(item):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")


@pytest.fixture(autouse=True)
def exact_recurrent_layers():
    """cuDNN takes recurrent layers in TF32 by default, which has ten bits; the CPU has no such type."""
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield


@pytest.fixture(scope="session")
def pairs():
    """600 pairs of 80 proteins, 3 tokens of 8 dimensions each, and labels that the features tell."""
    random = np.random.default_rng(0)
    features = random.normal(size=(80, 24)).astype(np.float32)
    index = random.integers(0, 80, size=(600, 2))
    y = (features[index[:, 0]].sum(axis=1) + features[index[:, 1]].sum(axis=1) > 0).astype(int)
    return PairMatrix(features, index, FeatureLayout(TOKENS, width=8)), y


@pytest.fixture(scope="session")
def proteins():
    """Sequences by protein id, of 12 to 700 residues."""
    random = np.random.default_rng(1)
    lengths = [12, 30, 30, 64, 101, 150, 300, 511, 700, 45]
    return {f"P{n}": "".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), n_)) for n, n_ in enumerate(lengths)}


@pytest.fixture(scope="session")
def table(proteins):
    """Twelve pairs of short sequences with labels."""
    random = np.random.default_rng(2)
    short = [sequence for sequence in proteins.values() if len(sequence) < 200]
    X = pd.DataFrame(random.choice(short, size=(12, 2)), columns=["sequence_a", "sequence_b"])
    return X, np.arange(12) % 2
