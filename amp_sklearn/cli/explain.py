"""amp-sklearn explain"""

from pathlib import Path
from typing import Annotated

import typer

from .inputs import load_fitted, model_file, read_input, require_two_classes
from .options import Device, Limit, Model, PairReading, Pairs, Seed, Sequences
from .outputs import save_picture, write_table
from .run import Run, command


@command
def explain(
    run: Run,
    model: Model,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for explanation.npz, tables and pictures.")
    ] = Path("explanation"),
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="auto, or one of interaction_map, integrated_gradients, gradient_shap, deep_shap, attention, "
            "residue_gradients, occlusion, permutation, tree_shap, gini.",
        ),
    ] = "auto",
    background: Annotated[
        Path | None,
        typer.Option(
            "--background",
            help="Table of pairs to compare with, such as the training pairs. Default: the pairs themselves.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=10, help="Segments to list for each pair.")] = 3,
    limit: Limit = None,
    seed: Seed = 0,
    device: Device = "auto",
    reading: PairReading = None,
):
    """Explain predictions: which segments of both proteins speak for an interaction.

    Writes explanation.npz, which 'amp-sklearn regions' takes, the top segments, and pictures.
    """
    model = model_file(model)
    run.reads(model, pairs, *sequences, *([] if background is None else [background]))
    run.writes_into(out)
    data = read_input(run, pairs, sequences, reading, labelled=False, limit=limit)
    others = None
    if background is not None:
        others = read_input(run, background, sequences, reading, labelled=False, limit=1000).X
    fitted = load_fitted(model, device, run.verbose)
    require_two_classes(model, fitted)
    from ..explanation import explain as explain_pairs
    from ..screening.screened_model import ScreenedModel

    parts = ScreenedModel(fitted)
    if parts.calibrators:
        run.say("explained is the probability before calibration, which keeps the order of the pairs")
    chosen = _method(parts.classifier) if method == "auto" else method
    run.stop_if_dry(f"explain {len(data.X):,} pairs by {chosen}")
    explanation = explain_pairs(parts.pipeline, data.X, chosen, background=others, **_seeded(chosen, seed))
    explanation.save(out / "explanation.npz")
    write_table(explanation.top(top), out / "top.tsv")
    pictures = _pictures(explanation, out)
    for note in explanation.notes:
        run.say(f"note: {note}")
    run.finish(
        f"{len(explanation):,} pairs explained by {chosen}: {out / 'explanation.npz'}\n"
        f"top segments: {out / 'top.tsv'}; pictures: {', '.join(map(str, pictures))}\n"
        f"on annotated regions: amp-sklearn regions {out / 'explanation.npz'} ANNOTATIONS --sequences {sequences[0]}",
        method=chosen,
    )


def _method(classifier):
    """The method that reads a model best."""
    module = getattr(classifier, "module_", None)
    if hasattr(module, "cell_contributions"):
        return "interaction_map"
    return "occlusion" if module is None else "integrated_gradients"


def _seeded(method, seed):
    from dataclasses import fields

    from ..explanation.registry import make_explainer

    explainer = make_explainer(method)
    has_seed = any(entry.name == "random_state" for entry in fields(explainer))
    return {"random_state": seed} if has_seed else {}


def _pictures(explanation, out):
    from ..plotting import AttributionDisplay, InteractionMapDisplay

    pair = 0 if explanation.predictions is None else int(explanation.predictions.argmax())
    displays = {
        "segments": AttributionDisplay.from_explanation(explanation),
        "pair": AttributionDisplay.from_explanation(explanation, kind="track", pair=pair),
    }
    if explanation.pair_values is not None:
        displays["map"] = InteractionMapDisplay.from_explanation(explanation, pair=pair)
    return [save_picture(display, out / f"{name}.png") for name, display in displays.items()]
