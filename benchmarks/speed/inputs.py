"""Inputs of the entries: real proteins, random weights and features of true sizes."""

import contextlib
import gzip
import io
import shutil
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from amp_sklearn.data import FeatureLayout, PairMatrix, load_yeast_ppi
from amp_sklearn.data.segments import SEGMENT_TOKENS

BERNETT = Path(__file__).resolve().parents[1] / "data" / "human_bernett" / "pairs.tsv.gz"
ESM2_SIZES = {"8M": (6, 320), "35M": (12, 480), "150M": (30, 640), "650M": (33, 1280)}
ESM2_HEADS = 20
WIDTH = 1280
PROTEINS_PER_PAIR = 2497 / 11188
LONGEST = 1022  # residues: two tokens less than the context that ESM-2 was trained with


def write_random_esm2(folder, size, n_layers=None):
    """Save an ESM-2 of a true size with random weights, as ``save_pretrained`` does.

    Parameters
    ----------
    folder : path-like
    size : {"8M", "35M", "150M", "650M"}
    n_layers : int, default=None
        Fewer layers than the true number, for a quick check.
    """
    from transformers import EsmConfig, EsmForMaskedLM

    layers, width = ESM2_SIZES[size]
    config = EsmConfig(
        vocab_size=33,
        mask_token_id=32,
        pad_token_id=1,
        hidden_size=width,
        num_hidden_layers=n_layers or layers,
        num_attention_heads=ESM2_HEADS,
        intermediate_size=4 * width,
        max_position_embeddings=1026,
        position_embedding_type="rotary",
        token_dropout=True,
        emb_layer_norm_before=False,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        layer_norm_eps=1e-5,
    )
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stderr(io.StringIO()):  # progress bars
        torch.manual_seed(0)
        EsmForMaskedLM(config).save_pretrained(folder)
    vocabulary = files("amp_sklearn.embedding") / "esm2_mini" / "vocab.txt"
    with vocabulary.open("rb") as source, open(Path(folder) / "vocab.txt", "wb") as target:
        shutil.copyfileobj(source, target)


def esm2_flop(size, lengths, n_layers=None):
    """Multiplications and additions of the forward pass up to the last hidden state.

    Parameters
    ----------
    size : str
        See `write_random_esm2`.
    lengths : sequence of int
        Residues of each protein.
    n_layers : int, default=None

    Returns
    -------
    float
    """
    layers, width = ESM2_SIZES[size]
    tokens = np.asarray(lengths, dtype=float) + 2
    linear, attention = 24 * width**2 * tokens.sum(), 4 * width * (tokens**2).sum()
    return float((n_layers or layers) * (linear + attention))


@lru_cache(maxsize=1)
def yeast():
    """Distinct yeast sequences."""
    X, _ = load_yeast_ppi()
    return pd.unique(X.to_numpy().ravel())


def yeast_proteins(n_proteins, shortest=50, longest=LONGEST):
    """Random real proteins within limits of length."""
    sequences = [s for s in yeast() if shortest <= len(s) <= longest]
    chosen = np.random.RandomState(0).choice(len(sequences), n_proteins, replace=False)
    return [sequences[k] for k in chosen]


def proteins_of_length(n_proteins, length):
    """Real proteins, cut to a length."""
    return [s[:length] for s in yeast() if len(s) >= length][:n_proteins]


def random_pairs(n_pairs, tokens=SEGMENT_TOKENS, width=WIDTH):
    """Random pairs with random features, of as many proteins per pair as in the yeast set (2,497 for 11,188)."""
    n_proteins = max(4, round(n_pairs * PROTEINS_PER_PAIR))
    random = np.random.default_rng(0)
    features = random.standard_normal((n_proteins, len(tokens) * width), dtype=np.float32)
    return PairMatrix(features, random.integers(n_proteins, size=(n_pairs, 2)), FeatureLayout(tokens, width))


def bernett_index(split):
    """Pairs of a split of the Bernett set as row numbers, and the number of its proteins."""
    with gzip.open(BERNETT, "rt") as file:
        table = pd.read_csv(file, sep="\t", dtype=str)
    table = table[table["split"] == split]
    codes, names = pd.factorize(table[["protein_a", "protein_b"]].to_numpy().ravel())
    return codes.reshape(-1, 2), len(names)


def labels(n_pairs):
    """Labels, half of each kind, in random order."""
    return np.random.RandomState(1).permutation(np.arange(n_pairs) % 2)


def plain_state(module):
    """Copy of the parameters of a module, so that training one side does not touch the other."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
