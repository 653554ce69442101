"""Gradients through ESM-2: the transformers library with plain autograd as slow twin, finite differences, completeness."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from transformers import EsmModel

from amp_sklearn.classification import AEDNNClassifier, AMPSClassifier, GRUClassifier
from amp_sklearn.data import STANDARD_RESIDUES
from amp_sklearn.data.segments import segment_bounds
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.embedding.language_model import load_language_model
from amp_sklearn.embedding.packed_esm2 import PackedESM2
from amp_sklearn.explanation import (
    Explanation,
    RefusedExplanation,
    evaluate_explanations,
    explain,
    read_model,
)
from amp_sklearn.explanation.differentiable_pipeline import DifferentiablePipeline
from amp_sklearn.preprocessing import AutoencoderReducer, CompositionEncoder, PairConcatenator

Y = np.array([0, 1] * 3)
SMALL = {"max_epochs": 2, "random_state": 0, "device": "cpu"}
CLASSIFIERS = {
    "network": lambda: AEDNNClassifier(hidden1=8, hidden2=4, **SMALL),
    "transformer": lambda: AMPSClassifier(
        n_layers=1, n_heads=2, dim_feedforward=8, hidden1=8, hidden2=4, **SMALL
    ),
    "gru": lambda: GRUClassifier(hidden1=8, hidden2=4, **SMALL),
}


@pytest.fixture(scope="module")
def pipeline(tiny_esm2, sequences):
    def fit(*between, classifier="network", **embedder):
        embed = ESM2Embedder(tiny_esm2, store=None, device="cpu", **embedder)
        between = between or (PairConcatenator("segments"),)
        return make_pipeline(embed, *between, CLASSIFIERS[classifier]()).fit(sequences, Y)

    return fit


class Library:
    """The pipeline of ``PairConcatenator("segments")`` through the transformers library, one point at a time."""

    def __init__(self, folder, model):
        self.language = EsmModel.from_pretrained(folder, add_pooling_layer=False).eval()
        self.network = model[-1].module_.eval()
        self.table = self.language.embeddings.word_embeddings.weight.detach()
        self.encode = load_language_model(folder, device="cpu").encode
        self.scale = 1 - 0.15 * 0.8  # token dropout: no <mask> among the tokens

    def embed(self, sequence):
        return self.scale * self.table[torch.from_numpy(self.encode(sequence))][1:-1]

    def tokens(self, residues):
        cls, eos = self.scale * self.table[[0, 2]]
        states = self.language(inputs_embeds=torch.cat([cls[None], residues, eos[None]])[None])
        states = states.last_hidden_state[0, 1:-1]
        return [
            states[start:end].mean(dim=0) if end > start else torch.zeros(states.shape[1])
            for start, end in segment_bounds(len(residues))
        ]

    def logit(self, a, b):
        return self.network(torch.cat([*self.tokens(a), *self.tokens(b)])[None]).sum()

    def integrated(self, pair, absent, n_steps):
        nodes, weights = np.polynomial.legendre.leggauss(n_steps)
        ends = [self.embed(sequence) for sequence in pair]
        found = [torch.zeros(len(end)) for end in ends]
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            points = [(absent + node * (end - absent)).float().requires_grad_() for end in ends]
            gradients = torch.autograd.grad(self.logit(*points), points)
            for side, end in enumerate(ends):
                found[side] += weight * (gradients[side] * (end - absent)).sum(dim=1)
        return found


def test_the_twin_is_the_model(pipeline, tiny_esm2, sequences):
    """The scale of token dropout is right: from embeddings it gives what transformers gives from token ids."""
    twin = Library(tiny_esm2, pipeline())
    sequence = sequences["sequence_a"].iloc[0]
    ids = torch.from_numpy(twin.encode(sequence))
    with torch.no_grad():
        expected = twin.language(input_ids=ids[None]).last_hidden_state[0, 1:-1]
        tokens = twin.tokens(twin.embed(sequence))
    start, end = segment_bounds(len(sequence))[4]
    np.testing.assert_allclose(tokens[4], expected[start:end].mean(dim=0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("baseline", ["mean", "mask", "zero"])
def test_slow_twin(pipeline, tiny_esm2, sequences, baseline):
    """Tolerance 1e-5 of the largest value: single precision through three layers."""
    model = pipeline()
    twin = Library(tiny_esm2, model)
    settings = {"n_steps": 5, "tolerance": np.inf, "batch_tokens": 100}
    found = explain(model, sequences, "esm2_gradients", baseline=baseline, **settings)
    absent = twin.embed(STANDARD_RESIDUES).mean(dim=0) if baseline == "mean" else torch.zeros(32)
    for pair in (0, 3):
        expected = twin.integrated(sequences.iloc[pair], absent, 5)
        largest = max(float(side.abs().max()) for side in expected)
        for values, side in zip(found.residues(pair), expected, strict=True):
            np.testing.assert_allclose(values, side, rtol=0, atol=1e-5 * max(largest, 1.0))


def test_gradient_at_the_pair_itself(pipeline, tiny_esm2, sequences):
    model = pipeline()
    twin = Library(tiny_esm2, model)
    found = explain(model, sequences, "esm2_gradients", rule="gradient_x_input", baseline="zero")
    points = [twin.embed(sequence).requires_grad_() for sequence in sequences.iloc[1]]
    gradients = torch.autograd.grad(twin.logit(*points), points)
    for values, gradient, point in zip(found.residues(1), gradients, points, strict=True):
        np.testing.assert_allclose(values, (gradient * point).sum(dim=1).detach(), rtol=0, atol=1e-5)


BETWEEN = {
    "all tokens": lambda: (PairConcatenator("all"),),
    "order-free": lambda: (PairConcatenator("cls+segments+eos", combine="product+absdiff"),),
    "autoencoder": lambda: (
        AutoencoderReducer(4, max_epochs=1, random_state=0, device="cpu"),
        PairConcatenator("segments", combine="sum"),
    ),
    "autoencoder last": lambda: (
        PairConcatenator("mean"),
        AutoencoderReducer(4, max_epochs=1, random_state=0, device="cpu"),
    ),
    "nothing": lambda: ("passthrough", PairConcatenator(["eos", "cls"])),
}


def in_double_precision(model, pairs):
    """The pipeline as a differentiable function, all of it in double precision."""
    language = EsmModel.from_pretrained(model[0].model, add_pooling_layer=False).double().eval()
    loaded = load_language_model(model[0].model, device="cpu")
    read = read_model(model, pairs)
    read.module.double()
    function = DifferentiablePipeline(
        read, replace(loaded, forward=PackedESM2(language, "cpu", torch.float64))
    )
    function.steps = [step.double() if isinstance(step, torch.nn.Module) else step for step in function.steps]
    return function


@pytest.mark.parametrize("between", BETWEEN)
def test_finite_differences(pipeline, sequences, between):
    """Directional derivatives by single residues' embeddings, central differences in double precision."""
    function = in_double_precision(pipeline(*BETWEEN[between]()), sequences)
    a, b = (function.embed(sequence)[None].requires_grad_() for sequence in sequences.iloc[2])
    assert a.dtype == torch.float64
    gradients = torch.autograd.grad(function.logit(a, b), (a, b))
    random, step = np.random.RandomState(0), 1e-5
    for side, gradient in enumerate(gradients):
        for residue in (0, 4, 10):
            way = torch.zeros_like(gradient)
            way[0, residue] = torch.from_numpy(random.normal(size=32))
            with torch.no_grad():
                ends = [
                    function.logit(
                        *((x + sign * step * way) if side == i else x for i, x in enumerate((a, b)))
                    )
                    for sign in (1, -1)
                ]
            slope = float(ends[0] - ends[1]) / (2 * step)
            assert slope == pytest.approx(float((gradient * way).sum()), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_completeness(pipeline, sequences, classifier):
    """Residues add up to the rise of the logit, to the tolerance asked for; what is missing is told."""
    model, some = pipeline(classifier=classifier), sequences.iloc[[1, 4]]
    found = explain(model, some, "esm2_gradients", tolerance=0.005)
    probability = model.predict_proba(some)[:, 1]
    logits = np.log(probability / (1 - probability))
    totals = np.array([sum(side.sum() for side in found.residues(pair)) for pair in (0, 1)])
    np.testing.assert_allclose(found.values.sum(axis=1), totals, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.error, totals - (logits - found.base_values), rtol=0, atol=1e-5)
    assert np.abs(found.error).max() < 0.005
    assert not any("tolerance" in note for note in found.notes)


def test_a_path_that_is_not_resolved_says_so(pipeline, sequences):
    model, some = pipeline(), sequences.iloc[:2]
    found, finer = (
        explain(model, some, "esm2_gradients", n_steps=2, max_steps=n, tolerance=1e-9) for n in (2, 42)
    )
    assert "2 of 2 pairs miss the tolerance of 1e-09 after 2 points; see error." in found.notes
    assert np.abs(finer.error).max() < 0.2 * np.abs(found.error).max()


@pytest.mark.parametrize("between", BETWEEN)
def test_tokens_hold_every_residue_once(pipeline, sequences, between):
    found = explain(pipeline(*BETWEEN[between]()), sequences, "esm2_gradients", tolerance=1.0)
    labels = list(found.layout.token_labels)
    for pair in range(len(sequences)):
        a, b = found.residues(pair)
        assert found.values[pair].sum() == pytest.approx(a.sum() + b.sum(), abs=1e-6)
        if between == "all tokens":
            start, end = segment_bounds(len(b))[7]
            expected = b[start:end].sum()
            assert found.values[pair, labels.index("B_segment7")] == pytest.approx(expected, abs=1e-9)
            assert found.values[pair, labels.index("A_cls")] == 0


@pytest.mark.parametrize("long_proteins", ["window", "truncate"])
@pytest.mark.filterwarnings("ignore:.*longer than max_length")
def test_long_proteins_as_the_embedder_treats_them(pipeline, sequences, long_proteins):
    model = pipeline(max_length=16, long_proteins=long_proteins)
    found = explain(model, sequences, "esm2_gradients", tolerance=0.01)
    full = sequences[["sequence_a", "sequence_b"]].map(len).to_numpy()
    kept = np.minimum(full, 16) if long_proteins == "truncate" else full
    assert (full > 16).any()
    assert [[len(side) for side in found.residues(pair)] for pair in range(6)] == kept.tolist()
    assert np.abs(found.error).max() < 0.01


def test_what_is_computed_together_changes_nothing(pipeline, sequences):
    model = pipeline()
    one, all_ = (
        explain(model, sequences, "esm2_gradients", tolerance=np.inf, batch_tokens=n) for n in (1, 10**6)
    )
    np.testing.assert_allclose(one.values, all_.values, rtol=0, atol=1e-6)


def test_nothing_is_left_on_the_pipeline(pipeline, sequences, tmp_path):
    model = pipeline(*BETWEEN["autoencoder"]())
    for step in (model[1], model[-1]):
        step.module_.zero_grad(set_to_none=True)  # training leaves its last gradients
    before = model.predict_proba(sequences)
    found = explain(model, sequences, "esm2_gradients", tolerance=1.0)
    np.testing.assert_array_equal(model.predict_proba(sequences), before)
    for step in (model[1], model[-1]):
        assert all(parameter.grad is None for parameter in step.module_.parameters())
        assert all(parameter.requires_grad for parameter in step.module_.parameters())
    found.save(tmp_path / "residues.npz")
    again = Explanation.load(tmp_path / "residues.npz")
    np.testing.assert_array_equal(again.residues(5)[0], found.residues(5)[0])


def test_only_compared_when_named(pipeline, sequences):
    model = pipeline()
    report = evaluate_explanations(model, sequences, n_random=2, n_repeats=0)
    assert "esm2_gradients" not in {*report.explanations, *report.refused}
    named = evaluate_explanations(model, sequences, ["esm2_gradients"], n_random=2, n_repeats=0)
    assert np.isfinite(named.summary.loc["esm2_gradients", "deletion_gain"])


def test_refusals(pipeline, sequences, tiny_esm2, network, features):
    with pytest.raises(RefusedExplanation, match=r"begins with an ESM2Embedder.*use 'occlusion'"):
        explain(network("mlp"), features, "esm2_gradients")
    embed = ESM2Embedder(tiny_esm2, store=None, device="cpu")
    forest = make_pipeline(embed, PairConcatenator(), RandomForestClassifier(2)).fit(sequences, Y)
    with pytest.raises(RefusedExplanation, match="gradient of a network"):
        explain(forest, sequences, "esm2_gradients")
    composition = make_pipeline(CompositionEncoder(), CLASSIFIERS["network"]()).fit(sequences, Y)
    with pytest.raises(RefusedExplanation, match="begins with an ESM2Embedder"):
        explain(composition, sequences, "esm2_gradients")

    class Doubled(PairConcatenator):
        def transform(self, X):
            X = super().transform(X)
            return X._with(features=2 * X.features)

    with pytest.raises(RefusedExplanation, match="do not give the features"):
        explain(pipeline(Doubled("segments")), sequences, "esm2_gradients")

    class Scaled(TransformerMixin, BaseEstimator):
        """A step of somebody else's."""

        def fit(self, X, y=None):
            self.fitted_ = True
            return self

        def transform(self, X):
            return X

    with pytest.raises(RefusedExplanation, match="derivative of Scaled is unknown"):
        explain(pipeline(Scaled(), PairConcatenator("segments")), sequences, "esm2_gradients")


def test_wrong_settings(pipeline, sequences):
    model = pipeline()
    for settings, message in [
        ({"rule": "saliency"}, "rule must be one of"),
        ({"baseline": "sample"}, "baseline must be one of"),
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"batch_tokens": 0}, "batch_tokens must be at least 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            explain(model, sequences, "esm2_gradients", **settings)
