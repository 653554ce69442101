"""Attributions: integrated gradients, DeepSHAP, TreeSHAP and attention at the published sizes."""

import tempfile
from itertools import count

import numpy as np
from baselines.attribution import (
    captum_deep_shap,
    deep_shap,
    integrated_gradients,
    tree_shap,
    tree_shap_background,
)
from baselines.modules import PublishedAEDNN, seeded
from sklearn.ensemble import RandomForestClassifier

from amp_sklearn.data import FeatureLayout
from amp_sklearn.data.segments import PROTEIN_TOKENS, SEGMENT_TOKENS
from amp_sklearn.explanation import explain, write_attention
from amp_sklearn.nn import MLPHead, PairTransformer

from .inputs import plain_state
from .paired import Case, Variant, compare, growth
from .registry import entry

LAYOUT = FeatureLayout(PROTEIN_TOKENS[:-1], 150)  # 24 tokens a pair, 3,600 columns
HIDDEN = (1564, 445)
GRADIENT_PAIRS = {"smoke": 8, "small": 100, "full": 1000}
DEEP_PAIRS = {"smoke": (4, 10), "small": (32, 200), "full": (1000, 200)}  # pairs, background rows
FORESTS = {"smoke": (5, 20, 200), "small": (50, 100, 2000), "full": (300, 500, 2000)}  # trees, rows, training
ATTENTION = {"smoke": (64, 16), "small": (5000, 64), "full": (50_000, 64)}  # pairs, width
# at a point of a path where a hidden unit is zero to within rounding, rounding chooses the side of the kink
KINKS = "largest difference: one of 50 points of a path lies on a kink of a ReLU, else rounding"
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
        variants={"float32": Variant(lambda: attribute(n_pairs), 3e-4, None, 5.0)},
        notes=("published way: captum, 64 points of paths at a time", KINKS),
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
        published=lambda: captum_deep_shap(published, x, background),
        variants={
            "float32": Variant(lambda: attribute(n_pairs), 1e-6, None, 3.0),
            "shap's DeepExplainer": Variant(lambda: deep_shap(published, x, background), 1e-6, None),
        },
        notes=(
            "published way: captum's DeepLiftShap, 32 pairs at a time, as the published script calls shap",
        ),
    )
    full = context.size == "full"  # minutes a side
    result = compare(case, 1 if full else context.rounds, context.gemm, warm_up=not full)
    points = _points(context, DEEP_PAIRS["small"][0] if full else n_pairs)
    result["growth"] = [growth("pairs", points, lambda n: lambda: attribute(n), repeats=_repeats(context))]
    return result


def _forest(context):
    """A fitted forest, rows to explain, background rows."""
    n_trees, n_rows, n_training = FORESTS[context.size]
    train = _rows(n_training)
    noise = np.random.RandomState(1).normal(size=n_training)
    forest = RandomForestClassifier(n_trees, random_state=42, n_jobs=-1)
    forest.fit(train, train[:, :20].sum(axis=1) + noise > 0)
    forest.n_jobs = 1
    return forest, train[:n_rows], train[-200:]


@entry("tree_shap", "TreeSHAP, random forest, 3,600 columns")
def tree_shap_entry(context):
    forest, x, _ = _forest(context)
    n_rows = len(x)

    def attribute(n, n_jobs):
        return explain(forest, x[:n], "tree_shap", layout=LAYOUT, n_jobs=n_jobs).feature_values

    attribute(2, 1)  # compiled code is loaded before any clock starts
    case = Case(
        work={"rows": n_rows, "trees": forest.n_estimators, "columns": LAYOUT.n_features},
        published=lambda: tree_shap(forest, x),
        variants={
            "one core": Variant(lambda: attribute(n_rows, 1), 1e-6, None, 8.0),
            "two cores": Variant(lambda: attribute(n_rows, 2), 1e-6, None),
        },
        notes=("shap runs on one core",),
    )
    full = context.size == "full"
    result = compare(case, context.rounds, context.gemm, warm_up=not full)
    points = _points(context, n_rows)
    result["growth"] = [growth("rows", points, lambda n: lambda: attribute(n, 1), repeats=_repeats(context))]
    return result


@entry("tree_shap_interventional", "TreeSHAP against 200 background rows, random forest")
def tree_shap_interventional_entry(context):
    forest, x, background = _forest(context)
    x = x[: max(1, len(x) // 10)]
    settings = {"perturbation": "interventional", "background": background, "n_background": len(background)}

    def attribute(n_jobs):
        return explain(forest, x, "tree_shap", layout=LAYOUT, n_jobs=n_jobs, **settings).feature_values

    attribute(1)
    case = Case(
        work={"rows": len(x), "trees": forest.n_estimators, "background rows": len(background)},
        published=lambda: tree_shap_background(forest, x, background),
        variants={
            "one core": Variant(lambda: attribute(1), 1e-6, None),
            "two cores": Variant(lambda: attribute(2), 1e-6, None),
        },
        notes=("shap runs on one core and keeps leaves in single precision",),
    )
    full = context.size == "full"
    return compare(case, 2 if full else context.rounds, context.gemm, warm_up=not full)


@entry("attention_stream", "Attention of many pairs, streamed to disk")
def attention_stream_entry(context):
    n_pairs, width = ATTENTION[context.size]
    layout = FeatureLayout(SEGMENT_TOKENS, width)
    sizes = {"n_tokens": layout.n_tokens, "width": width, "n_heads": 8, "dim_feedforward": 2 * width}
    network = seeded(PairTransformer, **sizes)
    x = np.random.default_rng(0).standard_normal((n_pairs, layout.n_features), dtype=np.float32)
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:

        def write(n):
            store = write_attention(
                f"{folder}/{next(numbers)}", network, x[:n], layout=layout, dtype="float16"
            )
            return store.token_maps.shape

        case = Case(
            work={"pairs": n_pairs, "layers": 6, "width": width},
            published=None,
            variants={"float32": Variant(lambda: write(n_pairs), 0.0, None)},
            notes=(
                "all maps of all layers would be "
                f"{n_pairs * 6 * layout.n_tokens**2 * 4 / 2**30:.2f} GiB in memory",
            ),
        )
        full = context.size == "full"
        result = compare(case, 1 if full else context.rounds, context.gemm, warm_up=not full)
        result["growth"] = [growth("pairs", _points(context, n_pairs), lambda n: lambda: write(n), repeats=1)]
    return result
