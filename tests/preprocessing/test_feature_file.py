"""Features in a file: the same as in memory, for classifiers and scalers too."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from amp_sklearn import ESM2Embedder, LateInteractionClassifier, PairConcatenator, ProteinScaler
from amp_sklearn.preprocessing import feature_file, map_features

RANDOM = np.random.default_rng(4)
SEQUENCES = ["".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), RANDOM.integers(12, 40))) for _ in range(21)]
X = pd.DataFrame(RANDOM.choice(SEQUENCES, (50, 2)), columns=["sequence_a", "sequence_b"])
y = np.tile([0, 1], 25)


@pytest.fixture
def encoder(tiny_esm2):
    return make_pipeline(ESM2Embedder(tiny_esm2, store=None, device="cpu"), PairConcatenator("segments")).fit(
        X
    )


@pytest.mark.parametrize("together", [1, 4, 2048])
def test_mapped_features_are_those_in_memory(encoder, tmp_path, together, monkeypatch):
    monkeypatch.setattr(feature_file, "TOGETHER", together)
    expected = encoder.transform(X)
    found = map_features(encoder, X, tmp_path / "features.npy")
    assert isinstance(found.features, np.memmap) and found.layout == expected.layout
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=2e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["features.npy"]


def test_a_model_learns_the_same_from_a_file(encoder, tmp_path):
    mapped = map_features(encoder, X, tmp_path / "features.npy")
    in_memory = mapped._with(features=np.array(mapped.features))

    def predicted(found):
        model = make_pipeline(
            ProteinScaler(), LateInteractionClassifier(max_epochs=2, random_state=0, device="cpu")
        )
        return model.fit(found, y).predict_proba(found)

    np.testing.assert_array_equal(predicted(mapped), predicted(in_memory))
    classifier = LateInteractionClassifier(
        max_epochs=2, random_state=0, device="cpu"
    )  # reads the file itself
    np.testing.assert_array_equal(
        classifier.fit(mapped, y).predict_proba(mapped), classifier.fit(in_memory, y).predict_proba(in_memory)
    )


def test_an_encoder_of_pairs_is_refused(tmp_path):
    encoder = FunctionTransformer(lambda pairs: np.zeros((len(pairs), 3)))
    with pytest.raises(TypeError, match="gives ndarray and no PairMatrix"):
        map_features(encoder, X, tmp_path / "features.npy")
    assert not list(tmp_path.iterdir())
