"""amp-sklearn demo: a complete example on real data, from sequences to explained predictions."""

import time
from pathlib import Path
from typing import Annotated

import typer

from .options import ESM2, Device, Seed
from .outputs import save_picture, write_table, write_text
from .run import Run, command

N_EXPLAINED = 200


@command
def demo(
    run: Run,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results and pictures.")] = Path(
        "amp_results"
    ),
    esm2: ESM2 = None,
    seed: Seed = 0,
    device: Device = "auto",
):
    """Embed, cross-validate, train, predict and explain 11,188 bundled yeast pairs; minutes on two cores, offline."""
    run.writes_into(out)
    run.stop_if_dry(
        f"embed 11,188 bundled yeast pairs with {esm2 or 'esm2-mini'}, cross-validate, train, predict, explain"
    )
    run.resumes = "proteins that are embedded stay in the store; the same command with --force starts there"
    import matplotlib

    matplotlib.use("Agg")
    from ..data import load_yeast_ppi
    from ..explanation import explain
    from ..persistence import save_model
    from ..presets import make_preset
    from ..workflows import cross_validation, evaluate_schemes, summarise

    begin = time.perf_counter()
    esm2 = esm2 or "esm2-mini"
    X, y = load_yeast_ppi()
    model = make_preset(
        "late-interaction-ensemble", esm2, device=device, random_state=seed, verbose=run.verbose
    )

    _heading(run, 1, f"embed the proteins of {len(X):,} yeast pairs with {esm2}")
    model[0].fit_transform(X)  # into the store on disk, from which all folds read
    model.set_params(embed__verbose=0)

    _heading(run, 2, "cross-validate: random folds, and folds without shared proteins")
    models = {
        f"late-interaction ensemble on {esm2}": model,
        "composition baseline": make_preset("composition"),
    }
    metrics, predictions = evaluate_schemes(
        models, X, y, random_state=seed, verbose=run.verbose and not run.json_
    )
    summary = summarise(metrics)
    write_table(summary, out / "results.tsv")
    write_table(metrics, out / "folds.tsv")
    write_table(predictions, out / "fold_predictions.tsv")
    run.say(summary.to_string(index=False))

    _heading(run, 3, "train, and predict pairs of proteins that the model has not seen")
    train, test = next(cross_validation("protein-disjoint", random_state=seed).split(X, y))
    model.fit(X.iloc[train], y[train])
    save_model(model, out / "model.amp")
    proteins = dict(zip(X.index.to_frame().to_numpy().ravel(), X.to_numpy().ravel(), strict=True))
    write_text("".join(f">{name}\n{text}\n" for name, text in proteins.items()), out / "proteins.fasta")
    held_out = X.iloc[test]
    table = held_out.index.to_frame(index=False).assign(label=y[test])
    table["probability"] = model.predict_proba(held_out)[:, 1]
    write_table(table, out / "predictions.tsv")
    run.say(f"{len(test):,} held-out pairs predicted")

    _heading(run, 4, f"explain {N_EXPLAINED} of them, and draw")
    explained = held_out.iloc[:N_EXPLAINED]
    background = X.iloc[train[:N_EXPLAINED]]
    maps = explain(model, explained, "interaction_map")
    gradients = explain(model, explained, "integrated_gradients", background=background)
    for explanation in (maps, gradients):
        explanation.save(out / f"{explanation.method}.npz")
        write_table(explanation.top(3), out / f"{explanation.method}_top3.tsv")
    _draw(out, metrics, maps, gradients)

    run.say(f"\nDone in {(time.perf_counter() - begin) / 60:.1f} minutes. Results are in {out}:")
    for name, what in {
        "results.tsv": "cross-validated metrics of both kinds of folds",
        "results.png": "the same as a picture",
        "predictions.tsv": "probabilities of held-out pairs",
        "map.png": "which pairs of segments speak for an interaction of one pair (interaction map)",
        "segments.png": "which segments matter (integrated gradients)",
        "pair.png": "one pair, along both sequences",
        "model.amp": "the trained pipeline",
        "proteins.fasta": "sequences of all proteins",
    }.items():
        run.say(f"  {name:<16} {what}")
    run.say("\nGo on with the model:")
    run.say(f"  amp-sklearn explain {out}/model.amp {out}/predictions.tsv {out}/proteins.fasta --limit 100")
    run.say(
        f"  amp-sklearn report {out}/model.amp {out}/predictions.tsv {out}/proteins.fasta --out {out}_report.html"
    )
    run.say(f"  amp-sklearn screen {out}/model.amp {out}/proteins.fasta --top-k 10")
    run.say("\nYour own pairs (table with protein_a, protein_b, label) and FASTA file:")
    run.say("  amp-sklearn evaluate pairs.tsv proteins.fasta --out evaluation")
    run.say("  amp-sklearn train pairs.tsv proteins.fasta --out model.amp")
    run.say("  amp-sklearn predict model.amp new_pairs.tsv proteins.fasta --out predictions.tsv")
    run.say(
        "With the real ESM-2 (downloaded once: 30 MB, or 2.6 GB for the published one, where a GPU helps) add:"
    )
    run.finish(
        "  --esm2 facebook/esm2_t6_8M_UR50D    or    --esm2 facebook/esm2_t33_650M_UR50D",
        summary=summary.to_dict("records"),
    )


def _heading(run, number, text):
    run.say(f"\n[{number}/4] {text}")


def _draw(out, metrics, maps, gradients):
    from ..plotting import AttributionDisplay, FoldsDisplay, InteractionMapDisplay

    likely = int(gradients.predictions.argmax())
    for name, display in {
        "results": FoldsDisplay.from_metrics(metrics),
        "map": InteractionMapDisplay.from_explanation(maps, pair=likely),
        "segments": AttributionDisplay.from_explanation(gradients),
        "pair": AttributionDisplay.from_explanation(gradients, kind="track", pair=likely),
    }.items():
        save_picture(display, out / f"{name}.png")
