"""From autoencoder features of proteins to features of pairs."""

import numpy as np
import pandas as pd
from baselines.pair_tables import autoencoder_pairs

from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.data.segments import PROTEIN_TOKENS
from amp_sklearn.preprocessing import PairConcatenator

from .paired import Case, Variant, compare, growth
from .registry import entry

TOKENS = PROTEIN_TOKENS[:-1]
SIZES = {"smoke": (12, 4), "small": (200, 150), "full": (2000, 150)}  # proteins, components
GROWTH = {
    "smoke": {"ours": [1000, 2000], "published": [6, 12]},
    "small": {"ours": [2000, 4000, 8000], "published": [50, 100, 200]},
    "full": {"ours": [2000, 4000, 8000, 16000], "published": [125, 250, 500]},
}
OUR_GROWTH_COMPONENTS = 10  # narrow, so that the largest fits into memory


def make_work(n_proteins, n_components):
    """Latents of all tokens, names of proteins, samples (as many pairs as proteins)."""
    random = np.random.default_rng(0)
    latents = random.standard_normal((n_proteins * len(TOKENS), n_components), dtype=np.float32)
    proteins = [f"P{k:06d}" for k in range(n_proteins)]  # equally long: no name is part of another
    ends = random.choice(proteins, (n_proteins, 2))
    samples = pd.DataFrame(
        {"Protein1": ends[:, 0], "Protein2": ends[:, 1], "Label": np.arange(n_proteins) % 2}
    )
    return latents, proteins, samples


def our_pairs(latents, proteins, samples):
    """Dense pair features from the same latents and names."""
    names = pd.Index(proteins)
    index = np.column_stack([names.get_indexer(samples[f"Protein{k}"]) for k in (1, 2)])
    layout = FeatureLayout(TOKENS, latents.shape[1])
    X = PairMatrix(latents.reshape(len(proteins), -1), index, layout)
    return np.asarray(PairConcatenator("cls+segments+eos").fit_transform(X))


def published_pairs(latents, proteins, samples):
    return autoencoder_pairs(latents, proteins, list(TOKENS), samples)


@entry("autoencoder_pairs", "Autoencoder features of proteins to features of pairs")
def autoencoder_pairs_entry(context):
    n_proteins, n_components = SIZES[context.size]
    work = make_work(n_proteins, n_components)
    case = Case(
        work={"proteins": n_proteins, "pairs": n_proteins, "columns": 2 * len(TOKENS) * n_components},
        published=lambda: published_pairs(*work),
        variants={"float32": Variant(lambda: our_pairs(*work), 0.0, None, 1000.0)},
        read_published=lambda table: table.drop(columns=["Protein1", "Protein2", "Label"]).to_numpy(float),
        notes=("ours includes making the dense array, which torch classifiers of this package do not need",),
    )
    full = context.size == "full"
    result = compare(case, 1 if full else context.rounds, context.gemm, warm_up=not full)
    points = GROWTH[context.size]

    def ours(n):
        inputs = make_work(n, OUR_GROWTH_COMPONENTS)
        return lambda: our_pairs(*inputs)

    def published(n):
        inputs = make_work(n, n_components)
        return lambda: published_pairs(*inputs)

    result["growth"] = [
        growth("proteins", points["ours"], ours),
        growth("proteins", points["published"], published, side="published", repeats=1),
    ]
    return result
