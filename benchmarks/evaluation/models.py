"""The published systems sized for the comparison tables.

The published hyperparameters belong to ESM-2 650M (width 1280) and hours on a GPU. ``reduced`` sizes the same
architectures for features 192 wide and minutes on two cores; ``published`` leaves every parameter as published.
"""

from amp_sklearn.presets import PRESETS, make_preset

_NETWORK = {"max_epochs": 5, "batch_size": 64, "lr": 5e-4, "hidden1": 128, "hidden2": 64}
_TRANSFORMER = {
    **_NETWORK, "d_model": 64, "n_layers": 2, "n_heads": 4, "dim_feedforward": 128, "dropout": 0.2,
}  # fmt: skip
_FOREST = {"n_estimators": 100, "min_samples_leaf": 3}
REDUCED = {
    "ESM2_AMPS": _TRANSFORMER,
    "ESM2_AMPS_Bernett": _TRANSFORMER,
    "ESM2_AMP_CSE": _TRANSFORMER,
    "ESM2_DPM": {**_NETWORK, "hidden1": 256, "hidden3": 32},
    "ESM2_GRU": {**_NETWORK, "n_layers": 2, "hidden_size": 64},
    "mean_segments": _NETWORK,
    "mean_CSE": _NETWORK,
    "AE_RF_segments": _FOREST,
    "AE_RF_CSE": _FOREST,
    "AE_DNN_segments": {**_NETWORK, "hidden1": 256},
    "AE_DNN_CSE": {**_NETWORK, "hidden1": 256},
}
COMPARED = [name for name in REDUCED if name != "ESM2_AMPS_Bernett"]  # the other AMPS serves every set
AUTOENCODER = {"reduce__n_components": 64, "reduce__max_epochs": 5}


def build(name, encoder, store, settings):
    """Unfitted pipeline of a published system."""
    changed = {}
    if settings == "reduced":
        changed = {f"classify__{key}": value for key, value in REDUCED[name].items()}
        changed |= AUTOENCODER if PRESETS[name].reduced else {}
    return make_preset(name, model=encoder, embed__store=store, **changed)
