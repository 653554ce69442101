"""Attributions of single residues: they add up, and equal the derivative taken through the mean."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline

from amp_sklearn.classification import AEDNNClassifier
from amp_sklearn.data.segments import segment_bounds
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.explanation import Explanation, RefusedExplanation, explain
from amp_sklearn.preprocessing import AutoencoderReducer, PairConcatenator

MODEL = Path(__file__).parents[1] / "fixtures" / "esm2" / "model"
Y = np.array([0, 1] * 3)


def fitted(sequences, *between, **embedder):
    classifier = AEDNNClassifier(hidden1=8, hidden2=4, max_epochs=2, random_state=0, device="cpu")
    embed = ESM2Embedder(MODEL, store=None, device="cpu", **embedder)
    return make_pipeline(embed, *between, classifier).fit(sequences, Y)


@pytest.mark.parametrize("tokens", ["cls+segments+eos", "mean"])
def test_residues_add_up_to_their_segments(sequences, tokens):
    model = fitted(sequences, PairConcatenator(tokens))
    found = explain(model, sequences, "residue_gradients", keep_features=True)
    plain = explain(model, sequences, "integrated_gradients", aggregate="sum")
    np.testing.assert_allclose(found.values, plain.values, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.feature_values, plain.feature_values, rtol=0, atol=1e-5)
    labels = list(found.layout.token_labels)
    for pair in range(len(sequences)):
        for block, values, length in zip("AB", found.residues(pair), found.lengths[pair], strict=True):
            assert len(values) == length
            if tokens == "mean":
                expected = found.values[pair, labels.index(f"{block}_mean")]
                assert values.sum() == pytest.approx(expected, abs=1e-5)
                continue
            for number, (start, end) in enumerate(segment_bounds(length)):
                expected = found.values[pair, labels.index(f"{block}_segment{number}")]
                assert values[start:end].sum() == pytest.approx(expected, abs=1e-5)


def test_one_residue_by_hand(sequences):
    """Integrated gradients of the network preceded by the mean, with residue vectors as inputs."""
    model = fitted(sequences, PairConcatenator("segments"))
    found = explain(model, sequences, "residue_gradients", n_steps=9, baseline="zero")
    pair, n_steps = 2, 9
    states = model[0].residue_states(sequences.iloc[pair])
    bounds = [segment_bounds(len(state)) for state in states]

    def pooled(residues):
        means = [residues[side][start:end].mean(dim=0) for side in (0, 1) for start, end in bounds[side]]
        return torch.cat(means)[None]

    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    expected = [np.zeros(len(state)) for state in states]
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        points = [torch.tensor(node * state, dtype=torch.float32, requires_grad=True) for state in states]
        gradients = torch.autograd.grad(model[-1].module_(pooled(points)).sum(), points)
        for side in (0, 1):
            expected[side] += weight * (gradients[side].numpy() * states[side]).sum(axis=1)
    for values, twin in zip(found.residues(pair), expected, strict=True):
        np.testing.assert_allclose(values, twin, rtol=0, atol=1e-5)


@pytest.mark.parametrize("long_proteins", ["window", "truncate"])
@pytest.mark.filterwarnings("ignore:.*longer than max_length")
def test_long_proteins_as_the_embedder_treats_them(sequences, long_proteins):
    model = fitted(sequences, PairConcatenator("segments"), max_length=16, long_proteins=long_proteins)
    found = explain(model, sequences, "residue_gradients")
    full = sequences[["sequence_a", "sequence_b"]].map(len).to_numpy()
    np.testing.assert_array_equal(
        found.lengths, np.minimum(full, 16) if long_proteins == "truncate" else full
    )
    for pair in range(len(sequences)):
        total = sum(values.sum() for values in found.residues(pair))
        assert total == pytest.approx(found.values[pair].sum(), abs=1e-5)


def test_saved_with_its_residues(sequences, tmp_path):
    found = explain(fitted(sequences, PairConcatenator("segments")), sequences, "residue_gradients")
    found.save(tmp_path / "residues.npz")
    again = Explanation.load(tmp_path / "residues.npz")
    np.testing.assert_array_equal(again.residues(3)[1], found.residues(3)[1])


def test_what_cannot_be_carried_back_is_refused(sequences, network, features):
    with pytest.raises(RefusedExplanation, match="begins with an ESM2Embedder"):
        explain(network("mlp"), features, "residue_gradients")
    reduced = fitted(
        sequences,
        AutoencoderReducer(4, max_epochs=1, random_state=0, device="cpu"),
        PairConcatenator("segments"),
    )
    with pytest.raises(RefusedExplanation, match="changes the means over residues"):
        explain(reduced, sequences, "residue_gradients")
    combined = fitted(sequences, PairConcatenator("segments", combine="absdiff"))
    with pytest.raises(RefusedExplanation, match="not the two proteins one after the other"):
        explain(combined, sequences, "residue_gradients")
