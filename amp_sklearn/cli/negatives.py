"""amp-sklearn negatives"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .inputs import read_input
from .options import PairReading, Pairs, Seed, Sequences
from .outputs import TABLES, write_table
from .run import Run, command


class Strategy(StrEnum):
    degree = "degree"
    uniform = "uniform"


@command
def negatives(
    run: Run,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Table to write: .tsv, .csv, .xlsx or .parquet.")
    ] = Path("pairs_with_negatives.tsv"),
    strategy: Annotated[
        Strategy,
        typer.Option(
            "--strategy",
            help="degree: each protein occurs as often as among the positives, so that nothing is learned from that; "
            "uniform: any pair is as likely.",
        ),
    ] = Strategy.degree,
    ratio: Annotated[float, typer.Option("--ratio", help="Negatives per positive pair.")] = 1.0,
    seed: Seed = 0,
    reading: PairReading = None,
):
    """Add pairs that are not known to interact to a table of interacting pairs.

    All pairs of the table count as interacting, whatever other columns say. Writes protein_a, protein_b, label.
    """
    run.reads(pairs, *sequences)
    run.writes(out, TABLES)
    data = read_input(run, pairs, sequences, reading, labelled=False)
    for name in data.other.columns:
        if name.lower() == "label" and len(set(map(str, data.other[name]))) > 1:
            raise ValueError(
                f"{pairs} has a column {name} with several values; give the interacting pairs alone, for all pairs of the "
                "table count as interacting"
            )
    run.stop_if_dry(f"draw {ratio:g} negative pairs per positive one")
    import pandas as pd

    from ..data import sample_negatives

    drawn = sample_negatives(data.X, strategy=strategy.value, ratio=ratio, random_state=seed)
    parts = [X.index.to_frame(index=False).assign(label=y) for X, y in ((data.X, 1), (drawn, 0))]
    write_table(pd.concat(parts, ignore_index=True), out)
    run.finish(
        f"{len(data.X):,} interacting pairs and {len(drawn):,} drawn ones: {out}\n"
        "a drawn pair may interact all the same; draw for each split apart",
        n_negative=len(drawn),
    )
