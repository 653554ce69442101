"""amp-sklearn embed"""

from pathlib import Path
from typing import Annotated

import typer

from ..writing import write_atomically
from .checks import warn_of_long_sequences
from .inputs import read_proteins
from .options import ESM2, Device, MaxLength, SequenceReading, Sequences
from .run import Run, command


@command
def embed(
    run: Run,
    sequences: Sequences,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Table to write: .npz (ids, tokens, features) or .parquet (one column per feature).",
        ),
    ] = Path("embeddings.npz"),
    esm2: ESM2 = None,
    max_length: MaxLength = None,
    device: Device = "auto",
    reading: SequenceReading = None,
):
    """Embed proteins: cls, ten segment means, eos and mean of the last ESM-2 layer.

    What has been embedded before is taken from the store on disk, so that an interrupted run goes on where it stopped.
    """
    run.reads(*sequences)
    run.writes(out, (".npz", ".parquet"))
    by_id = read_proteins(sequences, reading)
    esm2 = esm2 or "esm2-mini"
    run.say(f"{', '.join(map(str, sequences))}: {len(by_id):,} proteins")
    warn_of_long_sequences(run, {sequence: name for name, sequence in by_id.items()}, esm2, max_length)
    run.stop_if_dry(f"embed {len(by_id):,} proteins with {esm2}")
    run.resumes = "proteins that are embedded stay in the store; the same command goes on there"
    import numpy as np
    import pandas as pd

    from ..data import PROTEIN_TOKENS
    from ..embedding import ESM2Embedder

    windows = {} if max_length is None else {"max_length": max_length, "long_proteins": "window"}
    features = ESM2Embedder(esm2, device=device, verbose=run.verbose, **windows).embed(by_id)
    with write_atomically(out) as unfinished:
        if out.suffix == ".npz":
            np.savez(
                unfinished,
                ids=by_id.index.to_numpy(dtype=str),
                tokens=np.array(PROTEIN_TOKENS),
                features=features,
            )
        else:
            width = range(features.shape[2])
            names = [f"ESM2_{_published_name(token)}{d}" for token in PROTEIN_TOKENS for d in width]
            table = pd.DataFrame(features.reshape(len(features), -1), columns=names)
            table.insert(0, "Entry", by_id.index.to_numpy())
            table.to_parquet(unfinished)
    run.finish(
        f"{len(by_id):,} proteins x {len(PROTEIN_TOKENS)} tokens x {features.shape[2]} dimensions: {out}",
        n_proteins=len(by_id),
        width=features.shape[2],
    )


def _published_name(token):
    """Column prefix of the published feature tables: segment means are called segment0_mean."""
    return f"{token}_mean" if token.startswith("segment") else token
