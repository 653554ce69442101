"""Prediction: AMPS, DPM and AE_DNN at their published sizes, from features of proteins to probabilities of pairs."""

from itertools import pairwise

import numpy as np
from baselines.modules import PublishedAEDNN, PublishedAMPS, PublishedDPM, seeded
from baselines.training import DensePairs, predict

from amp_sklearn.classification import AEDNNClassifier, AMPSClassifier, DPMClassifier
from amp_sklearn.data.segments import PROTEIN_TOKENS

from .inputs import WIDTH, labels, plain_state, random_pairs
from .paired import Case, Variant, compare, growth
from .registry import entry
from .training import N_TOKENS, transformer_flop

AMPS_PAIRS = {"smoke": 12, "small": 256, "full": 768}
FLAT_PAIRS = {"smoke": 200, "small": 4000, "full": 11188}
GROWTH = {"smoke": (0.5, 1.0), "small": (0.25, 0.5, 1.0), "full": (0.125, 0.25, 0.5, 1.0)}
DPM_HIDDEN, AE_DNN_HIDDEN = (1280, 480, 100), (1564, 445)
NOTE = "the published way starts from dense pairs in memory: joining its tables is not counted"


def _growth(context, model, X):
    points = [int(share * len(X)) for share in GROWTH[context.size]]
    repeats = 1 if context.size == "smoke" else 2
    return [growth("pairs", points, lambda n: lambda: model.predict_proba(X[:n]), repeats=repeats)]


def _compare(context, X, module, models, goals, flop, tolerances, tokens=None):
    """Paired prediction by a published module and by fitted classifiers, by variant."""
    dense = DensePairs(np.asarray(X), labels(len(X)), tokens)

    def variant(name):
        precision = name if name in ("float32", "bfloat16") else "float32"
        return Variant(
            lambda: models[name].predict_proba(X)[:, 1], tolerances[name], precision, goals.get(name)
        )

    case = Case(
        work={"pairs": len(X), "proteins": len(X.features), "width": X.layout.width},
        published=lambda: predict(module, dense),
        variants={name: variant(name) for name in models},
        flop=flop,
        read_published=lambda table: table["Probability"].to_numpy(),
        notes=(NOTE,),
    )
    result = compare(case, context.rounds, context.gemm)
    result["growth"] = _growth(context, next(iter(models.values())), X)
    return result


@entry("amps_prediction", "AMPS prediction")
def amps_prediction(context):
    shape = {"width": 64, "n_layers": 1} if context.size == "smoke" else {"width": WIDTH, "n_layers": 6}
    X = random_pairs(AMPS_PAIRS[context.size], width=shape["width"])
    module = seeded(PublishedAMPS, **shape)
    models = {
        name: AMPSClassifier(n_layers=shape["n_layers"], precision=precision).initialize(
            X.shape[1], layout=X.layout, state_dict=plain_state(module)
        )
        for name, precision in (("float32", None), ("bfloat16", "bfloat16"))
    }
    flop = transformer_flop(len(X), feed_forward=2048, **shape)
    goals, tolerances = {"float32": 1.6, "bfloat16": 3.0}, {"float32": 1e-5, "bfloat16": 0.05}
    return _compare(context, X, module, models, goals, flop, tolerances, tokens=N_TOKENS)


@entry("dpm_prediction", "DPM prediction")
def dpm_prediction(context):
    width = 64 if context.size == "smoke" else WIDTH
    X = random_pairs(FLAT_PAIRS[context.size], ("mean",), width)
    module = seeded(PublishedDPM, width=width, hidden=DPM_HIDDEN)
    models = {
        name: DPMClassifier(precision=precision).initialize(
            X.shape[1], layout=X.layout, state_dict=plain_state(module)
        )
        for name, precision in (("float32", None), ("bfloat16", "bfloat16"))
    }
    flop = _dense_flop(X, DPM_HIDDEN)
    tolerances = {"float32": 1e-5, "bfloat16": 0.05}
    return _compare(context, X, module, models, {"float32": 5.0}, flop, tolerances)


@entry("ae_dnn_prediction", "AE_DNN prediction")
def ae_dnn_prediction(context):
    n_components = 6 if context.size == "smoke" else 150
    X = random_pairs(FLAT_PAIRS[context.size], PROTEIN_TOKENS[:-1], n_components)
    module = seeded(PublishedAEDNN, n_features=X.shape[1], hidden=AE_DNN_HIDDEN)
    model = AEDNNClassifier(hidden1=AE_DNN_HIDDEN[0], hidden2=AE_DNN_HIDDEN[1]).initialize(
        X.shape[1], layout=X.layout, state_dict=plain_state(module)
    )
    flop = _dense_flop(X, AE_DNN_HIDDEN)
    return _compare(context, X, module, {"float32": model}, {}, flop, {"float32": 1e-5})


def _dense_flop(X, hidden):
    """What the work takes at least: the first layer once per protein and block, the others once per pair."""
    first = len(X.features) * X.shape[1] * hidden[0]
    sizes = (*hidden, 1)
    others = sum(n_in * n_out for n_in, n_out in pairwise(sizes))
    return 2.0 * (first + len(X) * others)
