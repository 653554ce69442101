"""Explanations of pipelines with a ProteinScaler equal those of the same function written without one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amp_sklearn.classification import AEDNNClassifier
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.explanation import explain, read_model
from amp_sklearn.preprocessing import PairConcatenator, ProteinScaler

MODEL = Path(__file__).parents[1] / "fixtures" / "esm2" / "model"
Y = np.array([0, 1] * 3)
ORDERS = {
    "scaled after the choice": (PairConcatenator("segments"), ProteinScaler()),
    "scaled before the choice": (ProteinScaler(), PairConcatenator("segments")),
}


@pytest.fixture(params=ORDERS)
def scaled(request, sequences):
    classifier = AEDNNClassifier(hidden1=8, hidden2=4, max_epochs=2, random_state=0, device="cpu")
    return make_pipeline(
        ESM2Embedder(MODEL, store=None, device="cpu"), *ORDERS[request.param], classifier
    ).fit(sequences, Y)


@pytest.fixture
def folded(scaled, sequences):
    """The same function of the embedder's features: the scaling is folded into the first layer of the network."""
    plain = make_pipeline(scaled[0], PairConcatenator("segments"), scaled[-1].__class__(hidden1=8, hidden2=4))
    plain.set_params(aednnclassifier__device="cpu", aednnclassifier__max_epochs=1).fit(sequences, Y)
    state = {key: value.clone() for key, value in scaled[-1].module_.state_dict().items()}
    chosen = plain[:-1].transform(sequences)
    ends = [np.zeros(chosen.shape[1]), np.ones(chosen.shape[1])]
    scaler = next(step for step in scaled if isinstance(step, ProteinScaler))
    columns = np.arange(len(scaler.mean_))
    if len(columns) > chosen.shape[1] // 2:
        width = scaled[0].layout_.width
        columns = columns[width : 11 * width]  # cls comes before the segments
    zero, one = (np.tile(end[: len(columns)], 2) for end in ends)
    mean, scale = np.tile(scaler.mean_[columns], 2), np.tile(scaler.scale_[columns], 2)
    zero, one = (zero - mean) / scale, (one - mean) / scale
    weight = state["mlp_layers.0.weight"].double()
    state["mlp_layers.0.bias"] = (
        state["mlp_layers.0.bias"].double() + weight @ torch.from_numpy(zero)
    ).float()
    state["mlp_layers.0.weight"] = (weight * torch.from_numpy(one - zero)).float()
    plain[-1].module_.load_state_dict(state)
    return plain


@pytest.mark.parametrize("method", ["integrated_gradients", "residue_gradients", "esm2_gradients"])
def test_attributions_are_those_of_the_features_before_scaling(scaled, folded, sequences, method):
    np.testing.assert_allclose(
        scaled.decision_function(sequences), folded.decision_function(sequences), rtol=0, atol=1e-4
    )
    found, expected = (explain(model, sequences, method, n_steps=6) for model in (scaled, folded))
    tolerance = 1e-4 * max(1, np.abs(expected.values).max())
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=tolerance)
    if found.residue_values is not None:
        for pair in range(len(sequences)):
            for one, other in zip(found.residues(pair), expected.residues(pair), strict=True):
                np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def test_the_fingerprint_holds_the_scales(scaled, sequences):
    before = read_model(scaled, sequences).fingerprint()
    scaler = next(step for step in scaled if isinstance(step, ProteinScaler))
    scaler.scale_ = scaler.scale_ * 2
    assert read_model(scaled, sequences).fingerprint() != before


def test_a_scaler_of_scikit_learn_keeps_the_meaning_of_columns_and_a_selector_does_not(features):
    y = np.asarray(features)[:, 3] > 0
    whole = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, y)
    found = explain(whole, features, "occlusion")
    by_hand = explain(whole[-1], whole[:-1].transform(features), "occlusion", layout=features.layout)
    np.testing.assert_array_equal(found.values, by_hand.values)
    assert found.mean(magnitude=True).idxmax() == "A_segment0"
    chosen = make_pipeline(SelectKBest(k=5), LogisticRegression()).fit(features, y)
    with pytest.raises(
        ValueError, match=r"'selectkbest' \(SelectKBest\) keeps single columns.*PairConcatenator"
    ):
        explain(chosen, features, "occlusion")
