"""One side of the memory measurement, in a process of its own: prints resident memory after each stage as JSON.

python benchmarks/speed/memory_child.py --side ours --pairs 163192 --width 1280
"""

import argparse
import json
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", choices=["ours", "published"], required=True)
    parser.add_argument(
        "--pairs", type=int, required=True, help="first so many training pairs of Bernett's set"
    )
    parser.add_argument("--width", type=int, required=True)
    return parser.parse_args()


class Stages:
    """Resident memory of the process in GiB at the end of each stage: its peak so far, and what is held."""

    def __init__(self):
        self.found: dict[str, dict] = {"peak_gib": {}, "held_gib": {}}

    def end(self, name):
        from speed.machine import resident_gib

        self.found["peak_gib"][name] = resident_gib("VmHWM")
        self.found["held_gib"][name] = resident_gib("VmRSS")


def segment_features(n_pairs, width):
    """Random segment features of the proteins of the first pairs, and the pairs as row numbers."""
    import numpy as np

    from speed.inputs import bernett_index

    index = bernett_index("train")[0][:n_pairs]
    used, index = np.unique(index, return_inverse=True)
    features = np.empty((len(used), 10 * width), dtype=np.float32)
    np.random.default_rng(0).standard_normal(out=features, dtype=np.float32)
    return features, index.reshape(-1, 2)


def ours(n_pairs, width):
    """Fit one epoch with small layers, predict, five-fold cross-validation."""
    from sklearn.model_selection import cross_val_score

    from amp_sklearn.classification import AMPSClassifier
    from amp_sklearn.data import FeatureLayout, PairMatrix
    from amp_sklearn.data.segments import SEGMENT_TOKENS
    from speed.inputs import labels

    stages = Stages()
    stages.end("import")
    features, index = segment_features(n_pairs, width)
    X, y = PairMatrix(features, index, FeatureLayout(SEGMENT_TOKENS, width)), labels(n_pairs)
    stages.end("pair matrix")
    small = {"d_model": 32, "n_layers": 1, "n_heads": 4, "dim_feedforward": 64, "hidden1": 16, "hidden2": 8}
    model = AMPSClassifier(max_epochs=1, random_state=0, **small).fit(X, y)
    stages.end("fit, one epoch")
    assert model.predict_proba(X).shape == (n_pairs, 2)
    stages.end("predict")
    scores = cross_val_score(model, X, y, cv=5, scoring="roc_auc")
    assert len(scores) == 5
    stages.end("five-fold cross-validation")
    return stages.found


def published(n_pairs, width):
    """Join the tables and make the dense tensor that the published loop trains on."""
    import pandas as pd
    from baselines.pair_tables import embedding_table, merge_pairs
    from baselines.training import DensePairs

    from speed.inputs import labels

    stages = Stages()
    stages.end("import")
    features, index = segment_features(n_pairs, width)
    names = [f"P{k:06d}" for k in range(len(features))]
    table = embedding_table(names, features, width)
    samples = pd.DataFrame(
        {"Protein1": [names[a] for a in index[:, 0]], "Protein2": [names[b] for b in index[:, 1]]}
    )
    samples["Label"] = labels(n_pairs)
    del features
    stages.end("protein table")
    pairs = merge_pairs(samples, table)
    stages.end("joined table")
    columns = [name for name in pairs.columns if name.startswith(("1_", "2_"))]
    dense = DensePairs(pairs[columns].to_numpy(), pairs["Label"].to_numpy(), tokens=20)
    assert len(dense) == n_pairs
    stages.end("dense tensor")
    return stages.found


def main():
    arguments = parse_arguments()
    side = {"ours": ours, "published": published}[arguments.side]
    print(json.dumps(side(arguments.pairs, arguments.width)))


if __name__ == "__main__":
    main()
