"""The interaction map: it adds up, it finds the planted pair of segments, it is refused elsewhere, it is drawn and kept."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn.classification import AEDNNClassifier, LateInteractionClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.explanation import Explanation, RefusedExplanation, explain
from amp_sklearn.plotting import InteractionMapDisplay
from amp_sklearn.preprocessing import ProteinScaler

LAYOUT = FeatureLayout(("segment0", "segment1", "segment2"), width=4)


@pytest.fixture(scope="module")
def data():
    """Proteins interact where segment 1 of both, which a constant marks, points the same way; nothing else matters."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 12)).astype(np.float32)
    features[:, 4] = np.sign(features[:, 4]) * 2
    features[:, 5] = 4
    index = rng.integers(0, 200, size=(1200, 2))
    y = (features[index[:, 0], 4] * features[index[:, 1], 4] > 0).astype(int)
    return PairMatrix(features, index, LAYOUT), np.where(y, "yes", "no")


@pytest.fixture(scope="module")
def model(data):
    network = LateInteractionClassifier(
        hidden1=32,
        d_model=8,
        protein_width=2,
        dropout=0.0,
        max_epochs=12,
        lr=1e-2,
        random_state=0,
        device="cpu",
    )
    return make_pipeline(ProteinScaler(), network).fit(*data)


def test_cells_and_rest_are_the_logit(model, data):
    X = data[0][:30]
    found = explain(model, X, "interaction_map", batch_size=7)
    logits = model.decision_function(X)
    np.testing.assert_allclose(found.pair_values.sum(axis=(1, 2)) + found.base_values, logits, atol=1e-4)
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base_values, logits, atol=1e-4)
    assert np.abs(found.error).max() < 1e-4
    other = explain(model, X, "interaction_map", target="no")
    np.testing.assert_allclose(other.pair_values, -found.pair_values, atol=1e-6)


def test_the_planted_pair_of_segments_tells_the_classes_apart(data):
    X, y = data
    model = LateInteractionClassifier(
        hidden1=32, d_model=8, protein_width=2, dropout=0.0, max_epochs=20, batch_size=64, lr=3e-3, random_state=0,
        device="cpu",
    ).fit(X, y)  # fmt: skip
    assert model.score(X, y) > 0.8
    cells = explain(model, X, "interaction_map").pair_values
    change = cells[y == "yes"].mean(axis=0) - cells[y == "no"].mean(axis=0)
    assert np.abs(change).argmax() == 4


def test_several_classes(data):
    X, _ = data
    y = np.arange(len(X)) % 3
    network = LateInteractionClassifier(hidden1=4, d_model=4, max_epochs=1, random_state=0, device="cpu").fit(
        X, y
    )
    found = explain(network, X[:5], "interaction_map", target=2)
    total = found.pair_values.sum(axis=(1, 2)) + found.base_values
    np.testing.assert_allclose(total, network.decision_function(X[:5])[:, 2], atol=1e-5)


@pytest.mark.parametrize(
    "kind", [LogisticRegression, lambda: AEDNNClassifier(hidden1=4, hidden2=4, max_epochs=1, device="cpu")]
)
def test_other_models_are_refused(data, kind):
    X, y = data
    with pytest.raises(RefusedExplanation, match="no sum over pairs of tokens"):
        explain(kind().fit(X, y), X, "interaction_map", layout=LAYOUT)


def test_attention_is_refused_for_it(model, data):
    with pytest.raises(RefusedExplanation, match="this has none"):
        explain(model, data[0][:3], "attention")


def test_it_is_kept_in_files_and_in_selections(model, data, tmp_path):
    found = explain(model, data[0][:6], "interaction_map")
    found.save(tmp_path / "map.npz")
    again = Explanation.load(tmp_path / "map.npz")
    np.testing.assert_array_equal(again.pair_values, found.pair_values)
    np.testing.assert_array_equal(found.select([4, 1]).pair_values, found.pair_values[[4, 1]])


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="pair_values must have shape 1 x 3 x 3, got 1 x 2 x 3"):
        Explanation(np.zeros((1, 6)), LAYOUT, "interaction_map", pair_values=np.zeros((1, 2, 3)))
    layout = FeatureLayout(LAYOUT.tokens, 4, ("A+B", "|A-B|"))
    with pytest.raises(ValueError, match="one of protein B; the blocks are"):
        Explanation(np.zeros((1, 6)), layout, "interaction_map", pair_values=np.zeros((1, 3, 3)))


def test_the_picture_shows_the_cells(model, data):
    found = explain(model, data[0][:6], "interaction_map")
    display = InteractionMapDisplay.from_explanation(found, pair=2)
    np.testing.assert_allclose(display.image_.get_array(), found.pair_values[2])
    low, high = display.image_.get_clim()
    assert low == -high == -np.abs(found.pair_values[2]).max()
    assert f"{found.base_values[2]:+.2f}" in display.ax_.get_xlabel()
    ax = Figure().add_subplot()
    mean = InteractionMapDisplay.from_estimator(model, data[0][:6], ax=ax)
    assert mean.ax_ is ax
    np.testing.assert_allclose(mean.image_.get_array(), found.pair_values.mean(axis=0), atol=1e-6)
    plain = explain(model, data[0][:6], "integrated_gradients", n_steps=2)
    with pytest.raises(ValueError, match="method='interaction_map'"):
        InteractionMapDisplay.from_explanation(plain)
