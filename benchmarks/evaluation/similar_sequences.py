"""Similar proteins of Guo's yeast pairs: what shared words find of the clusters of MMseqs2, and what splits keep of the pairs.

    python benchmarks/evaluation/similar_sequences.py

needs MMseqs2 (``apt install mmseqs2``), takes a minute, and writes ``benchmarks/results/similar_sequences.json``.
"""

import json
from pathlib import Path

import numpy as np

from amp_sklearn.audit.similarity import similar_proteins
from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.model_selection import ClusterDisjointKFold, ProteinDisjointKFold, cluster_sequences

RESULT = Path(__file__).resolve().parents[1] / "results" / "similar_sequences.json"


def main():
    X, y = load_yeast_ppi()
    sequences = np.unique(X.to_numpy().ravel().astype(str))
    clusters = cluster_sequences(sequences, identity=0.4, coverage=0.8)
    number = clusters.reindex(sequences).to_numpy()
    related = (
        clusters.value_counts().reindex(number).to_numpy() > 1
    )  # shares its cluster with another protein
    every = np.arange(len(sequences))
    found = similar_proteins(sequences, every, every)
    once = found[found["protein"] < found["other"]]
    result = {
        "proteins": len(sequences),
        "proteins that share a cluster": int(related.sum()),
        "share of these that shared words find": float(np.isin(every[related], found["protein"]).mean()),
        "similar pairs by shared words": len(once),
        "share of these within one cluster": float((number[once["protein"]] == number[once["other"]]).mean()),
    }
    for name, splitter in (
        ("proteins apart", ProteinDisjointKFold(5, random_state=0)),
        ("clusters apart", ClusterDisjointKFold(5, clusters=clusters, random_state=0)),
    ):
        result[f"test pairs of five folds, {name}"] = int(splitter.summary(X, y)["n_test"].sum())
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(RESULT.read_text(), end="")


if __name__ == "__main__":
    main()
