"""Traps that were laid on purpose are found and graded; pairs without any are called clean."""

import numpy as np
import pandas as pd
import pytest

from amp_sklearn.audit import audit_pairs
from amp_sklearn.data import PairMatrix

N = 150
RESIDUES = np.array(list("ACDEFGHIKLMNPQRSTVWY"))


def proteins(seed, n=N, length=120):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(RESIDUES, length)) for _ in range(n)]


def distinct_pairs(seed, n_pairs=2500, n=N):
    """Distinct pairs of different proteins with labels at random."""
    rng = np.random.default_rng(seed)
    every = np.array([(a, b) for a in range(n) for b in range(a)])
    pairs = every[rng.permutation(len(every))[:n_pairs]]
    pairs[::2] = pairs[::2, ::-1]
    return pairs, rng.integers(0, 2, n_pairs)


def frame(pairs, sequences, ids=None):
    ids = [f"P{k:04d}" for k in range(len(sequences))] if ids is None else ids
    index = pd.MultiIndex.from_arrays([[ids[k] for k in column] for column in pairs.T])
    return pd.DataFrame([[sequences[k] for k in pair] for pair in pairs], index=index, dtype=object)


@pytest.fixture(scope="module")
def clean():
    pairs, y = distinct_pairs(0)
    return pairs, y, proteins(1)


def test_pairs_without_traps_are_clean(clean):
    pairs, y, sequences = clean
    test, y_test = distinct_pairs(2)
    audit = audit_pairs(frame(pairs, sequences), y, frame(test, proteins(3)), y_test)
    assert audit.severity in ("clean", "note")
    assert audit["shortcut in disjoint folds"].number == 0.5
    assert (audit.findings["severity"] != "not checked").all()


def test_proteins_that_keep_their_label(clean):
    pairs, _, sequences = clean
    sticky = np.random.default_rng(0).random(N) < 0.5
    audit = audit_pairs(frame(pairs, sequences), sticky[pairs[:, 0]].astype(int))
    assert audit["shortcut in random folds"].severity == "severe"
    assert audit["shortcut in random folds"].number > 0.8
    assert abs(audit["shortcut in disjoint folds"].number - 0.5) < 1e-9
    one = audit_pairs(frame(pairs, sequences), (sticky[pairs].sum(axis=1) == 2).astype(int))
    assert one["proteins of one label"].severity in ("warning", "severe")


def test_ids_that_give_the_label_away(clean):
    pairs, y, sequences = clean
    X = frame(pairs, sequences)
    other = pd.MultiIndex.from_arrays(
        [[f"{name}_NEG" if not label else name for name, label in zip(level, y, strict=True)]
         for level in (X.index.get_level_values(0), X.index.get_level_values(1))]
    )  # fmt: skip
    audit = audit_pairs(X.set_axis(other), y)
    assert audit["id form"].severity == "severe" and audit["id form"].number > 0.95
    assert audit.tables["id_forms"].set_index("form")["positive_share"].to_dict() == {"A9": 1, "A9_A": 0}
    assert audit["one sequence, several ids"].severity == "note"


def test_order_of_ids_that_gives_the_label_away(clean):
    pairs, y, sequences = clean
    ordered = np.where(y[:, None] == 1, np.sort(pairs, axis=1), -np.sort(-pairs, axis=1))
    audit = audit_pairs(frame(ordered, sequences), y)
    assert audit["id form"].severity == "severe"
    assert "which id comes first does with 1.00" in audit["id form"].verdict


def test_lengths_and_composition_that_give_the_label_away(clean):
    pairs, _, sequences = clean
    long = np.arange(N) % 2 == 0
    longer = [s + "L" * 200 if is_long else s for s, is_long in zip(sequences, long, strict=True)]
    audit = audit_pairs(frame(pairs, longer), long[pairs].any(axis=1).astype(int))
    assert audit["length"].severity == "severe"
    assert audit["composition"].severity == "warning"
    assert audit.tables["residues"].set_index("residue")["effect_size"].idxmax() == "L"


def test_test_proteins_that_resemble_training_proteins(clean):
    pairs, y, sequences = clean
    rng = np.random.default_rng(5)
    changed = [
        "".join(np.where(rng.random(len(s)) < 0.1, rng.choice(RESIDUES, len(s)), list(s))) for s in sequences
    ]
    audit = audit_pairs(frame(pairs, sequences), y, frame(pairs[:300], changed))
    assert audit["similar test proteins"].number > 0.95
    assert audit["similar test pairs"].number > 0.9 and audit["similar test pairs"].severity == "severe"
    assert audit["test proteins in training"].severity == "clean"
    assert "shortcut on the test pairs" not in audit.findings.index  # no labels, no baseline
    strangers = audit_pairs(frame(pairs, sequences), y, frame(pairs[:300], proteins(9)))
    assert strangers["similar test proteins"].severity == strangers["similar test pairs"].severity == "clean"


def test_training_pairs_in_the_test(clean):
    pairs, y, sequences = clean
    test = pairs[:50, ::-1]
    audit = audit_pairs(frame(pairs, sequences), y, frame(test, sequences), 1 - y[:50])
    assert audit["test pairs in training"].number == 50
    assert "50 with the other label" in audit["test pairs in training"].verdict
    assert audit.tables["test_pairs_in_train"]["train_row"].tolist() == list(range(50))


def test_pairs_of_one_protein_and_odd_letters():
    pairs, y = distinct_pairs(0, n_pairs=400, n=40)
    sequences = proteins(1, 40)
    sequences[0] = "mk-" + sequences[0]
    audit = audit_pairs([[sequences[a], sequences[b]] for a, b in pairs] + [[s, s] for s in sequences],
                        [*y, *[1] * 40])  # fmt: skip
    assert audit["self pairs"].number == 40 and audit["self pairs"].severity == "warning"
    assert audit["letters"].number == 1 and "'-' 'k' 'm'" in audit["letters"].verdict
    assert audit["id form"].severity == audit["one id, several sequences"].severity == "not checked"


def test_same_seed_same_audit(clean):
    pairs, y, sequences = clean
    X = frame(pairs, sequences)
    assert audit_pairs(X, y, random_state=3).to_dict() == audit_pairs(X, y, random_state=3).to_dict()


@pytest.mark.parametrize(
    ("arguments", "parameters", "error", "message"),
    [
        (([["MA", "MC"]], [1]), {}, ValueError, "y must have two classes, got 1"),
        (([["MA", "MC"]] * 2, [0, 1, 1]), {}, ValueError, "one label for each of the 2 pairs"),
        (([["MA"]], [1]), {}, ValueError, "two sequences a row"),
        (([["MA", "MC"]] * 2, [0, 1], [["MA", "MC"]], [2]), {}, ValueError, "labels that y has not"),
        (([["MA", "MC"]] * 2, [0, 1], None, [1]), {}, ValueError, "y_test was given without X_test"),
        (([["MA", "MC"]] * 2, [0, 1]), {"k": 0}, ValueError, "k must be an integer"),
        (([["MA", "MC"]] * 2, [0, 1]), {"similarity": 0}, ValueError, "similarity must lie above 0"),
        ((PairMatrix(np.eye(2), [[0, 1]]), [1]), {}, TypeError, "not a PairMatrix"),
    ],
)
def test_what_cannot_be_audited_says_why(arguments, parameters, error, message):
    with pytest.raises(error, match=message):
        audit_pairs(*arguments, **parameters)
