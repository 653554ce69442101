"""The search space: distributions that any storage can hold, and a sampler whose draws can be repeated."""

import zlib
from collections.abc import Mapping

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler


class SearchSpace:
    """Parameter distributions as given by the user, and as a storage can hold them.

    A storage keeps categorical choices as JSON, where a tuple comes back as a list and an estimator not at
    all; and of choices that compare equal, such as 1, 1.0 and True, it would tell the first only. Such choices are stored under a label (their representation) and looked up again here.

    Parameters
    ----------
    param_distributions : dict of str -> optuna distribution, list or tuple
        Distribution of each parameter; a list or tuple holds the choices of a categorical parameter.

    Raises
    ------
    TypeError
        If this is not a mapping, or a value is neither a distribution nor a list of choices.
    """

    def __init__(self, param_distributions):
        if not isinstance(param_distributions, Mapping):
            raise TypeError(
                "param_distributions must be a dict of parameter name to optuna distribution, "
                f"got {type(param_distributions).__name__}"
            )
        self.distributions: dict[str, BaseDistribution] = {}
        self._choices: dict[str, dict] = {}
        for name, given in param_distributions.items():
            if isinstance(given, CategoricalDistribution | list | tuple):
                choices = given.choices if isinstance(given, CategoricalDistribution) else given
                labels = _labels(choices)
                self.distributions[name] = CategoricalDistribution(tuple(labels))
                self._choices[name] = dict(zip(map(_key, labels), choices, strict=True))
            elif isinstance(given, BaseDistribution):
                self.distributions[name] = given
            else:
                raise TypeError(
                    f"param_distributions[{name!r}] must be an optuna distribution or a list of choices, "
                    f"got {given!r}"
                )

    def draw(self, trial):
        """Let a trial draw each parameter that it does not hold yet."""
        for name, given in self.distributions.items():
            if isinstance(given, FloatDistribution):
                trial.suggest_float(name, given.low, given.high, step=given.step, log=given.log)
            elif isinstance(given, IntDistribution):
                trial.suggest_int(name, given.low, given.high, step=given.step, log=given.log)
            elif isinstance(given, CategoricalDistribution):
                trial.suggest_categorical(name, given.choices)

    def decode(self, params):
        """Stored parameters with the user's own objects in place of labels."""
        return {
            name: self._choices[name].get(_key(value), value) if name in self._choices else value
            for name, value in params.items()
        }


def _key(label):
    """Dictionary key which, unlike the label itself, tells ``1``, ``1.0`` and ``True`` apart."""
    return type(label).__name__, label


def _labels(choices):
    """One JSON value per choice: the choice itself where it is one, else a distinct text."""
    labels = [choice.item() if isinstance(choice, np.generic) else choice for choice in choices]
    for position, label in enumerate(labels):
        # optuna and storages look a choice up by equality, which 1, 1.0 and True pass for one another
        if _is_plain(label) and any(
            label == other for other in labels[:position] if _key(other) != _key(label)
        ):
            labels[position] = f"{label!r} ({type(label).__name__})"
    taken = {_key(label) for label in labels if _is_plain(label)}
    for position, label in enumerate(labels):
        if _is_plain(label):
            continue
        text = label.__qualname__ if hasattr(label, "__qualname__") else repr(label)
        if " at 0x" in text:  # a memory address would differ in the next process
            text = type(label).__qualname__
        if _key(text) in taken:
            text = f"{text}#{position}"
        taken.add(_key(text))
        labels[position] = text
    return labels


def _is_plain(value):
    return value is None or isinstance(value, bool | int | float | str)


class TrialSeededSampler(BaseSampler):
    """Re-seeds a sampler so that a draw depends on the seed, the trial's number and the parameter's name
    only.

    A search that was killed therefore draws, for the trials still missing, what it would have drawn without
    the interruption, and workers that share a study never draw the same numbers.

    Parameters
    ----------
    sampler : optuna sampler
        Sampler that makes the draws, given the trials so far.
    seed : int
        Seed of the search.
    """

    def __init__(self, sampler, seed):
        self.sampler = sampler
        self.seed = seed

    def _reseed(self, trial, name=""):
        entropy = [self.seed, trial.number, zlib.crc32(name.encode())]
        _seed_generators(self.sampler, int(np.random.SeedSequence(entropy).generate_state(1)[0]))

    def before_trial(self, study, trial):
        self._reseed(trial)
        self.sampler.before_trial(study, trial)

    def infer_relative_search_space(self, study, trial):
        return self.sampler.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        self._reseed(trial)
        return self.sampler.sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        self._reseed(trial, param_name)
        return self.sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study, trial, state, values):
        self._reseed(trial)
        self.sampler.after_trial(study, trial, state, values)


def _generators(sampler):
    """Random generators of a sampler and of the samplers inside it."""
    for value in vars(sampler).values():
        if isinstance(value, BaseSampler):
            yield from _generators(value)
        elif isinstance(getattr(value, "rng", None), np.random.RandomState):
            yield value.rng


def _seed_generators(sampler, seed):
    for generator in _generators(sampler):
        generator.seed(seed)


def seed_from(sampler):
    """Seed drawn from a sampler's own generator, so that a sampler made with a seed stays reproducible."""
    for generator in _generators(sampler):
        return int(generator.randint(2**31 - 1))
    return int(np.random.SeedSequence().generate_state(1)[0])
