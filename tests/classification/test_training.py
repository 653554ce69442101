"""Training: data, weights, validation, schedules, best epoch, continuing."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import matthews_corrcoef, recall_score

from amp_sklearn.classification._rows import Rows
from amp_sklearn.data import BLOCKS, FeatureLayout, PairMatrix


def test_pair_matrix_is_never_dense_and_gives_the_same_model_as_an_array(small, pairs, monkeypatch):
    X, y = pairs
    dense = small(n_tokens=4).fit(np.asarray(X), y).decision_function(np.asarray(X))
    sizes, make = [], PairMatrix.__array__

    def counted(self, *args, **kwargs):
        sizes.append(len(self))
        return make(self, *args, **kwargs)

    monkeypatch.setattr(PairMatrix, "__array__", counted)
    model = small(validation="share").fit(X, y)
    assert model.layout_ is X.layout
    # a protein's part of the network is computed once, which rounds otherwise than pair by pair
    np.testing.assert_allclose(small().fit(X, y).decision_function(X), dense, rtol=0, atol=1e-6)
    assert max(sizes, default=0) <= 16  # the batch size


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("swap", [True, False])
def test_batches_from_memory_and_from_the_device_are_the_rows_of_the_matrix(pairs, resident, swap):
    X, _ = pairs
    X = X.select(blocks=BLOCKS)
    expected = np.asarray(PairMatrix(X.features, X.index[:, ::-1], X.layout) if swap else X)
    rows, cpu = torch.tensor([3, 3, 80, 0]), torch.device("cpu")
    batch = Rows(X, torch.float32, cpu, resident=resident).batch(rows, swap=swap)
    np.testing.assert_array_equal(batch, expected[rows])
    dense = np.asarray(pairs[0])
    batch = Rows(dense, torch.float32, cpu, resident=resident).batch(rows, swap=swap)
    np.testing.assert_array_equal(batch, np.roll(dense, 8, axis=1)[rows] if swap else dense[rows])


def test_read_only_and_half_precision_features(small, pairs):
    X, y = pairs
    expected = small().fit(X, y).decision_function(X)
    X.features.flags.writeable = False
    np.testing.assert_array_equal(small().fit(X, y).decision_function(X), expected)
    half = PairMatrix(X.features.astype(np.float16), X.index, X.layout)
    assert small().fit(half, y).decision_function(half).dtype == np.float32


def test_labels_of_any_type_and_several_classes(small, pairs):
    X, y = pairs
    model = small(max_epochs=30).fit(X, np.where(y == 1, "interacts", "no"))
    assert model.classes_.tolist() == ["interacts", "no"]
    assert set(model.predict(X)) == {"interacts", "no"}
    third = np.where(X.features[X.index[:, 0], 0] > 1, 2, y)
    model = small(max_epochs=60, validation="share").fit(X, third)
    assert model.predict_proba(X).shape == (90, 3)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert (model.predict(X) == third).mean() > 0.6
    assert model.history_["valid_mcc"].notna().all()


def test_weight_zero_is_an_absent_pair(small, pairs):
    X, y = pairs
    keep = np.arange(90) % 3 > 0
    weighted = small(validation="share").fit(X, y, sample_weight=keep.astype(float))
    absent = small(validation="share").fit(X[keep], y[keep])
    np.testing.assert_array_equal(weighted.decision_function(X), absent.decision_function(X))


def test_class_weight_moves_the_threshold(small, pairs):
    X, y = pairs
    rare = np.flatnonzero((y == 0) | (np.arange(90) % 6 == 0))
    X, y = X[rare], y[rare]
    light, heavy = (small(class_weight=w, max_epochs=15).fit(X, y).predict(X) for w in (None, {0: 1, 1: 50}))
    assert recall_score(y, heavy) > recall_score(y, light)
    balanced = small(class_weight="balanced").fit(X, y)
    given = small(class_weight={c: len(y) / (2 * (y == c).sum()) for c in (0, 1)}).fit(X, y)
    np.testing.assert_allclose(
        balanced.decision_function(X), given.decision_function(X), rtol=1e-4, atol=1e-5
    )


def test_protein_disjoint_validation_shares_no_protein(small, pairs, monkeypatch):
    X, y = pairs
    import amp_sklearn.classification.base as base

    seen, split = {}, base.split_rows

    def spy(*args):
        seen["train"], seen["valid"] = split(*args)
        return seen["train"], seen["valid"]

    monkeypatch.setattr(base, "split_rows", spy)
    model = small(validation="protein", validation_fraction=0.2).fit(X, y)
    train, valid = seen["train"], seen["valid"]
    assert not set(X.index[train].ravel()) & set(X.index[valid].ravel())
    assert len(valid) >= 18
    unused = 90 - len(train) - len(valid)
    assert unused > 0
    assert model.n_rows_ == {
        "given": 90,
        "training": len(train),
        "validation": len(valid),
        "unused": unused,
    }


def test_protein_disjoint_validation_needs_a_pair_matrix_and_every_class(small, pairs):
    X, y = pairs
    with pytest.raises(ValueError, match=r"validation='protein' needs to know the proteins .* got ndarray"):
        small(validation="protein").fit(np.asarray(X), y)
    with pytest.raises(ValueError, match=r"leaves \d+ of 90 pairs for training, none of class number \d"):
        small(validation="protein", validation_fraction=0.95).fit(X, y)


def test_the_model_is_that_of_the_best_epoch(small, pairs):
    X, y = pairs
    train, valid = np.arange(60), np.arange(60, 90)
    model = small(max_epochs=12, lr=0.05).fit(X[train], y[train], X_val=X[valid], y_val=y[valid])
    history = model.history_
    best = history["valid_score"].max()
    assert matthews_corrcoef(y[valid], model.predict(X[valid])) == pytest.approx(best)
    assert history.loc[model.best_epoch_ - 1, "valid_score"] == best
    assert history["epoch"].tolist() == list(range(1, 13))
    tied = history[history["valid_score"] == best]
    assert history.loc[model.best_epoch_ - 1, "valid_loss"] == tied["valid_loss"].min()


def test_any_scorer_can_be_monitored(small, pairs):
    X, y = pairs
    for monitor, column in (("roc_auc", "valid_roc_auc"), ("neg_log_loss", "valid_loss")):
        history = small(monitor=monitor, validation="share").fit(X, y).history_
        sign = -1 if monitor == "neg_log_loss" else 1
        np.testing.assert_allclose(sign * history["valid_score"], history[column], rtol=1e-6)


def test_early_stopping_takes_a_share_and_stops(small, pairs):
    X, y = pairs
    rng = np.random.default_rng(1)
    model = small(early_stopping=True, patience=3, max_epochs=60, lr=0.05).fit(X, rng.permutation(y))
    assert model.n_rows_["validation"] == 9
    assert model.n_iter_ == model.best_epoch_ + 3 < 60


@pytest.mark.parametrize("schedule", ["plateau", "cosine", None])
def test_learning_rate_schedules(small, pairs, schedule):
    X, y = pairs
    y = np.random.default_rng(1).permutation(y)  # nothing to learn: the loss goes up and down
    model = small(lr_schedule=schedule, lr_patience=0, max_epochs=12, lr=0.5, min_lr=1e-3).fit(X, y)
    rates = model.history_["lr"].to_numpy()
    assert rates[0] == 0.5
    if schedule is None:
        assert (rates == 0.5).all()
    elif schedule == "cosine":
        np.testing.assert_allclose(rates, 1e-3 + (0.5 - 1e-3) * (1 + np.cos(np.pi * np.arange(12) / 12)) / 2)
    else:
        loss = model.history_["train_loss"].to_numpy()
        worse = loss[1:-1] >= np.minimum.accumulate(loss)[:-2] * (1 - 1e-4)
        assert worse.any()
        np.testing.assert_allclose(rates[2:], np.maximum(0.5 * 0.1 ** np.cumsum(worse), 1e-3))


def test_gradient_clipping_changes_the_steps(small, pairs):
    X, y = pairs
    free, clipped = (small(grad_clip=clip).fit(X, y).history_["train_loss"] for clip in (None, 1e-9))
    assert free[0] == pytest.approx(clipped[0], rel=0.2)
    assert not np.allclose(free, clipped, rtol=1e-4)


def test_bfloat16_forward_is_close_to_float32(small, pairs):
    X, y = pairs
    full, half = small().fit(X, y), small(precision="bfloat16").fit(X, y)
    assert half.decision_function(X).dtype == np.float32
    difference = np.abs(full.decision_function(X) - half.decision_function(X)).max()
    assert 0 < difference < 0.2


def test_warm_start_goes_on_and_keeps_the_held_out_pairs(small, pairs):
    X, y = pairs
    model = small(warm_start=True, validation="share").fit(X, y)
    first = model.history_.copy()
    split = model._split_seed
    model.fit(X, y)
    assert model.n_iter_ == 8
    assert model._split_seed == split
    assert model.history_[:4].equals(first)
    assert small(validation="share").fit(X, y).fit(X, y).n_iter_ == 4


def test_partial_fit(small, pairs):
    X, y = pairs
    model = small()
    with pytest.raises(ValueError, match="classes must be given at the first call"):
        model.partial_fit(X, y)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1])
    assert model.n_iter_ == 3
    assert model.history_["train_loss"].is_monotonic_decreasing
    with pytest.raises(ValueError, match=r"classes were \[0 1\] at the first call"):
        model.partial_fit(X, y, classes=[0, 2])
    with pytest.raises(ValueError, match="needs all pairs at once"):
        model.set_params(class_weight="balanced").partial_fit(X, y)


def test_symmetric_prediction_is_the_mean_logit_of_both_orders(small, pairs):
    X, y = pairs
    swapped = PairMatrix(X.features, X.index[:, ::-1], X.layout)
    model = small(chain_embedding=True, symmetric=True).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), model.decision_function(swapped), atol=1e-6)
    plain = small(chain_embedding=True).fit(X, y)
    one, other = plain.decision_function(X), plain.decision_function(swapped)
    assert np.abs(one - other).max() > 1e-3
    np.testing.assert_allclose(model.decision_function(X), (one + other) / 2, atol=1e-6)
    np.testing.assert_allclose(model.decision_function(np.asarray(X)), (one + other) / 2, atol=1e-6)


def test_symmetric_prediction_of_a_frame_follows_its_column_names(small, pairs):
    X, y = pairs
    for blocks in (("A", "B"), ("A+B", "|A-B|"), ("A*B", "B", "A")):
        matrix = X.select(blocks=blocks)
        frame = pd.DataFrame(np.asarray(matrix), columns=matrix.layout.feature_names())
        kwargs = {"symmetric": True, "chain_embedding": True}
        lazy = small(**kwargs).fit(matrix, y).decision_function(matrix)
        np.testing.assert_allclose(small(**kwargs).fit(frame, y).decision_function(frame), lazy, atol=1e-6)
    matrix = X.select(blocks=("A", "|A-B|"))
    frame = pd.DataFrame(np.asarray(matrix), columns=matrix.layout.feature_names())
    with pytest.raises(ValueError, match=r"got blocks \['A', '\|A-B\|'\] without B"):
        small(symmetric=True).fit(frame, y).predict(frame)


def test_embeddings_follow_the_blocks_of_the_matrix(small, pairs):
    X, y = pairs
    X = X.select(blocks=("|A-B|", "A*B", "A+B"))
    model = small(chain_embedding=True).fit(X, y)
    assert model.module_.chain_embedding.num_embeddings == 3
    assert model.token_shape_ == (6, 4)
    assert FeatureLayout(("segment0", "segment1"), 4, ("|A-B|", "A*B", "A+B")) == model.layout_
