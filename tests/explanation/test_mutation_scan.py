"""Mutation scans: every variant is what the model says of it alone; resumed work; the first look by gradients."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from amp_sklearn import (
    AMPSClassifier,
    CalibratedPairClassifier,
    ESM2Embedder,
    LateInteractionClassifier,
    PairConcatenator,
    PairEnsembleClassifier,
)
from amp_sklearn.embedding import EmbeddingStore
from amp_sklearn.explanation import MutationScan, RefusedExplanation, mutation_scan
from amp_sklearn.preprocessing import ProteinScaler

A, B = "MKTAYIAKQRQISFVKSHFSRQ", "MVLSPADKTNVKAAWGKVGAHAGE"
HEADS = {
    "transformer": AMPSClassifier(
        d_model=16,
        n_layers=1,
        n_heads=2,
        dim_feedforward=16,
        hidden1=8,
        hidden2=4,
        max_epochs=1,
        random_state=0,
    ),
    "late": LateInteractionClassifier(hidden1=8, d_model=4, max_epochs=2, random_state=0),
    "ensemble": PairEnsembleClassifier(
        LateInteractionClassifier(hidden1=8, d_model=4, max_epochs=1), n_repeats=2, random_state=0
    ),
    "forest": RandomForestClassifier(n_estimators=10, random_state=0),
}


@pytest.fixture(scope="module")
def pairs():
    random = np.random.default_rng(0)
    proteins = ["".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), 20 + k)) for k in range(12)]
    index = pd.MultiIndex.from_tuples([(f"P{k}", f"Q{k}") for k in range(13)])
    return pd.DataFrame(
        {"sequence_a": [A, *proteins], "sequence_b": [B, *proteins[::-1]]}, index=index
    ), np.arange(13) % 2


@pytest.fixture(scope="module")
def models(pairs, tiny_esm2):
    X, y = pairs
    return {
        name: make_pipeline(
            ESM2Embedder(tiny_esm2, store=None), PairConcatenator("segments"), ProteinScaler(), head
        ).fit(X, y)
        for name, head in HEADS.items()
    }


def mutated(X, side, position, letter):
    """The pair with one protein replaced by a variant, as a table for the model."""
    frame = X.copy()
    sequence = frame.iloc[0, side]
    frame.iloc[0, side] = sequence[: position - 1] + letter.strip("-") + sequence[position:]
    return frame


@pytest.mark.parametrize("name", HEADS)
def test_each_variant_is_what_the_model_says_of_it_alone_to_the_last_bit(name, models, pairs):
    X, model = pairs[0].iloc[[0]], models[name]
    scan = mutation_scan(model, X, {"A": [1, 22], "B": [3]}, protein="both", deletions=True, verbose=0)
    assert len(scan) == 3 * 20 and scan.complete and scan.proteins == ("A", "B")
    assert scan.output_name == ("probability" if name == "forest" else "logit")
    score = (lambda f: model.predict_proba(f)[:, 1]) if name == "forest" else model.decision_function
    for row, (protein, position, letter) in enumerate(scan.variants.to_numpy()):
        alone = mutated(X, "AB".index(protein), position, letter)
        assert scan.outputs[row] == score(alone)[0]
        assert scan.probabilities[row] == model.predict_proba(alone)[0, 1]
    assert scan.wild_output == score(X)[0]
    np.testing.assert_array_equal(scan.table["change"], scan.outputs - score(X)[0])


def test_only_variants_are_embedded_and_none_is_kept(models, pairs, tmp_path, monkeypatch):
    X, model = pairs[0].iloc[[0]], models["late"]
    embedded = []
    embed = ESM2Embedder.embed

    def counting(self, sequences):
        embedded.extend(sequences)
        return embed(self, sequences)

    monkeypatch.setattr(ESM2Embedder, "embed", counting)
    store = tmp_path / "store"
    model[0].set_params(store=store)
    try:
        scan = mutation_scan(model, X, [5, 6], verbose=0)
    finally:
        model[0].set_params(store=None)
    assert embedded.count(B) == 1 and embedded.count(A) == 1 and len(embedded) == 2 + len(scan)
    assert len(EmbeddingStore(store)) == 2


def test_a_protein_with_itself(models, pairs):
    X = pd.DataFrame([[A, A]], columns=["sequence_a", "sequence_b"])
    scan = mutation_scan(models["late"], X, [4], substitutions="W", verbose=0)
    assert scan.wild_output == models["late"].decision_function(X)[0]
    assert scan.outputs[0] == models["late"].decision_function(mutated(X, 0, 4, "W"))[0]


def test_calibrated_models_and_the_other_class(models, pairs):
    X, y = pairs
    calibrated = CalibratedPairClassifier(FrozenEstimator(models["late"]), method="sigmoid").fit(X, y)
    scan = mutation_scan(calibrated, X.iloc[[0]], [4], verbose=0)
    plain = mutation_scan(models["late"], X.iloc[[0]], [4], verbose=0)
    np.testing.assert_array_equal(scan.outputs, plain.outputs)
    assert any("before calibration" in note for note in scan.notes)
    alone = mutated(X.iloc[[0]], 0, 4, scan.variants["variant"][0])
    np.testing.assert_allclose(scan.probabilities[0], calibrated.predict_proba(alone)[0, 1], rtol=1e-6)
    other = mutation_scan(models["late"], X.iloc[[0]], [4], target=0, verbose=0)
    np.testing.assert_array_equal(other.changes, -plain.changes)


def test_interrupted_work_goes_on(models, pairs, tmp_path, monkeypatch):
    from amp_sklearn.explanation.mutation_effects import _FittedPair

    X, path = pairs[0].iloc[[0]], tmp_path / "scan.npz"
    whole = mutation_scan(models["late"], X, range(1, 9), verbose=0)
    predict, asked = _FittedPair.predict, []

    def interrupted(self, features):
        asked.append(features)
        if len(asked) == 40:
            raise KeyboardInterrupt
        return predict(self, features)

    monkeypatch.setattr(_FittedPair, "predict", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mutation_scan(models["late"], X, range(1, 9), path=path, verbose=0)
    kept = MutationScan.load(path)
    n_kept = int(np.isfinite(kept.outputs).sum())
    assert n_kept == 38 and not kept.complete
    asked.clear()
    monkeypatch.setattr(_FittedPair, "predict", lambda self, f: (asked.append(f), predict(self, f))[1])
    scan = mutation_scan(models["late"], X, range(1, 9), path=path, verbose=0)
    assert len(asked) == 1 + len(whole) - n_kept
    np.testing.assert_array_equal(scan.outputs, whole.outputs)
    pd.testing.assert_frame_equal(MutationScan.load(path).table, whole.table)
    with pytest.raises(ValueError, match="scan of other variants"):
        mutation_scan(models["late"], X, [1], path=path, verbose=0)
    with pytest.raises(ValueError, match="something else: model differs"):
        mutation_scan(models["ensemble"], X, range(1, 9), path=path, verbose=0)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="not a file of a mutation scan"):
        mutation_scan(models["late"], X, range(1, 9), path=path, verbose=0)


@pytest.mark.parametrize("name", ["transformer", "late", "ensemble"])
def test_the_first_look_is_the_derivative(name, models, pairs):
    """Variant by variant: how fast the logit changes on the way from one residue's input embedding to another's."""
    import torch

    from amp_sklearn.explanation import read_model
    from amp_sklearn.explanation.differentiable_pipeline import DifferentiablePipeline
    from amp_sklearn.explanation.gradients import differentiating

    X = pairs[0].iloc[[0]]
    look = mutation_scan(models[name], X, [7], protein="B", method="gradient", verbose=0)
    assert look.complete and "no variant was embedded" in look.notes[-1]
    model = read_model(models[name], X)
    function = DifferentiablePipeline(model)
    a, b = (function.embed(sequence)[None] for sequence in (A, B))
    slopes = []
    for letter in look.variants["variant"]:
        way = torch.zeros_like(b)
        way[0, 6] = function.embed(letter)[0] - b[0, 6]
        share = torch.zeros((), requires_grad=True)
        with differentiating(model.module):
            slopes.append(torch.autograd.grad(function.logit(a, b + share * way).sum(), share)[0].item())
    assert np.ptp(slopes) > 0
    np.testing.assert_allclose(look.changes, slopes, rtol=1e-3, atol=1e-3 * np.abs(slopes).max())


def test_agreement_of_a_first_look(models, pairs):
    X = pairs[0].iloc[[0]]
    exact = mutation_scan(models["late"], X, verbose=0)
    look = mutation_scan(models["late"], X, method="gradient", verbose=0)
    found = look.agreement(exact)
    assert found["n_variants"] == len(exact) == 19 * len(A) and found["n_positions"] == len(A)
    assert found["variants"] == pytest.approx(
        pd.Series(look.changes).corr(pd.Series(exact.changes), method="spearman")
    )
    assert (
        exact.agreement(exact)["positions"] == pytest.approx(1)
        and exact.agreement(exact)["top_positions"] == 1
    )
    with pytest.raises(ValueError, match="different pairs"):
        exact.agreement(mutation_scan(models["late"], (B, A), [1], verbose=0))


def test_tables_matrix_and_files(models, pairs, tmp_path):
    X = pairs[0].iloc[[0]]
    scan = mutation_scan(models["late"], X, [1, 4, 6], substitutions="alanine", deletions=True, verbose=0)
    assert scan.table["mutation"].tolist() == ["M1A", "M1del", "A4del", "I6A", "I6del"]
    assert set(scan.table["protein_id"]) == {"P0"}
    matrix = scan.matrix()
    assert matrix.shape == (21, len(A)) and matrix.notna().sum().sum() == 5
    assert matrix.loc["A", 6] == scan.changes[3] and matrix.loc["-", 4] == scan.changes[2]
    by = scan.by_position()
    assert by["magnitude"].is_monotonic_decreasing and sorted(by["position"]) == [1, 4, 6]
    assert by.set_index("position").loc[4, "mean"] == pytest.approx(scan.changes[2])
    for name, separator in (("scan.tsv", "\t"), ("scan.csv", ",")):
        scan.to_csv(tmp_path / name)
        read = pd.read_csv(tmp_path / name, sep=separator)
        np.testing.assert_allclose(read["change"], scan.changes)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"positions": [0]}, "from 1 to 22"),
        ({"positions": [23]}, "from 1 to 22"),
        ({"positions": [1.5]}, "whole numbers"),
        ({"positions": [1], "protein": "both"}, "by protein"),
        ({"positions": {"B": [1]}}, "mutates"),
        ({"protein": "C"}, "protein must be one of"),
        ({"substitutions": "AX"}, "one-letter codes"),
        ({"substitutions": None}, "goes with deletions"),
        ({"positions": [4], "substitutions": "alanine"}, "no variant"),
        ({"method": "fast"}, "method must be one of"),
        ({"method": "gradient", "deletions": True}, "deletion"),
    ],
)
def test_what_cannot_be_scanned_is_said(settings, message, models, pairs):
    with pytest.raises(ValueError, match=message):
        mutation_scan(models["late"], pairs[0].iloc[[0]], verbose=0, **settings)


def test_models_that_cannot_be_scanned(models, pairs):
    X, y = pairs
    with pytest.raises(ValueError, match="one row"):
        mutation_scan(models["late"], X, verbose=0)
    with pytest.raises(RefusedExplanation, match="needs the gradient of a network"):
        mutation_scan(models["forest"], X.iloc[[0]], [1], method="gradient", verbose=0)
    features = models["forest"][:-1].transform(X)
    with pytest.raises(RefusedExplanation, match="begins with an ESM2Embedder"):
        mutation_scan(RandomForestClassifier(5).fit(features, y), X.iloc[[0]], verbose=0)


def test_only_residues_that_are_read_are_mutated(pairs, tiny_esm2):
    X, y = pairs
    embedder = ESM2Embedder(tiny_esm2, store=None, max_length=15, long_proteins="truncate")
    model = make_pipeline(embedder, PairConcatenator("segments"), HEADS["late"])
    with pytest.warns(UserWarning, match="first 15 residues"):
        model.fit(X, y)
        scan = mutation_scan(model, X.iloc[[0]], substitutions="W", deletions=True, verbose=0)
        alone = mutated(X.iloc[[0]], 0, 15, "-")  # residue 16 moves up and is read
        expected = model.decision_function(alone)[0]
    assert scan.variants["position"].max() == 15 and "Only the first 15" in scan.notes[0]
    assert scan.outputs[-1] == expected
