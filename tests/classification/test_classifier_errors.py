"""What cannot be used is refused, with words that help."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, SelectPercentile
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amp_sklearn.classification import (
    AEDNNClassifier,
    AMPSClassifier,
    GRUClassifier,
    LateInteractionClassifier,
    PairEnsembleClassifier,
    ProteinFrequencyClassifier,
    TokenMeanClassifier,
)
from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.data.segments import SEGMENT_TOKENS
from amp_sklearn.preprocessing import PairConcatenator


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"max_epochs": 0},
            r"'max_epochs' parameter of AMPSClassifier must be an int in the range \[1, inf\). Got 0",
        ),
        ({"lr": 0}, r"'lr' parameter of AMPSClassifier must be a float in the range \(0.0, inf\). Got 0"),
        (
            {"dropout": 1.0},
            r"'dropout' parameter of AMPSClassifier must be a float in the range \[0.0, 1.0\). Got 1.0",
        ),
        (
            {"lr_schedule": "warm"},
            r"'lr_schedule' parameter of AMPSClassifier must be a str among .* or None. Got 'warm'",
        ),
        (
            {"n_tokens": "all"},
            r"'n_tokens' parameter of AMPSClassifier must be a str among {'auto'} or an int in",
        ),
        ({"grad_clip": -1}, r"'grad_clip' parameter of AMPSClassifier must be a float .* or None"),
        ({"dtype": "float16"}, "'dtype' parameter of AMPSClassifier must be a str among"),
        ({"n_heads": 3}, "n_heads=3 must divide the width of a token, 4; give d_model"),
        ({"n_tokens": 8}, "n_tokens=8, but X has 4 tokens per pair .A_segment0 to B_segment1."),
        ({"monitor": "no_such_score"}, "no_such_score"),
    ],
)
def test_parameters(small, pairs, change, message):
    with pytest.raises(ValueError, match=message):
        small(**change, validation="share").fit(*pairs)


def test_no_cuda_here(small, pairs, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="device='cuda', but torch finds no CUDA device"):
        small(device="cuda").fit(*pairs)


def test_tokens_must_divide_the_columns(small, pairs):
    X, y = pairs
    with pytest.raises(ValueError, match="n_features=16, which is not a multiple of n_tokens=5"):
        small(n_tokens=5).fit(np.asarray(X), y)


def test_nan_names_protein_and_pair(small, pairs):
    X, y = pairs
    X.features[X.index[7, 1], 2] = np.nan
    with pytest.raises(ValueError, match=rf"NaN or infinity: features of protein row {X.index[7, 1]}"):
        small().fit(X, y)


def test_unused_proteins_may_hold_anything(small, pairs):
    X, y = pairs
    features = np.vstack([X.features, np.full((1, 8), np.nan, dtype=np.float32)])
    small().fit(PairMatrix(features, X.index, X.layout), y)


def test_validation_pairs(small, pairs):
    X, y = pairs
    with pytest.raises(ValueError, match="X_val was given without y_val"):
        small().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match=r"y_val has labels \[7\] that are not among the classes \[0 1\]"):
        small().fit(X, y, X_val=X[:2], y_val=[0, 7])
    with pytest.raises(ValueError, match="got 90 rows of X and 5 of y"):
        small().fit(X, y[:5])


def test_weights_must_leave_a_pair(small, pairs):
    X, y = pairs
    with pytest.raises(ValueError, match=r"sample_weight is 0 for every pair|at least one non-zero"):
        small().fit(X, y, sample_weight=np.zeros(90))
    for weight in (np.full(90, 1e308), np.r_[1e39, np.ones(89)], np.r_[1e-60, np.ones(89)]):
        with pytest.raises(ValueError, match=r"only their ratios matter: divide them by their mean"):
            small().fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="divide them by their mean"):
        ProteinFrequencyClassifier().fit([["a", "b"]] * 90, y, sample_weight=np.full(90, 1e308))


def test_other_tokens_than_in_fit(small, pairs):
    X, y = pairs
    model = small().fit(X, y)
    other = PairMatrix(X.features, X.index, FeatureLayout(("cls", "eos"), width=4))
    with pytest.raises(ValueError, match=r"was fitted on tokens \['A_segment0'.* got \['A_cls'"):
        model.predict(other)
    with pytest.raises(ValueError, match="8 features, but AMPSClassifier is expecting 16 features"):
        model.predict(X.select(tokens=["segment0"]))


def test_symmetric_needs_halves(small):
    rng = np.random.default_rng(0)
    model = small(symmetric=True, n_tokens=1, d_model=4).fit(rng.normal(size=(20, 5)), np.arange(20) % 2)
    with pytest.raises(ValueError, match=r"symmetric=True needs an even number of features .* got 5"):
        model.predict(rng.normal(size=(3, 5)))


def test_a_loss_that_is_not_a_number_is_not_trained_on(small, pairs):
    with pytest.raises(
        ValueError, match=r"training loss became nan in epoch \d of PairTransformer; use a smaller lr"
    ):
        small(lr=1e30, lr_schedule=None, max_epochs=9).fit(*pairs)


def test_module_before_fit(small):
    with pytest.raises(AttributeError, match="has no module_ before it is fitted"):
        _ = small().module_


SELECTED = {
    "select": SelectKBest(k=60),
    "percentile": SelectPercentile(percentile=50),
    "components": PCA(n_components=5),
}


@pytest.mark.parametrize(
    "classifier", [AMPSClassifier, GRUClassifier, LateInteractionClassifier, TokenMeanClassifier]
)
@pytest.mark.parametrize("step", SELECTED)
def test_columns_without_whole_tokens_are_refused_at_fit(step, classifier):
    X, y = pair_features()
    model = make_pipeline(
        PairConcatenator("segments"), StandardScaler(), SELECTED[step], classifier(max_epochs=1)
    )
    with pytest.raises(
        ValueError, match=r"reads whole tokens of 8 columns, .*no whole tokens.*PairConcatenator\(tokens="
    ):
        model.fit(X, y)
    nested = make_pipeline(
        PairConcatenator("segments"), make_pipeline(SELECTED[step], classifier(max_epochs=1))
    )
    with pytest.raises(ValueError, match="no whole tokens"):
        nested.fit(X, y)
    ensemble = make_pipeline(
        PairConcatenator("segments"),
        SELECTED[step],
        PairEnsembleClassifier(classifier(max_epochs=1), n_repeats=1),
    )
    with pytest.raises(ValueError, match="no whole tokens"):
        ensemble.fit(X, y)


def test_columns_are_selected_for_classifiers_that_read_columns():
    X, y = pair_features()
    for head in (AEDNNClassifier(hidden1=4, hidden2=2, max_epochs=1), LogisticRegression()):
        make_pipeline(PairConcatenator("segments"), SelectKBest(k=60), head).fit(X, y)
    # as many columns as before are whole tokens, and an array by itself is what its user says
    make_pipeline(PairConcatenator("segments"), StandardScaler(), GRUClassifier(max_epochs=1)).fit(X, y)
    GRUClassifier(max_epochs=1, n_tokens=6).fit(SelectKBest(k=60).fit_transform(np.asarray(X), y), y)


def pair_features():
    """Twenty pairs with ten segments of eight dimensions for each protein."""
    random = np.random.default_rng(0)
    layout = FeatureLayout(SEGMENT_TOKENS, 8)
    features = random.normal(size=(12, layout.n_features // 2)).astype(np.float32)
    return PairMatrix(features, random.integers(0, 12, (20, 2)), layout), np.arange(20) % 2
