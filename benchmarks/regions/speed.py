"""Speed of region coverage: vectorised against row by row, in pairs, on the published inputs.

Run: python benchmarks/regions/speed.py [--rounds 5]
Writes benchmarks/results/regions_speed.json.
"""

import argparse
import json
import platform
import statistics
import time

import numpy as np
import pandas as pd
from published_inputs import (
    PROTEIN_TABLE,
    RESULTS,
    load_explanation,
    load_lengths,
    load_protein_table,
    load_samples,
)
from row_by_row import coverage_row_by_row

from amp_sklearn.regions import UNIPROT_TYPES, coverage, hit_rate, read_annotations

COLUMNS = [f"{end}{rank}" for end in ("top", "low") for rank in (1, 2, 3)]


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def vectorised(explanation, annotations, lengths):
    return [coverage(explanation, annotations, lengths, which=which) for which in ("top", "low")]


def read_and_cover(explanation, lengths):
    return vectorised(explanation, read_annotations(PROTEIN_TABLE), lengths)


def disagreements(slow, fast):
    """Cells in which both ways differ, after rounding to one decimal."""
    wide = []
    for table in fast:
        table = table.assign(column=table["which"].astype(str) + table["rank"].astype(str))
        wide.append(
            table.pivot_table(index=["pair", "column"], columns="type", values="coverage", observed=True)
        )
    wide = pd.concat(wide)
    slow = slow.set_index(["pair", "column"])[list(wide.columns)]
    rounded = wide.loc[slow.index].map(lambda value: round(float(value), 1))
    return int((rounded.to_numpy() != slow.to_numpy()).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    samples, table, lengths = load_samples(), load_protein_table(), load_lengths()
    explanation, annotations = load_explanation(samples), read_annotations(PROTEIN_TABLE)
    vectorised(explanation, annotations, lengths)  # imports and caches warm for both
    rows = []
    for _ in range(rounds):  # alternating, so that a busy machine slows both
        slow_s, slow = timed(coverage_row_by_row, samples, table, UNIPROT_TYPES, COLUMNS)
        fast_s, fast = timed(vectorised, explanation, annotations, lengths)
        all_s, _ = timed(read_and_cover, explanation, lengths)
        rate_s, _ = timed(lambda tables: [hit_rate(t, by=samples["cls"]) for t in tables], fast)
        rows.append(
            {"row_by_row_s": slow_s, "coverage_s": fast_s, "read_and_coverage_s": all_s, "hit_rate_s": rate_s}
        )
        print({name: round(value, 4) for name, value in rows[-1].items()})
    result = {
        "pairs": len(samples),
        "segments": len(samples) * 6,
        "cells": len(samples) * 6 * (len(UNIPROT_TYPES) + 1),
        "cells_that_differ": disagreements(slow, fast),
        "rounds": rows,
        "median_s": {name: statistics.median(r[name] for r in rows) for name in rows[0]},
        "median_ratio": statistics.median(r["row_by_row_s"] / r["coverage_s"] for r in rows),
        "median_ratio_with_reading": statistics.median(
            r["row_by_row_s"] / r["read_and_coverage_s"] for r in rows
        ),
        "machine": f"{platform.machine()}, one thread",
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "regions_speed.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({k: v for k, v in result.items() if k != "rounds"}, indent=1))


if __name__ == "__main__":
    main()
