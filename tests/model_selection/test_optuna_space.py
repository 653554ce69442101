import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import NSGAIISampler, RandomSampler, TPESampler
from sklearn.preprocessing import StandardScaler

from amp_sklearn.model_selection.optuna_space import SearchSpace, TrialSeededSampler, seed_from


def noop():
    """A choice that is a function."""


@pytest.mark.parametrize(
    "choices",
    [
        [(8,), (16, 8), [8], None],
        [StandardScaler(), StandardScaler(with_mean=False), "StandardScaler()"],
        [True, 1, 1.0, "1", "True", None],
        [noop, object(), object()],
        [np.float32(0.5), np.int64(3), np.str_("a")],
    ],
)
def test_choices_are_stored_as_distinct_json_values_and_found_again(choices):
    space = SearchSpace({"p": choices})
    stored = space.distributions["p"].choices
    assert all(s is None or type(s) in (bool, int, float, str) for s in stored)
    assert len({(type(s), s) for s in stored}) == len(choices)
    assert len(set(stored)) == len(choices)  # optuna finds a choice by equality
    assert not any(" at 0x" in str(s) for s in stored)
    for label, choice in zip(stored, choices, strict=True):
        assert space.decode({"p": label})["p"] is choice


def test_labels_are_the_same_in_another_process():
    assert SearchSpace({"p": [noop, (1, 2), object()]}).distributions["p"].choices == (
        "noop",
        "(1, 2)",
        "object",
    )


def test_plain_distributions_stay_as_they_are():
    given = {
        "a": FloatDistribution(0, 1),
        "b": IntDistribution(1, 9, step=2),
        "c": CategoricalDistribution((1, 2)),
    }
    assert SearchSpace(given).distributions == given


@pytest.mark.parametrize("make", [TPESampler, RandomSampler, NSGAIISampler])
def test_draws_depend_on_seed_and_number_only(make):
    space = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}

    def run(n, seed, study=None):
        sampler = TrialSeededSampler(make(), seed)
        if study is None:
            study = optuna.create_study(sampler=sampler)
        study.sampler = sampler
        for _ in range(n):
            trial = study.ask(space)
            study.tell(trial, sum(trial.params.values()))
        return study

    whole = [t.params for t in run(16, seed=0).trials]
    assert len({tuple(p.values()) for p in whole}) == 16
    assert [t.params for t in run(4, 0, run(12, 0)).trials][:12] == whole[:12]
    if make in (TPESampler, RandomSampler):  # the other carries a state of its own from trial to trial
        assert [t.params for t in run(4, 0, run(12, 0)).trials] == whole
    assert [t.params for t in run(16, seed=1).trials] != whole
    assert whole[0]["x"] != whole[0]["y"]


def test_draw_does_not_depend_on_the_order_of_parameters():
    names = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}
    draws = []
    for space in (names, dict(reversed(names.items()))):
        study = optuna.create_study(sampler=TrialSeededSampler(TPESampler(), 0))
        draws.append(study.ask(space).params)
    assert draws[0] == draws[1]


def test_seed_from_a_sampler():
    assert seed_from(TPESampler(seed=3)) == seed_from(TPESampler(seed=3)) != seed_from(TPESampler(seed=4))
    assert seed_from(TPESampler()) != seed_from(TPESampler())
    wrapped = TrialSeededSampler(RandomSampler(seed=1), 0)
    assert seed_from(wrapped) == seed_from(RandomSampler(seed=1))
