"""Small sets of pairs into which one trap each is planted."""

import numpy as np
import pandas as pd

RESIDUES = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
N = 150


def proteins(seed, n=N, length=120):
    """Random sequences."""
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(RESIDUES, length)) for _ in range(n)]


def table(pairs, sequences, names=None):
    """Pairs of numbers as a table of sequences with ids."""
    names = [f"P{number:04d}" for number in range(len(sequences))] if names is None else names
    index = pd.MultiIndex.from_arrays([[names[k] for k in column] for column in np.transpose(pairs)])
    return pd.DataFrame([[sequences[k] for k in pair] for pair in pairs], index=index, dtype=object)


def clean(seed=0, n_pairs=2500, n=N):
    """Distinct pairs with labels at random."""
    rng = np.random.default_rng(seed)
    every = np.array([(a, b) for a in range(n) for b in range(a)])
    pairs = every[rng.permutation(len(every))[:n_pairs]]
    pairs[::2] = pairs[::2, ::-1]
    return pairs, rng.integers(0, 2, n_pairs)


def planted():
    """Name of the set, its training and test part, and the trap."""
    (pairs, y), sequences = clean(), proteins(1)
    rng = np.random.default_rng(7)
    some = rng.choice(len(y), 40, replace=False)

    def more(name, added, labels, trap):
        data = table(np.concatenate([pairs, added]), sequences), np.concatenate([y, labels])
        return f"planted: {name}", data, (trap,)

    yield more("40 rows repeated", pairs[some], y[some], "repeated pairs")
    yield more("40 rows swapped", pairs[some, ::-1], y[some], "swapped pairs")
    yield more("40 rows with the other label", pairs[some], 1 - y[some], "conflicting labels")
    itself = np.column_stack([np.arange(25)] * 2)
    yield more("25 pairs of a protein with itself", itself, np.ones(25, int), "self pairs")

    names = [f"P{number:04d}" for number in range(N)] + [f"Q{number:04d}" for number in range(20)]
    second = pairs.copy()
    of_twenty = (second < 20) & (rng.random(second.shape) < 0.5)
    second[of_twenty] += N
    yield (
        "planted: 20 proteins with a second id",
        (table(second, sequences + sequences[:20], names), y),
        ("one sequence, several ids",),
    )
    odd = ["U" + sequence if number < 30 else sequence for number, sequence in enumerate(sequences)]
    yield "planted: 30 proteins with selenocysteine", (table(pairs, odd), y), ("non-standard residues",)
    X = table(pairs, sequences)
    marked = pd.MultiIndex.from_arrays(
        [
            X.index.get_level_values(0),
            [
                f"{name}-2" if not label else name
                for name, label in zip(X.index.get_level_values(1), y, strict=True)
            ],
        ]
    )
    yield "planted: negatives name isoforms", (X.set_axis(marked), y), ("id form",)

    test, y_test = clean(2)
    others = proteins(3)
    near = [
        "".join(np.where(rng.random(len(s)) < 0.05, rng.choice(RESIDUES, len(s)), list(s)))
        for s in sequences[:45]
    ] + others[45:]
    yield (
        "planted: 45 of 150 test proteins have relatives",
        (X, y, table(test, near), y_test),
        ("similar test proteins",),
    )
    half = [*sequences[:75], *others[75:]]
    yield (
        "planted: 75 of 150 test proteins are known",
        (X, y, table(test, half), y_test),
        ("test proteins in training", "test pairs in training"),
    )
    seen = (test < 75).all(axis=1)
    yield (
        "planted: test pairs of known proteins are all positive",
        (X, y, table(test, half), np.where(seen, 1, y_test)),
        ("label balance of test parts",),
    )
    yield from _negatives_of_a_proteome()
    yield from _host_virus()


def _negatives_of_a_proteome():
    """1:10, negatives drawn from a whole proteome, as species sets are often made, or from the proteins of the positives."""
    rng = np.random.default_rng(11)
    sequences = proteins(12, 400)
    taken = {(a, b) for a, b in clean(13, 300, 150)[0].tolist()}
    for name, reach in (("all 400 proteins", 400), ("the 150 of the positives", 150)):
        negatives = {}
        while len(negatives) < 3000:
            a, b = rng.integers(0, reach, 2).tolist()
            if a != b and not {(a, b), (b, a)} & (taken | negatives.keys()):
                negatives[a, b] = None
        pairs = np.array([*taken, *negatives])
        labels = np.repeat([1, 0], [len(taken), len(negatives)])
        yield (
            f"planted: 1:10, negatives of {name}",
            (table(pairs, sequences), labels),
            ("proteins only among negatives",),
        )


def _host_virus():
    """Positive pairs of 12 viral and 120 human proteins; negatives of any two proteins."""
    rng = np.random.default_rng(17)
    sequences = proteins(18, 132)
    names = [f"V{k:03d}" for k in range(12)] + [f"H{k:03d}" for k in range(120)]
    every = [(v, h) for v in range(12) for h in range(12, 132)]
    positives = [every[k] for k in rng.permutation(len(every))[:600]]
    taken, negatives = {frozenset(pair) for pair in positives}, {}
    while len(negatives) < 600:
        pair = frozenset(rng.integers(0, 132, 2).tolist())
        if len(pair) == 2 and pair not in taken:
            negatives[pair] = None
    pairs = np.array(positives + [tuple(pair) for pair in negatives])
    labels = np.repeat([1, 0], [600, 600])
    yield (
        "planted: host-virus, negatives of any two",
        (table(pairs, sequences, names), labels),
        ("two kinds of protein",),
    )
    strangers = proteins(19, 132)
    near = [sequences[k][:-3] + "AAA" if k < 8 else strangers[k] for k in range(132)]
    test = np.array([(v, h) for v in range(12) for h in range(12, 132, 3)])
    yield (
        "planted: host-virus, 8 of 12 viral test proteins have relatives",
        (table(pairs, sequences, names), labels, table(test, near), rng.integers(0, 2, len(test))),
        ("similar test proteins", "similar test proteins of side A"),
    )
