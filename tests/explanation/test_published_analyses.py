"""Published analyses by name: method, settings, tokens; through a whole pipeline, autoencoder step included."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.embedding.long_proteins import LongProteinRule
from amp_sklearn.explanation import PUBLISHED_ANALYSES, TOKEN_SETS, explain
from amp_sklearn.nn import MLPHead, PairTransformer

SETTINGS = {  # as published: steps, background rows
    "ESM2_AMPS_IG": {"n_steps": 25, "baseline": "mean", "n_background": 200},
    "ESM2_AMP_CSE_IG": {"n_steps": 25, "baseline": "mean", "n_background": 200},
    "AE_DNN_IG": {"n_steps": 50, "baseline": "mean", "n_background": 200},
    "AE_DNN_SHAP": {"n_background": 200},
    "AE_RF_SHAP": {"n_background": 200, "perturbation": "interventional"},
}


class Embedder(TransformerMixin, BaseEstimator):
    """Twelve random tokens of 4 dimensions for each protein; stands for a language model."""

    def __init__(self, max_length=None, long_proteins="error"):
        self.max_length = max_length
        self.long_proteins = long_proteins

    def long_protein_rule(self):
        return LongProteinRule(self.max_length, self.long_proteins)

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        random = np.random.RandomState(0)
        index = np.arange(2 * len(X)).reshape(-1, 2)
        layout = FeatureLayout(TOKEN_SETS["cls_segment_eos"], 4)
        return PairMatrix(random.normal(size=(2 * len(X), 48)).astype(np.float32), index, layout)


class Reducer(TransformerMixin, BaseEstimator):
    """Each token to 2 dimensions, as an autoencoder does."""

    def __init__(self, tokens="cls_segment_eos"):
        self.tokens = tokens

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        X = X.select(tokens=TOKEN_SETS[self.tokens])
        reduced = X.features.reshape(len(X.features), -1, 4)[..., :2].reshape(len(X.features), -1)
        return PairMatrix(reduced, X.index, FeatureLayout(X.layout.tokens, 2))


class Network(BaseEstimator):
    """A fitted torch classifier, as far as explain reads it."""

    def __init__(self, module=None):
        self.module = module

    def fit(self, X, y):
        self.module_, self.layout_ = self.module.eval(), X.layout
        self.classes_ = np.unique(y)
        return self


def model_for(name, tokens, sequences):
    n_tokens = 2 * len(TOKEN_SETS[tokens])
    if name.startswith("AE_RF"):
        classifier = RandomForestClassifier(4, random_state=0)
    elif name.startswith("AE_DNN"):
        classifier = Network(MLPHead(n_tokens, 2, hidden=(6, 4)))
    else:
        small = {"n_layers": 2, "n_heads": 2, "dim_feedforward": 4, "hidden": (4, 2)}
        classifier = Network(PairTransformer(n_tokens, 2, **small))
    return make_pipeline(Embedder(), Reducer(tokens), classifier).fit(sequences, [0, 1] * 3)


@pytest.mark.parametrize(
    ("name", "tokens"), [(n, t) for n, analysis in PUBLISHED_ANALYSES.items() for t in analysis.token_sets]
)
def test_every_analysis_runs_through_a_pipeline(name, tokens, sequences):
    found = explain(model_for(name, tokens, sequences), sequences, name)
    assert found.method == PUBLISHED_ANALYSES[name].method
    assert found.layout == FeatureLayout(TOKEN_SETS[tokens], 2)
    assert found.parameters["published_analysis"] == name
    assert SETTINGS.get(name, {}).items() <= found.parameters.items()
    assert found.pair_ids.tolist() == [list(pair) for pair in sequences.index]
    expected = "A_cls" if tokens == "cls_segment_eos" else "A_segment0"
    assert found.layout.token_labels[0] == expected


def test_both_token_sets_of_every_autoencoder_analysis():
    for name, analysis in PUBLISHED_ANALYSES.items():
        both = {"segment_0_9", "cls_segment_eos"}
        assert set(analysis.token_sets) == both if name.startswith("AE_") else len(analysis.token_sets) == 1


def test_other_tokens_are_refused(sequences):
    model = model_for("ESM2_AMPS_IG", "cls_segment_eos", sequences)
    with pytest.raises(ValueError, match="ESM2_AMPS_IG was published for the tokens segment_0_9"):
        explain(model, sequences, "ESM2_AMPS_IG")


def test_settings_can_be_overridden_and_departures_are_noted(sequences):
    model = model_for("AE_DNN_IG", "segment_0_9", sequences)
    found = explain(model, sequences, "AE_DNN_IG", baseline="sample")
    assert (found.parameters["baseline"], found.parameters["n_steps"]) == ("sample", 50)
    assert any("one random row per pair" in note for note in found.notes)


def test_lengths_are_those_that_the_embedder_kept(sequences):
    model = make_pipeline(
        Embedder(max_length=20, long_proteins="truncate"), Reducer(), RandomForestClassifier(2)
    ).fit(sequences, [0, 1] * 3)
    found = explain(model, sequences, "gini")
    full = sequences[["sequence_a", "sequence_b"]].map(len).to_numpy()
    assert (full > 20).any()
    np.testing.assert_array_equal(found.lengths, np.minimum(full, 20))
    assert any("first 20 residues" in note for note in found.notes)
