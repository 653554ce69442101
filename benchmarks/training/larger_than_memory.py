"""Fit a small head on 3 million pairs of 20,000 proteins at width 1,280 whose features lie in a file; resident memory.

    python benchmarks/training/larger_than_memory.py

A matrix of these pairs would take 286 GiB in float32. The features are random: memory and time do not depend on their values.
Writes ``benchmarks/results/larger_than_memory.json``.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

RESULT = Path(__file__).resolve().parents[1] / "results" / "larger_than_memory.json"
GOAL_GIB = 4


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3_000_000)
    parser.add_argument(
        "--fitted", type=int, default=None, help="fit to so many of the pairs only; by default to all"
    )
    parser.add_argument("--proteins", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument(
        "--folder", type=Path, default=None, help="for the file of features; by default a temporary one"
    )
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    import numpy as np
    from speed.machine import describe, resident_gib

    from amp_sklearn.classification import TokenMeanClassifier
    from amp_sklearn.data import FeatureLayout, PairMatrix
    from amp_sklearn.data.segments import SEGMENT_TOKENS
    from amp_sklearn.preprocessing.feature_file import write_features

    random = np.random.default_rng(0)
    layout = FeatureLayout(SEGMENT_TOKENS, arguments.width)
    n_columns = len(layout.tokens) * layout.width

    def drawn(some):
        return random.standard_normal((some.stop - some.start, n_columns), dtype=np.float32)

    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "features.npy"
        memory = {"imported": resident_gib("VmHWM")}
        start = time.perf_counter()
        features = write_features(drawn, arguments.proteins, path)
        seconds = {"writing": time.perf_counter() - start}
        memory["features written"] = resident_gib("VmHWM")
        index = random.integers(0, arguments.proteins, (arguments.pairs, 2))
        n_fitted = arguments.fitted or arguments.pairs
        X, y = PairMatrix(features, index, layout), random.integers(0, 2, arguments.pairs)
        start, processor = time.perf_counter(), time.process_time()
        model = TokenMeanClassifier(
            hidden1=64,
            hidden2=16,
            max_epochs=1,
            batch_size=arguments.batch_size,
            random_state=0,
            device="cpu",
            validation=None,
        ).fit(X[:n_fitted], y[:n_fitted])
        seconds["fit of one epoch"] = time.perf_counter() - start
        seconds["fit of one epoch, processor"] = time.process_time() - processor
        memory["fitted"] = resident_gib("VmHWM")
        start = time.perf_counter()
        probability = model.predict_proba(X)[:, 1]
        seconds["prediction"] = time.perf_counter() - start
        memory["predicted"] = resident_gib("VmHWM")
        found = {
            "pairs": arguments.pairs,
            "pairs_fitted": n_fitted,
            "proteins": arguments.proteins,
            "width": arguments.width,
            "file_gib": os.path.getsize(path) / 2**30,
            "dense_gib": arguments.pairs * 2 * n_columns * 4 / 2**30,
            "goal_gib": GOAL_GIB,
            "peak_resident_gib": memory,
            "seconds": seconds,
            "finite": bool(np.isfinite(probability).all()),
            "machine": describe(),
        }
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
