"""amp-sklearn demo: a complete example on real data, from sequences to explained predictions."""

import time
from pathlib import Path
from typing import Annotated

import typer

from .options import ESM2, Device, Seed

N_EXPLAINED = 200


def demo(
    out: Annotated[Path, typer.Option(help="Folder for results and pictures.")] = Path("amp_results"),
    esm2: ESM2 = "esm2-mini",
    seed: Seed = 0,
    device: Device = "auto",
):
    """Embed, cross-validate, train, predict and explain 11,188 bundled yeast pairs; minutes on two cores, offline."""
    import matplotlib

    matplotlib.use("Agg")
    from ..data import load_yeast_ppi
    from ..explanation import explain
    from ..persistence import save_model
    from ..presets import make_preset
    from ..workflows import cross_validation, evaluate_schemes, summarise

    begin = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    X, y = load_yeast_ppi()
    model = make_preset("late-interaction-ensemble", esm2, device=device, random_state=seed, verbose=1)

    _heading(1, f"embed the proteins of {len(X):,} yeast pairs with {esm2}")
    model[0].fit_transform(X)  # into the store on disk, from which all folds read
    model.set_params(embed__verbose=0)

    _heading(2, "cross-validate: random folds, and folds without shared proteins")
    models = {
        f"late-interaction ensemble on {esm2}": model,
        "composition baseline": make_preset("composition"),
    }
    metrics, predictions = evaluate_schemes(models, X, y, random_state=seed, verbose=1)
    summary = summarise(metrics)
    summary.to_csv(out / "results.tsv", sep="\t", index=False)
    metrics.to_csv(out / "folds.tsv", sep="\t", index=False)
    predictions.to_csv(out / "fold_predictions.tsv", sep="\t", index=False)
    print(summary.to_string(index=False))

    _heading(3, "train, and predict pairs of proteins that the model has not seen")
    train, test = next(cross_validation("protein-disjoint", random_state=seed).split(X, y))
    model.fit(X.iloc[train], y[train])
    save_model(model, out / "model.amp")
    held_out = X.iloc[test]
    table = held_out.index.to_frame(index=False).assign(label=y[test])
    table["probability"] = model.predict_proba(held_out)[:, 1]
    table.to_csv(out / "predictions.tsv", sep="\t", index=False)
    print(f"{len(test):,} held-out pairs predicted")

    _heading(4, f"explain {N_EXPLAINED} of them, and draw")
    explained = held_out.iloc[:N_EXPLAINED]
    background = X.iloc[train[:N_EXPLAINED]]
    maps = explain(model, explained, "interaction_map")
    gradients = explain(model, explained, "integrated_gradients", background=background)
    for explanation in (maps, gradients):
        explanation.save(out / f"{explanation.method}.npz")
        explanation.top(3).to_csv(out / f"{explanation.method}_top3.tsv", sep="\t", index=False)
    _draw(out, metrics, maps, gradients)

    print(f"\nDone in {(time.perf_counter() - begin) / 60:.1f} minutes. Results are in {out}:")
    for name, what in {
        "results.tsv": "cross-validated metrics of both kinds of folds",
        "results.png": "the same as a picture",
        "predictions.tsv": "probabilities of held-out pairs",
        "map.png": "which pairs of segments speak for an interaction of one pair (interaction map)",
        "segments.png": "which segments matter (integrated gradients)",
        "pair.png": "one pair, along both sequences",
        "model.amp": "the trained pipeline",
    }.items():
        print(f"  {name:<16} {what}")
    print("\nYour own pairs (table with protein_a, protein_b, label) and FASTA file:")
    print("  amp-sklearn evaluate pairs.tsv proteins.fasta --out evaluation")
    print("  amp-sklearn train pairs.tsv proteins.fasta --out model.amp")
    print("  amp-sklearn predict model.amp new_pairs.tsv proteins.fasta --out predictions.tsv")
    print(
        "With the real ESM-2 (downloaded once: 30 MB, or 2.6 GB for the published one, where a GPU helps) add:"
    )
    print("  --esm2 facebook/esm2_t6_8M_UR50D    or    --esm2 facebook/esm2_t33_650M_UR50D")


def _heading(number, text):
    print(f"\n[{number}/4] {text}", flush=True)


def _draw(out, metrics, maps, gradients):
    from ..plotting import AttributionDisplay, FoldsDisplay, InteractionMapDisplay

    likely = int(gradients.predictions.argmax())
    for name, display in {
        "results": FoldsDisplay.from_metrics(metrics),
        "map": InteractionMapDisplay.from_explanation(maps, pair=likely),
        "segments": AttributionDisplay.from_explanation(gradients),
        "pair": AttributionDisplay.from_explanation(gradients, kind="track", pair=likely),
    }.items():
        display.save(out / f"{name}.png")
