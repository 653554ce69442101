"""amp-sklearn audit"""

from pathlib import Path
from typing import Annotated

import typer

from .inputs import read_input
from .options import PairReading, Pairs, Seed, Sequences
from .outputs import save_picture, write_table, write_text
from .run import Run, command


@command
def audit(
    run: Run,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for tables and picture.")] = Path("audit"),
    test_pairs: Annotated[
        Path | None,
        typer.Option("--test-pairs", help="Test pairs to compare with, labelled.", show_default=False),
    ] = None,
    seed: Seed = 0,
    reading: PairReading = None,
):
    """Find out what would let a model look good on these pairs without learning about sequences.

    Writes findings.tsv, the tables behind them, audit.md and audit.png.
    """
    run.reads(pairs, *sequences, *([] if test_pairs is None else [test_pairs]))
    run.writes_into(out)
    data = read_input(run, pairs, sequences, reading, labelled=True)
    test = ()
    if test_pairs is not None:
        read = read_input(run, test_pairs, sequences, reading, labelled=True)
        test = (read.X, read.y.astype(int))
    run.stop_if_dry(f"audit {len(data.X):,} pairs")
    from ..audit import audit_pairs
    from ..plotting import AuditDisplay

    found = audit_pairs(data.X, data.y.astype(int), *test, random_state=seed)
    write_table(found.findings.reset_index(), out / "findings.tsv")
    for name, table in found.tables.items():
        write_table(table.reset_index(), out / f"{name}.tsv")
    write_text(found.to_markdown() + "\n", out / "audit.md")
    save_picture(AuditDisplay.from_audit(found), out / "audit.png")
    run.finish(f"{found}\n\ntables and picture: {out}", severity=found.severity, verdict=found.verdict)
