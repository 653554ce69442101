"""amp-sklearn models"""

from pathlib import Path
from typing import Annotated

import typer

from .inputs import load_fitted, model_file
from .outputs import require_inputs
from .run import Run, command


@command
def models(
    run: Run,
    model: Annotated[
        Path | None,
        typer.Argument(
            help="Name of a ready model, or a model file, whose card is shown. Default: list all.",
            show_default=False,
        ),
    ] = None,
):
    """List the models that are ready to use and the pipelines that --model takes, or show a model's card."""
    from ..persistence import model_fingerprint, ready_models
    from ..persistence.archive import read_card
    from ..persistence.ready_models import ready_model_card, ready_model_figures
    from ..presets import PRESETS

    if model is not None:
        path = model_file(model)
        require_inputs([path])
        fingerprint = model_fingerprint(load_fitted(path))  # refuses what is no model
        card = ready_model_card(model.name) if path != model else read_card(path)
        run.finish(card.rstrip(), card=card, fingerprint=fingerprint)
        return
    ready = []
    for name in ready_models():
        figures = ready_model_figures(name)
        ready.append({"name": name, "roc_auc": figures["roc_auc"][0], "how": figures["how"]})
    rows = []
    for preset in PRESETS.values():
        kind = "published" if preset.published else "of this package"
        esm2 = "none" if preset.tokens is None else preset.model
        rows.append({"name": preset.name, "kind": kind, "esm2": esm2, "notes": preset.notes})
    lines = ["Ready to use, in place of a model file: amp-sklearn predict yeast-mini PAIRS SEQUENCES"]
    lines += [f"{row['name']:<26} ROC AUC {row['roc_auc']:.3f} on {row['how']}" for row in ready]
    lines += ["", "To train, by --model:", f"{'':<26} {'':<16} --esm2 (default)"]
    lines += [f"{row['name']:<26} {row['kind']:<16} {row['esm2']}" for row in rows]
    run.finish("\n".join(lines), ready=ready, models=rows)
