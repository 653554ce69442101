"""Every published analysis through a real fitted pipeline: sequences, ESM-2, autoencoder, classifier."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from amp_sklearn.classification import AEDNNClassifier, AMPCSEClassifier, AMPSClassifier
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.explanation import PUBLISHED_ANALYSES, TOKEN_SETS, explain, read_model
from amp_sklearn.preprocessing import AutoencoderReducer, PairConcatenator

Y = np.array([0, 1] * 3)
CPU = {"random_state": 0, "device": "cpu"}
SMALL = {
    "n_layers": 2,
    "n_heads": 2,
    "dim_feedforward": 8,
    "hidden1": 6,
    "hidden2": 4,
    "max_epochs": 1,
    **CPU,
}
CONCATENATED = {"segment_0_9": "segments", "cls_segment_eos": "cls+segments+eos"}
CLASSIFIERS = {
    "AE_RF": lambda: RandomForestClassifier(5, random_state=42),
    "AE_DNN": lambda: AEDNNClassifier(hidden1=8, hidden2=4, max_epochs=2, **CPU),
    "ESM2_AMPS": lambda: AMPSClassifier(**SMALL),
    "ESM2_AMP_CSE": lambda: AMPCSEClassifier(**SMALL),
}
ANALYSES = [(name, tokens) for name, made in PUBLISHED_ANALYSES.items() for tokens in made.token_sets]


@pytest.fixture(scope="module")
def pipeline(tiny_esm2, sequences):
    fitted = {}

    def fit(kind, tokens):
        if (kind, tokens) not in fitted:
            steps = [ESM2Embedder(tiny_esm2, store=None, device="cpu")]
            if kind.startswith("AE_"):
                steps.append(AutoencoderReducer(5, max_epochs=1, **CPU))
            steps += [PairConcatenator(CONCATENATED[tokens]), CLASSIFIERS[kind]()]
            fitted[kind, tokens] = make_pipeline(*steps).fit(sequences, Y)
        return fitted[kind, tokens]

    return fit


@pytest.mark.parametrize(("name", "tokens"), ANALYSES)
def test_from_sequences_to_an_explanation(pipeline, sequences, name, tokens):
    kind = name.rsplit("_", 1)[0]
    model = pipeline(kind, tokens)
    found = explain(model, sequences, name)
    assert found.layout.tokens == TOKEN_SETS[tokens]
    assert found.layout.width == (5 if kind.startswith("AE_") else 32)
    np.testing.assert_allclose(found.predictions, model.predict_proba(sequences)[:, 1], rtol=0, atol=1e-6)
    assert found.pair_ids.tolist() == [list(pair) for pair in sequences.index]
    assert found.parameters["published_analysis"] == name
    assert found.model == read_model(model, sequences).fingerprint()
    assert [len(side) for side in found.residues(0)] == found.lengths[0].tolist()
    method = PUBLISHED_ANALYSES[name].method
    if method == "attention":
        np.testing.assert_allclose(found.token_maps.sum(axis=-1), 1, rtol=0, atol=1e-5)
        assert found.map_names == ("layer 1", "layer 2")
    elif method == "gini":
        assert found.values[0].sum() == pytest.approx(1 / 5)  # means over the 5 columns of a token
    else:
        outputs = read_model(model, sequences).outputs()
        rise = outputs - found.base_values
        missing = found.feature_values.sum(axis=1) - rise
        np.testing.assert_allclose(found.error, missing, rtol=0, atol=1e-5)
        exact = {"deep_shap": 1e-5, "tree_shap": 1e-10}.get(method, 0.05 * np.abs(rise).max() + 1e-5)
        assert np.abs(found.error).max() < exact


def test_a_set_model_is_named_as_one(pipeline, sequences):
    """The published Transformers cannot tell A from B; networks on concatenated autoencoder tokens can."""
    notes = {
        kind: " ".join(explain(pipeline(kind, tokens), sequences, "occlusion").notes)
        for kind, tokens in [("ESM2_AMPS", "segment_0_9"), ("ESM2_AMP_CSE", "cls_segment_eos")]
    }
    assert all("cannot tell protein A from protein B" in note for note in notes.values())
    other = explain(pipeline("AE_DNN", "segment_0_9"), sequences, "occlusion")
    assert "cannot tell" not in " ".join(other.notes)


def test_the_fingerprint_is_that_of_the_whole_pipeline(pipeline, sequences):
    """The same classifier behind another language model or another autoencoder is another model."""
    read = read_model(pipeline("AE_DNN", "segment_0_9"), sequences)
    other = AutoencoderReducer(5, max_epochs=1, random_state=1, device="cpu")
    other.fit(pipeline("AE_DNN", "segment_0_9")[0].transform(sequences))
    changed = [replace(read, steps=(other, *read.steps[1:])), replace(read, embedder=None)]
    assert len({model.fingerprint() for model in (read, *changed)}) == 3
    assert read.fingerprint() == read_model(pipeline("AE_DNN", "segment_0_9"), sequences).fingerprint()
