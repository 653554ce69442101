"""The complete pipeline: sequences to cross-validated probabilities, once per protein, reproducible, portable."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from amp_sklearn import AMPSClassifier, ESM2Embedder, PairConcatenator, load_yeast_ppi


def small_model(esm2, store):
    """A pipeline of the published kind with a small classifier."""
    classifier = AMPSClassifier(
        d_model=16,
        n_layers=1,
        n_heads=2,
        dim_feedforward=16,
        hidden1=8,
        hidden2=4,
        max_epochs=1,
        random_state=0,
    )
    return make_pipeline(ESM2Embedder(esm2, store=store), PairConcatenator(), classifier)


@pytest.fixture(scope="module")
def yeast():
    X, y = load_yeast_ppi()
    rows = np.random.default_rng(0).choice(len(X), 300, replace=False)
    return X.iloc[rows], y[rows]


def test_five_folds_embed_each_protein_once(yeast, tiny_esm2, tmp_path, embedded_proteins):
    X, y = yeast
    scores = cross_val_score(small_model(tiny_esm2, tmp_path), X, y, cv=5)
    assert len(scores) == 5 and np.isfinite(scores).all()
    assert embedded_proteins.count == len(set(X.to_numpy().ravel()))


FULL = """
import json, resource, sys
from amp_sklearn.embedding import batching
from sklearn.model_selection import cross_val_score
sys.path.insert(0, sys.argv[1])
from test_pipeline import small_model, load_yeast_ppi
counted, compute = [], batching._embed_batch
batching._embed_batch = lambda sequences, *rest: (counted.append(len(sequences)), compute(sequences, *rest))[1]
X, y = load_yeast_ppi()
scores = cross_val_score(small_model("esm2-mini", sys.argv[2]), X, y, cv=5)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"embedded": sum(counted), "folds": len(scores), "gib": peak}))
"""


@pytest.mark.slow
def test_all_yeast_pairs_in_five_folds_within_three_gibibytes(request, tmp_path):
    here = str(request.path.parent)
    done = subprocess.run(
        [sys.executable, "-c", FULL, here, tmp_path], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["embedded"] == 2492 and found["folds"] == 5  # 2,497 ids name 2,492 distinct sequences
    assert found["gib"] < 3


LOAD = "import joblib, sys, numpy as np; m, X = joblib.load(sys.argv[1]); np.save(sys.argv[2], m.predict_proba(X))"


def test_a_dumped_pipeline_gives_the_same_bits_in_a_new_process(yeast, tmp_path):
    X, y = yeast
    model = small_model("esm2-mini", tmp_path / "store").fit(X[:100], y[:100])
    joblib.dump(model, tmp_path / "model.joblib")
    assert (tmp_path / "model.joblib").stat().st_size < 500_000  # the ESM-2 weights alone take 4.5 MB
    joblib.dump((model.set_params(esm2embedder__store=None), X[:20]), tmp_path / "both.joblib")
    subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path / "both.joblib", tmp_path / "probabilities.npy"], check=True
    )
    np.testing.assert_array_equal(np.load(tmp_path / "probabilities.npy"), model.predict_proba(X[:20]))


def test_same_seed_same_numbers(yeast, tiny_esm2, tmp_path):
    X, y = yeast
    model = small_model(tiny_esm2, tmp_path)
    first = clone(model).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), first)
    other = clone(model).set_params(ampsclassifier__random_state=1).fit(X, y).predict_proba(X)
    assert np.abs(other - first).max() > 1e-6
