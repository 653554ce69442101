"""All explanations of models trained on Guo's yeast pairs: tables and pictures for docs/explanations.rst.

Trains the published Transformer (AMPS), network on autoencoder features (AE_DNN) and forest on autoencoder
features (AE_RF) on proteins that the explained pairs do not share, explains held-out pairs by every method
that does not refuse, and writes tables (CSV), pictures (PNG, SVG) and the explanations themselves.

    python benchmarks/explain/guo_yeast.py --out docs/_static/explanations
    python benchmarks/explain/guo_yeast.py --smoke --out <folder>          # a minute's check
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import matthews_corrcoef, roc_auc_score
from sklearn.pipeline import make_pipeline

from amp_sklearn.classification import AEDNNClassifier, AMPSClassifier
from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.explain import (
    AttentionExplainer,
    DeepShap,
    GradientShap,
    IntegratedGradients,
    Occlusion,
    Permutation,
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


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--embedding", default="esm2-mini")
    parser.add_argument(
        "--pairs", type=int, default=11188, help="pairs to draw from the data set; by default all"
    )
    parser.add_argument("--explained", type=int, default=200, help="held-out pairs to explain")
    parser.add_argument("--epochs", type=int, default=35)
    parser.add_argument("--layers", type=int, default=6, help="encoder layers of the Transformer")
    parser.add_argument("--repeats", type=int, default=2, help="randomised models, and other seeds")
    parser.add_argument("--components", type=int, default=150, help="dimensions of the autoencoder")
    parser.add_argument("--models", nargs="*", default=["AMPS", "AE_DNN", "AE_RF"])
    parser.add_argument("--smoke", action="store_true", help="small sizes")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.pairs, arguments.explained, arguments.epochs, arguments.components = 300, 20, 3, 10
    return arguments


def make_models(arguments):
    """The three published model families, as pipelines from sequences."""
    embed = ESM2Embedder(arguments.embedding, max_length=1000, long_proteins="window")
    reduce = AutoencoderReducer(arguments.components, max_epochs=arguments.epochs, random_state=0)
    training = {"max_epochs": arguments.epochs, "random_state": 0}
    # the published learning rate belongs to tokens of 1,280 dimensions and many more steps
    amps = AMPSClassifier(
        lr=5e-4,
        n_layers=arguments.layers,
        dim_feedforward=512,
        hidden1=128,
        hidden2=64,
        batch_size=64,
        **training,
    )
    models = {
        "AMPS": make_pipeline(embed, PairConcatenator("segments"), amps),
        "AE_DNN": make_pipeline(embed, reduce, PairConcatenator("segments"), AEDNNClassifier(**training)),
        "AE_RF": make_pipeline(
            embed,
            reduce,
            PairConcatenator("segments"),
            RandomForestClassifier(300, random_state=42),
        ),
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


def draw(name, report, out):
    """Pictures of one model's report."""
    for curve in ("deletion", "insertion"):
        display = DeletionCurveDisplay.from_report(report, curve=curve)
        display.ax_.set_title(f"{name}: {curve} of the most important tokens first", fontsize=11, loc="left")
        save(display, out / f"{name}_{curve}")
    save(AgreementDisplay.from_report(report), out / f"{name}_agreement")
    for method, explanation in report.explanations.items():
        stem = f"{name}_{method.replace(', ', '_').replace(' ', '_')}"
        explanation.save(out / f"{stem}.npz")
        save(AttributionDisplay.from_explanation(explanation), out / f"{stem}_bar")
        if explanation.signed:
            save(AttributionDisplay.from_explanation(explanation, kind="beeswarm"), out / f"{stem}_beeswarm")
            best = int(np.argmax(explanation.predictions))
            save(
                AttributionDisplay.from_explanation(explanation, kind="track", pair=best),
                out / f"{stem}_track",
            )
        if explanation.token_maps is not None:
            save(AttentionDisplay.from_explanation(explanation), out / f"{stem}_maps")


def save(display, path):
    for ending in (".png", ".svg"):
        display.save(path.with_name(path.name + ending))


def main():
    arguments = parse_arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    X, y = load_yeast_ppi()
    y = np.asarray(y)
    random = np.random.RandomState(0)
    if arguments.pairs < len(X):
        rows = np.sort(random.choice(len(X), arguments.pairs, replace=False))
        X, y = X.iloc[rows], y[rows]
    train, test = next(iter(ProteinDisjointKFold(5, random_state=0).split(X, y)))
    explained = test[np.sort(random.choice(len(test), min(arguments.explained, len(test)), replace=False))]
    facts = {
        "layers": arguments.layers,
        "epochs": arguments.epochs,
        "pairs": len(X),
        "train": len(train),
        "test": len(test),
        "explained": len(explained),
    }
    for name, model in make_models(arguments).items():
        started = time.perf_counter()
        model.fit(X.iloc[train], y[train])
        probability = model.predict_proba(X.iloc[test])[:, 1]
        facts[name] = {
            "auroc": round(float(roc_auc_score(y[test], probability)), 3),
            "mcc": round(float(matthews_corrcoef(y[test], probability > 0.5)), 3),
            "fit_s": round(time.perf_counter() - started, 1),
        }
        started = time.perf_counter()
        report = evaluate_explanations(
            model,
            X.iloc[explained],
            methods_of(name),
            background=X.iloc[train[:2000]],
            n_random=10,
            n_repeats=arguments.repeats,
        )
        facts[name]["evaluate_s"] = round(time.perf_counter() - started, 1)
        refused = {}
        for method in ("attention", "deep_shap", "tree_shap"):
            try:
                explain(model, X.iloc[explained[:2]], method)
            except ValueError as reason:
                refused[method] = str(reason)
        facts[name]["refused"] = refused
        facts["embedding"] = {"model": arguments.embedding, "fingerprint": model[0].fingerprint_[:16]}
        facts[name]["notes"] = sorted({note for e in report.explanations.values() for note in e.notes})
        report.summary.round(4).to_csv(arguments.out / f"{name}_summary.csv")
        readable(report.summary).to_csv(arguments.out / f"{name}_table.csv", index=False)
        report.curves.round(4).to_csv(arguments.out / f"{name}_curves.csv", index=False)
        report.agreement.round(3).to_csv(arguments.out / f"{name}_agreement.csv")
        report.overlap.round(3).to_csv(arguments.out / f"{name}_overlap.csv")
        draw(name, report, arguments.out)
        print(name, json.dumps(facts[name]), report.summary.round(3).to_string(), sep="\n", flush=True)
        (arguments.out / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning)
    main()
