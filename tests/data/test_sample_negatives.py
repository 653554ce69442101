"""sample_negatives: never a known positive, never twice, degrees matched, every possible pair reached."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from amp_sklearn.classification import ProteinFrequencyClassifier
from amp_sklearn.data import load_bernett_mini, negative_strategies, sample_negatives
from amp_sklearn.data.negative_strategies import pair_codes, pairs_of_codes
from amp_sklearn.exceptions import PairTableWarning

NAMES = "ABCDEFGHIJKL"
POSITIVES = st.lists(st.tuples(*[st.sampled_from(NAMES)] * 2), min_size=1, max_size=12)
quick = settings(deadline=None, max_examples=60)


def unordered(pairs):
    return [frozenset(pair) for pair in pairs]


def check(positives, negatives, exclude=(), self_pairs=False):
    drawn = unordered(negatives.tolist())
    assert len(set(drawn)) == len(drawn)
    assert not set(drawn) & (set(unordered(positives)) | set(unordered(exclude)))
    assert set().union(*drawn, ()) <= set().union(*unordered(positives))
    assert self_pairs or all(len(pair) == 2 for pair in drawn)


@given(st.lists(st.tuples(st.integers(0, 10**5), st.integers(0, 10**5)), min_size=1))
@quick
def test_codes_are_without_gap_and_have_a_way_back(pairs):
    pairs = np.sort(np.array(pairs), axis=1)
    np.testing.assert_array_equal(pairs_of_codes(pair_codes(pairs)), pairs)
    np.testing.assert_array_equal(pair_codes(pairs_of_codes(np.arange(300))), np.arange(300))


@quick
@given(POSITIVES, POSITIVES, st.floats(0.2, 4), st.booleans(), st.integers(0, 100))
def test_uniform(positives, exclude, ratio, self_pairs, seed):
    options = {"strategy": "uniform", "ratio": ratio, "exclude": exclude, "self_pairs": self_pairs}
    names = sorted(set().union(*unordered(positives)))
    possible = {frozenset((a, b)) for a in names for b in names if self_pairs or a != b}
    possible -= {*unordered(positives), *unordered(exclude)}
    wanted = round(ratio * len(set(unordered(positives))))
    if wanted > len(possible):
        with pytest.raises(
            ValueError, match=f"{wanted} negatives are asked for.* have {len(possible)} pairs"
        ):
            sample_negatives(positives, random_state=seed, **options)
    else:
        negatives = sample_negatives(positives, random_state=seed, **options)
        assert len(negatives) == wanted
        check(positives, negatives, exclude, self_pairs)
        again = sample_negatives(positives, random_state=seed, **options)
        np.testing.assert_array_equal(negatives, again)


@quick
@given(POSITIVES, st.integers(1, 2), st.integers(0, 100))
def test_degrees(positives, ratio, seed):
    distinct = set(unordered(positives))
    assume(all(len(pair) == 2 for pair in distinct))
    degree = Counter(name for pair in distinct for name in pair)
    try:
        negatives = sample_negatives(positives, ratio=ratio, random_state=seed)
    except ValueError as error:
        assert "Lower ratio" in str(error)
        return
    check(positives, negatives)
    assert Counter(negatives.ravel().tolist()) == {name: ratio * d for name, d in degree.items()}


def test_every_possible_pair_is_as_likely():
    positives = [["A", "B"], ["C", "D"], ["E", "A"]]
    counts = Counter(
        frozenset(pair)
        for seed in range(700)
        for pair in sample_negatives(positives, strategy="uniform", ratio=1 / 3, random_state=seed).tolist()
    )
    assert len(counts) == 7 and all(60 < count < 145 for count in counts.values())  # 100 expected, sd 9.3


@pytest.mark.parametrize("strategy", ["uniform", "degree"])
def test_real_pairs_keep_their_form(strategy):
    X, y = load_bernett_mini("train")
    positives = X[y == 1]
    negatives = sample_negatives(positives, strategy=strategy, ratio=1.5, random_state=0)
    assert negatives.shape == (2250, 2) and negatives.index.names == positives.index.names
    check(positives.to_numpy().tolist(), negatives.to_numpy())
    sequence_of = dict(
        zip(positives.index.to_frame().to_numpy().ravel(), positives.to_numpy().ravel(), strict=True)
    )
    for (a, b), (sequence_a, sequence_b) in zip(negatives.index, negatives.to_numpy(), strict=True):
        assert (sequence_of[a], sequence_of[b]) == (sequence_a, sequence_b)


def test_only_uniform_negatives_let_a_count_of_partners_win():
    X, y = load_bernett_mini("train")
    positives = X[y == 1]
    accuracy = {}
    for strategy in ("uniform", "degree"):
        both = pd.concat([positives, sample_negatives(positives, strategy=strategy, random_state=0)])
        label = np.repeat([1, 0], [len(positives), len(both) - len(positives)])
        accuracy[strategy] = ProteinFrequencyClassifier(smoothing=0.1).fit(both, label).score(both, label)
    assert accuracy["uniform"] > 0.7 > accuracy["degree"] == 0.5


def test_compartments():
    where = {"P1": "nucleus", "P2": {"nucleus", "cytosol"}, "P3": "membrane", "P4": ["membrane", "cytosol"]}
    positives = pd.DataFrame(
        [["MA", "MC"], ["MC", "MD"], ["MD", "ME"], ["ME", "MF"]],
        columns=["sequence_a", "sequence_b"],
        index=pd.MultiIndex.from_tuples(
            [("P1", "P2"), ("P2", "P3"), ("P3", "P4"), ("P4", "P5")], names=["a", "b"]
        ),
    )
    options = {"strategy": "compartments", "compartments": where, "ratio": 0.5}
    with pytest.warns(
        PairTableWarning, match="1 of 5 proteins have no compartment and are in no negative pair: P5"
    ):
        negatives = sample_negatives(positives, random_state=0, **options)
    assert {frozenset(pair) for pair in negatives.index} == {frozenset({"P1", "P3"}), frozenset({"P1", "P4"})}
    with (
        pytest.warns(PairTableWarning),
        pytest.raises(ValueError, match="have 2 pairs in different compartments"),
    ):
        sample_negatives(positives, **options | {"ratio": 1})
    with pytest.raises(ValueError, match="needs compartments"):
        sample_negatives(positives, strategy="compartments")
    with (
        pytest.warns(PairTableWarning),
        pytest.raises(ValueError, match="no protein of the positives has a compartment"),
    ):
        sample_negatives(positives, strategy="compartments", compartments={"Q1": "nucleus"})


def test_compartments_of_many_proteins_in_blocks():
    names = [f"P{number}" for number in range(700)]
    where = {name: "abcd"[number % 4] for number, name in enumerate(names)}
    positives = list(zip(names, names[1:] + names[:1], strict=True))
    negatives = sample_negatives(
        positives, strategy="compartments", compartments=where, ratio=20, random_state=1
    )
    check(positives, negatives)
    assert len(negatives) == 14000
    assert all(where[a] != where[b] for a, b in negatives)
    assert max(negatives.ravel().tolist().count(name) for name in names[:20]) < 80  # 40 expected


def test_errors():
    star = [["hub", name] for name in "abcd"]
    with pytest.raises(
        ValueError, match=r"1 of 5 proteins cannot occur 1 times as often.* hub would need 4 partners"
    ):
        sample_negatives(star)
    with pytest.raises(ValueError, match="strategy must be one of"):
        sample_negatives(star, strategy="random")
    with pytest.raises(ValueError, match="must be positive, got 0"):
        sample_negatives(star, ratio=0)
    with pytest.raises(ValueError, match="two proteins a row"):
        sample_negatives([["a"]])
    with pytest.raises(ValueError, match="positives lack a protein in 1 rows, first in row 1"):
        sample_negatives([["a", "b"], ["a", None]])
    square = [["a", "b"], ["c", "d"], ["a", "c"], ["b", "d"]]
    with pytest.raises(ValueError, match="Lower ratio, or use strategy='uniform'"):
        sample_negatives(square)  # each protein has one partner left and needs two


def hubs_without_partners(n_hubs, n_leaves, n_extras):
    """Every hub interacts with every leaf, extras with each other.

    Each protein has enough partners left, but hubs have more ends than other hubs and extras can take together.
    """
    hubs = [f"hub{k}" for k in range(n_hubs)]
    leaves = [f"leaf{k}" for k in range(n_leaves)]
    extras = [f"extra{k}" for k in range(n_extras)]
    return [(hub, leaf) for hub in hubs for leaf in leaves] + list(
        zip(extras[::2], extras[1::2], strict=True)
    )


def test_swaps_end_when_their_budget_is_used_up(monkeypatch):
    ended = []
    repair = negative_strategies._Swaps.repair

    def observed(swaps, *arguments):
        budget, result = swaps.left, repair(swaps, *arguments)
        ended.append((budget, swaps.left, result, len(swaps.bad())))
        return result

    monkeypatch.setattr(negative_strategies._Swaps, "repair", observed)
    positives = hubs_without_partners(20, 60, 60)
    with pytest.raises(ValueError, match="The largest feasible ratio lies near") as raised:
        sample_negatives(positives, sides=None, random_state=0)
    [(budget, left, repaired, n_bad)] = ended
    assert budget == 20 * len(positives) + 100_000  # swaps to try, whatever the pairs
    assert left == 0 and not repaired
    # 1,200 ends of hubs: at most 20 * 19 of them go to other hubs and 60 to extras, the others into bad pairs
    assert n_bad >= (1200 - 380 - 60) / 2
    feasible = np.floor(100 * (1 - n_bad / len(positives))) / 100
    assert f"lies near {feasible:g}." in str(raised.value) and 0 < feasible < 1
    assert "use strategy='uniform'" in str(raised.value)
    assert len(sample_negatives(positives, strategy="uniform", sides=None, random_state=0)) == len(positives)


def test_a_small_set_without_enough_partners_ends_too():
    with pytest.raises(ValueError, match=r"no negatives were found in which every protein occurs 1 times"):
        sample_negatives(hubs_without_partners(3, 6, 6), sides=None, random_state=0)
