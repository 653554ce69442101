"""Paths that are worth measuring on a GPU only; elsewhere they say so."""

import tempfile
from importlib.util import find_spec

import numpy as np
import torch
from baselines.extraction import LIBRARY, PublishedExtraction

from amp_sklearn.classification import AMPSClassifier, LateInteractionClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.data.segments import PROTEIN_TOKENS, SEGMENT_TOKENS

from .embedding import fitted_embedder, our_table
from .inputs import WIDTH, bernett_index, esm2_flop, labels, write_random_esm2, yeast_proteins
from .machine import gemm_gflops, peak_memory_gib, timed
from .paired import Case, Variant, compare
from .registry import entry
from .screening import ready_screen, scores
from .training import transformer_flop

GPU_GEMM = {"size": 8192, "seconds": 1.0}
PROTEOME_PAIRS = 200e6
MINI_WIDTH, TILE = 192, 2048
EPOCHS = {"smoke": 1, "small": 2, "full": 35}
TRAINING_PAIRS = {"smoke": 512, "small": 20000, "full": 163192}


@entry("gpu_embedding_650M", "GPU: embedding, ESM-2 650M", needs="cuda")
def gpu_embedding(context):
    n_layers = 1 if context.size == "smoke" else None
    sequences = yeast_proteins({"smoke": 4, "small": 64, "full": 256}[context.size])
    lengths = [len(sequence) for sequence in sequences]
    with tempfile.TemporaryDirectory() as folder:
        write_random_esm2(folder, "650M", n_layers)
        published = PublishedExtraction(folder) if find_spec(LIBRARY) else None
        embedder = fitted_embedder(folder, "bfloat16")
        case = Case(
            work={"proteins": len(sequences), "residues": sum(lengths), "ESM-2": "650M"},
            published=(lambda: published(sequences)) if published else None,
            variants={
                "bfloat16": Variant(lambda: our_table(embedder, sequences), 0.5, "bfloat16", share_goal=0.4)
            },
            flop=esm2_flop("650M", lengths, n_layers),
            read_published=PublishedExtraction.tokens,
            read_ours=lambda table: table.to_numpy().reshape(len(sequences), len(PROTEIN_TOKENS), -1),
            notes=("published on an A100: 4.1 proteins a second, of at most 512 residues",),
        )
        result = compare(case, context.rounds, GPU_GEMM, device="cuda")
    rate = len(sequences) / result["ours"]["bfloat16"]["seconds"]["median"]
    result["notes"].append(f"ours: {rate:.1f} proteins a second")
    return result


@entry("gpu_amps_bernett", "GPU: AMPS, Bernett's set, 35 epochs", needs="cuda")
def gpu_amps_bernett(context):
    n_pairs, epochs = TRAINING_PAIRS[context.size], EPOCHS[context.size]
    (train, n_proteins), (valid, n_valid) = bernett_index("train"), bernett_index("val")
    random = np.random.default_rng(0)
    features = random.standard_normal((n_proteins + n_valid, 10 * WIDTH), dtype=np.float32)
    layout = FeatureLayout(SEGMENT_TOKENS, WIDTH)
    X = PairMatrix(features, train[:n_pairs], layout)
    X_val = PairMatrix(features, valid[: n_pairs // 3] + n_proteins, layout)
    model = AMPSClassifier(max_epochs=epochs, precision="bfloat16", hidden1=501, hidden2=87, random_state=0)

    def fit():
        return model.fit(X, labels(len(X)), X_val=X_val, y_val=labels(len(X_val)))

    memory, (seconds, _) = peak_memory_gib(lambda: timed(fit))
    rate = gemm_gflops("bfloat16", device="cuda", **GPU_GEMM)
    forward = transformer_flop(1, WIDTH, 6, 2048, (501, 87))
    flop = epochs * forward * (3 * len(X) + len(X_val))
    return {
        "work": {"pairs": len(X), "validation pairs": len(X_val), "epochs": epochs},
        "gemm_gflops": {"bfloat16": rate},
        "published": None,
        "ours": {
            "bfloat16": {
                "seconds": {"median": seconds, "min": seconds, "max": seconds},
                "extra_memory_gib": memory,
                "gemm_share": flop / seconds / 1e9 / rate,
                "goal_seconds": 240 if context.size == "full" else None,
            }
        },
        "notes": ["published: 9,535 s on two V100"],
    }


@entry("gpu_amps_all_vs_all", "GPU: all against all, AMPS", needs="cuda")
def gpu_amps_all_vs_all(context):
    n_proteins = {"smoke": 16, "small": 300, "full": 1500}[context.size]
    layout = FeatureLayout(SEGMENT_TOKENS, WIDTH)
    model = AMPSClassifier(precision="bfloat16", random_state=0).initialize(layout.n_features, layout=layout)
    screen = ready_screen(model, n_proteins, layout)
    screen.block(0)
    memory, (seconds, _) = peak_memory_gib(lambda: timed(lambda: scores(screen)))
    n_pairs = screen.plan.n_pairs
    rate = gemm_gflops("bfloat16", device="cuda", **GPU_GEMM)
    return {
        "work": {"proteins": n_proteins, "pairs": n_pairs},
        "gemm_gflops": {"bfloat16": rate},
        "published": None,
        "ours": {
            "bfloat16": {
                "seconds": {"median": seconds, "min": seconds, "max": seconds},
                "extra_memory_gib": memory,
                "gemm_share": transformer_flop(n_pairs, WIDTH, 6, 2048) / seconds / 1e9 / rate,
            }
        },
        "notes": [
            f"{n_pairs / seconds:,.0f} pairs a second: {PROTEOME_PAIRS * seconds / n_pairs / 3600:.1f} hours for the 200 "
            "million pairs of a proteome of 20,000 proteins",
            "published on an A100: 52,048 pairs in 65 s",
        ],
    }


@entry("gpu_late_all_vs_all", "GPU: all against all, late interaction", needs="cuda")
def gpu_late_all_vs_all(context):
    n_proteins = {"smoke": 64, "small": 4096, "full": 20000}[context.size]
    layout = FeatureLayout(SEGMENT_TOKENS, MINI_WIDTH)
    model = LateInteractionClassifier(random_state=0).initialize(layout.n_features, layout=layout)
    features = np.random.default_rng(0).standard_normal((n_proteins, 10 * MINI_WIDTH), dtype=np.float32)
    module, device = model.module_, model.net_.device

    def score():
        kept = 0
        with torch.inference_mode():
            parts = module.protein_part(torch.from_numpy(features).to(device), 0)
            for a in range(0, n_proteins, TILE):
                for b in range(a, n_proteins, TILE):
                    block = module.score_block(*(tuple(part[k : k + TILE] for part in parts) for k in (a, b)))
                    kept += int((block > 3).sum())  # the scores leave the device only as what is kept
        return kept

    score()
    memory, (seconds, _) = peak_memory_gib(lambda: timed(score))
    n_pairs = n_proteins * (n_proteins - 1) // 2
    return {
        "work": {"proteins": n_proteins, "pairs": n_pairs},
        "gemm_gflops": {},
        "published": None,
        "ours": {
            "float32": {
                "seconds": {"median": seconds, "min": seconds, "max": seconds},
                "extra_memory_gib": memory,
            }
        },
        "notes": [
            f"{n_pairs / seconds:,.0f} pairs a second from ready features: {PROTEOME_PAIRS * seconds / n_pairs:.0f} s for the "
            "200 million pairs of a proteome of 20,000 proteins"
        ],
    }
