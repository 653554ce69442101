"""Attributions of 1,000 pairs against captum and shap called the published way, paired rounds, equal values.

The speed suite (``benchmarks/speed/run.py``) watches these paths at sizes that end soon; this is the whole job: integrated
gradients and DeepSHAP of AE_DNN (24 tokens of 150 dimensions, 1,564 and 445 hidden units) on 1,000 pairs, and TreeSHAP
of 300 trees on one core and on two. Writes a JSON file, and the table of the documentation. Ends with an error if values
differ by more than the tolerance stated in the results.

    python benchmarks/explain/attribution_speed.py                # a quarter of an hour
    python benchmarks/explain/attribution_speed.py --smoke        # a minute: do all sides run and agree?
"""

import argparse
import csv
import json
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import shap
import torch
from captum.attr import DeepLiftShap
from sklearn.ensemble import RandomForestClassifier

BENCHMARKS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCHMARKS))

from baselines.attribution import deep_shap, integrated_gradients, tree_shap  # noqa: E402
from baselines.modules import PublishedAEDNN, seeded  # noqa: E402
from speed.machine import describe  # noqa: E402
from speed.paired import Case, Variant, compare  # noqa: E402

from amp_sklearn.data import PROTEIN_TOKENS, FeatureLayout  # noqa: E402
from amp_sklearn.explain import explain  # noqa: E402
from amp_sklearn.nn import MLPHead  # noqa: E402

RESULTS = BENCHMARKS / "results" / "explain_speed.json"
TABLE = BENCHMARKS.parent / "docs" / "_static" / "explanations" / "speed.csv"
LAYOUT = FeatureLayout(PROTEIN_TOKENS[:-1], 150)
HIDDEN = (1564, 445)
OURS, ONE_CORE, TWO_CORES = "amp_sklearn", "amp_sklearn, one core", "amp_sklearn, two cores"
# at a point of a path where a hidden unit is zero to within rounding, rounding chooses the side of the kink
KINKS = "largest difference: one of 50 points of a path lies on a kink of a ReLU, else rounding"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--background", type=int, default=200)
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--tree-pairs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deep-rounds", type=int, default=2, help="rounds of DeepSHAP, the slowest")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch, both sides")
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), help="by default all")
    parser.add_argument("--smoke", action="store_true", help="small sizes, one round, no table")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", type=Path, default=TABLE)
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.pairs, arguments.background, arguments.rounds, arguments.deep_rounds = 12, 10, 1, 1
        arguments.trees, arguments.tree_pairs, arguments.table = 5, 20, None
    return arguments


def networks():
    """AE_DNN as published and as built here, with the same weights."""
    published = seeded(PublishedAEDNN, n_features=LAYOUT.n_features, hidden=HIDDEN)
    ours = MLPHead(LAYOUT.n_tokens, LAYOUT.width, hidden=HIDDEN).eval()
    ours.load_state_dict(published.state_dict())
    return published, ours


def rows(n):
    return np.random.RandomState(0).normal(size=(n, LAYOUT.n_features)).astype(np.float32)


def gradients_case(arguments):
    published, ours = networks()
    x = rows(arguments.pairs)
    baseline = x[np.random.RandomState(1).randint(0, len(x), len(x))]  # a row per pair, as published

    def attribute():
        settings = {"layout": LAYOUT, "baseline": baseline}
        return explain(ours, x, "integrated_gradients", **settings).feature_values

    case = Case(
        work={"pairs": len(x), "steps": 50, "columns": LAYOUT.n_features},
        published=lambda: integrated_gradients(published, x, baseline),
        variants={OURS: Variant(attribute, 3e-4, None, 3.0)},
        notes=("published way: captum, internal_batch_size=64", KINKS),
    )
    return case, arguments.rounds


def deep_case(arguments):
    published, ours = networks()
    x = rows(arguments.pairs + arguments.background)
    x, background = x[: arguments.pairs], x[arguments.pairs :]

    def captum_way():
        # every pair is expanded by every background row: 1,000 pairs at once would take tens of gigabytes
        explainer, reference = DeepLiftShap(published), torch.from_numpy(background)
        return torch.cat([explainer.attribute(part, reference) for part in torch.from_numpy(x).split(32)])

    def attribute():
        settings = {"layout": LAYOUT, "background": background, "n_background": len(background)}
        return explain(ours, x, "deep_shap", **settings).feature_values

    case = Case(
        work={"pairs": len(x), "background rows": len(background), "columns": LAYOUT.n_features},
        published=captum_way,
        variants={
            OURS: Variant(attribute, 1e-6, None, 3.0),
            "shap DeepExplainer": Variant(lambda: deep_shap(published, x, background), 1e-6, None),
        },
        read_published=lambda found: found.detach().numpy(),
        notes=(
            "published way: captum DeepLiftShap, 32 pairs at a time, as shap is called by the published script",
        ),
    )
    return case, arguments.deep_rounds


def forest(arguments):
    train = rows(2000)
    noise = np.random.RandomState(1).normal(size=len(train))
    model = RandomForestClassifier(arguments.trees, random_state=42, n_jobs=-1)
    model.fit(train, train[:, :20].sum(axis=1) + noise > 0)
    model.n_jobs = 1
    return model, train


def tree_variants(model, x, **settings):
    def attribute(n_jobs):
        return explain(model, x, "tree_shap", layout=LAYOUT, n_jobs=n_jobs, **settings).feature_values

    return {
        ONE_CORE: Variant(lambda: attribute(1), 1e-6, None),
        TWO_CORES: Variant(lambda: attribute(2), 1e-6, None),
    }


def tree_case(arguments):
    model, train = forest(arguments)
    x = train[: arguments.tree_pairs]
    explain(model, x[:2], "tree_shap", layout=LAYOUT)  # compiled code is loaded before any clock starts
    case = Case(
        work={"pairs": len(x), "trees": arguments.trees, "columns": LAYOUT.n_features},
        published=lambda: tree_shap(model, x),
        variants=tree_variants(model, x),
        notes=("published way: shap, which runs on one core",),
    )
    return case, arguments.rounds


def interventional_case(arguments):
    model, train = forest(arguments)
    x, background = train[: max(1, arguments.tree_pairs // 10)], train[-arguments.background :]
    settings = {
        "perturbation": "interventional",
        "background": background,
        "n_background": arguments.background,
    }
    explain(model, x[:2], "tree_shap", layout=LAYOUT, **settings)

    def library():
        # given as an array, shap would silently use 100 of the 200 rows
        masker = shap.maskers.Independent(background, max_samples=len(background))
        explainer = shap.TreeExplainer(model, data=masker, feature_perturbation="interventional")
        return explainer.shap_values(x, check_additivity=False)[..., 1]

    case = Case(
        work={"pairs": len(x), "trees": arguments.trees, "background rows": len(background)},
        published=library,
        variants=tree_variants(model, x, **settings),
        notes=("published way: shap, which runs on one core and keeps leaves in single precision",),
    )
    return case, arguments.rounds


CASES = {
    "integrated gradients": gradients_case,
    "DeepSHAP": deep_case,
    "TreeSHAP": tree_case,
    "TreeSHAP interventional": interventional_case,
}


def scaling(result):
    """How many times faster two cores are than one: median over rounds."""
    one, two = (result["ours"].get(name, {}).get("rounds") for name in (ONE_CORE, TWO_CORES))
    return median(slow / fast for slow, fast in zip(one, two, strict=True)) if one and two else None


def write_table(results, path):
    """The table of docs/explanations.rst."""
    header = ["work", "published way", "published (s)", "by", "time (s)", "ratio (median of rounds)"]
    lines = [[*header, "largest difference"]]
    for name, result in results.items():
        work = ", ".join(f"{number:,} {what}" for what, number in result["work"].items())
        for side, ours in result["ours"].items():
            lines.append(
                [
                    f"{name}: {work}",
                    result["notes"][0].removeprefix("published way: "),
                    f"{result['published']['seconds']['median']:.1f}",
                    side,
                    f"{ours['seconds']['median']:.1f}",
                    f"{ours['ratio']['median']:.1f}",
                    f"{ours['difference']:.0e} of {result['largest_value']:.0e}",
                ]
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    warnings.filterwarnings("ignore")
    found = json.loads(arguments.out.read_text()) if arguments.out.exists() and not arguments.smoke else {}
    results, unequal = found.get("results", {}), []
    for name in arguments.only or CASES:
        case, rounds = CASES[name](arguments)
        result = compare(case, rounds, {}, warm_up=False)
        result["two cores against one"] = scaling(result)
        results[name] = {"date": datetime.now(UTC).isoformat(timespec="seconds"), **result}
        unequal += [f"{name}: {problem}" for problem in result["unequal"]]
        times = {side: round(ours["seconds"]["median"], 1) for side, ours in result["ours"].items()}
        ratios = {side: round(ours["ratio"]["median"], 2) for side, ours in result["ours"].items()}
        seconds = round(result["published"]["seconds"]["median"], 1)
        print(f"{name}: published {seconds} s, {times} s, ratios {ratios}", flush=True)
        facts = {"machine": describe(), "threads": arguments.threads, "results": results}
        if not arguments.smoke:
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            arguments.out.write_text(json.dumps(facts, indent=1) + "\n")
    if arguments.table is not None:
        write_table(results, arguments.table)
    if unequal:
        sys.exit("values differ: " + "; ".join(unequal))


if __name__ == "__main__":
    main()
