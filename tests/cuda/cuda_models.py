"""Small models that the tests on a CUDA device fit."""

from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    LateInteractionClassifier,
    TokenMeanClassifier,
)

DEVICE = "cuda"
SMALL = {"max_epochs": 3, "batch_size": 32, "lr": 3e-3, "random_state": 0, "device": DEVICE}
HEAD = {"hidden1": 16, "hidden2": 8, **SMALL}
ENCODER = {"n_layers": 2, "n_heads": 2, "dim_feedforward": 32, **HEAD}
MAKERS = {
    "amps": lambda **kw: AMPSClassifier(**{**ENCODER, **kw}),
    "amps with embeddings": lambda **kw: AMPSClassifier(
        **{"chain_embedding": True, "position_embedding": True, "symmetric": True, **ENCODER, **kw}
    ),
    "cse": lambda **kw: AMPCSEClassifier(**{**ENCODER, **kw}),
    "gru": lambda **kw: GRUClassifier(**{"n_layers": 2, "hidden_size": 8, **HEAD, **kw}),
    "dpm": lambda **kw: DPMClassifier(**{"hidden3": 4, "symmetric": True, **HEAD, **kw}),
    "ae_dnn": lambda **kw: AEDNNClassifier(**{**HEAD, **kw}),
    "mean": lambda **kw: TokenMeanClassifier(**{**HEAD, **kw}),
    "late": lambda **kw: LateInteractionClassifier(**{"hidden1": 16, "d_model": 8, **SMALL, **kw}),
}
NAMES = list(MAKERS)
