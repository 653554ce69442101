"""The classifiers as parts of scikit-learn's larger constructions."""

import ast
import inspect
import re

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPCSEClassifier,
    AMPSClassifier,
    DPMClassifier,
    GRUClassifier,
    TokenMeanClassifier,
)
from amp_sklearn.preprocessing import AutoencoderReducer, PairConcatenator

ALL = [AMPSClassifier, AMPCSEClassifier, GRUClassifier, DPMClassifier, TokenMeanClassifier, AEDNNClassifier]


@pytest.mark.parametrize("kind", ALL)
def test_clone_and_classifier_tag(kind):
    model = kind(lr=0.5, random_state=np.random.RandomState(3), class_weight={0: 1, 1: 2})
    again = clone(model)
    assert again.get_params()["lr"] == 0.5
    assert again.get_params().keys() == model.get_params().keys()
    assert is_classifier(again)


def test_every_classifier_has_the_same_training_parameters():
    names = [set(kind().get_params()) for kind in ALL]
    shared = set.intersection(*names)
    training = {"max_epochs", "batch_size", "lr", "weight_decay", "class_weight", "validation", "monitor"}
    assert training | {"checkpoint_dir", "precision", "device", "random_state", "symmetric"} <= shared
    architecture = {"n_tokens", "n_layers", "n_heads", "dim_feedforward", "dropout", "d_model", "hidden_size"}
    assert set.union(*names) - shared <= architecture | {"hidden3", "chain_embedding", "position_embedding"}


@pytest.mark.parametrize("kind", [*ALL, AutoencoderReducer])
def test_every_parameter_is_documented_with_its_default(kind):
    parameters = inspect.getdoc(kind).split("Attributes\n")[0].split("Parameters\n")[1]
    documented = {}
    for names, text in re.findall(r"^([a-z][\w, ]*) : (.*)$", parameters, flags=re.MULTILINE):
        given = re.search(r"default=(.*)$", text)
        defaults = (
            given[1].split(", ") if given and ", " in names else [given and given[1]] * len(names.split(", "))
        )
        documented.update(zip(names.split(", "), defaults, strict=True))
    signature = inspect.signature(kind).parameters
    assert set(documented) == set(signature)
    for name, default in documented.items():
        if default is not None:
            assert ast.literal_eval(default) == signature[name].default, name


def test_nested_set_params(small):
    pipeline = Pipeline([("concatenate", PairConcatenator()), ("classify", small())])
    pipeline.set_params(classify__n_layers=2, concatenate__combine="sum")
    assert pipeline["classify"].n_layers == 2
    search = GridSearchCV(pipeline, {"classify__lr": [0.1]}).set_params(estimator__classify__dropout=0.5)
    assert search.estimator["classify"].dropout == 0.5


def test_set_output_pandas_reaches_the_classifier_as_named_columns(small, pairs):
    X, y = pairs
    pipeline = make_pipeline(
        PairConcatenator(["segment1"]),
        AutoencoderReducer(n_components=2, max_epochs=1, random_state=0, device="cpu"),
        small(),
    )
    lazy = clone(pipeline).fit(X, y)
    framed = clone(pipeline).set_output(transform="pandas").fit(X, y)
    assert framed[-1].feature_names_in_.tolist() == [
        "A_segment1_0",
        "A_segment1_1",
        "B_segment1_0",
        "B_segment1_1",
    ]
    assert framed[-1].layout_ == lazy[-1].layout_
    assert framed[-1].token_shape_ == (2, 2)
    # products of another number of rows round differently on some processors, and training carries that on
    np.testing.assert_allclose(framed.predict_proba(X), lazy.predict_proba(X), rtol=0, atol=1e-3)


def test_metadata_routing_of_sample_weight(small, pairs):
    X, y = pairs
    weight = np.random.default_rng(0).integers(0, 3, size=90).astype(float)
    direct = small().fit(X, y, sample_weight=weight)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(PairConcatenator("all"), small().set_fit_request(sample_weight=True))
        routed = pipeline.fit(X, y, sample_weight=weight)
        np.testing.assert_array_equal(routed.predict_proba(X), direct.predict_proba(X))
        pipeline[-1].set_score_request(sample_weight=True)
        scores = cross_val_score(pipeline, X, y, cv=2, params={"sample_weight": weight}, error_score="raise")
        assert np.isfinite(scores).all()
    assert not np.array_equal(small().fit(X, y).predict_proba(X), direct.predict_proba(X))


def test_validation_pairs_pass_the_steps_before(small, pairs):
    X, y = pairs
    train, valid = train_test_split(np.arange(90), random_state=0)
    concatenate = PairConcatenator(["segment1"])
    with config_context(enable_metadata_routing=True):
        request = small().set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("concatenate", concatenate), ("classify", request)], transform_input=["X_val"])
        pipeline.fit(X[train], y[train], X_val=X[valid], y_val=y[valid])
    tokens = concatenate.fit_transform(X)
    direct = small().fit(tokens[train], y[train], X_val=tokens[valid], y_val=y[valid])
    columns = direct.history_.columns.drop("seconds")
    assert pipeline["classify"].history_[columns].equals(direct.history_[columns])


def test_html_repr(small, pairs):
    model = make_pipeline(PairConcatenator("all"), small())
    for pipeline in (model, model.fit(*pairs)):
        html = estimator_html_repr(pipeline)
        assert "AMPSClassifier" in html
        assert "PairConcatenator" in html


@pytest.mark.parametrize("frozen", [False, True])
def test_calibration(small, pairs, frozen):
    X, y = pairs
    model = FrozenEstimator(small().fit(X[:50], y[:50])) if frozen else small()
    calibrated = CalibratedClassifierCV(model, method="sigmoid", cv=None if frozen else 2).fit(X[50:], y[50:])
    probabilities = calibrated.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert len(np.unique(probabilities)) > 10


def test_stacking(small, pairs):
    X, y = pairs
    parts = [
        ("amps", small(max_epochs=15)),
        ("linear", make_pipeline(PairConcatenator("all"), LogisticRegression())),
    ]
    stack = StackingClassifier(parts, cv=2).fit(X, y)
    assert stack.transform(X).shape == (90, 2)
    assert stack.score(X, y) > 0.6


def test_permutation_importance_finds_the_column_that_matters(small):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 8))
    y = (X[:, 5] > 0).astype(int)
    model = small(n_tokens=1, d_model=8, max_epochs=25).fit(X, y)
    result = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    assert result.importances_mean.argmax() == 5


def test_grid_search_over_architecture_and_training(small, pairs):
    X, y = pairs
    grid = {"n_layers": [1, 2], "lr": [1e-2, 1e-6]}
    search = GridSearchCV(small(max_epochs=15), grid, cv=2, scoring="roc_auc").fit(X, y)
    assert search.best_params_["lr"] == 1e-2
    assert pd.DataFrame(search.cv_results_)["mean_test_score"].notna().all()
    assert search.best_estimator_.predict_proba(X).shape == (90, 2)


def test_two_loky_workers_give_what_one_process_gives(small, pairs):
    X, y = pairs
    serial = cross_val_predict(small(dropout=0.3), X, y, cv=2, method="predict_proba")
    with parallel_config(backend="loky", n_jobs=2, inner_max_num_threads=1, max_nbytes=100):
        parallel = cross_val_predict(small(dropout=0.3), X, y, cv=2, method="predict_proba")
    np.testing.assert_allclose(parallel, serial, rtol=1e-5)


def test_a_classifier_behind_other_steps(small, pairs):
    X, y = pairs
    scaled = make_pipeline(StandardScaler(), small(n_tokens=4)).fit(np.asarray(X), y)
    assert scaled.predict(np.asarray(X)).shape == (90,)
    assert not hasattr(scaled[-1], "feature_names_in_")
    chosen = make_pipeline(
        SelectFromModel(LogisticRegression(), max_features=6), small(n_tokens=1, d_model=4)
    )
    assert chosen.fit(np.asarray(X), y)[-1].n_features_in_ <= 6
