"""evaluate_explanations takes every registered explainer, by name, class and instance."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from amp_sklearn.classification import AEDNNClassifier
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.explanation import (
    ESM2Gradients,
    available_explainers,
    evaluate_explanations,
    make_explainer,
)
from amp_sklearn.preprocessing import PairConcatenator

MODEL = Path(__file__).parents[1] / "fixtures" / "esm2" / "model"


@pytest.fixture(scope="module")
def pipeline(sequences):
    classifier = AEDNNClassifier(hidden1=8, hidden2=4, max_epochs=2, random_state=0, device="cpu")
    embedder = ESM2Embedder(MODEL, store=None, device="cpu")
    return make_pipeline(embedder, PairConcatenator("segments"), classifier).fit(sequences, [0, 1] * 3)


def test_every_registered_explainer_as_class_and_instance(pipeline, sequences):
    names = [name for name in available_explainers() if name != "esm2_gradients"]
    classes = [type(make_explainer(name)) for name in names]
    settings = {"n_repeats": 1, "n_random": 2}
    report = evaluate_explanations(pipeline, sequences[:3], classes, **settings)
    assert {*report.summary.index, *report.refused} == set(names)
    assert {"integrated_gradients", "occlusion", "deep_shap"} <= set(report.summary.index)
    instances = evaluate_explanations(
        pipeline, sequences[:3], [make_explainer(name) for name in names], **settings
    )
    np.testing.assert_array_equal(instances.summary.to_numpy(), report.summary.to_numpy())


def test_gradients_through_the_language_model_are_compared_with_their_own_baselines(
    pipeline, sequences, capfd
):
    explainer = ESM2Gradients(tolerance=1.0, n_steps=2, max_steps=2)
    report = evaluate_explanations(pipeline, sequences[:2], [explainer], n_repeats=1, n_random=2)
    assert np.isfinite(report.summary.loc["esm2_gradients", "other_baselines"])
    assert "esm2_gradients: 100%" in capfd.readouterr().err
    ESM2Gradients(n_steps=2, max_steps=2, verbose=0).explain(pipeline, sequences[:2])
    assert "esm2_gradients" not in capfd.readouterr().err
