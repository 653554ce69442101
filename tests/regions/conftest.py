"""Published pairs, their annotations, and a slow obvious twin of the coverage calculation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from amp_sklearn.data import segment_bounds
from amp_sklearn.regions import UNIPROT_TYPES, explanation_from_ranked_segments, read_annotations

DATA = Path(__file__).parents[1] / "fixtures" / "regions"


@pytest.fixture(scope="session")
def region_data():
    return DATA


@pytest.fixture(scope="session")
def by_protein():
    return regions_by_protein


class Published:
    """Inputs and outputs of the published analysis."""

    def __init__(self):
        folder = DATA / "published"
        self.table_path = folder / "uniprot_processed_proteins.tsv.gz"
        self.table = pd.read_csv(self.table_path, sep="\t", dtype=str, keep_default_na=False)
        self.lengths = self.table.set_index("Entry")["Length"].astype(int)
        self.samples = pd.read_csv(folder / "samples.csv.gz")
        self.annotations = read_annotations(self.table_path)
        self.regions = regions_by_protein(self.annotations)
        self.outcome = self.samples["cls"].to_numpy()
        selection = [self.samples[[f"{end}{rank}" for rank in (1, 2, 3)]] for end in ("top", "low")]
        self.explanation = explanation_from_ranked_segments(
            self.samples[["protein_a", "protein_b"]], *selection
        )
        coverage = pd.read_csv(folder / "coverage.csv.gz")
        offset = coverage["cls"].map({"TP": 0, "TN": int((self.outcome == "TP").sum())})
        self.coverage = coverage.assign(pair=coverage["row"] + offset).set_index(["pair", "which"])
        self.hit_rates = pd.read_csv(folder / "hit_rates.csv.gz")
        self.bins = pd.read_csv(folder / "coverage_bins.csv.gz")


@pytest.fixture(scope="session")
def published():
    return Published()


def regions_by_protein(annotations):
    regions = {}
    for row in annotations.dropna(subset=["start", "end"]).itertuples():
        regions.setdefault(row.protein, []).append((row.type, int(row.start), int(row.end)))
    return regions


def brute_force(regions, start, end, types=UNIPROT_TYPES):
    """Share of residues (half-open, 0-based) in a region, by type and in any, one residue at a time."""
    hits = dict.fromkeys([*types, "all types"], 0)
    for residue in range(start + 1, end + 1):
        inside = {type_ for type_, first, last in regions if first <= residue <= last and type_ in types}
        for type_ in inside:
            hits[type_] += 1
        hits["all types"] += bool(inside)
    return {type_: 100 * n / (end - start) if end > start else 0.0 for type_, n in hits.items()}


@pytest.fixture(scope="session")
def brute_force_coverage():
    """Function of regions (type, start, end) of one protein and a stretch."""
    return brute_force


@pytest.fixture(scope="session")
def brute_force_segment():
    """Function of regions by protein, lengths, a protein and the number of a segment."""

    def segment(regions, lengths, protein, number, types=UNIPROT_TYPES):
        start, end = segment_bounds(int(lengths[protein]))[number].tolist()
        return brute_force(regions.get(protein, []), start, end, types)

    return segment


@pytest.fixture
def rng():
    return np.random.default_rng(0)
