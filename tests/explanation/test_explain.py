"""explain(): what it reads from pipelines, classifiers and networks, and how a method is added."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.explanation import (
    Attribution,
    Explainer,
    Explanation,
    IntegratedGradients,
    available_explainers,
    explain,
    make_explainer,
    read_model,
    register_explainer,
)
from amp_sklearn.explanation.model import PERMUTATION_INVARIANT_NOTE
from amp_sklearn.explanation.registry import _REGISTRY


class Composition(TransformerMixin, BaseEstimator):
    """Two sequences to a PairMatrix: share of two letters in each half."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        def half(s):
            return [s.count("A") / len(s), s.count("L") / len(s)]

        proteins = [*X["sequence_a"], *X["sequence_b"]]
        rows = [half(s[: len(s) // 2]) + half(s[len(s) // 2 :]) for s in proteins]
        index = np.arange(2 * len(X)).reshape(2, -1).T
        return PairMatrix(np.array(rows, dtype=np.float32), index, FeatureLayout(("segment0", "segment1"), 2))


class TorchClassifier(ClassifierMixin, BaseEstimator):
    """What explain reads of a fitted torch estimator."""

    def __init__(self, module=None):
        self.module = module

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.layout_ = X.layout
        self.module_ = self.module.eval()
        return self

    def predict_proba(self, X):
        with torch.inference_mode():
            p = torch.sigmoid(self.module_(torch.from_numpy(np.asarray(X)))).numpy()
        return np.stack([1 - p, p], axis=1)

    def predict(self, X):
        return self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]


@pytest.fixture
def pipeline(sequences):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = torch.nn.Sequential(
            torch.nn.Linear(8, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1), torch.nn.Flatten(0)
        )
    return make_pipeline(Composition(), TorchClassifier(module)).fit(sequences, list("nynyny"))


@pytest.mark.parametrize(
    "method", ["integrated_gradients", "gradient_shap", "deep_shap", "occlusion", "permutation"]
)
def test_one_pair_alone_has_nothing_to_be_compared_with(method, pipeline, sequences):
    one, network = sequences.iloc[[0]], pipeline[-1]
    network.module_[1] = torch.nn.Tanh()
    with pytest.raises(ValueError, match="the only pair would be its own reference, and all values 0"):
        explain(pipeline, one, method)
    values = explain(pipeline, one, method, background=sequences).values
    assert np.abs(values).max() > 1e-4
    explain(pipeline, one, "integrated_gradients", baseline="zero")


def test_a_pipeline_from_sequences(pipeline, sequences):
    found = explain(pipeline, sequences, "integrated_gradients", baseline="zero")
    assert found.layout.token_labels == ("A_segment0", "A_segment1", "B_segment0", "B_segment1")
    assert found.pair_ids.tolist() == [list(pair) for pair in sequences.index]
    np.testing.assert_array_equal(found.lengths, sequences[["sequence_a", "sequence_b"]].map(len).to_numpy())
    np.testing.assert_allclose(found.predictions, pipeline.predict_proba(sequences)[:, 1])
    assert found.model.startswith("Sequential:")
    assert found.parameters["n_steps"] == 50
    a, b = found.residues(2)
    assert (len(a), len(b)) == tuple(found.lengths[2])


def test_background_goes_through_the_pipeline_too(pipeline, sequences):
    baseline = pipeline[:-1].transform(sequences.iloc[:2])
    expected = explain(pipeline, sequences, "occlusion", baseline=np.asarray(baseline).mean(axis=0))
    found = explain(pipeline, sequences, "occlusion", background=sequences.iloc[:2])
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-6)


def test_a_search_is_explained_by_its_best(pipeline, sequences):
    y = [0, 1, 0, 1, 0, 1]
    model = make_pipeline(Composition(), LogisticRegression())
    search = GridSearchCV(model, {"logisticregression__C": [0.1, 1.0]}, cv=2).fit(sequences, y)
    found = explain(search, sequences, "occlusion")
    np.testing.assert_allclose(found.predictions, search.predict_proba(sequences)[:, 1])
    assert found.model.startswith("LogisticRegression:")


def test_the_fingerprint_follows_the_weights(network, features):
    one, two = network("mlp"), network("mlp")
    assert explain(one, features, "occlusion").model == explain(two, features, "occlusion").model
    with torch.no_grad():
        next(two.parameters())[0, 0] += 1
    assert explain(one, features, "occlusion").model != explain(two, features, "occlusion").model


def test_permutation_invariantness_is_said(network, features, layout):
    def notes(module):
        return explain(module, features, "occlusion").notes

    assert PERMUTATION_INVARIANT_NOTE in notes(network("transformer"))
    assert PERMUTATION_INVARIANT_NOTE not in notes(network("transformer", chain_embedding=True))
    assert PERMUTATION_INVARIANT_NOTE not in notes(network("gru"))

    class Undeclared(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(8, 1)

        def forward(self, x):
            return self.head(x.reshape(len(x), 4, 8).mean(dim=1))

    assert PERMUTATION_INVARIANT_NOTE in notes(Undeclared())


def test_a_new_explainer_is_one_class(pipeline, sequences, tmp_path):
    """It gets the registry, checks, notes, residues, files and tables without a further line."""

    @register_explainer("magnitude")
    @dataclass
    class Magnitude(Explainer):
        power: float = 1.0

        def reason_unsuitable(self, model):
            return "it knows two proteins only" if model.layout.blocks != ("A", "B") else None

        def attribute(self, model):
            rows = model.layout.by_token(model.rows(slice(None)))
            return Attribution(values=(np.abs(rows) ** self.power).sum(axis=-1))

    try:
        assert "magnitude" in available_explainers()
        found = explain(pipeline, sequences, "magnitude", power=2.0)
        found.save(tmp_path / "new.npz")
        again = Explanation.load(tmp_path / "new.npz")
        assert (again.method, again.parameters) == ("magnitude", {"power": 2.0})
        assert len(again.top(1)) == 6
        assert len(again.residues(0)[0]) == len(sequences["sequence_a"].iloc[0])
    finally:
        del _REGISTRY["magnitude"]


def test_settings_and_names_are_checked(network, features):
    with pytest.raises(ValueError, match=r"no explainer 'nothing'; there are attention, "):
        explain(network("mlp"), features, "nothing")
    with pytest.raises(TypeError, match=r"occlusion has no setting n_steps; it has baseline"):
        explain(network("mlp"), features, "occlusion", n_steps=3)
    ready = IntegratedGradients(n_steps=5)
    assert make_explainer(ready) is ready
    assert explain(network("mlp"), features, ready).parameters["n_steps"] == 5
    with pytest.raises(ValueError, match="belong into IntegratedGradients"):
        explain(network("mlp"), features, ready, n_steps=3)


def test_inputs_that_cannot_be_explained(network, features, layout, pipeline, sequences):
    x = np.asarray(features)
    with pytest.raises(ValueError, match="pass layout=FeatureLayout"):
        explain(network("mlp"), x, "occlusion")
    with pytest.raises(ValueError, match="describes 32 columns, the features have 31"):
        explain(network("mlp"), x[:, 1:], "occlusion", layout=layout)
    with pytest.raises(ValueError, match="no pair to explain"):
        explain(network("mlp"), x[:0], "occlusion", layout=layout)
    with pytest.raises(ValueError, match="give a fitted pipeline"):
        explain(pipeline[-1], sequences, "occlusion")
    with pytest.raises(ValueError, match="no class of the model"):
        explain(network("mlp"), features, "occlusion", target="maybe")
    three = LogisticRegression().fit(x, np.arange(40) % 3)
    with pytest.raises(ValueError, match="3 classes; pass target"):
        explain(three, features, "occlusion")
    assert read_model(three, features, target=2).target == 2
    with pytest.raises(Exception, match="not fitted"):
        explain(LogisticRegression(), features, "occlusion")
