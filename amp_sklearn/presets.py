"""The published systems, each as a pipeline in one call, with its search space."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from .classification import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    TokenMeanClassifier,
)
from .embedding import ESM2Embedder
from .preprocessing import AutoencoderReducer, PairConcatenator

PUBLISHED_MODEL = "facebook/esm2_t33_650M_UR50D"
SEGMENTS, CSE = "segments", "cls+segments+eos"


def _log(low, high):
    return FloatDistribution(low, high, log=True)


_HEAD = {"hidden1": IntDistribution(480, 640, step=160), "hidden2": IntDistribution(80, 320, step=80)}
_BERNETT = {"lr": _log(1e-5, 1e-3), "weight_decay": _log(1e-5, 1e-4), **_HEAD}
_FOREST = {
    "n_estimators": IntDistribution(100, 1000, step=100),
    "max_depth": IntDistribution(5, 50),
    "min_samples_split": IntDistribution(2, 20),
    "min_samples_leaf": IntDistribution(1, 10),
    "max_features": CategoricalDistribution(("sqrt", "log2")),
}
_AE_DNN = {
    "lr": _log(1e-5, 1e-2),
    "weight_decay": _log(1e-4, 1e-1),
    "hidden1": IntDistribution(500, 2000),
    "hidden2": IntDistribution(100, 600),
}


@dataclass(frozen=True)
class Preset:
    """One published system.

    Parameters
    ----------
    name : str
        Its name in the paper.
    tokens : str
        Tokens of a protein, as `PairConcatenator` takes them.
    classifier : type
        Class of the last step.
    settings : mapping of str to object
        Its published parameters.
    search : mapping of str to optuna distribution
        What a search varies, by parameter of the last step.
    reduced : bool, default=False
        Whether tokens pass the autoencoder.
    notes : str, default=""
        What is not published, and what stands in its place.
    """

    name: str
    tokens: str
    classifier: Callable[..., Any]
    settings: Mapping[str, Any]
    search: Mapping[str, BaseDistribution]
    reduced: bool = False
    notes: str = ""

    def pipeline(self, model=PUBLISHED_MODEL, **parameters):
        """The system as an unfitted pipeline; see `make_preset`."""
        steps = [("embed", ESM2Embedder(model)), ("concatenate", PairConcatenator(self.tokens))]
        if self.reduced:
            steps.append(("reduce", AutoencoderReducer(n_components=150)))
        steps.append(("classify", self.classifier(**self.settings)))
        return Pipeline(steps).set_params(**parameters)

    def search_space(self):
        """Distributions by parameter of the pipeline; see `preset_search_space`."""
        return {f"classify__{name}": distribution for name, distribution in self.search.items()}


_AMPS_SEARCH = {"lr": _log(1e-5, 1e-3), "weight_decay": _log(1e-4, 1e-2), **_HEAD}
_NO_AE = "Training settings of the autoencoder are not published: those of AutoencoderReducer stand in."
_NO_FOREST = f"Parameters of the forest and their search space are not published: both are ours. {_NO_AE}"
_NO_AE_DNN = (
    f"Learning rate, weight decay and search space of AE_DNN are not published: they are ours. {_NO_AE}"
)
_NO_MEAN = "Training settings of the ablation are not published: those of the Transformer stand in."
_STEPPED = "The published program made its learning-rate schedule but never used it; here it is used."

PRESETS = {
    preset.name: preset
    for preset in (
        Preset("ESM2_AMPS", SEGMENTS, AMPSClassifier, {}, _AMPS_SEARCH),
        Preset("ESM2_AMP_CSE", CSE, AMPCSEClassifier, {}, {**_AMPS_SEARCH, "weight_decay": _log(1e-4, 1e-1)}),
        Preset(
            "ESM2_DPM",
            "mean",
            DPMClassifier,
            {},
            {
                "lr": _log(1e-6, 1e-5),
                "weight_decay": _log(1e-3, 1e-1),
                "hidden1": IntDistribution(960, 1280, step=320),
                "hidden2": IntDistribution(320, 640, step=160),
                "hidden3": IntDistribution(40, 160, step=60),
            },
        ),
        Preset("ESM2_GRU", SEGMENTS, GRUClassifier, {}, _BERNETT, notes=_STEPPED),
        Preset(
            "ESM2_AMPS_Bernett",
            SEGMENTS,
            AMPSClassifier,
            {
                "max_epochs": 85,
                "hidden1": 501,
                "hidden2": 87,
                "lr": 2.7293e-5,
                "weight_decay": 1.7727e-5,
                "lr_factor": 0.2,
                "lr_patience": 3,
                "min_lr": 1e-6,
            },
            _BERNETT,
            notes=_STEPPED,
        ),
        Preset("mean_segments", SEGMENTS, TokenMeanClassifier, {}, _AMPS_SEARCH, notes=_NO_MEAN),
        Preset(
            "mean_CSE",
            CSE,
            TokenMeanClassifier,
            {"lr": 9.589e-5, "weight_decay": 1.9146e-2},
            {**_AMPS_SEARCH, "weight_decay": _log(1e-4, 1e-1)},
            notes=_NO_MEAN,
        ),
        *(
            Preset(
                f"AE_RF_{suffix}",
                tokens,
                RandomForestClassifier,
                {"random_state": 42},
                _FOREST,
                reduced=True,
                notes=_NO_FOREST,
            )
            for suffix, tokens in (("segments", SEGMENTS), ("CSE", CSE))
        ),
        *(
            Preset(
                f"AE_DNN_{suffix}",
                tokens,
                AEDNNClassifier,
                {"hidden1": sizes[0], "hidden2": sizes[1]},
                _AE_DNN,
                reduced=True,
                notes=_NO_AE_DNN,
            )
            for suffix, tokens, sizes in (("segments", SEGMENTS, (1796, 382)), ("CSE", CSE, (1564, 445)))
        ),
    )
}
"""All presets by name."""


def _preset(name):
    if name not in PRESETS:
        raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def make_preset(name, model=PUBLISHED_MODEL, **parameters):
    """A published system as an unfitted pipeline with the published hyperparameters.

    Parameters
    ----------
    name : str
        A key of ``PRESETS``: ``"ESM2_AMPS"``, ``"ESM2_AMP_CSE"``, ``"ESM2_DPM"``, ``"ESM2_GRU"``,
        ``"ESM2_AMPS_Bernett"``, ``"mean_segments"``, ``"mean_CSE"``, ``"AE_RF_segments"``, ``"AE_RF_CSE"``,
        ``"AE_DNN_segments"`` or ``"AE_DNN_CSE"``. ``PRESETS[name].notes`` says what is not published.
    model : str, default="facebook/esm2_t33_650M_UR50D"
        ESM-2 model; the published one by default.
    **parameters
        Parameters of the pipeline to change, such as ``classify__max_epochs=5``. Steps are ``embed``,
        ``concatenate``, ``reduce`` (where there is an autoencoder) and ``classify``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Takes pairs of sequences.

    Raises
    ------
    ValueError
        If there is no such preset or parameter.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> from amp_sklearn.presets import make_preset
    >>> pipeline = make_preset("AE_DNN_CSE", model="esm2-mini", classify__max_epochs=5)
    >>> list(pipeline.named_steps)
    ['embed', 'concatenate', 'reduce', 'classify']
    >>> pipeline["classify"]
    AEDNNClassifier(hidden1=1564, hidden2=445, max_epochs=5)
    """
    return _preset(name).pipeline(model, **parameters)


def preset_search_space(name):
    """What the published search varied, by parameter of the pipeline.

    Parameters
    ----------
    name : str
        A key of ``PRESETS``.

    Returns
    -------
    dict of str to optuna.distributions.BaseDistribution
        For `OptunaSearchCV`.

    Raises
    ------
    ValueError
        If there is no such preset.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> from amp_sklearn.presets import preset_search_space
    >>> sorted(preset_search_space("ESM2_AMPS"))
    ['classify__hidden1', 'classify__hidden2', 'classify__lr', 'classify__weight_decay']
    """
    return _preset(name).search_space()
