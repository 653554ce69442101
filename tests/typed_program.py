"""A small program of a user, which a type checker must accept: ``python -m mypy tests/typed_program.py``."""

import numpy as np
import pandas as pd

import amp_sklearn
from amp_sklearn.classification import AMPSClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix, read_fasta
from amp_sklearn.embedding import EmbeddingStore, ESM2Embedder
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.persistence import load_model, save_model


def train(pairs: pd.DataFrame, labels: np.ndarray, fasta: str, target: str) -> float:
    sequences = read_fasta(fasta)
    embedder = ESM2Embedder(store=None, batch_size=8)
    features = embedder.fit_transform(pairs)
    classifier = AMPSClassifier(max_epochs=3, random_state=0)
    classifier.fit(features, labels)
    save_model(classifier, target)
    return float(classifier.predict_proba(features)[:, 1].mean()) + len(sequences)


def predict(path: str, features: np.ndarray) -> np.ndarray:
    store = EmbeddingStore("embeddings")
    store.close()
    X = PairMatrix(features, [[0, 1]], FeatureLayout(("mean",), features.shape[1]))
    try:
        return load_model(path).predict(X)
    except ModelLoadError as error:
        raise SystemExit(f"{error} (amp_sklearn {amp_sklearn.__version__})") from error
