"""Attributions: integrated gradients, DeepSHAP and TreeSHAP at the published sizes."""

import numpy as np
from baselines.attribution import deep_shap, integrated_gradients, tree_shap
from baselines.modules import PublishedAEDNN, seeded
from sklearn.ensemble import RandomForestClassifier

from amp_sklearn.data import FeatureLayout
from amp_sklearn.data.segments import PROTEIN_TOKENS
from amp_sklearn.explain import explain
from amp_sklearn.nn import MLPHead

from .inputs import plain_state
from .paired import Case, Variant, compare, growth
from .registry import entry

LAYOUT = FeatureLayout(PROTEIN_TOKENS[:-1], 150)  # 24 tokens a pair, 3,600 columns
HIDDEN = (1564, 445)
GRADIENT_PAIRS = {"smoke": 8, "small": 100, "full": 1000}
DEEP_PAIRS = {"smoke": (4, 10), "small": (32, 200), "full": (160, 200)}  # pairs, background rows
FORESTS = {"smoke": (5, 20, 200), "small": (50, 100, 2000), "full": (300, 500, 2000)}  # trees, rows, training
GROWTH = {"smoke": (0.5, 1.0), "small": (0.25, 0.5, 1.0), "full": (0.125, 0.25, 0.5, 1.0)}


def _networks():
    """The published network and the package's with the same parameters."""
    published = seeded(PublishedAEDNN, n_features=LAYOUT.n_features, hidden=HIDDEN)
    ours = MLPHead(LAYOUT.n_tokens, LAYOUT.width, hidden=HIDDEN).eval()
    ours.load_state_dict(plain_state(published))
    return published, ours


def _rows(n_rows):
    return np.random.RandomState(0).normal(size=(n_rows, LAYOUT.n_features)).astype(np.float32)


def _points(context, n_rows):
    return [max(1, int(share * n_rows)) for share in GROWTH[context.size]]


def _repeats(context):
    return 1 if context.size == "smoke" else 2


@entry("integrated_gradients", "Integrated gradients, AE_DNN, 50 steps")
def integrated_gradients_entry(context):
    n_pairs = GRADIENT_PAIRS[context.size]
    published, ours = _networks()
    x = _rows(n_pairs)
    baseline = x[np.random.RandomState(1).randint(0, n_pairs, n_pairs)]  # a row per pair, as published

    def attribute(n):
        method = "integrated_gradients"
        return explain(ours, x[:n], method, layout=LAYOUT, baseline=baseline[:n]).feature_values

    case = Case(
        work={"pairs": n_pairs, "columns": LAYOUT.n_features, "steps": 50},
        published=lambda: integrated_gradients(published, x, baseline),
        variants={"float32": Variant(lambda: attribute(n_pairs), 1e-6, None, 5.0)},
    )
    result = compare(case, context.rounds, context.gemm)
    points = _points(context, n_pairs)
    result["growth"] = [growth("pairs", points, lambda n: lambda: attribute(n), repeats=_repeats(context))]
    return result


@entry("deep_shap", "DeepSHAP, AE_DNN, 200 background rows")
def deep_shap_entry(context):
    n_pairs, n_background = DEEP_PAIRS[context.size]
    published, ours = _networks()
    x = _rows(n_pairs + n_background)
    x, background = x[:n_pairs], x[n_pairs:]

    def attribute(n):
        settings = {"background": background, "n_background": n_background}
        return explain(ours, x[:n], "deep_shap", layout=LAYOUT, **settings).feature_values

    case = Case(
        work={"pairs": n_pairs, "columns": LAYOUT.n_features, "background rows": n_background},
        published=lambda: deep_shap(published, x, background),
        variants={"float32": Variant(lambda: attribute(n_pairs), 1e-6, None)},
        notes=("shap in batches of 32, as published",),
    )
    result = compare(case, min(context.rounds, 3), context.gemm)
    points = _points(context, n_pairs)
    result["growth"] = [growth("pairs", points, lambda n: lambda: attribute(n), repeats=_repeats(context))]
    return result


@entry("tree_shap", "TreeSHAP, random forest, 3,600 columns")
def tree_shap_entry(context):
    n_trees, n_rows, n_training = FORESTS[context.size]
    train = _rows(n_training)
    noise = np.random.RandomState(1).normal(size=n_training)
    forest = RandomForestClassifier(n_trees, random_state=42, n_jobs=-1)
    forest.fit(train, train[:, :20].sum(axis=1) + noise > 0)
    forest.n_jobs = 1
    x = train[:n_rows]

    def attribute(n, n_jobs):
        return explain(forest, x[:n], "tree_shap", layout=LAYOUT, n_jobs=n_jobs).feature_values

    attribute(2, 1)  # compiled code is loaded before any clock starts
    case = Case(
        work={"rows": n_rows, "trees": n_trees, "columns": LAYOUT.n_features},
        published=lambda: tree_shap(forest, x),
        variants={
            "one core": Variant(lambda: attribute(n_rows, 1), 1e-6, None, 8.0),
            "two cores": Variant(lambda: attribute(n_rows, 2), 1e-6, None),
        },
        notes=("shap runs on one core",),
    )
    full = context.size == "full"
    result = compare(case, 3 if full else context.rounds, context.gemm, warm_up=not full)
    points = _points(context, n_rows)
    result["growth"] = [growth("rows", points, lambda n: lambda: attribute(n, 1), repeats=_repeats(context))]
    return result
