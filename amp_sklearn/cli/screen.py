"""amp-sklearn screen"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .checks import warn_of_long_sequences
from .inputs import embedder_of, load_fitted, model_file, read_proteins, require_two_classes
from .options import Device, Model, Seed, SequenceReading
from .outputs import prepare_file
from .run import Run, command

_PARTS = "In several parts"


@dataclass
class Exports:
    """What is made of a finished screen besides its own files."""

    networks: list[Path]
    page: Path | None
    prevalence: float

    def prepare(self, run):
        """See that the files can be written, before the work begins."""
        for path in self.networks:
            prepare_file(path, run.inputs, force=run.force, endings=(".tsv", ".graphml"), option="--network")
        if self.page is not None:
            prepare_file(self.page, run.inputs, force=run.force, endings=(".html",), option="--page")

    def write(self, run, result):
        """Write them."""
        for path in self.networks:
            result.write_network(path)
            run.say(f"network: {path}")
        if self.page is not None:
            from ..report import ScreenReport

            made = ScreenReport(result, self.prevalence)
            for text in made.warnings:
                run.warn(text)
            made.save(self.page)
            run.say(f"page: {self.page}")


@command
def screen(
    run: Run,
    model: Model,
    sequences: Annotated[
        list[Path],
        typer.Argument(
            help="Proteins to pair: one or several FASTA files or tables of sequences.", show_default=False
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder of the screen; an unfinished one is continued.")
    ] = Path("screen"),
    partners: Annotated[
        list[Path] | None,
        typer.Option(
            "--partners",
            help="Proteins to pair them with. Default: all pairs among themselves. May be repeated.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, max=1, help="Lowest probability to keep.", show_default=False),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option("--top-k", min=1, help="Best partners to keep of each protein.", show_default=False),
    ] = None,
    prefilter: Annotated[
        float | None,
        typer.Option(
            "--prefilter",
            help="Score only about this share of pairs, chosen by a fast model; what it loses is measured.",
            show_default=False,
        ),
    ] = None,
    include_self: Annotated[
        bool, typer.Option("--include-self", help="Also pair each protein with itself.")
    ] = False,
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            metavar="K/N",
            help="Compute the K-th of N shares, for job arrays on one shared folder; then --merge.",
            rich_help_panel=_PARTS,
            show_default=False,
        ),
    ] = None,
    merge: Annotated[
        bool,
        typer.Option("--merge", help="Finish a screen whose parts are all done.", rich_help_panel=_PARTS),
    ] = False,
    network: Annotated[
        list[Path] | None,
        typer.Option(
            "--network",
            help="Also write the kept pairs as a network: .tsv as STRING's, .graphml for Cytoscape. May be repeated.",
            show_default=False,
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            help="Also write an HTML page: counts, what scores mean, partners, the best pairs.",
            show_default=False,
        ),
    ] = None,
    prevalence: Annotated[
        float,
        typer.Option("--prevalence", help="Share of true pairs among all pairs that you assume, for --page."),
    ] = 0.002,
    seed: Seed = 0,
    device: Device = "auto",
    reading: SequenceReading = None,
):
    """Score all pairs of many proteins; interrupted, the same command goes on where it stopped.

    The folder holds pairs/ (Parquet), summary.json and manifest.json. A finished screen is not computed again: the same
    command with --network or --page exports it.
    """
    share = None
    if part is not None:
        found = re.fullmatch(r"(\d+)/(\d+)", part)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise ValueError(f"--part takes K/N with K from 1 to N, such as 3/16, got {part!r}")
        share = (int(found[1]), int(found[2]))
        if merge:
            raise ValueError("--part computes one share, --merge finishes the screen: give one of them")
    model = model_file(model)
    run.reads(model, *sequences, *(partners or []))
    run.writes_into(out, resume=True)
    if not 0 < prevalence < 1:
        raise ValueError(f"--prevalence is a share between 0 and 1, got {prevalence}")
    if share is not None and (network or page):
        raise ValueError("--part computes one share: give --network and --page with --merge")
    exports = Exports(network or [], page, prevalence)
    exports.prepare(run)
    run.resumes = f"finished blocks are in {out}; the same command goes on there"
    from ..screening import merge_screen
    from ..screening import screen as screen_proteins

    if merge:
        run.stop_if_dry("merge the parts of the screen")
        return _finish(run, merge_screen(out), exports, out)
    proteins = read_proteins(sequences, reading)
    others = read_proteins(partners, reading) if partners else None
    n = len(proteins)
    n_pairs = n * len(others) if others is not None else n * (n + 1 if include_self else n - 1) // 2
    run.say(f"{n:,} proteins{'' if others is None else f' and {len(others):,} partners'}: {n_pairs:,} pairs")
    fitted = load_fitted(model, device, run.verbose)
    require_two_classes(model, fitted)
    embedder = embedder_of(fitted)
    if embedder is not None:
        named = {sequence: name for name, sequence in proteins.items()}
        warn_of_long_sequences(run, named, embedder.model, embedder.max_length)
    run.stop_if_dry(f"score {n_pairs:,} pairs")
    result = screen_proteins(
        fitted,
        proteins,
        others,
        out,
        threshold=threshold,
        top_k=top_k,
        prefilter=prefilter,
        include_self=include_self,
        part=share,
        random_state=seed,
        verbose=run.verbose,
    )
    if share is not None:
        run.out = None  # all parts share the folder: the record belongs to the merged screen
        return run.finish(f"part {part} is done; when all are, finish with --merge: {out}", part=part)
    return _finish(run, result, exports, out)


def _finish(run, result, exports, out):
    summary = result.summary
    exports.write(run, result)
    text = f"{summary.scored:,} of {summary.n_pairs:,} pairs scored, {summary.kept:,} kept: {out / 'pairs'}"
    if summary.n_pairs != summary.scored:
        run.warn(
            f"{summary.n_pairs - summary.scored:,} pairs were not scored (--prefilter); summary.json says what that costs"
        )
    run.finish(text, n_pairs=summary.n_pairs, n_scored=summary.scored, n_kept=summary.kept)
