"""Traps that were laid on purpose are found and graded; pairs without any are called clean."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from amp_sklearn.audit import audit_pairs
from amp_sklearn.data import PairMatrix, sample_negatives

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


def test_how_ids_leak(clean):
    pairs, y, sequences = clean
    ids = [f"P{k:04d}" for k in range(N)]
    second = [ids[b] + ("" if label else "-2") for (_, b), label in zip(pairs, y, strict=True)]
    index = pd.MultiIndex.from_arrays([[ids[a] for a, _ in pairs], second])
    audit = audit_pairs(frame(pairs, sequences).set_axis(index), y)
    table = audit.tables["id_traits"]
    most = table.iloc[0]
    assert most["place"] == "the second" and {most["positive_share"], most["others_share"]} == {0, 1}
    assert most["n_pairs"] == (y == most["positive_share"]).sum()
    verdict = audit["id form"].verdict
    assert "where the second id has" in verdict and "such as P0" in verdict and "100.0 % of" in verdict


def test_residues_beyond_the_twenty(clean):
    pairs, y, sequences = clean
    sequences = ["U" + sequence if k < 30 else sequence for k, sequence in enumerate(sequences)]
    audit = audit_pairs(frame(pairs, sequences), y)
    assert audit["non-standard residues"].severity == "note" and audit["non-standard residues"].number == 30
    assert audit["letters"].severity == "clean"
    with_them = (pairs < 30).any(axis=1)
    assert f"{with_them.sum():,} pairs have one" in audit["non-standard residues"].verdict
    told = audit_pairs(frame(pairs, sequences), with_them.astype(int))
    assert told["non-standard residues"].severity == "warning"
    assert "100.0 % of them positive against 0.0 % of the others" in told["non-standard residues"].verdict
    table = told.tables["nonstandard_residues"]
    assert len(table) == 30 and set(table["residues"]) == {"U"} and set(table["n"]) == {1}


@pytest.mark.parametrize(("n_only", "severity"), [(0, "clean"), (25, "note"), (60, "severe")])
def test_proteins_only_among_negatives_are_graded_by_what_they_tell(clean, n_only, severity):
    pairs, y, sequences = clean
    y = np.where((pairs < n_only).any(axis=1), 0, y)
    if n_only == 25:  # most pairs of these proteins leave the set, so that few negatives have one
        kept = ~(pairs < n_only).any(axis=1) | (np.arange(len(y)) % 5 == 0)
        pairs, y = pairs[kept], y[kept]
    found = audit_pairs(frame(pairs, sequences), y)["proteins only among negatives"]
    in_positive = set(pairs[y == 1].ravel().tolist())
    rule = np.array([int(a in in_positive and b in in_positive) for a, b in pairs])
    assert found.number == (rule[y == 0] == 0).mean()
    assert f"average precision {average_precision_score(y, rule):.2f}" in found.verdict
    assert found.severity == severity


def test_similarity_of_each_side_apart():
    rng = np.random.default_rng(0)
    viral, human, others = proteins(1, 20), proteins(2, 200), proteins(3, 60)
    relatives = [s[:-3] + "AAA" for s in viral[:6]] + proteins(
        4, 3
    )  # six of nine resemble a training protein
    every = np.array([(a, b) for a in range(20) for b in range(200)])
    train = every[rng.permutation(len(every))[:1500]]
    X = [[viral[a], human[b]] for a, b in train]
    test = [[relatives[a], others[b]] for a in range(9) for b in range(60)]
    y, y_test = rng.integers(0, 2, len(X)), rng.integers(0, 2, len(test))
    audit = audit_pairs(X, y, test, y_test)
    assert audit["similar test proteins"].number == 6 / 69
    assert audit["similar test proteins of side A"].number == 6 / 9
    assert audit["similar test proteins of side A"].severity == "severe"
    assert "6 of the 9 test proteins of side A" in audit["similar test proteins of side A"].verdict
    assert audit["similar test proteins of side B"].severity == "clean"
    mixed = [[viral[0], others[0]], [relatives[0], human[0]], *test]
    classes = audit_pairs(X, y, mixed, [0, 1, *y_test]).tables["test_classes"].set_index("class")["n_pairs"]
    assert classes.to_dict() == {"C1": 0, "C2a": 1, "C2b": 1, "C3": len(test)}


def test_the_positive_label_is_not_decided_by_the_alphabet(clean):
    pairs, y, sequences = clean
    X = frame(pairs, sequences)
    words = np.where(y == 1, "interacts", "no interaction")
    assert audit_pairs(X, words).to_dict() == audit_pairs(X, y).to_dict()
    unknown = np.where(y == 1, "alpha", "beta")
    assert audit_pairs(X, unknown, pos_label="alpha").n_positive == (y == 1).sum()
    with pytest.raises(ValueError, match="pos_label"):
        audit_pairs(X, unknown)


def test_what_is_said_of_a_reversed_baseline_is_true():
    rng = np.random.default_rng(0)
    ring = [(k, (k + 1) % 200) for k in range(200)]  # positive pairs of proteins with two pairs each
    hubs = np.array([(a, b) for a in range(200, 232) for b in range(200, a)])
    pairs = np.concatenate([ring, hubs[rng.permutation(len(hubs))[:200]]])
    sequences = proteins(1, 232, 40)
    one_label = audit_pairs(frame(pairs, sequences), np.repeat([1, 0], 200))[
        "shortcut in random folds"
    ].verdict
    assert "'degree' falls to 0.00: the more pairs two proteins have in training, the rarer" in one_label
    assert "100.0 % of the proteins have one label only" in one_label and "lack in training" not in one_label

    positives = np.array([(k, (k + step) % 120) for k in range(120) for step in (1, 7, 19)])
    drawn = sample_negatives(positives, random_state=0)  # six positive and six negative pairs of each protein
    balanced = np.concatenate([positives, drawn.astype(int)])
    verdict = audit_pairs(frame(balanced, sequences), np.repeat([1, 0], len(positives)))[
        "shortcut in random folds"
    ].verdict
    assert "'protein frequency' falls to 0." in verdict
    assert (
        "0.0 % of the proteins have one label only; the others lack in training the label of the pair"
        in verdict
    )
