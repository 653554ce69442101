"""The models of the comparison table: every published system and the baselines, by name.

The published hyperparameters belong to ESM-2 650M (width 1280) and hours on a GPU. ``REDUCED`` sizes the same
architectures for features 192 wide and minutes on two cores; ``published`` leaves every parameter as published.
"""

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amp_sklearn.preprocessing import CompositionEncoder
from amp_sklearn.presets import PRESETS, make_preset

_NETWORK = {"max_epochs": 10, "batch_size": 128, "lr": 1e-3, "hidden1": 128, "hidden2": 64}
_TRANSFORMER = {
    **_NETWORK,
    "d_model": 64,
    "n_layers": 2,
    "n_heads": 4,
    "dim_feedforward": 128,
    "dropout": 0.2,
}
_REDUCED_CLASSIFIERS = {
    "ESM2_AMPS": _TRANSFORMER,
    "ESM2_AMP_CSE": _TRANSFORMER,
    "ESM2_DPM": {**_NETWORK, "hidden1": 256, "hidden3": 32},
    "ESM2_GRU": {**_NETWORK, "n_layers": 2, "hidden_size": 64},
    "mean_segments": _NETWORK,
    "mean_CSE": _NETWORK,
    "AE_RF_segments": {"n_estimators": 300, "min_samples_leaf": 3},
    "AE_RF_CSE": {"n_estimators": 300, "min_samples_leaf": 3},
    "AE_DNN_segments": {**_NETWORK, "hidden1": 256},
    "AE_DNN_CSE": {**_NETWORK, "hidden1": 256},
}
REDUCED = {
    name: {f"classify__{key}": value for key, value in settings.items()}
    | ({"reduce__n_components": 64, "reduce__max_epochs": 10} if PRESETS[name].reduced else {})
    for name, settings in _REDUCED_CLASSIFIERS.items()
}

_BASELINES = {
    "composition, logistic regression": lambda seed: make_pipeline(
        CompositionEncoder(), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
    ),
    "composition, random forest": lambda seed: make_pipeline(
        CompositionEncoder(), RandomForestClassifier(300, min_samples_leaf=3, random_state=seed)
    ),
}

MODELS = (*_REDUCED_CLASSIFIERS, *_BASELINES)


def build(name, encoder, store, seed, published=False):
    """Unfitted pipeline from pairs of sequences to probabilities."""
    if name in _BASELINES:
        return _BASELINES[name](seed)
    seeds = {"classify__random_state": seed} | (
        {"reduce__random_state": seed} if PRESETS[name].reduced else {}
    )
    settings = {} if published else REDUCED[name]
    return make_preset(name, model=encoder, embed__store=store, **settings, **seeds)
