"""Every count of an audit equals what a slow, obvious count by hand finds."""

from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from amp_sklearn.audit import audit_pairs
from amp_sklearn.audit.encoding import encode
from amp_sklearn.audit.shortcuts import check_one_label
from amp_sklearn.audit.similarity import similar_proteins

SEQUENCES = ["MKTAYIAK", "MKTAYIAKQR", "GAVLIPFM", "WWWWWW", "MSDNE", "QQKRHHDE"]
# ids 0..5 name the sequences; 6 is a second name of the first one, 7 is used for two sequences
sides = st.one_of(
    st.integers(0, 5).map(lambda k: (f"P{k}", SEQUENCES[k])),
    st.sampled_from([("P6", SEQUENCES[0]), ("P7", SEQUENCES[1]), ("P7", SEQUENCES[2])]),
)
rows = st.tuples(sides, sides, st.integers(0, 1))


def frame(drawn):
    index = pd.MultiIndex.from_tuples([(a[0], b[0]) for a, b, _ in drawn])
    X = pd.DataFrame([[a[1], b[1]] for a, b, _ in drawn], index=index, dtype=object)
    return X, np.array([label for *_, label in drawn])


@settings(max_examples=30, deadline=None)
@given(st.lists(rows, min_size=2, max_size=30), st.lists(rows, min_size=1, max_size=10))
def test_counts_equal_brute_force(drawn, tested):
    drawn = [*drawn[:-1], (*drawn[-1][:2], 1 - drawn[0][2])]  # both labels occur
    X, y = frame(drawn)
    X_test, y_test = frame(tested)
    audit = audit_pairs(X, y, X_test, y_test)
    pairs = [(a[1], b[1]) for a, b, _ in drawn]

    repeated = [i for i in range(len(pairs)) if pairs[i] in pairs[:i]]
    swapped = [i for i in range(len(pairs)) if pairs[i][::-1] in pairs[:i] and i not in repeated]
    assert audit["repeated pairs"].number == len(repeated)
    assert audit["swapped pairs"].number == len(swapped)
    table = audit.tables["repeated_pairs"]
    assert table["row"].tolist() == sorted(repeated + swapped)
    for row, first in zip(table["row"], table["first_row"], strict=True):
        assert first == min(i for i in range(len(pairs)) if set(pairs[i]) == set(pairs[row]))

    assert audit.tables["self_pairs"]["row"].tolist() == [i for i, (a, b) in enumerate(pairs) if a == b]
    labels = {frozenset(p): {int(y[i]) for i, q in enumerate(pairs) if set(q) == set(p)} for p in pairs}
    conflicting = {p for p, of_pair in labels.items() if len(of_pair) == 2}
    assert audit["conflicting labels"].number == len(conflicting)
    assert sorted(audit.tables["conflicting_pairs"]["row"]) == [
        i for i, p in enumerate(pairs) if frozenset(p) in conflicting
    ]

    names = {side for a, b, _ in drawn for side in (a, b)}
    shared = [i for i, s in names if len({j for j, t in names if t == s}) > 1]
    ambiguous = {i for i, _ in names if len({t for j, t in names if j == i}) > 1}
    assert audit["one sequence, several ids"].number == len(shared)
    assert audit["one id, several sequences"].number == len(ambiguous)
    assert audit["class balance"].number == y.mean()

    seen = {s for pair in pairs for s in pair}
    test_pairs = [(a[1], b[1]) for a, b, _ in tested]
    known = {frozenset(p) for p in pairs}
    assert audit.tables["test_pairs_in_train"]["row"].tolist() == [
        i for i, p in enumerate(test_pairs) if frozenset(p) in known
    ]
    classes = [3 - sum(s in seen for s in pair) for pair in test_pairs]
    assert audit.tables["test_classes"]["n_pairs"].tolist() == [classes.count(k) for k in (1, 2, 3)]
    in_test = {s for pair in test_pairs for s in pair}
    assert audit["test proteins in training"].number == len(in_test & seen) / len(in_test)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=2, max_size=30))
def test_proteins_of_one_label_equal_brute_force(drawn):
    drawn = [*drawn[:-1], (*drawn[-1][:2], 1 - drawn[0][2])]
    X, y = frame(drawn)
    pairs, _ = encode(X, y)
    _, tables = check_one_label(pairs)
    for row in tables["proteins"].itertuples():
        sequence = pairs.sequences[row.protein]
        of_protein = [label for a, b, label in drawn if sequence in (a[1], b[1])]
        assert (row.n_positive, row.n_negative) == (of_protein.count(1), of_protein.count(0))
        assert set(row.ids.split(";")) == {n for a, b, _ in drawn for n, s in (a, b) if s == sequence}


words = st.text(alphabet="ACDX", min_size=0, max_size=40)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(words, min_size=2, max_size=10, unique=True),
    st.integers(1, 4),
    st.sampled_from([0.01, 0.3, 1.0]),
)
def test_containment_equals_brute_force(sequences, k, threshold):
    split = len(sequences) // 2
    rows, columns = np.arange(len(sequences)), np.arange(split, len(sequences))
    found = similar_proteins(np.array(sequences, dtype=object), rows, columns, k=k, threshold=threshold)

    def kmers(sequence):
        return {w for i in range(len(sequence) - k + 1) if "X" not in (w := sequence[i : i + k])}

    expected = {}
    for i in rows:
        for j in columns:
            one, two = kmers(sequences[i]), kmers(sequences[j])
            if i != j and one and two and len(one & two) / min(len(one), len(two)) >= threshold:
                expected[i, j] = len(one & two) / min(len(one), len(two))
    given_pairs = dict(
        zip(zip(found["protein"], found["other"], strict=True), found["containment"], strict=True)
    )
    assert given_pairs.keys() == expected.keys()
    assert all(np.isclose(given_pairs[pair], expected[pair]) for pair in expected)
    assert all(x >= y for x, y in pairwise(found["containment"]))
