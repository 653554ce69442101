"""Pipelines from pairs of sequences to probabilities by name: the published systems, those of this package, the baseline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from .classification import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    LateInteractionClassifier,
    PairEnsembleClassifier,
    TokenMeanClassifier,
)
from .embedding import ESM2Embedder
from .model_selection import make_baseline
from .preprocessing import AutoencoderReducer, PairConcatenator, ProteinScaler

PUBLISHED_MODEL = "facebook/esm2_t33_650M_UR50D"
BUNDLED_MODEL = "esm2-mini"
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


# A Transformer of the published kind, small enough to be cross-validated twice in minutes on two cores.
_SMALL = {
    "d_model": 64, "n_layers": 2, "n_heads": 4, "dim_feedforward": 128, "hidden1": 128, "hidden2": 64,
    "dropout": 0.2, "lr": 1e-3, "batch_size": 128, "max_epochs": 5,
}  # fmt: skip
_LATE = {
    "lr": _log(2e-4, 5e-3),
    "weight_decay": _log(1e-3, 1e-1),
    "dropout": FloatDistribution(0.0, 0.5),
    "hidden1": IntDistribution(64, 256, step=64),
    "d_model": IntDistribution(8, 64, step=8),
    "n_channels": IntDistribution(1, 8),
    "max_epochs": IntDistribution(2, 16),
}


@dataclass(frozen=True)
class Preset:
    """One system: a pipeline, its settings, and what a search varies.

    Parameters
    ----------
    name : str
        Its name; that of the paper for a published system.
    tokens : str or None
        Tokens of a protein, as `PairConcatenator` takes them; None for a system that reads letters and no embedding.
    classifier : callable
        Class of the last step; of a system that reads letters, what makes the whole pipeline.
    settings : mapping of str to object
        Its parameters.
    search : mapping of str to optuna distribution
        What a search varies, by parameter of the last step.
    reduced : bool, default=False
        Whether tokens pass the autoencoder.
    scaled : bool, default=False
        Whether features are scaled per protein (`ProteinScaler`).
    model : str, default=PUBLISHED_MODEL
        ESM-2 model where no other is given.
    notes : str, default=""
        What is not published, and what stands in its place.
    """

    name: str
    tokens: str | None
    classifier: Callable[..., Any]
    settings: Mapping[str, Any]
    search: Mapping[str, BaseDistribution]
    reduced: bool = False
    scaled: bool = False
    model: str = PUBLISHED_MODEL
    notes: str = ""

    @property
    def published(self):
        """Whether it is a system of the publication, left as it was."""
        return self.model == PUBLISHED_MODEL

    def pipeline(self, model=None, **parameters):
        """The system as an unfitted pipeline; see `make_preset`."""
        if self.tokens is None:
            if model is not None:
                raise ValueError(f"{self.name} reads letters and no embedding: model={model!r} has no effect")
            return self.classifier(**self.settings).set_params(**parameters)
        embedder = ESM2Embedder(self.model if model is None else model)
        steps = [("embed", embedder), ("concatenate", PairConcatenator(self.tokens))]
        if self.scaled:
            steps.append(("scale", ProteinScaler()))
        if self.reduced:
            steps.append(("reduce", AutoencoderReducer(n_components=150)))
        steps.append(("classify", clone(self.classifier(**self.settings))))  # presets share no estimator
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
        Preset(
            "late-interaction",
            SEGMENTS,
            LateInteractionClassifier,
            {},
            _LATE,
            scaled=True,
            model=BUNDLED_MODEL,
        ),
        Preset(
            "late-interaction-ensemble",
            SEGMENTS,
            PairEnsembleClassifier,
            {"estimator": LateInteractionClassifier(), "n_repeats": 3},
            {f"estimator__{name}": distribution for name, distribution in _LATE.items()},
            scaled=True,
            model=BUNDLED_MODEL,
        ),
        Preset(
            "amps-small",
            SEGMENTS,
            AMPSClassifier,
            _SMALL,
            {**_AMPS_SEARCH, "lr": _log(1e-4, 5e-3), "hidden1": IntDistribution(64, 256, step=64)},
            scaled=True,
            model=BUNDLED_MODEL,
        ),
        Preset("composition", None, make_baseline, {"name": "composition_logistic"}, {}, model=BUNDLED_MODEL),
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


def make_preset(
    name,
    model=None,
    *,
    max_length=None,
    device=None,
    random_state=None,
    max_epochs=None,
    verbose=None,
    **parameters,
):
    """A system by name, as an unfitted pipeline.

    Parameters
    ----------
    name : str
        A key of ``PRESETS``. Of this package: ``"late-interaction"`` (the one to start with), ``"late-interaction-ensemble"``
        (the mean of three of them), ``"amps-small"`` (a
        Transformer of the published kind that trains in minutes on two cores) and ``"composition"`` (logistic regression on
        residue and dipeptide frequencies, the baseline that reads no embedding). As published: ``"ESM2_AMPS"``,
        ``"ESM2_AMP_CSE"``, ``"ESM2_DPM"``, ``"ESM2_GRU"``, ``"ESM2_AMPS_Bernett"``, ``"mean_segments"``, ``"mean_CSE"``,
        ``"AE_RF_segments"``, ``"AE_RF_CSE"``, ``"AE_DNN_segments"`` or ``"AE_DNN_CSE"``; ``PRESETS[name].notes`` says what
        is not published.
    model : str or path-like, default=None
        ESM-2 model, see ``ESM2Embedder``; None is the bundled ``"esm2-mini"`` for systems of this package and
        ``"facebook/esm2_t33_650M_UR50D"`` for published ones.
    max_length : int, default=None
        Longer proteins are embedded in overlapping windows of so many residues; None: every protein whole.
    device : str, default=None
        Torch device of every step that has one; None leaves the default.
    random_state : int, default=None
        Seed of every step that draws random numbers; None leaves the preset's own.
    max_epochs : int, default=None
        Training epochs of the classifier; None is the preset's own.
    verbose : int, default=None
        Whether the embedder shows its progress; None leaves the default.
    **parameters
        Parameters of the pipeline to change, such as ``classify__dropout=0.3``. Steps are ``embed``, ``concatenate``,
        ``scale`` and ``reduce`` (where there are such) and ``classify``; for ``"composition"`` those of
        `amp_sklearn.model_selection.make_baseline`.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Takes pairs of sequences.

    Raises
    ------
    ValueError
        If there is no such preset or parameter, or a setting would have no effect.

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
    >>> list(make_preset("late-interaction").named_steps)
    ['embed', 'concatenate', 'scale', 'classify']
    """
    pipeline = _preset(name).pipeline(model)
    if max_length is not None:
        _give(name, [pipeline.steps[0]], max_length=max_length, long_proteins="window")
    if max_epochs is not None:
        _give(name, [pipeline.steps[-1]], max_epochs=max_epochs)
    if verbose is not None and name != "composition":
        _give(name, [pipeline.steps[0]], verbose=verbose)
    for parameter, value in {"device": device, "random_state": random_state}.items():
        if value is not None:  # a step without it computes the same on every device, with every seed
            having = [
                s for s in pipeline.steps if {parameter, f"estimator__{parameter}"} & set(s[1].get_params())
            ]
            _give(name, having, **{parameter: value})
    return pipeline.set_params(**parameters)


def _give(name, steps, **settings):
    """Set parameters of some steps, of an ensemble those of its members; an error if a step has no such parameter."""
    for step, part in steps:
        known = part.get_params()
        for key, value in settings.items():
            places = [place for place in (key, f"estimator__{key}") if place in known]
            if not places:
                raise ValueError(f"{key} is not for {name!r}: its step {step!r} has no such parameter")
            part.set_params(**{places[0]: value})


def preset_search_space(name):
    """What a search varies, by parameter of the pipeline; for a published system what the published search varied.

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
