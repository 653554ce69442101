"""Two kinds of protein: found or stated, kept by negatives; degree matching ends within bounds."""

import numpy as np
import pytest

from amp_sklearn.audit import audit_pairs
from amp_sklearn.data import find_sides, sample_negatives
from amp_sklearn.exceptions import PairTableWarning


def host_virus(n_hosts=150, n_virus=8, n_pairs=150, seed=0):
    """Positives of host and virus, the proteins of a pair in any order."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(n_hosts * n_virus, n_pairs, replace=False)
    return np.column_stack([[f"H{c // n_virus}" for c in codes], [f"V{c % n_virus}" for c in codes]]).astype(
        object
    )


def sides_of(pairs):
    return [{name[0] for name in pair} for pair in pairs]


@pytest.mark.parametrize("strategy", ["degree", "uniform", "compartments"])
@pytest.mark.parametrize("swap", [False, True])
def test_negatives_keep_sides(strategy, swap):
    positives = host_virus()
    if swap:
        positives[::2] = positives[::2, ::-1]
    options = {"strategy": strategy, "random_state": 0}
    if strategy == "compartments":
        options["compartments"] = {name: name[-1] for name in positives.ravel()}
    with pytest.warns(PairTableWarning, match="two kinds of protein"):
        negatives = sample_negatives(positives, **options)
    assert len(negatives) == 150 and all(kinds == {"H", "V"} for kinds in sides_of(negatives))
    drawn = {frozenset(pair) for pair in negatives}
    assert len(drawn) == 150 and not drawn & {frozenset(pair) for pair in positives}
    if not swap:
        assert {name[0] for name in negatives[:, 0]} == {"H"}  # the columns tell no label either
    if strategy == "degree":
        for name in np.unique(positives):
            assert (negatives == name).sum() == (positives == name).sum()
    free = sample_negatives(positives, sides=None, strategy="uniform", random_state=0)
    assert any(len(kinds) == 1 for kinds in sides_of(free))
    stated = {name: name[0] for name in positives.ravel()}
    assert all(
        len(kinds) == 2 for kinds in sides_of(sample_negatives(positives, sides=stated, random_state=0))
    )


def test_sides_that_do_not_fit():
    positives = host_virus()
    with pytest.raises(ValueError, match="sides lacks 1 protein"):
        sample_negatives(positives, sides={name: name[0] for name in positives.ravel() if name != "V0"})
    with pytest.raises(ValueError, match="positives have both proteins on one side"):
        sample_negatives(positives, sides={name: name[-1] in "02468" for name in positives.ravel()})
    with pytest.raises(ValueError, match="sides must be 'auto', None or a mapping"):
        sample_negatives(positives, sides="host")


def test_every_pair_across_can_be_drawn():
    positives = host_virus(10, 8, 40)
    with pytest.warns(PairTableWarning):
        everything = sample_negatives(positives, strategy="uniform", ratio=1, random_state=0)
    assert len({frozenset(pair) for pair in everything}) == 40  # 80 pairs across, 40 of them positive
    with (
        pytest.warns(PairTableWarning),
        pytest.raises(ValueError, match="have 40 pairs of one protein of either"),
    ):
        sample_negatives(positives, strategy="uniform", ratio=1.1, random_state=0)


@pytest.mark.parametrize("seed", range(5))
def test_one_kind_has_no_sides(seed):
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.sort(rng.integers(30, size=(120, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    assert find_sides(np.unique(pairs, return_inverse=True)[1].reshape(-1, 2)) is None


def test_a_ratio_that_cannot_be_reached_ends_with_the_largest():
    rng = np.random.default_rng(0)
    weight = 1 / np.arange(1, 121)
    draws = rng.choice(120, size=(400, 2), p=weight / weight.sum())
    positives = np.array([[f"P{a}", f"P{b}"] for a, b in draws if a != b], dtype=object)
    with pytest.raises(ValueError, match="largest feasible ratio is"):
        sample_negatives(positives, ratio=10, random_state=0)
    ring = np.array([[f"P{k}", f"P{(k + 1) % 21}"] for k in range(21)], dtype=object)
    assert len(sample_negatives(ring, ratio=8, random_state=0)) == 168


def test_the_audit_names_kinds_and_what_negatives_make_of_them():
    rng = np.random.default_rng(0)
    positives = host_virus()
    sequence = {
        name: "".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 60)) for name in sorted(set(positives.ravel()))
    }
    cells = np.vectorize(sequence.get, otypes=[object])
    hosts = [name for name in sequence if name[0] == "H"]
    within = np.array([[hosts[k], hosts[(k + 1 + k // 50) % len(hosts)]] for k in range(40)], dtype=object)
    with pytest.warns(PairTableWarning):
        across = sample_negatives(positives, random_state=0)
    planted = np.concatenate([across[:110], within])
    y = np.repeat([1, 0], 150)
    finding = audit_pairs(cells(np.concatenate([positives, planted])), y)["two kinds of protein"]
    same = np.mean([len(kinds) == 1 for kinds in sides_of(planted)])
    assert finding.severity == "severe" and finding.number == pytest.approx(same)
    finding = audit_pairs(cells(np.concatenate([positives, across])), y)["two kinds of protein"]
    assert finding.severity == "note" and finding.number == 0
