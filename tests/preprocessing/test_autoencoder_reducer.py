"""AutoencoderReducer: tokens of each protein once, the same for pair matrices, arrays and data frames."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

import amp_sklearn.preprocessing.autoencoder as autoencoder
from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.preprocessing import AutoencoderReducer, PairConcatenator


@pytest.fixture
def pairs():
    """40 pairs of 20 proteins, 3 tokens of width 6 that lie near a plane; proteins 20 to 24 are in no pair."""
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(2, 6))
    features = (rng.normal(size=(75, 2)) @ plane + 0.01 * rng.normal(size=(75, 6))).reshape(25, 18)
    index = rng.permutation(np.repeat(np.arange(20), 4)).reshape(40, 2)
    return PairMatrix(features.astype(np.float32), index, FeatureLayout(("cls", "segment0", "eos"), width=6))


def reducer(**changes):
    return AutoencoderReducer(
        **{"n_components": 2, "max_epochs": 3, "device": "cpu", "random_state": 0, **changes}
    )


def test_each_protein_that_occurs_is_used_once(pairs, monkeypatch):
    seen, train = [], autoencoder.train_autoencoder
    monkeypatch.setattr(
        autoencoder, "train_autoencoder", lambda tokens, **kw: (seen.append(tokens), train(tokens, **kw))[1]
    )
    reducer().fit(pairs)
    reducer(n_tokens=6).fit(np.asarray(pairs))
    assert [tokens.shape for tokens in seen] == [(60, 6), (60, 6)]
    np.testing.assert_array_equal(seen[0], seen[1])


def test_pair_matrix_array_and_frame_give_the_same(pairs):
    lazy = reducer().fit_transform(pairs)
    assert isinstance(lazy, PairMatrix)
    assert lazy.layout == FeatureLayout(("cls", "segment0", "eos"), width=2)
    assert lazy.features.shape == (20, 6)  # the proteins that occur
    dense = reducer(n_tokens=6).fit_transform(np.asarray(pairs))
    # products of another number of rows round differently on some processors
    np.testing.assert_allclose(np.asarray(lazy), dense, rtol=1e-4, atol=1e-5)
    frame = pd.DataFrame(np.asarray(pairs), columns=pairs.layout.feature_names())
    np.testing.assert_array_equal(reducer().fit_transform(frame), dense)


def test_before_and_after_the_choice_of_tokens(pairs):
    after = reducer().fit_transform(PairConcatenator(["cls", "eos"]).fit_transform(pairs))
    assert after.layout.token_labels == ("A_cls", "A_eos", "B_cls", "B_eos")
    before = PairConcatenator(["cls", "eos"], combine="absdiff").fit_transform(reducer().fit_transform(pairs))
    assert before.layout == FeatureLayout(("cls", "eos"), 2, ("|A-B|",))


def test_set_output_gives_a_named_frame(pairs):
    model = reducer().set_output(transform="pandas").fit(pairs)
    frame = model.transform(pairs)
    assert list(frame.columns[:3]) == ["A_cls_0", "A_cls_1", "A_segment0_0"]
    np.testing.assert_array_equal(frame, np.asarray(reducer().fit_transform(pairs)))
    plain = reducer(n_tokens=6).fit(np.asarray(pairs))
    assert plain.get_feature_names_out()[-1] == "autoencoderreducer11"


def test_training_lowers_the_error_and_the_latent_space_holds_the_plane(pairs):
    model = reducer(max_epochs=80, batch_size=30, lr=5e-3).fit(pairs)
    errors = model.history_["train_loss"]
    assert len(errors) == model.n_iter_ == 80
    assert errors.iloc[-1] < 0.3 * errors.iloc[0]
    assert model.reconstruction_error_ < 0.3 * pairs.features[:20].var()


def test_same_seed_same_numbers_and_the_global_generator_is_left_alone(pairs):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = reducer().fit_transform(pairs).features
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(5)
    np.testing.assert_array_equal(reducer().fit_transform(pairs).features, first)
    assert not np.array_equal(reducer(random_state=1).fit_transform(pairs).features, first)


def test_a_fitted_reducer_can_be_pickled_and_cloned(pairs):
    model = reducer().fit(pairs)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(pairs).features, model.transform(pairs).features)
    assert not hasattr(clone(model), "module_")


def test_two_reducers_share_no_parameter(pairs):
    first, second = reducer().fit(pairs), reducer(max_epochs=9).fit(pairs)
    betas = [model.module_.encoder[0].activation.beta for model in (first, second)]
    assert betas[0] is not betas[1]
    assert betas[0] != betas[1]


def test_last_batches_of_one_token_do_not_occur(pairs):
    reducer(batch_size=59).fit(pairs)  # 60 tokens
    reducer(batch_size=2).fit_transform(pairs[:2])


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"n_components": 0},
            r"'n_components' parameter of AutoencoderReducer must be an int in the range \[1, inf\). Got 0",
        ),
        (
            {"batch_size": 1},
            r"'batch_size' parameter of AutoencoderReducer must be an int in the range \[2, inf\). Got 1",
        ),
        ({"dtype": "float16"}, "'dtype' parameter of AutoencoderReducer must be"),
        ({"lr": 0}, r"'lr' parameter of AutoencoderReducer must be a float in the range \(0.0, inf\). Got 0"),
        ({"n_tokens": 4}, "n_tokens=4, but X has 6 tokens per pair"),
        ({"lr": 1e30, "max_epochs": 9}, "loss of the autoencoder became"),
    ],
)
def test_parameters(pairs, change, message):
    with pytest.raises(ValueError, match=message):
        reducer(**change).fit(pairs)


def test_input(pairs):
    with pytest.raises(ValueError, match="n_features=36, which is not a multiple of n_tokens=5"):
        reducer(n_tokens=5).fit(np.asarray(pairs))
    with pytest.raises(
        ValueError, match="at least 2 different tokens to train on; n_samples=1 rows of X hold 1"
    ):
        reducer().fit(np.zeros((1, 6)))
    model = reducer().fit(pairs)
    other = PairMatrix(pairs.features, pairs.index, FeatureLayout(("segment1", "segment2", "mean"), width=6))
    with pytest.raises(ValueError, match=r"was fitted on tokens \['A_cls'.*got \['A_segment1'"):
        model.transform(other)
    pairs.features[pairs.index[0, 0], 3] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        reducer().fit(pairs)
