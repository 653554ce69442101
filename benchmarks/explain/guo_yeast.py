"""All explanations of models trained on Guo's yeast pairs: a section of docs/explanations.rst, in one command.

Trains the published Transformer (AMPS), network on autoencoder features (AE_DNN) and forest on autoencoder
features (AE_RF) on proteins that the explained pairs do not share, explains held-out pairs by every method
that does not refuse, and writes tables (CSV), the pictures of the page (PNG), and the page with every sentence
made from the numbers.

    python benchmarks/explain/guo_yeast.py                            # all pairs, networks smaller than published
    python benchmarks/explain/guo_yeast.py --page-only                # only the page, from tables that are there
    python benchmarks/explain/guo_yeast.py --smoke --out <folder>     # a minute's check
"""

import argparse
import json
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import matthews_corrcoef, roc_auc_score
from sklearn.pipeline import make_pipeline
from yeast_page import PICTURES, write_page

from amp_sklearn.classification import AEDNNClassifier, AMPSClassifier
from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.explanation import (
    AttentionExplainer,
    DeepShap,
    GradientShap,
    IntegratedGradients,
    Occlusion,
    Permutation,
    RefusedExplanation,
    TreeShap,
    evaluate_explanations,
    explain,
)
from amp_sklearn.model_selection import ProteinDisjointKFold
from amp_sklearn.plotting import (
    AgreementDisplay,
    AttentionDisplay,
    AttributionDisplay,
    DeletionCurveDisplay,
)
from amp_sklearn.preprocessing import AutoencoderReducer, PairConcatenator

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHOWN = {stem for stem, _, _ in PICTURES}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DOCS / "_static" / "explanations")
    parser.add_argument(
        "--page", type=Path, help="page to write; by default explanations_yeast.inc of the docs"
    )
    parser.add_argument("--page-only", action="store_true", help="write the page from the tables in --out")
    parser.add_argument("--all-pictures", action="store_true", help="of every method, and the explanations")
    parser.add_argument("--embedding", default="esm2-mini")
    parser.add_argument("--pairs", type=int, default=11188, help="pairs to draw from the data set")
    parser.add_argument("--explained", type=int, default=100, help="held-out pairs to explain")
    parser.add_argument("--residue-pairs", type=int, default=3, help="short pairs to explain through ESM-2")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--layers", type=int, default=2, help="encoder layers of the Transformer")
    parser.add_argument("--repeats", type=int, default=2, help="randomised models, and other seeds")
    parser.add_argument("--components", type=int, default=150, help="dimensions of the autoencoder")
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--models", nargs="*", default=["AMPS", "AE_DNN", "AE_RF"])
    parser.add_argument("--smoke", action="store_true", help="small sizes; writes nothing into the docs")
    arguments = parser.parse_args()
    if arguments.smoke:
        if arguments.out == parser.get_default("out"):
            parser.error("--smoke needs an --out of its own")
        arguments.pairs, arguments.explained, arguments.epochs, arguments.components = 200, 12, 2, 10
        arguments.trees, arguments.layers, arguments.repeats, arguments.residue_pairs = 20, 1, 1, 1
    inside = arguments.out.resolve().is_relative_to(DOCS)
    arguments.page = arguments.page or (DOCS if inside else arguments.out) / "explanations_yeast.inc"
    arguments.command = "python benchmarks/explain/guo_yeast.py" + "".join(
        f" --{name.replace('_', '-')} {' '.join(value) if isinstance(value, list) else value}"
        for name, value in vars(arguments).items()
        if value != parser.get_default(name) and name not in ("out", "page", "smoke")
    )
    return arguments


FEED_FORWARD, HEAD = 256, (128, 64)


def make_models(arguments):
    """The three published model families, as pipelines from sequences."""
    embed = ESM2Embedder(arguments.embedding, max_length=1000, long_proteins="window")
    reduce = AutoencoderReducer(arguments.components, max_epochs=arguments.epochs, random_state=0)
    training = {"max_epochs": arguments.epochs, "random_state": 0}
    # the published learning rate belongs to tokens of 1,280 dimensions and many more steps
    amps = AMPSClassifier(
        lr=5e-4,
        n_layers=arguments.layers,
        dim_feedforward=FEED_FORWARD,
        hidden1=HEAD[0],
        hidden2=HEAD[1],
        batch_size=64,
        **training,
    )
    forest = RandomForestClassifier(arguments.trees, random_state=42, n_jobs=-1)
    models = {
        "AMPS": make_pipeline(embed, PairConcatenator("segments"), amps),
        "AE_DNN": make_pipeline(embed, reduce, PairConcatenator("segments"), AEDNNClassifier(**training)),
        "AE_RF": make_pipeline(embed, reduce, PairConcatenator("segments"), forest),
    }
    return {name: models[name] for name in arguments.models}


def methods_of(name):
    """What is compared for a model: all methods that fit, attention and gradients in two forms."""
    network = {
        "integrated gradients": IntegratedGradients(),
        "integrated gradients, signed": IntegratedGradients(aggregate="sum"),
        "gradient SHAP, signed": GradientShap(aggregate="sum", n_samples=50),
    }
    anything = {"occlusion": Occlusion(), "permutation": Permutation()}
    if name == "AMPS":
        attention = {"attention": AttentionExplainer(), "attention rollout": AttentionExplainer(rollout=True)}
        return attention | network | anything
    if name == "AE_DNN":
        return network | {"DeepSHAP, signed": DeepShap(aggregate="sum")} | anything
    return {
        "Gini": "gini",
        "TreeSHAP": TreeShap(n_jobs=-1),
        "TreeSHAP, signed": TreeShap(aggregate="sum", n_jobs=-1),
        "TreeSHAP interventional, signed": TreeShap(
            aggregate="sum", perturbation="interventional", n_jobs=-1
        ),
    } | anything


def readable(summary):
    """The columns of a report's summary that the documentation shows, as text."""

    def interval(column):
        low, high = summary[f"{column}_low"], summary[f"{column}_high"]
        numbers = zip(summary[column], low, high, strict=True)
        return [f"{mean:+.3f} ({a:+.3f} to {b:+.3f})" for mean, a, b in numbers]

    def number(column):
        return ["" if np.isnan(value) else f"{value:.2f}" for value in summary[column]]

    columns = {
        "method": list(summary.index),
        "deletion gain": interval("deletion_gain"),
        "insertion gain": interval("insertion_gain"),
        "pairs better than random": [f"{share:.0%}" for share in summary["better_than_random"]],
        "randomised model": number("randomised_model"),
        "other seeds": number("other_seeds"),
        "other baselines": number("other_baselines"),
    }
    return pd.DataFrame(columns)


def draw(name, report, out, everything):
    """Pictures of one model's report: those of the page, or all of them and the explanations themselves."""

    def save(stem, make):
        if everything or stem in SHOWN:
            make().save(out / f"{stem}.png")

    def curve_display(curve):
        display = DeletionCurveDisplay.from_report(report, curve=curve)
        display.ax_.set_title(f"{name}: {curve} of the most important tokens first", fontsize=11, loc="left")
        return display

    for curve in ("deletion", "insertion"):
        save(f"{name}_{curve}", partial(curve_display, curve))
    save(f"{name}_agreement", partial(AgreementDisplay.from_report, report))
    for method, explanation in report.explanations.items():
        stem = f"{name}_{method.replace(', ', '_').replace(' ', '_')}"
        attribution = partial(AttributionDisplay.from_explanation, explanation)
        save(f"{stem}_bar", attribution)
        if explanation.signed:
            save(f"{stem}_beeswarm", partial(attribution, kind="beeswarm"))
            best = int(np.argmax(explanation.predictions))
            save(f"{stem}_track", partial(attribution, kind="track", pair=best))
        if explanation.token_maps is not None:
            save(f"{stem}_maps", partial(AttentionDisplay.from_explanation, explanation))
        if everything:
            explanation.save(out / f"{stem}.npz")


def compare_residues(model, X, background, n_pairs, out):
    """Gradients through ESM-2 and gradients that stop at its last hidden state, for the shortest pairs."""
    shortest = X.iloc[np.argsort(X.map(len).sum(axis=1).to_numpy(), kind="stable")[:n_pairs]]
    through = explain(model, shortest, "esm2_gradients", tolerance=0.02)
    last = explain(model, shortest, "residue_gradients", background=background)
    AttributionDisplay.from_explanation(through, kind="track").save(out / "AMPS_esm2_gradients_track.png")
    correlations, overlaps = [], []
    for pair in range(len(shortest)):
        a, b = (np.abs(np.concatenate(found.residues(pair))) for found in (through, last))
        correlations.append(float(spearmanr(a, b).statistic))
        tenth = max(1, len(a) // 10)
        common = np.intersect1d(np.argsort(-a)[:tenth], np.argsort(-b)[:tenth])
        overlaps.append(len(common) / tenth)
    return {
        "pairs": len(shortest),
        "residues": int(through.lengths.sum()),
        "correlation": round(float(np.mean(correlations)), 3),
        "overlap": round(float(np.mean(overlaps)), 3),
        "error": round(float(np.abs(through.error).max()), 4),
        "rise": round(float(np.abs(through.values.sum(axis=1)).mean()), 3),
        "notes": list(through.notes),
    }


def why_refused(model, X):
    """Reason of each method that refuses a model."""
    refused = {}
    for method in ("attention", "deep_shap", "tree_shap", "integrated_gradients"):
        try:
            explain(model, X, method)
        except RefusedExplanation as reason:
            refused[method] = str(reason)
    return refused


def main():
    arguments = parse_arguments()
    if arguments.page_only:
        write_page(arguments.out, arguments.page)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    X, y = load_yeast_ppi()
    y = np.asarray(y)
    random = np.random.RandomState(0)
    if arguments.pairs < len(X):
        rows = np.sort(random.choice(len(X), arguments.pairs, replace=False))
        if arguments.smoke:  # short proteins are embedded sooner
            rows = np.argsort(X.map(len).sum(axis=1).to_numpy(), kind="stable")[: arguments.pairs]
        X, y = X.iloc[rows], y[rows]
    train, test = next(iter(ProteinDisjointKFold(5, random_state=0).split(X, y)))
    explained = test[np.sort(random.choice(len(test), min(arguments.explained, len(test)), replace=False))]
    facts = {
        "command": arguments.command,
        "pairs": len(X),
        "train": len(train),
        "test": len(test),
        "explained": len(explained),
        "settings": {
            "encoder layers": arguments.layers,
            "feed-forward units": FEED_FORWARD,
            "head units": "{} and {}".format(*HEAD),
            "epochs": arguments.epochs,
            "autoencoder dimensions": arguments.components,
            "trees": arguments.trees,
        },
        "models": {},
    }
    for name, model in make_models(arguments).items():
        started = time.perf_counter()
        model.fit(X.iloc[train], y[train])
        probability = model.predict_proba(X.iloc[test])[:, 1]
        found = {
            "auroc": round(float(roc_auc_score(y[test], probability)), 3),
            "mcc": round(float(matthews_corrcoef(y[test], probability > 0.5)), 3),
            "fit_s": round(time.perf_counter() - started, 1),
        }
        started = time.perf_counter()
        background = X.iloc[train[:2000]]
        report = evaluate_explanations(
            model,
            X.iloc[explained],
            methods_of(name),
            background=background,
            n_random=10,
            n_repeats=arguments.repeats,
        )
        found |= {
            "evaluate_s": round(time.perf_counter() - started, 1),
            "output": report.output,
            "refused": why_refused(model, X.iloc[explained[:2]]),
            "notes": sorted({note for e in report.explanations.values() for note in e.notes}),
        }
        facts["models"][name] = found
        facts["embedding"] = {"model": arguments.embedding, "fingerprint": model[0].fingerprint_[:16]}
        report.summary.round(4).to_csv(arguments.out / f"{name}_summary.csv")
        readable(report.summary).to_csv(arguments.out / f"{name}_table.csv", index=False)
        report.agreement.round(3).to_csv(arguments.out / f"{name}_agreement.csv")
        if arguments.all_pictures:
            report.curves.round(4).to_csv(arguments.out / f"{name}_curves.csv", index=False)
            report.overlap.round(3).to_csv(arguments.out / f"{name}_overlap.csv")
        draw(name, report, arguments.out, arguments.all_pictures)
        if name == "AMPS" and arguments.residue_pairs:
            started = time.perf_counter()
            facts["residues"] = compare_residues(
                model, X.iloc[explained], background, arguments.residue_pairs, arguments.out
            )
            facts["residues"]["seconds"] = round(time.perf_counter() - started, 1)
        print(name, json.dumps(found), report.summary.round(3).to_string(), sep="\n", flush=True)
        (arguments.out / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    write_page(arguments.out, arguments.page)


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning)
    main()
