"""A proteome: 20,000 annotated proteins, 3 million pairs, three top and three low segments each.

Run: python benchmarks/regions/scale.py [--proteins 20000] [--pairs 3000000]
Writes benchmarks/results/regions_scale.json. Annotations and attention are random, of realistic number and
length.
"""

import argparse
import json
import platform
import resource
import time

import numpy as np
import pandas as pd
from published_inputs import RESULTS

from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout
from amp_sklearn.explanation import Explanation
from amp_sklearn.regions import UNIPROT_TYPES, AnnotatedResidues, coverage, enrichment, hit_rate


def random_proteome(n_proteins, rng):
    """Lengths, and about seven regions per protein, as in the human proteins of the published analysis."""
    ids = np.array([f"P{i:05d}" for i in range(n_proteins)], dtype=object)
    lengths = np.clip(rng.lognormal(6.0, 0.7, n_proteins), 30, 35_000).astype(int)
    rows = rng.integers(0, n_proteins, 7 * n_proteins)
    start = (rng.random(len(rows)) * lengths[rows]).astype(int)
    end = np.minimum(start + rng.geometric(1 / 70, len(rows)), lengths[rows])
    types = rng.choice(UNIPROT_TYPES, len(rows), p=[0.15, 0.4, 0.23, 0.16, 0.06])
    annotations = pd.DataFrame({"protein": ids[rows], "type": types, "start": start + 1, "end": end})
    return pd.Series(lengths, index=ids), annotations


def peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--proteins", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=3_000_000)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    lengths, annotations = random_proteome(arguments.proteins, rng)
    ids = lengths.index.to_numpy(object)[rng.integers(0, len(lengths), (arguments.pairs, 2))]
    values = rng.random((arguments.pairs, 20), dtype=np.float32)
    explanation = Explanation(values, FeatureLayout(SEGMENT_TOKENS, 1), "random", pair_ids=ids)
    del values, ids
    result = {
        "proteins": arguments.proteins,
        "pairs": arguments.pairs,
        "regions": len(annotations),
        "steps": [],
    }

    def step(name, function):
        start = time.perf_counter()
        value = function()
        seconds = time.perf_counter() - start
        result["steps"].append({"step": name, "seconds": round(seconds, 2), "peak_gib": round(peak_gib(), 2)})
        print(result["steps"][-1], flush=True)
        return value

    result["peak_gib_of_inputs"] = round(peak_gib(), 2)
    annotated = step(
        "lay annotations on sequences", lambda: AnnotatedResidues(annotations, lengths, UNIPROT_TYPES)
    )
    outcome = rng.choice(["TP", "FP", "FN", "TN"], arguments.pairs)
    for which in ("top", "low"):
        table = step(
            f"coverage, {which} 3", lambda which=which: coverage(explanation, annotated, None, which=which)
        )
        result["rows_per_table"], size = len(table), table.memory_usage(deep=False).sum()
        result["table_gib"] = round(float(size) / 2**30, 2)
        step(f"hit rates, {which} 3", lambda table=table: hit_rate(table, by=outcome))
        del table
    step(
        "enrichment, 999 draws, 200 bootstrap samples",
        lambda: enrichment(
            explanation, annotated, None, which=["top"], n_resamples=999, n_bootstrap=200, random_state=0
        ),
    )
    result["machine"] = f"{platform.machine()}, one thread"
    result["versions"] = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pandas": pd.__version__,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "regions_scale.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
