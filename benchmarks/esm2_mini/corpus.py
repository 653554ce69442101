"""The sequences that ``esm2-mini`` may see, and the proteins held out from them."""

import gzip
import hashlib
from pathlib import Path

import pandas as pd
from Bio.SeqIO.FastaIO import SimpleFastaParser

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "human_bernett": ROOT / "benchmarks/data/human_bernett",
    "yeast_park_marcotte": ROOT / "benchmarks/data/yeast_park_marcotte",
    "yeast_guo": ROOT / "amp_sklearn/data/bundled/yeast_guo",
}
VOCABULARY = [
    "<cls>",
    "<pad>",
    "<eos>",
    "<unk>",
    "L",
    "A",
    "G",
    "V",
    "S",
    "E",
    "R",
    "T",
    "I",
    "D",
    "P",
    "K",
    "Q",
    "N",
    "F",
    "Y",
    "M",
    "H",
    "W",
    "C",
    "X",
    "B",
    "U",
    "Z",
    "O",
    ".",
    "-",
    "<null_1>",
    "<mask>",
]  # the token order of the published ESM-2 models


def sequences_of(name, splits=None):
    """Sequences of one data set by protein id; with ``splits`` only proteins that occur in those splits."""
    with gzip.open(FOLDERS[name] / "sequences.fasta.gz", "rt") as handle:
        by_id = dict(SimpleFastaParser(handle))
    if splits is None:
        return by_id
    pairs = pd.read_csv(FOLDERS[name] / "pairs.tsv.gz", sep="\t").query("split in @splits")
    return {
        protein: by_id[protein] for protein in pd.unique(pairs[["protein_a", "protein_b"]].to_numpy().ravel())
    }


def training_sequences():
    """Unique sequences of Bernett's training proteins and both yeast sets, minus those that are also in Bernett's
    validation or test split, sorted."""
    seen = set(sequences_of("human_bernett", ["train"]).values())
    seen |= set(sequences_of("yeast_guo").values()) | set(sequences_of("yeast_park_marcotte").values())
    return sorted(seen - set(sequences_of("human_bernett", ["val", "test"]).values()))


def held_out(sequence):
    """Whether a sequence is kept from training: one in fifty, by its digest."""
    return int(hashlib.sha256(sequence.encode()).hexdigest(), 16) % 50 == 0
