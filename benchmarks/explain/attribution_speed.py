"""Attribution of AE_DNN and AE_RF: the libraries called the published way against this package, in paired rounds.

Each round runs both sides one after the other on the same pairs, so that a busy machine slows both. Prints,
and writes as JSON, the median of the rounds' ratios, the times, and the largest difference of the values.

    python benchmarks/explain/attribution_speed.py --pairs 1000 --rounds 3 --out
    docs/_static/attribution_speed.json python benchmarks/explain/attribution_speed.py --smoke          # a
    minute's check that all sides run and agree
"""

import argparse
import json
import os
import platform
import statistics
import time
import warnings
from pathlib import Path

import captum.attr
import numpy as np
import shap
import torch
from sklearn.ensemble import RandomForestClassifier

from amp_sklearn.data import FeatureLayout
from amp_sklearn.data.segments import PROTEIN_TOKENS
from amp_sklearn.explain import explain
from amp_sklearn.nn import MLPHead

TOKENS = PROTEIN_TOKENS[:-1]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--tree-pairs", type=int, default=500)
    parser.add_argument("--smoke", action="store_true", help="small sizes, one round")
    parser.add_argument("--only", nargs="*", help="names of the paths to run; by default all")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.pairs, arguments.rounds, arguments.trees, arguments.tree_pairs = 20, 1, 10, 40
    return arguments


def network_cases(n_pairs, seed=0):
    """AE_DNN of the published size on 24 tokens of 150 dimensions: (name, published way, ours)."""
    torch.manual_seed(seed)
    layout = FeatureLayout(TOKENS, 150)
    module = MLPHead(layout.n_tokens, 150, hidden=(1564, 445)).eval()
    x = np.random.RandomState(seed).normal(size=(n_pairs, layout.n_features)).astype(np.float32)
    tensor = torch.from_numpy(x)
    rows = np.random.RandomState(1).randint(0, n_pairs, n_pairs)
    background = x[np.random.RandomState(0).choice(n_pairs, min(200, n_pairs), replace=False)]

    class Column(torch.nn.Module):
        """Output as shap asks for it, (n, 1)."""

        def __init__(self):
            super().__init__()
            self.layers = module.mlp_layers

        def forward(self, x):
            return self.layers(x)

    def captum_gradients():
        gradients = captum.attr.IntegratedGradients(module)
        found = gradients.attribute(tensor, tensor[rows], n_steps=50, internal_batch_size=64)
        return found.detach().numpy()

    def our_gradients():
        return explain(module, x, "integrated_gradients", layout=layout, baseline=x[rows]).feature_values

    def shap_deep():
        explainer = shap.DeepExplainer(Column(), torch.from_numpy(background))
        return explainer.shap_values(tensor)[..., 0]

    def captum_deep():
        explainer = captum.attr.DeepLiftShap(Column())
        # all pairs at once would take tens of gigabytes: it expands every pair by every background row
        parts = [explainer.attribute(part, torch.from_numpy(background)) for part in tensor.split(5)]
        return torch.cat(parts).detach().numpy()

    def our_deep():
        return explain(module, x, "deep_shap", layout=layout, background=background).feature_values

    return [
        ("integrated gradients, captum", captum_gradients, our_gradients),
        ("DeepSHAP, shap", shap_deep, our_deep),
        ("DeepSHAP, captum", captum_deep, our_deep),
    ]


def tree_cases(n_pairs, n_trees, seed=0):
    """AE_RF: exact TreeSHAP of a forest on 3,600 columns, one core and all cores."""
    layout = FeatureLayout(TOKENS, 150)
    random = np.random.RandomState(seed)
    train = random.normal(size=(2000, layout.n_features)).astype(np.float32)
    y = train[:, :20].sum(axis=1) + random.normal(size=2000) > 0
    forest = RandomForestClassifier(n_trees, random_state=42, n_jobs=-1).fit(train, y)
    forest.n_jobs = 1
    x = train[:n_pairs]
    background = train[-200:]

    def library():
        explainer = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent")
        return explainer.shap_values(x, check_additivity=False)[..., 1]

    def library_interventional():
        # given as an array, the library would silently use 100 of the 200 rows
        masker = shap.maskers.Independent(background, max_samples=len(background))
        explainer = shap.TreeExplainer(forest, data=masker, feature_perturbation="interventional")
        return explainer.shap_values(x, check_additivity=False)[..., 1]

    def ours(n_jobs, **settings):
        return lambda: (
            explain(forest, x, "tree_shap", layout=layout, n_jobs=n_jobs, **settings).feature_values
        )

    interventional = {"perturbation": "interventional", "background": background}
    return [
        ("TreeSHAP, shap, one core", library, ours(1)),
        ("TreeSHAP, shap, all cores", library, ours(-1)),
        ("TreeSHAP interventional, shap, one core", library_interventional, ours(1, **interventional)),
    ]


def compare(name, published, ours, rounds):
    """Times of both sides in paired rounds after a small warm-up, and the largest difference."""
    ratios, times = [], {"published": [], "ours": []}
    for _ in range(rounds):
        for side, run in (("published", published), ("ours", ours)):
            started = time.perf_counter()
            found = run()
            times[side].append(time.perf_counter() - started)
            if side == "published":
                expected = found
        ratios.append(times["published"][-1] / times["ours"][-1])
    difference = float(np.abs(found - expected).max())
    return {
        "path": name,
        "ratio": round(statistics.median(ratios), 2),
        "published_s": round(statistics.median(times["published"]), 2),
        "ours_s": round(statistics.median(times["ours"]), 2),
        "largest_difference": difference,
        "largest_value": float(np.abs(expected).max()),
        "pairs": len(found),
        "rounds": rounds,
    }


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    warnings.filterwarnings("ignore")
    for _, _, warm_up in tree_cases(20, 3):  # compiled code is loaded before the clock starts
        warm_up()
    cases = [(case, arguments.pairs) for case in network_cases(arguments.pairs)]
    if arguments.only is None or any("TreeSHAP" in name for name in arguments.only):
        cases += [(case, arguments.tree_pairs) for case in tree_cases(arguments.tree_pairs, arguments.trees)]
    results = []
    for (name, published, ours), _ in cases:
        if arguments.only and name not in arguments.only:
            continue
        results.append(compare(name, published, ours, arguments.rounds))
        print(json.dumps(results[-1]), flush=True)
    if arguments.out:
        machine = {
            "cpu": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "threads": arguments.threads,
            "torch": torch.__version__,
            "shap": shap.__version__,
            "captum": captum.__version__,
        }
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
