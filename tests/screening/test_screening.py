"""Screens against brute force: every pair once, every protein embedded once, the same probabilities."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from amp_sklearn import AMPSClassifier, ESM2Embedder, PairConcatenator, ProteinScaler
from amp_sklearn.exceptions import SequenceError
from amp_sklearn.screening import PairScreen, ScreeningPlan, screen_pairs
from amp_sklearn.screening.best_partners import BestPartners

RANDOM = np.random.default_rng(0)
SEQUENCES = ["".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), RANDOM.integers(5, 30))) for _ in range(13)]
PROTEOME = {f"P{number}": sequence for number, sequence in enumerate(SEQUENCES)}
PROTEOME["P13"] = PROTEOME["P2"]  # two proteins of one sequence are two proteins
OTHERS = {f"Q{number}": sequence[::-1] for number, sequence in enumerate(SEQUENCES[:5])} | {
    "Q5": PROTEOME["P1"]
}


@pytest.fixture(scope="module")
def model(tiny_esm2):
    """A pipeline that tells protein A from protein B."""
    table = pd.DataFrame({"sequence_a": SEQUENCES[:6], "sequence_b": SEQUENCES[6:12]})
    network = AMPSClassifier(
        n_layers=2, n_heads=2, dim_feedforward=16, hidden1=8, hidden2=4, chain_embedding=True, lr=1e-2,
        max_epochs=8, batch_size=4, random_state=0, device="cpu",
    )  # fmt: skip
    embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu")
    return make_pipeline(embedder, PairConcatenator("segments"), ProteinScaler(), network).fit(
        table, [0, 1, 0, 1, 1, 0]
    )


def brute_force(model, pairs, first, second):
    X = pd.DataFrame([[first[a], second[b]] for a, b in pairs], columns=["sequence_a", "sequence_b"])
    return pd.Series(model.predict_proba(X)[:, 1], pd.MultiIndex.from_tuples(pairs))


def as_series(frame):
    return pd.Series(frame["score"].to_numpy(), pd.MultiIndex.from_frame(frame[["protein_a", "protein_b"]]))


@pytest.mark.parametrize("block_size", [1, 4, 14, 100])
@pytest.mark.parametrize("include_self", [False, True])
def test_a_proteome_among_itself(model, block_size, include_self):
    chosen = itertools.combinations_with_replacement if include_self else itertools.combinations
    expected = brute_force(model, list(chosen(PROTEOME, 2)), PROTEOME, PROTEOME)
    assert np.ptp(expected) > 1e-3
    found = as_series(screen_pairs(model, PROTEOME, block_size=block_size, include_self=include_self))
    assert found.index.is_unique and len(found) == len(expected)
    np.testing.assert_allclose(found[expected.index], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("queries", [{"P1": PROTEOME["P1"]}, PROTEOME])
def test_queries_against_targets(model, queries):
    expected = brute_force(model, list(itertools.product(queries, OTHERS)), queries, OTHERS)
    found = as_series(screen_pairs(model, pd.Series(queries), OTHERS, block_size=4))
    assert found.index.is_unique and len(found) == len(expected)
    np.testing.assert_allclose(found[expected.index], expected, rtol=0, atol=1e-6)


def test_best_partners(model):
    scores = brute_force(model, list(itertools.combinations(PROTEOME, 2)), PROTEOME, PROTEOME)
    found = screen_pairs(model, PROTEOME, top_k=3, block_size=4)
    assert found["protein_a"].tolist() == [protein for protein in PROTEOME for _ in range(3)]
    for protein, rows in found.groupby("protein_a"):
        of_protein = [s for pair, s in scores.items() if protein in pair]
        np.testing.assert_allclose(rows["score"], np.sort(of_protein)[::-1][:3], rtol=0, atol=1e-6)
        for other, score in zip(rows["protein_b"], rows["score"], strict=True):
            pair = (protein, other) if (protein, other) in scores.index else (other, protein)
            assert scores[pair] == pytest.approx(score, abs=1e-6)
    limit = scores.median()
    above = screen_pairs(model, PROTEOME, min_score=limit, block_size=5)
    assert len(above) == pytest.approx((scores >= limit).sum(), abs=1)
    both = screen_pairs(model, PROTEOME, top_k=3, min_score=limit, block_size=4)
    pd.testing.assert_frame_equal(both, found[found["score"] >= limit].reset_index(drop=True))


def test_best_partners_do_not_depend_on_the_order():
    scores = RANDOM.integers(0, 4, size=(6, 9)) / 4  # with many ties
    a, b = (part.ravel() for part in np.indices(scores.shape))
    expected = [np.lexsort((np.arange(9), -row))[:4] for row in scores]
    for _ in range(3):
        best, order = BestPartners(6, 4), RANDOM.permutation(a.size)
        for part in np.array_split(order, 5):
            best.add(a[part], b[part], scores.ravel()[part])
        proteins, partners, kept = best.found()
        np.testing.assert_array_equal(partners.reshape(6, 4), expected)
        np.testing.assert_array_equal(kept, scores[proteins, partners])


def test_each_protein_is_embedded_once(model, embedded_proteins):
    screen = PairScreen(model, PROTEOME, OTHERS, block_size=3)
    for _ in range(2):
        assert sum(len(block.scores) for block in screen) == 14 * 6
    assert embedded_proteins.count == len({*PROTEOME.values(), *OTHERS.values()})


def test_blocks_stand_alone(model):
    screen = PairScreen(model, list(PROTEOME.values()), block_size=4)
    assert len(screen) == 10 and screen.query_ids.tolist() == list(range(14))
    in_order = list(screen)
    for number in (7, 0, 9, 7):
        block = PairScreen(model, list(PROTEOME.values()), block_size=4).block(number)
        assert block.number == number
        np.testing.assert_array_equal(block.pairs, in_order[number].pairs)
        np.testing.assert_array_equal(block.scores, in_order[number].scores)


@pytest.mark.parametrize(
    "plan",
    [
        ScreeningPlan(n, m, size, self)
        for n, m, self in [(1, None, True), (7, None, False), (8, None, True), (3, 10, False), (9, 1, False)]
        for size in (1, 2, 3, 20)
    ],
)
def test_blocks_of_a_plan_hold_every_pair_once(plan):
    pairs = np.concatenate([plan.pairs(number) for number in range(plan.n_blocks)])
    assert len(pairs) == plan.n_pairs == len(np.unique(pairs, axis=0))
    if plan.n_targets is None:
        assert (pairs[:, 0] + (0 if plan.include_self else 1) <= pairs[:, 1]).all()
    assert max(len(np.unique(plan.pairs(n)[:, 0])) for n in range(plan.n_blocks)) <= plan.block_size
    with pytest.raises(IndexError, match=f"blocks 0 to {plan.n_blocks - 1}"):
        plan.pairs(plan.n_blocks)


def test_tiles_of_a_large_triangle_are_counted_without_rounding():
    plan = ScreeningPlan(n_queries=10**9, block_size=1, include_self=True)
    last = plan.n_blocks - 1
    assert plan.pairs(0).tolist() == [[0, 0]] and plan.pairs(10**9).tolist() == [[1, 1]]
    assert plan.pairs(last).tolist() == [[10**9 - 1] * 2]
    assert plan.pairs(last - 1).tolist() == [[10**9 - 2, 10**9 - 1]]


def test_other_classifiers_and_classes(tiny_esm2):
    X = pd.DataFrame({"sequence_a": SEQUENCES[:6], "sequence_b": SEQUENCES[6:12]})
    model = make_pipeline(ESM2Embedder(tiny_esm2, store=None), PairConcatenator("mean"), LogisticRegression())
    model.fit(X, ["x", "y", "z"] * 2)
    with pytest.raises(ValueError, match="knows 3 classes; pass label"):
        screen_pairs(model, SEQUENCES)
    found = screen_pairs(model, SEQUENCES[:3], label="z")
    pairs = [[SEQUENCES[a], SEQUENCES[b]] for a, b in ((0, 1), (0, 2), (1, 2))]
    expected = model.predict_proba(pd.DataFrame(pairs, columns=X.columns))[:, 2]
    np.testing.assert_allclose(found["score"], expected, rtol=0, atol=1e-6)
    dense = make_pipeline(*model[:-1], FunctionTransformer(np.asarray), LogisticRegression()).fit(
        X, [0, 1] * 3
    )
    with pytest.raises(TypeError, match="must give a PairMatrix, got ndarray"):
        screen_pairs(dense, SEQUENCES)


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "message"),
    [
        ((["MKV"],), {}, ValueError, "no pair to score: 1 queries and no targets"),
        ((["MKV"], []), {}, ValueError, "1 queries and 0 targets"),
        (("MKV",), {}, TypeError, "got one text"),
        ((pd.Series(["MKV", "MKT"], index=["P1", "P1"]),), {}, ValueError, "'P1' more than once"),
        (({"P1": "MKV", "P2": "M1"},), {}, SequenceError, "P2"),
        ((["MKV", "MKT"],), {"top_k": 0}, ValueError, "top_k must be at least 1"),
        ((["MKV", "MKT"],), {"block_size": 0}, ValueError, "block_size must be at least 1"),
        ((["MKV"], ["MKT"]), {"include_self": True}, ValueError, "among themselves"),
        ((["MKV", "MKT"],), {"label": "no"}, ValueError, "'no' is no class"),
    ],
)
def test_errors_say_what_is_wrong(model, arguments, settings, error, message):
    with pytest.raises(error, match=message):
        screen_pairs(model, *arguments, **settings)


def test_a_classifier_alone_cannot_screen(model):
    with pytest.raises(TypeError, match="Pipeline"):
        screen_pairs(model[-1], SEQUENCES)
