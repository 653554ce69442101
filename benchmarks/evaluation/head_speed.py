"""Seconds of a fit and pairs scored per second: late interaction beside the small Transformer, on the same pairs.

    python benchmarks/evaluation/head_speed.py

Fits of Guo's training pairs alternate (A, B, A, B, ...), so that a busy machine slows both; figures are medians. All-vs-all
scores 600 proteins with 600: late interaction in blocks of matrix products (`score_block`), every head pair by pair
(``decision_function``). The embedding is made before and not timed. On a machine that does other work at the same time,
``--clock processor --threads 1`` counts the seconds of the processor that the process itself had, which is what one thread takes
on an idle machine. Writes ``benchmarks/results/head_speed.md``.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
import torch
from tables import made_on, markdown_table

from amp_sklearn.data import PairMatrix, load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.presets import make_preset
from amp_sklearn.workflows import cross_validation

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "head_speed.md"
HEADS = ("late-interaction", "late-interaction-ensemble", "amps-small")


CLOCKS = {"wall": perf_counter, "processor": process_time}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="esm2-mini")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--proteins", type=int, default=600)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = CLOCKS[arguments.clock]

    def timed(function):
        start = clock()
        found = function()
        return clock() - start, found

    X, y = load_yeast_ppi()
    features = ESM2Embedder(arguments.encoder, dtype=arguments.dtype, device="cpu", verbose=1).fit_transform(
        X
    )
    y = np.asarray(y)
    train, test = next(cross_validation("random").split(X, y))
    fits, predictions, models = {}, {}, {}
    for repeat in range(arguments.repeats):
        for name in HEADS:
            model = make_preset(name, device="cpu", random_state=repeat)[1:]
            seconds, models[name] = timed(lambda model=model: model.fit(features[train], y[train]))
            fits.setdefault(name, []).append(seconds)
            predictions.setdefault(name, []).append(
                timed(lambda name=name: models[name].predict_proba(features[test]))[0]
            )
    proteins = np.arange(arguments.proteins)
    index = np.stack(np.meshgrid(proteins, proteins, indexing="ij"), axis=-1).reshape(-1, 2)
    rows = []
    for name, model in models.items():
        pairs = model[:-1].transform(PairMatrix(features.features, index, features.layout))
        n_pairs = len(index) if name == "late-interaction" else len(index) // 10
        plain = (
            n_pairs
            / timed(lambda model=model, pairs=pairs, n=n_pairs: model[-1].decision_function(pairs[:n]))[0]
        )
        blocks = ""
        module = model[-1].module_
        if hasattr(module, "score_block"):
            with torch.inference_mode():
                part = module.protein_part(torch.from_numpy(pairs.features), 0)
                seconds = median(timed(lambda m=module, p=part: m.score_block(p, p))[0] for _ in range(5))
            blocks = f"{len(proteins) ** 2 / seconds:,.0f}"
        rows.append(
            [
                name,
                f"{median(fits[name]):.1f}",
                f"{median(predictions[name]) * 1e3:.0f}",
                f"{plain:,.0f}",
                blocks,
            ]
        )
    header = [
        "head",
        "fit (s)",
        "predict the test fold (ms)",
        "pairs/s, pair by pair",
        "pairs/s, all-vs-all in blocks",
    ]
    title = (
        f"{arguments.encoder}: {len(train):,} training pairs, {len(test):,} test pairs, threads: {arguments.threads}, "
        f"seconds of {arguments.clock} time, interleaved fits: {arguments.repeats} (median)"
    )
    RESULTS.write_text(f"{title}\n\n{markdown_table(header, rows)}\nMade with {made_on()}.\n")
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
