"""Small networks, and the numbers of the published method."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from amp_sklearn.data import PROTEIN_TOKENS, FeatureLayout, PairMatrix
from amp_sklearn.data.segments import SEGMENT_TOKENS
from amp_sklearn.nn import DeepPairNetwork, MLPHead, PairGRU, PairTransformer

DATA = Path(__file__).parents[1] / "fixtures"
CSE_TOKENS = PROTEIN_TOKENS[:-1]


@pytest.fixture(scope="session")
def published():
    """Arrays of one file in tests/fixtures/explain."""

    def load(name):
        with np.load(DATA / "explain" / f"{name}.npz") as archive:
            return {key: archive[key] for key in archive.files}

    return load


@pytest.fixture(scope="session")
def published_transformer():
    """The published Transformer with random weights, for 20 or 24 tokens of 32 dimensions."""

    def make(tokens):
        layout = FeatureLayout(tokens, 32)
        module = PairTransformer(layout.n_tokens, 32, n_heads=4, dim_feedforward=64, hidden=(24, 12))
        module.load_state_dict(load_file(DATA / "models" / "amp_transformer.safetensors"))
        return module.eval(), layout

    return make


@pytest.fixture(scope="session")
def published_ae_dnn():
    """The published AE_DNN with random weights on 3 dimensions a token, and its layout."""

    def make(name):
        layout = FeatureLayout({"seg": SEGMENT_TOKENS, "cse": CSE_TOKENS}[name], 3)
        module = MLPHead(layout.n_tokens, 3, hidden=(20, 8))
        module.load_state_dict(load_file(DATA / "explain" / f"aednn_{name}.safetensors"))
        return module.eval(), layout

    return make


LAYOUT = FeatureLayout(("segment0", "segment1"), 8)
MAKERS = {
    "transformer": lambda **kw: PairTransformer(
        4, 8, n_layers=2, n_heads=2, dim_feedforward=16, hidden=(8, 4), **kw
    ),
    "gru": lambda **kw: PairGRU(4, 8, n_layers=2, hidden=(8, 4), **kw),
    "dpm": lambda **kw: DeepPairNetwork(4, 8, hidden=(8, 6, 4), **kw),
    "mlp": lambda **kw: MLPHead(4, 8, hidden=(8, 4), **kw),
}


@pytest.fixture
def network():
    """A small network of random weights, by kind."""

    def make(kind, **settings):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return MAKERS[kind](**settings).eval()

    return make


@pytest.fixture(scope="session")
def layout():
    return LAYOUT


@pytest.fixture(scope="session")
def features():
    """40 pairs of 12 proteins, laid out as ``layout`` says."""
    random = np.random.RandomState(3)
    proteins = random.normal(size=(12, 16)).astype(np.float32)
    return PairMatrix(proteins, random.randint(0, 12, (40, 2)), LAYOUT)


@pytest.fixture(scope="session")
def sequences():
    """A table of 6 pairs of short sequences, indexed by protein ids."""
    random = np.random.RandomState(5)
    make = ["".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), n)) for n in random.randint(11, 40, 12)]
    index = pd.MultiIndex.from_arrays(
        [[f"P{i}" for i in range(6)], [f"Q{i}" for i in range(6)]], names=["protein_a", "protein_b"]
    )
    return pd.DataFrame({"sequence_a": make[:6], "sequence_b": make[6:]}, index=index)
