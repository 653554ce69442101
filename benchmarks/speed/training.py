"""Training of AMPS at its published size: one pass over some batches, from equal weights."""

import numpy as np
import torch
from baselines.modules import PublishedAMPS, seeded
from baselines.training import DensePairs, predict, train_epoch

from amp_sklearn.classification import AMPSClassifier

from .inputs import WIDTH, labels, plain_state, random_pairs
from .paired import Case, Variant, compare, growth
from .registry import entry

LR, WEIGHT_DECAY = 1.2188e-4, 2.9516e-4
SIZES = {
    "smoke": {"n_pairs": 16, "batch_size": 8, "width": 64, "n_layers": 1, "feed_forward": 64},
    "small": {"n_pairs": 256, "batch_size": 256, "width": WIDTH, "n_layers": 6, "feed_forward": 2048},
    "full": {"n_pairs": 512, "batch_size": 256, "width": WIDTH, "n_layers": 6, "feed_forward": 2048},
}
GROWTH = {"smoke": [8, 16], "small": [32, 64, 128], "full": [128, 256, 512]}
N_TOKENS = 20


def transformer_flop(n_pairs, width, n_layers, feed_forward, hidden=(640, 240)):
    """Multiplications and additions of a forward pass."""
    linear = 2 * n_layers * (4 * width**2 + 2 * width * feed_forward)
    attention = 4 * n_layers * N_TOKENS * width
    head = 2 * (width * hidden[0] + hidden[0] * hidden[1] + hidden[1])
    return float(n_pairs * (N_TOKENS * (linear + attention) + head))


def our_classifier(module, X, *, width, n_layers, feed_forward, batch_size, precision=None, dropout=0.3):
    """An AMPSClassifier with the parameters of a published module."""
    classifier = AMPSClassifier(
        n_layers=n_layers,
        dim_feedforward=feed_forward,
        dropout=dropout,
        batch_size=batch_size,
        precision=precision,
        lr=LR,
        weight_decay=WEIGHT_DECAY,
        random_state=0,
    )
    return classifier.initialize(X.shape[1], layout=X.layout, state_dict=plain_state(module))


def published_side(X, y, *, width, n_layers, feed_forward, dropout=0.3):
    """Module, optimiser and dense pairs of the published way."""
    module = seeded(PublishedAMPS, width=width, n_layers=n_layers, feed_forward=feed_forward, dropout=dropout)
    optimizer = torch.optim.AdamW(module.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
    return module, optimizer, DensePairs(np.asarray(X), y, N_TOKENS)


def differences_after_a_step(shape, n_pairs=8):
    """Largest difference of probabilities after one step without dropout on one batch, by variant."""
    X, y = random_pairs(n_pairs, width=shape["width"]), labels(n_pairs)
    module, optimizer, dense = published_side(X, y, dropout=0.0, **shape)
    ours = {
        name: our_classifier(module, X, batch_size=n_pairs, precision=precision, dropout=0.0, **shape)
        for name, precision in (("float32", None), ("bfloat16", "bfloat16"))
    }
    train_epoch(module, optimizer, dense, batch_size=n_pairs)
    expected = predict(module, dense)["Probability"].to_numpy()
    return {
        name: float(np.abs(model.partial_fit(X, y).predict_proba(X)[:, 1] - expected).max())
        for name, model in ours.items()
    }


@entry("amps_training", "AMPS training, batches of 256")
def amps_training(context):
    parameters = dict(SIZES[context.size])
    n_pairs, batch_size = parameters.pop("n_pairs"), parameters.pop("batch_size")
    X, y = random_pairs(n_pairs, width=parameters["width"]), labels(n_pairs)
    module, optimizer, dense = published_side(X, y, **parameters)
    ours = {
        name: our_classifier(module, X, batch_size=batch_size, precision=precision, **parameters)
        for name, precision in (("float32", None), ("bfloat16", "bfloat16"))
    }
    case = Case(
        work={"pairs": n_pairs, "steps": n_pairs // batch_size, "width": parameters["width"]},
        published=lambda: train_epoch(module, optimizer, dense, batch_size),
        variants={
            "float32": Variant(lambda: ours["float32"].partial_fit(X, y), 1e-4, "float32", 1.3, 0.75),
            "bfloat16": Variant(lambda: ours["bfloat16"].partial_fit(X, y), 0.05, "bfloat16", 2.5),
        },
        flop=3 * transformer_flop(n_pairs, **parameters),
        differences=lambda: differences_after_a_step(parameters),
        notes=(
            "the published way starts from dense pairs in memory: joining its tables is not counted",
            "difference: probabilities after one step from equal weights, without dropout",
        ),
    )
    result = compare(case, context.rounds, context.gemm)
    points = GROWTH[context.size]

    def pass_over(n):
        return lambda: ours["float32"].set_params(batch_size=points[0]).partial_fit(X[:n], y[:n])

    result["growth"] = [growth("training pairs", points, pass_over, repeats=1)]
    return result
