"""Presets: every published system runs from sequences to probabilities, and its search space fits it."""

import numpy as np
import pytest

from amp_sklearn.data import load_yeast_ppi
from amp_sklearn.presets import PRESETS, PUBLISHED_MODEL, make_preset, preset_search_space

QUICK = {"max_epochs": 1, "device": "cpu", "random_state": 0}
SMALL = {"hidden1": 8, "hidden2": 4}
CHANGES = {
    "late-interaction": {**QUICK, "hidden1": 8, "d_model": 4},
    "late-interaction-ensemble": {
        f"estimator__{key}": value for key, value in {**QUICK, "d_model": 4}.items()
    },
    "amps-small": QUICK,
    "ESM2_AMPS": {**QUICK, **SMALL, "n_layers": 1, "dim_feedforward": 8},
    "ESM2_AMP_CSE": {**QUICK, **SMALL, "n_layers": 1, "dim_feedforward": 8},
    "ESM2_DPM": {**QUICK, **SMALL, "hidden3": 4},
    "ESM2_GRU": {**QUICK, **SMALL, "n_layers": 1},
    "ESM2_AMPS_Bernett": {**QUICK, **SMALL, "n_layers": 1, "dim_feedforward": 8},
    "mean_segments": QUICK,
    "mean_CSE": QUICK,
    "AE_RF_segments": {"n_estimators": 5},
    "AE_RF_CSE": {"n_estimators": 5},
    "AE_DNN_segments": QUICK,
    "AE_DNN_CSE": QUICK,
}
TOKENS = {"ESM2_DPM": 2, "ESM2_AMP_CSE": 24, "mean_CSE": 24, "AE_RF_CSE": 24, "AE_DNN_CSE": 24}


@pytest.fixture(scope="module")
def data():
    """24 pairs of short proteins, of both classes."""
    X, y = load_yeast_ppi()
    short = (X["sequence_a"].str.len() < 200) & (X["sequence_b"].str.len() < 200)
    rows = np.concatenate([np.flatnonzero(short & (np.asarray(y) == label))[:12] for label in (0, 1)])
    return X.iloc[rows], np.asarray(y)[rows]


EMBEDDED = [name for name in PRESETS if PRESETS[name].tokens is not None]


@pytest.mark.parametrize("name", EMBEDDED)
def test_from_sequences_to_probabilities(name, data, tmp_path):
    X, y = data
    parameters = {f"classify__{key}": value for key, value in CHANGES[name].items()}
    if PRESETS[name].reduced:
        parameters.update(reduce__max_epochs=1, reduce__n_components=6, reduce__device="cpu")
    model = make_preset(name, "esm2-mini", embed__store=tmp_path, embed__device="cpu", **parameters).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (24, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert model["concatenate"].layout_.n_tokens == TOKENS.get(name, 20)


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_searched_parameter_is_one_of_the_pipeline(name):
    space, pipeline = preset_search_space(name), make_preset(name)
    assert set(space) <= set(pipeline.get_params())
    lowest = {key: getattr(distribution, "low", "sqrt") for key, distribution in space.items()}
    assert all(space[key]._contains(space[key].to_internal_repr(value)) for key, value in lowest.items())
    pipeline.set_params(**lowest)
    assert pipeline["embed"].model == PRESETS[name].model
    assert PRESETS[name].published == (PRESETS[name].model == PUBLISHED_MODEL)


PUBLISHED = {
    "ESM2_AMPS": {
        "hidden1": 640,
        "hidden2": 240,
        "lr": 1.2188e-4,
        "weight_decay": 2.9516e-4,
        "n_layers": 6,
        "n_heads": 8,
        "dim_feedforward": 2048,
        "dropout": 0.3,
        "batch_size": 256,
        "max_epochs": 35,
        "lr_factor": 0.1,
        "lr_patience": 5,
        "min_lr": 1e-8,
    },
    "ESM2_AMP_CSE": {"hidden1": 480, "hidden2": 240, "lr": 9.589e-5, "weight_decay": 1.9146e-2, "n_heads": 8},
    "ESM2_DPM": {"hidden1": 1280, "hidden2": 480, "hidden3": 100, "lr": 9.8765e-6, "weight_decay": 1.5248e-2},
    "ESM2_GRU": {
        "hidden1": 614,
        "hidden2": 299,
        "lr": 2.6929e-5,
        "weight_decay": 3.8509e-5,
        "max_epochs": 80,
    },
    "ESM2_AMPS_Bernett": {"hidden1": 501, "hidden2": 87, "lr": 2.7293e-5, "weight_decay": 1.7727e-5},
    "AE_DNN_segments": {"hidden1": 1796, "hidden2": 382},
    "AE_DNN_CSE": {"hidden1": 1564, "hidden2": 445},
    "AE_RF_CSE": {"random_state": 42},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_values(name):
    parameters = make_preset(name)["classify"].get_params()
    assert {key: parameters[key] for key in PUBLISHED[name]} == PUBLISHED[name]


def test_published_search_space():
    space = preset_search_space("ESM2_DPM")
    hidden3, lr = space["classify__hidden3"], space["classify__lr"]
    assert (hidden3.low, hidden3.high, hidden3.step) == (40, 160, 60)
    assert (lr.low, lr.high, lr.log) == (1e-6, 1e-5, True)


def test_unknown_preset():
    with pytest.raises(
        ValueError,
        match="no preset 'AMPS'; there are late-interaction, late-interaction-ensemble, amps-small, composition, ESM2_AMPS",
    ):
        make_preset("AMPS")


def test_published_systems_have_no_step_that_is_ours():
    for name, preset in PRESETS.items():
        if preset.published:
            steps = list(make_preset(name).named_steps)
            assert steps == ["embed", "concatenate", *(["reduce"] if preset.reduced else []), "classify"]
    assert list(make_preset("amps-small").named_steps) == ["embed", "concatenate", "scale", "classify"]


def test_settings_reach_every_step_that_has_them():
    model = make_preset("AE_DNN_CSE", device="cpu", random_state=3, max_epochs=2, max_length=500, verbose=1)
    assert {step: part.device for step, part in model.steps if hasattr(part, "device")} == dict.fromkeys(
        ("embed", "reduce", "classify"), "cpu"
    )
    assert model["reduce"].random_state == model["classify"].random_state == 3
    assert (model["classify"].max_epochs, model["reduce"].max_epochs) == (2, 50)
    assert (model["embed"].max_length, model["embed"].long_proteins, model["embed"].verbose) == (
        500,
        "window",
        1,
    )
    assert make_preset("AE_RF_CSE")["classify"].random_state == 42
    ensemble = make_preset("late-interaction-ensemble", random_state=3, max_epochs=2, device="cpu")[
        "classify"
    ]
    assert (ensemble.random_state, ensemble.estimator.max_epochs, ensemble.estimator.device) == (3, 2, "cpu")


def test_settings_without_effect_are_refused(data):
    with pytest.raises(ValueError, match="composition reads letters and no embedding: model='esm2-mini'"):
        make_preset("composition", "esm2-mini")
    with pytest.raises(
        ValueError, match="max_epochs is not for 'AE_RF_CSE': its step 'classify' has no such"
    ):
        make_preset("AE_RF_CSE", max_epochs=3)
    with pytest.raises(ValueError, match="is not for 'composition'"):
        make_preset("composition", max_length=300)
    assert make_preset("composition", device="cpu", random_state=1).fit(*data).predict_proba(
        data[0]
    ).shape == (24, 2)
