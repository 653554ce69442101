"""amp-sklearn mutate"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .checks import duration_text, embedding_seconds
from .inputs import embedder_of, load_fitted, model_file, read_proteins, require_two_classes
from .options import Device, Model, SequenceReading, Sequences
from .outputs import save_picture, write_table
from .run import Run, command


class Mutated(StrEnum):
    A = "A"
    B = "B"
    both = "both"


@command
def mutate(
    run: Run,
    model: Model,
    protein_a: Annotated[str, typer.Argument(help="Id of protein A, as in SEQUENCES.", show_default=False)],
    protein_b: Annotated[str, typer.Argument(help="Id of protein B, its partner.", show_default=False)],
    sequences: Sequences,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder of the scan; an unfinished one is continued.")
    ] = Path("mutations"),
    protein: Annotated[
        Mutated, typer.Option("--protein", help="Which protein to mutate: A, B or both, one after the other.")
    ] = Mutated.A,
    positions: Annotated[
        str | None,
        typer.Option(
            "--positions",
            metavar="LIST",
            help="Positions from 1, such as 4,10-25. Default: all. With --protein both they are of both.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str,
        typer.Option("--to", metavar="RESIDUES", help="all, alanine, none, or one-letter codes such as AG."),
    ] = "all",
    deletions: Annotated[bool, typer.Option("--deletions", help="Also leave out each residue.")] = False,
    first_look: Annotated[
        bool,
        typer.Option(
            "--first-look", help="Estimate by gradients in seconds instead; embeds no variant, approximate."
        ),
    ] = False,
    device: Device = "auto",
    reading: SequenceReading = None,
):
    """What each single mutation of a protein does to the prediction; interrupted, the same command goes on.

    Writes mutations.tsv, positions.tsv, a heat map and scan.npz. It says what the model reacts to, not what a mutation does to
    binding: no model here is trained on mutations.
    """
    model = model_file(model)
    run.reads(model, *sequences)
    run.writes_into(out, resume=True)
    kept = out / "scan.npz"
    run.resumes = f"finished variants are in {kept}; the same command goes on there"
    proteins = read_proteins(sequences, reading)
    pair = _pair(proteins, protein_a, protein_b, sequences)
    fitted = load_fitted(model, device, run.verbose)
    require_two_classes(model, fitted)
    chosen = parse_positions(positions)
    _say_what_it_takes(run, pair, protein, chosen, to, deletions, None if first_look else embedder_of(fitted))
    run.stop_if_dry(f"mutate {protein.value} of A = {protein_a}, B = {protein_b}")
    import pandas as pd

    from ..explanation import mutation_scan

    if run.force:
        kept.unlink(missing_ok=True)
    table = pd.DataFrame(
        [pair],
        columns=["sequence_a", "sequence_b"],
        index=pd.MultiIndex.from_tuples([(protein_a, protein_b)]),
    )
    scan = mutation_scan(
        fitted,
        table,
        chosen if chosen is None or protein is not Mutated.both else {"A": chosen, "B": chosen},
        protein=protein.value,
        substitutions=None if to == "none" else to,
        deletions=deletions,
        method="gradient" if first_look else "exact",
        path=None if first_look else kept,
        verbose=run.verbose,
    )
    if first_look:
        scan.save(kept)
    for note in scan.notes:
        run.say(f"note: {note}")
    _finish(run, scan, out)


def _say_what_it_takes(run, pair, protein, positions, to, deletions, embedder):
    """How many variants there are about, and how long it takes about to embed them."""
    of_position = {"all": 19, "alanine": 1, "none": 0}.get(to, len(to)) + deletions
    lengths: list[int] = []
    for side, sequence in zip("AB", pair, strict=True):
        if protein.value in (side, "both"):
            n_positions = len(sequence) if positions is None else len(positions)
            lengths += [len(sequence)] * (of_position * n_positions)
    text = f"proteins of {len(pair[0]):,} and {len(pair[1]):,} residues, about {len(lengths):,} variants"
    seconds = None if embedder is None else embedding_seconds(lengths, embedder.model)
    if seconds is not None:
        text += f"; embedding them takes about {duration_text(seconds)} on this processor"
    run.say(text)


def _finish(run, scan, out):
    from ..plotting import MutationScanDisplay

    write_table(scan.table, out / "mutations.tsv")
    by_position = scan.by_position()
    write_table(by_position, out / "positions.tsv")
    pictures = [
        save_picture(MutationScanDisplay.from_scan(scan, side), out / f"mutations_{side}.png")
        for side in scan.proteins
    ]
    first = by_position.iloc[0]
    run.finish(
        f"{len(scan):,} variants, {scan.output_name} {scan.wild_output:.3f} without mutation: {out / 'mutations.tsv'}\n"
        f"largest mean change at {first['residue']}{first['position']} of {first['protein_id']} ({first['mean']:+.3f}): "
        f"{out / 'positions.tsv'}; pictures: {', '.join(map(str, pictures))}\n"
        "changes say what the model reacts to, not what a mutation does to binding",
        n_variants=len(scan),
        wild_output=scan.wild_output,
        wild_probability=scan.wild_probability,
        model_fingerprint=scan.model,
    )


def _pair(proteins, protein_a, protein_b, sequences):
    missing = [name for name in (protein_a, protein_b) if name not in proteins]
    if missing:
        raise ValueError(
            f"{', '.join(map(str, sequences))} has no protein {' and none '.join(missing)}; ids are those such as "
            f"{', '.join(map(str, list(proteins.keys())[:3]))}. The order is MODEL PROTEIN_A PROTEIN_B SEQUENCES"
        )
    return proteins[protein_a], proteins[protein_b]


def parse_positions(text):
    """Positions from text such as ``4,10-25``.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    list of int or None
    """
    if text is None:
        return None
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise ValueError(f"--positions takes numbers and ranges such as 4,10-25, got {part.strip()!r}")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)
