"""The published pairs with their top and low segments, and the annotations of their proteins."""

from pathlib import Path

import pandas as pd

from amp_sklearn.regions import explanation_from_ranked_segments

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "fixtures" / "regions" / "published"
PROTEIN_TABLE = FOLDER / "uniprot_processed_proteins.tsv.gz"
RESULTS = ROOT / "benchmarks" / "results"


def load_samples():
    """Pairs with outcome (``cls``) and the labels of their three top and three low segments."""
    return pd.read_csv(FOLDER / "samples.csv.gz")


def load_protein_table():
    """Rows of the published protein table, cells as they are."""
    return pd.read_csv(PROTEIN_TABLE, sep="\t", dtype=str, keep_default_na=False)


def load_lengths():
    """Residues of each protein."""
    return load_protein_table().set_index("Entry")["Length"].astype(int)


def load_explanation(samples):
    """The samples as an explanation whose top and low segments are the published ones."""
    top, low = (samples[[f"{end}{rank}" for rank in (1, 2, 3)]] for end in ("top", "low"))
    return explanation_from_ranked_segments(samples[["protein_a", "protein_b"]], top, low)
