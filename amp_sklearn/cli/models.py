"""amp-sklearn models"""

from pathlib import Path
from typing import Annotated

import typer

from .inputs import load_fitted
from .outputs import require_inputs
from .run import Run, command


@command
def models(
    run: Run,
    model: Annotated[
        Path | None,
        typer.Argument(help="Model file whose card is shown. Default: list pipelines.", show_default=False),
    ] = None,
):
    """List the pipelines that --model takes, or show the card of a trained model."""
    if model is not None:
        require_inputs([model])
        from ..persistence import model_fingerprint
        from ..persistence.archive import read_card

        fingerprint = model_fingerprint(load_fitted(model))  # refuses what is no model
        run.finish(read_card(model).rstrip(), card=read_card(model), fingerprint=fingerprint)
        return
    from ..presets import PRESETS

    rows = []
    for preset in PRESETS.values():
        kind = "published" if preset.published else "of this package"
        esm2 = "none" if preset.tokens is None else preset.model
        rows.append({"name": preset.name, "kind": kind, "esm2": esm2, "notes": preset.notes})
    lines = [f"{'--model':<26} {'':<16} --esm2 (default)"]
    lines += [f"{row['name']:<26} {row['kind']:<16} {row['esm2']}" for row in rows]
    run.finish("\n".join(lines), models=rows)
