"""amp-sklearn embed"""

from pathlib import Path
from typing import Annotated

import typer

from .options import ESM2, Device, MaxLength, Uppercase


def embed(
    sequences: Annotated[Path, typer.Argument(help="Proteins: FASTA (.gz too).", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(
            help="Table to write: .npz (ids, tokens, features) or .parquet (one column per feature)."
        ),
    ] = Path("embeddings.npz"),
    esm2: ESM2 = "esm2-mini",
    max_length: MaxLength = None,
    uppercase: Uppercase = False,
    device: Device = "auto",
):
    """Embed proteins: cls, ten segment means, eos and mean of the last ESM-2 layer.

    What has been embedded before is taken from the store on disk, so that an interrupted run goes on where it stopped.
    """
    import numpy as np
    import pandas as pd

    from ..data import PROTEIN_TOKENS, read_fasta
    from ..embedding import ESM2Embedder

    if out.suffix not in (".npz", ".parquet"):
        raise typer.BadParameter(f"--out must end in .npz or .parquet, got {out.name}")
    by_id = read_fasta(sequences, uppercase=uppercase)
    windows = {} if max_length is None else {"max_length": max_length, "long_proteins": "window"}
    embedder = ESM2Embedder(esm2, device=device, verbose=1, **windows)
    features = embedder.embed(by_id)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".npz":
        np.savez(out, ids=by_id.index.to_numpy(dtype=str), tokens=np.array(PROTEIN_TOKENS), features=features)
    else:
        names = [
            f"ESM2_{_published_name(token)}{d}" for token in PROTEIN_TOKENS for d in range(features.shape[2])
        ]
        table = pd.DataFrame(features.reshape(len(features), -1), columns=names)
        table.insert(0, "Entry", by_id.index.to_numpy())
        table.to_parquet(out)
    print(f"{len(by_id):,} proteins x {len(PROTEIN_TOKENS)} tokens x {features.shape[2]} dimensions: {out}")


def _published_name(token):
    """Column prefix of the published feature tables: segment means are called segment0_mean."""
    return f"{token}_mean" if token.startswith("segment") else token
