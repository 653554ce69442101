"""Embedding of real yeast proteins with random weights of true ESM-2 sizes, from sequences to a table."""

import tempfile

import pandas as pd
from baselines.extraction import LIBRARY, PublishedExtraction

from amp_sklearn.data.segments import PROTEIN_TOKENS
from amp_sklearn.embedding import ESM2Embedder

from .inputs import esm2_flop, proteins_of_length, write_random_esm2, yeast_proteins
from .paired import Case, Variant, compare, growth
from .registry import entry

N_PROTEINS = {
    "8M": {"smoke": 3, "small": 60, "full": 200},
    "35M": {"smoke": 2, "small": 24, "full": 64},
    "150M": {"smoke": 2, "small": 12, "full": 32},
    "650M": {"smoke": 1, "small": 2, "full": 5},
}
GOALS = {  # ratio float32, ratio bfloat16, share of the float32 GEMM rate
    "8M": (2.5, 3.0, None),
    "35M": (1.8, 3.0, None),
    "150M": (1.8, 3.0, 0.8),
    "650M": (1.5, 2.5, None),
}
GROWTH = {
    "smoke": {"residues": [20, 40], "proteins": [1, 2]},
    "small": {"residues": [100, 200, 400, 800], "proteins": [5, 10, 20, 40]},
    "full": {"residues": [100, 200, 400, 800], "proteins": [10, 20, 40, 80]},
}


def our_table(embedder, sequences):
    """The embedding as a table of one row per protein, as the published way ends with one."""
    features = embedder.embed(sequences)
    columns = [f"{token}_{k}" for token in PROTEIN_TOKENS for k in range(features.shape[2])]
    return pd.DataFrame(features.reshape(len(features), -1), columns=columns)


def fitted_embedder(folder, dtype):
    return ESM2Embedder(str(folder), dtype=dtype, store=None).fit([["MKT", "MVL"]])


def measure(size, context):
    """Result of one ESM-2 size."""
    smoke = context.size == "smoke"
    n_layers = 1 if smoke else None
    n_proteins = N_PROTEINS[size][context.size]
    sequences = yeast_proteins(n_proteins, longest=120) if smoke else yeast_proteins(n_proteins)
    lengths = [len(sequence) for sequence in sequences]
    ratio, ratio_bfloat16, share = GOALS[size]
    with tempfile.TemporaryDirectory() as folder:
        write_random_esm2(folder, size, n_layers)
        published = PublishedExtraction(folder)
        embedders = {dtype: fitted_embedder(folder, dtype) for dtype in ("float32", "bfloat16")}
        case = Case(
            work={"proteins": n_proteins, "residues": sum(lengths), "ESM-2": size},
            published=lambda: published(sequences),
            variants={
                "float32": Variant(
                    lambda: our_table(embedders["float32"], sequences), 1e-5, "float32", ratio, share
                ),
                "bfloat16": Variant(
                    lambda: our_table(embedders["bfloat16"], sequences), 0.2, "bfloat16", ratio_bfloat16
                ),
            },
            flop=esm2_flop(size, lengths, n_layers),
            read_published=published.tokens,
            read_ours=lambda table: table.to_numpy().reshape(n_proteins, len(PROTEIN_TOKENS), -1),
            notes=("store=None; loading of the weights is not counted on either side",),
        )
        rounds = min(context.rounds, 2) if size in ("150M", "650M") else context.rounds
        result = compare(case, rounds, context.gemm)
        if size == "8M":
            result["growth"] = _growth(context, published, embedders["float32"])
    return result


def _growth(context, published, embedder):
    points, found = GROWTH[context.size], []
    repeats = 1 if context.size == "smoke" else 2
    for side, run in (("ours", embedder.embed), ("published", published)):
        found.append(
            growth(
                "residues per protein",
                points["residues"],
                lambda length, run=run: lambda: run(proteins_of_length(4, length)),
                side=side,
                repeats=repeats,
            )
        )
        found.append(
            growth(
                "proteins",
                points["proteins"],
                lambda n, run=run: lambda: run(proteins_of_length(n, 200)),
                side=side,
                repeats=repeats,
            )
        )
    return found


def _register(size):
    @entry(f"embedding_{size}", f"Embedding, ESM-2 {size}", needs=LIBRARY)
    def run(context):
        return measure(size, context)


for _size in N_PROTEINS:
    _register(_size)
