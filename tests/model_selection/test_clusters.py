"""Clusters: given in any form, made by the real programs where installed; no cluster on both sides."""

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score

from amp_sklearn.data import PairMatrix, load_bernett_mini, load_yeast_ppi
from amp_sklearn.model_selection import (
    ClusterDisjointKFold,
    ProteinDisjointKFold,
    cluster_sequences,
    read_clusters,
)
from amp_sklearn.model_selection.clusters import clusters_of_pairs

SEQUENCES = ["M" + "ACDEFGHIKL"[k % 10] * (k // 10 + 1) for k in range(40)]
PROGRAMS = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed"))
    for name in ("mmseqs", "cd-hit")
]


def draw_pairs(seed, n_pairs=400):
    rng = np.random.default_rng(seed)
    return np.array(SEQUENCES, dtype=object)[rng.integers(0, 40, (n_pairs, 2))], rng.integers(0, 2, n_pairs)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 12), min_size=40, max_size=40), st.integers(2, 3))
def test_no_cluster_is_on_both_sides(seed, numbers, n_splits):
    X, y = draw_pairs(seed)
    clusters = dict(zip(SEQUENCES, [*range(6), *numbers[6:]], strict=True))
    tested = []
    for train, test in ClusterDisjointKFold(n_splits, clusters=clusters, random_state=seed).split(X, y):
        trained, held_out = ({clusters[s] for s in X[rows].ravel()} for rows in (train, test))
        assert not trained & held_out
        tested.extend(test)
    assert len(tested) == len(set(tested))


def test_works_in_cross_val_score_and_repeats():
    X, y = draw_pairs(5)
    cv = ClusterDisjointKFold(2, clusters=dict(zip(SEQUENCES, range(40), strict=True)), random_state=2)
    assert len(cross_val_score(DummyClassifier(), X, y, cv=cv)) == cv.get_n_splits() == 2
    assert [t.tolist() for _, t in cv.split(X, y)] == [t.tolist() for _, t in cv.split(X, y)]


def test_clusters_of_one_are_proteins():
    X, y = load_yeast_ppi()
    X, y = X.iloc[::3], y[::3]
    alone = {sequence: k for k, sequence in enumerate(dict.fromkeys(X.to_numpy().ravel()))}
    one = ProteinDisjointKFold(3, random_state=0).split(X, y)
    other = ClusterDisjointKFold(3, clusters=alone, random_state=0).split(X, y)
    for (train, test), (train_too, test_too) in zip(one, other, strict=True):
        assert train.tolist() == train_too.tolist() and test.tolist() == test_too.tolist()


def test_all_forms_of_given_clusters_agree():
    ids = [f"P{k}" for k in range(40)]
    X, _ = draw_pairs(0)
    index = np.array([[f"P{SEQUENCES.index(s)}" for s in row] for row in X])
    frame = pd.DataFrame(X, index=pd.MultiIndex.from_arrays(index.T))
    numbers = np.arange(40) // 4
    by_cell = np.array([[numbers[SEQUENCES.index(s)] for s in row] for row in X])
    forms = [
        dict(zip(SEQUENCES, numbers, strict=True)),
        dict(zip(ids, numbers, strict=True)),
        pd.Series(numbers, index=SEQUENCES),
        pd.DataFrame({"representative": numbers, "member": ids}),
        pd.DataFrame({"member": ids, "cluster": numbers}),
        pd.DataFrame({0: numbers, 1: SEQUENCES}),
        by_cell,
    ]
    expected, weights = clusters_of_pairs(frame, forms[0])
    assert weights.tolist() == [4] * 10
    for form in forms[1:]:
        assert (clusters_of_pairs(frame, form)[0] == expected).all()
    matrix = PairMatrix(np.eye(40), [[SEQUENCES.index(s) for s in row] for row in X])
    assert (clusters_of_pairs(matrix, by_cell)[0] == expected).all()
    with pytest.raises(ValueError, match="PairMatrix holds no sequences"):
        clusters_of_pairs(matrix, forms[0])


def test_one_sequence_in_two_clusters_joins_them():
    index = pd.MultiIndex.from_tuples([("P1", "P2"), ("P3", "P4")])
    X = pd.DataFrame([["MA", "MC"], ["MA", "MD"]], index=index)  # P1 and P3 are one protein
    units, weights = clusters_of_pairs(X, {"P1": "a", "P2": "a", "P3": "b", "P4": "b"})
    assert units.tolist() == [[0, 0], [0, 0]] and weights.tolist() == [3]


@pytest.mark.parametrize(
    ("clusters", "message"),
    [
        ({"MA": 1}, r"2 of the proteins have no cluster \('MC', 'MD'\)"),
        ([[1, 2, 3]], "shape"),
        ([[1, 2], [1, None]], "row 1 of X has a protein without a cluster"),
        (pd.DataFrame({"a": [1], "b": [2], "c": [3]}), "needs the columns"),
        (pd.Series([1, 2], index=["MA", "MA"]), "'MA' stands in several clusters"),
    ],
)
def test_unusable_clusters_say_why(clusters, message):
    with pytest.raises(ValueError, match=message):
        clusters_of_pairs([["MA", "MC"], ["MA", "MD"]], clusters)


def test_no_program_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"MMseqs2 or CD-HIT.*conda install.*or pass clusters="):
        next(ClusterDisjointKFold(2).split([["MA", "MC"], ["MD", "ME"]]))
    with pytest.raises(FileNotFoundError, match="needs CD-HIT, and no program"):
        cluster_sequences(["MA"], program="cd-hit")


def test_a_failing_program_is_an_error(monkeypatch, tmp_path):
    program = tmp_path / "mmseqs"
    program.write_text("#!/bin/sh\necho cannot do that >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(
        RuntimeError, match=r"MMseqs2 failed on 1 sequences \(exit status 3\):\ncannot do that"
    ):
        cluster_sequences(["MKV"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"identity": 40}, "identity must lie above 0"),
        ({"coverage": 0}, "coverage must lie above 0"),
        ({"program": "blast"}, "program must be 'auto'"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        cluster_sequences(["MKV"], **parameters)


def test_both_file_formats(tmp_path):
    table, listing = tmp_path / "x_cluster.tsv", tmp_path / "x.clstr"
    table.write_text("P1\tP1\nP1\tP2\nP3\tP3\n")
    listing.write_text(
        ">Cluster 0\n0\t146aa, >P1... *\n1\t140aa, >P2... at 91.00%\n\n>Cluster 1\n0\t99aa, >P3... *\n"
    )
    assert read_clusters(table).to_dict() == {"P1": "P1", "P2": "P1", "P3": "P3"}
    assert read_clusters(listing).to_dict() == {"P1": "0", "P2": "0", "P3": "1"}
    table.write_text("P1 P1\n")
    with pytest.raises(ValueError, match="line 1: expected"):
        read_clusters(table)


def mutate(sequence, share, rng):
    letters = np.array(list(sequence))
    places = rng.choice(len(letters), int(share * len(letters)), replace=False)
    letters[places] = rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), len(places))
    return "".join(letters)


@pytest.fixture(scope="module")
def families():
    """60 sequences, and of each one a copy with every fifth residue drawn anew."""
    rng = np.random.default_rng(0)
    X, _ = load_bernett_mini("val")
    originals = [s for s in dict.fromkeys(X.to_numpy().ravel()) if len(s) > 150][:60]
    return originals, [mutate(sequence, 0.2, rng) for sequence in originals]


@pytest.mark.parametrize("program", PROGRAMS)
def test_real_program_finds_mutants_and_keeps_short_sequences(program, families):
    originals, mutants = families
    clusters = cluster_sequences([*originals, *mutants, "MK", originals[0]], identity=0.6, program=program)
    assert len(clusters) == 121  # the repeated sequence counts once
    assert (clusters[originals].to_numpy() == clusters[mutants].to_numpy()).all()
    assert (clusters == clusters["MK"]).sum() == 1
    assert clusters.nunique() > 50  # sequences that have nothing in common stay apart


@pytest.mark.parametrize("program", PROGRAMS)
def test_folds_of_real_clusters(program, families):
    X = np.array(
        [*zip(*families, strict=True), *zip(families[0][1:], families[1], strict=False)], dtype=object
    )
    family = {sequence: k for of_kind in families for k, sequence in enumerate(of_kind)}
    cv = ClusterDisjointKFold(3, identity=0.6, program=program, random_state=0)
    for train, test in cv.split(X):
        assert not {family[s] for s in X[train].ravel()} & {family[s] for s in X[test].ravel()}


@pytest.mark.skipif(not shutil.which("cd-hit"), reason="cd-hit is not installed")
def test_cd_hit_refuses_low_identity():
    with pytest.raises(ValueError, match=r"identity of 0\.4 or more, got 0\.3"):
        cluster_sequences(["MKV"], program="cd-hit", identity=0.3)
