"""Time, memory, disk and money for one proteome, a thousand, and 100 million sequences, computed from what was measured.

    python -m benchmarks.screening.capacity [--core-hour 0.05 --gpu-hour 4 --terabyte-month 25]

Reads ``screening_proteome.json``, ``head_speed.md`` and ``speed/nvidia_h200.json`` in ``benchmarks/results`` and writes ``docs/capacity_rates.inc`` and
``docs/capacity_tasks.inc``. Nothing is measured here.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from ..evaluation.tables import list_table

ROOT = Path(__file__).resolve().parents[2]
RESULTS, DOCS = ROOT / "benchmarks" / "results", ROOT / "docs"
RESIDUES = 375
"""Of a protein: about the mean of UniProtKB/Swiss-Prot."""

TOKENS, SEGMENTS, BYTES = 13, 10, 4
WIDTHS = {"esm2-mini": 192, "ESM-2 650M": 1280}
KEPT = 100
"""Best partners of each protein that are kept, where not all pairs are."""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--core-hour", type=float, default=0.05, help="price of a core for an hour, US dollars"
    )
    parser.add_argument("--gpu-hour", type=float, default=4.0, help="price of a GPU for an hour")
    parser.add_argument(
        "--terabyte-month", type=float, default=25.0, help="price of a terabyte of disk for a month"
    )
    return parser.parse_args()


@dataclass
class Rates:
    """What was measured: residues and pairs by second of one core, or of one GPU; bytes of a kept pair."""

    core_residues: float
    core_late: float
    core_full: float
    gpu_residues: float
    gpu_late: float
    gpu_full: float
    pair_bytes: float
    block_gib: float
    n_proteins: int

    @classmethod
    def measured(cls):
        """From the files of results: the largest exact screen of them, and the GPU."""
        table = json.loads((RESULTS / "screening_proteome.json").read_text())
        complete = [int(n) for n, found in table.items() if {"block", "embedding", "exact"} <= set(found)]
        n = max(complete)
        found = table[str(n)]
        late = found["exact"]["late-interaction"]
        gpu = json.loads((RESULTS / "speed" / "nvidia_h200.json").read_text())

        def of_gpu(name, what):
            entry = gpu[name]["small"]
            (ours,) = entry["ours"].values()
            return entry["work"][what] / ours["seconds"]["median"]

        return cls(
            found["embedding"]["residues"] / found["embedding"]["processor_seconds"],
            found["block"]["pairs_per_processor_second"]["own"],
            pairs_per_second_of("amps-small"),
            of_gpu("gpu_embedding_650M", "residues"),
            of_gpu("gpu_late_all_vs_all", "pairs"),
            of_gpu("gpu_amps_all_vs_all", "pairs"),
            late["file_mib"] * 2**20 / late["kept"],
            late["peak_memory_gib"],
            n,
        )


def pairs_per_second_of(head):
    """Pairs that a head predicts pair by pair in a second of one core, from ``head_speed.md``."""
    lines = (RESULTS / "head_speed.md").read_text().splitlines()
    (row,) = ([cell.strip() for cell in line.split("|")] for line in lines if line.startswith(f"| {head} "))
    return float(row[4].replace(",", ""))


@dataclass
class Task:
    """A job: proteins to embed and pairs to score; ``kept`` pairs are written."""

    name: str
    proteins: float
    pairs: float
    kept: float

    def rows(self, rates, prices):
        """One row for two cores with esm2-mini, one for a GPU with ESM-2 650M."""
        cores = 2
        for where, width, residues, late, full, price in (
            (
                "2 cores, esm2-mini",
                WIDTHS["esm2-mini"],
                cores * rates.core_residues,
                cores * rates.core_late,
                cores * rates.core_full,
                cores * prices.core_hour,
            ),
            (
                "1 GPU (H200), ESM-2 650M",
                WIDTHS["ESM-2 650M"],
                rates.gpu_residues,
                rates.gpu_late,
                rates.gpu_full,
                prices.gpu_hour,
            ),
        ):
            embedding = self.proteins * RESIDUES / residues
            scoring, in_two = self.pairs / late, 0.2 * self.pairs / full
            store = self.proteins * TOKENS * width * BYTES
            mapped = self.proteins * SEGMENTS * width * BYTES
            disk = store + mapped + self.kept * rates.pair_bytes
            parts = {
                "embedding": embedding,
                "scoring": scoring,
                "disk": disk / 2**40 * 3600,  # a terabyte counts as an hour
            }
            yield [
                self.name,
                where,
                duration(embedding),
                duration(scoring) if self.pairs else "",
                duration(in_two) if self.pairs else "",
                size(store),
                size(mapped),
                size(self.kept * rates.pair_bytes) if self.pairs else "",
                f"{(embedding + scoring) / 3600 * price:,.2f} + {disk / 1e12 * prices.terabyte_month:,.2f} a month",
                max(parts, key=lambda name: parts[name]),
            ]


def duration(seconds):
    """Seconds in the unit that reads best."""
    for unit, length in (("years", 365.25 * 86400), ("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.0f} s"


def size(n_bytes):
    """Bytes in the unit that reads best."""
    for unit, length in (("PiB", 2**50), ("TiB", 2**40), ("GiB", 2**30)):
        if n_bytes >= length:
            return f"{n_bytes / length:,.1f} {unit}"
    return f"{n_bytes / 2**20:,.0f} MiB"


def tasks():
    """One proteome, a thousand of them, 100 million sequences."""
    n = 20_000
    pairs = n * (n - 1) / 2
    many = 1e8
    return [
        Task("one proteome: 20,000 proteins, all pairs", n, pairs, KEPT * n),
        Task("1,000 proteomes, each within itself", 1000 * n, 1000 * pairs, 1000 * KEPT * n),
        Task("100 million sequences, embedded", many, 0, 0),
        Task("20,000 proteins with 100 million", many + n, many * n, KEPT * n),
        Task("100 million sequences, all pairs", many, many * (many - 1) / 2, KEPT * many),
    ]


def main():
    prices, rates = parse_arguments(), Rates.measured()
    header = ["Task", "Where", "Embedding", "Late interaction, all pairs", "Transformer, 20 % of pairs"]
    header += ["Store", "Features", "Kept pairs", "US dollars", "Bottleneck"]
    rows = [row for task in tasks() for row in task.rows(rates, prices)]
    (DOCS / "capacity_tasks.inc").write_text(list_table(header, rows))
    measured = [
        ["residues embedded by esm2-mini, a second of one core", f"{rates.core_residues:,.0f}"],
        ["residues embedded by ESM-2 650M, a second of one H200", f"{rates.gpu_residues:,.0f}"],
        ["pairs by late interaction, a second of one core", f"{rates.core_late:,.0f}"],
        ["pairs by late interaction, a second of one H200", f"{rates.gpu_late:,.0f}"],
        ["pairs by the small Transformer, a second of one core", f"{rates.core_full:,.0f}"],
        ["pairs by the published Transformer, a second of one H200", f"{rates.gpu_full:,.0f}"],
        ["bytes of a kept pair", f"{rates.pair_bytes:.1f}"],
        [f"memory of a screen of {rates.n_proteins:,} proteins (GiB)", f"{rates.block_gib:.2f}"],
    ]
    (DOCS / "capacity_rates.inc").write_text(list_table(["Measured", "Value"], measured))


if __name__ == "__main__":
    main()
