"""amp-sklearn models"""

from pathlib import Path
from typing import Annotated

import typer

from .inputs import load_fitted, model_file
from .options import ESM2, Device, MaxLength
from .outputs import beside, require_inputs, write_text
from .run import Run, command

_IMPORT = "With import"


@command
def models(
    run: Run,
    model: Annotated[
        Path | None,
        typer.Argument(
            help="Name of a ready model, or a model file, whose card is shown; or the word import. Default: list all.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Argument(
            help="After import: file of published weights (.zip as downloaded, .pth, .safetensors).",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File of the imported model.", rich_help_panel=_IMPORT)
    ] = Path("imported.amp"),
    autoencoder: Annotated[
        Path | None,
        typer.Option(
            "--autoencoder",
            help="Weights of the autoencoder before an AE_DNN.",
            rich_help_panel=_IMPORT,
            show_default=False,
        ),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option(
            "--tokens",
            min=1,
            help="Tokens of a pair, which weights of a Transformer do not tell: 20, or 24 with cls and eos.",
            rich_help_panel=_IMPORT,
            show_default=False,
        ),
    ] = None,
    heads: Annotated[
        int, typer.Option("--heads", min=1, help="Attention heads of a Transformer.", rich_help_panel=_IMPORT)
    ] = 8,
    esm2: ESM2 = None,
    max_length: MaxLength = None,
    device: Device = "auto",
):
    """List the models that are ready to use and the pipelines that --model takes; show a model's card; import published weights.

    'models import FILE' makes a model file of weights that the authors of ESM2_AMP published, for predict, explain, screen
    and report.
    """
    if str(model) == "import" and weights is not None:
        run.reads(weights, autoencoder)
        run.writes(out, (".amp",))
        run.stop_if_dry(f"import {weights}")
        _import(run, weights, out, autoencoder, tokens, heads, esm2, max_length, device)
        return
    if weights is not None or str(model) == "import":
        raise ValueError("to import weights: amp-sklearn models import FILE")
    import numpy as np

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
        ready.append(
            {"name": name, "roc_auc": float(np.atleast_1d(figures["roc_auc"])[0]), "how": figures["how"]}
        )
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


def _import(run, weights, out, autoencoder, tokens, heads, esm2, max_length, device):
    from ..classification.published_pipeline import PUBLISHED_ESM2, published_pipeline
    from ..persistence import model_fingerprint, save_model
    from ..persistence.archive import read_card

    settings = {"n_tokens": tokens, "n_heads": heads, "autoencoder": autoencoder, "max_length": max_length}
    fitted = published_pipeline(weights, esm2 or PUBLISHED_ESM2, device=device, **settings)
    save_model(fitted, out)
    kind = type(fitted[-1]).__name__
    run.results |= {"model": kind, "weights": str(weights), "fingerprint": model_fingerprint(fitted)}
    write_text(read_card(out), beside(out, ".card.md"))
    run.finish(
        f"imported {kind} from {weights}: {out}\npredict with: amp-sklearn predict {out} PAIRS SEQUENCES"
    )
