"""PairConcatenator: token sets, combinations, data frames, plain arrays, scikit-learn's checks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from amp_sklearn.data import BLOCKS, PROTEIN_TOKENS, SEGMENT_TOKENS, FeatureLayout, PairMatrix
from amp_sklearn.preprocessing import PairConcatenator
from amp_sklearn.preprocessing.pair_concatenator import COMBINATIONS, TOKEN_SETS

WIDTH = 3


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    layout = FeatureLayout(PROTEIN_TOKENS, WIDTH)
    return PairMatrix(rng.normal(size=(5, 13 * WIDTH)).astype("float32"), rng.integers(0, 5, (8, 2)), layout)


def by_hand(pairs, tokens, blocks):
    """One pair at a time, one token at a time."""
    rows = []
    for i, j in pairs.index:
        row = []
        for block in blocks:
            for token in tokens:
                start = PROTEIN_TOKENS.index(token) * WIDTH
                a, b = (pairs.features[k, start : start + WIDTH] for k in (i, j))
                row.extend({"A": a, "B": b, "|A-B|": abs(a - b), "A*B": a * b, "A+B": a + b}[block])
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("tokens", [*TOKEN_SETS, ["mean", "cls"], ["segment3"]])
@pytest.mark.parametrize("combine", [*COMBINATIONS, ["A", "B", "|A-B|"]])
def test_equals_the_combination_by_hand(pairs, tokens, combine):
    concatenator = PairConcatenator(tokens, combine).fit(pairs)
    out = concatenator.transform(pairs)
    token_list = TOKEN_SETS[tokens] if isinstance(tokens, str) else tokens
    blocks = COMBINATIONS[combine] if isinstance(combine, str) else combine
    np.testing.assert_array_equal(np.asarray(out), by_hand(pairs, token_list, blocks))
    assert out.layout == concatenator.layout_
    assert len(concatenator.get_feature_names_out()) == out.shape[1]


@pytest.mark.parametrize("combine", [name for name in COMBINATIONS if name != "concat"])
def test_symmetric_combinations_do_not_see_the_order(pairs, combine):
    swapped = PairMatrix(pairs.features, pairs.index[:, ::-1], pairs.layout)
    concatenator = PairConcatenator("segments", combine).fit(pairs)
    np.testing.assert_array_equal(concatenator.transform(pairs), concatenator.transform(swapped))


def test_nothing_is_copied_for_adjacent_tokens(pairs):
    assert np.shares_memory(PairConcatenator("segments").fit_transform(pairs).features, pairs.features)


def test_auto_takes_segments_where_there_are_any(pairs):
    assert PairConcatenator().fit(pairs).layout_.tokens == SEGMENT_TOKENS
    means = pairs.select(["mean"])
    assert PairConcatenator().fit(means).layout_.tokens == ("mean",)


def test_a_data_frame_of_features_is_understood_by_its_names(pairs):
    frame = pd.DataFrame(np.asarray(pairs), columns=pairs.layout.feature_names())
    out = PairConcatenator("cls+segments+eos", "absdiff").fit(frame).transform(frame)
    expected = PairConcatenator("cls+segments+eos", "absdiff").fit_transform(pairs)
    np.testing.assert_array_equal(np.asarray(out), np.asarray(expected))


def test_set_output_names_the_columns(pairs):
    frame = PairConcatenator("mean").set_output(transform="pandas").fit_transform(pairs)
    assert list(frame.columns) == ["A_mean_0", "A_mean_1", "A_mean_2", "B_mean_0", "B_mean_1", "B_mean_2"]


def test_a_plain_array_is_halves_of_one_token():
    X = np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(PairConcatenator().fit_transform(X), X)
    np.testing.assert_array_equal(PairConcatenator(combine="sum").fit_transform(X), X[:, :2] + X[:, 2:])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tokens": "segment"}, "'tokens' parameter of PairConcatenator must be a str among .*'auto'"),
        ({"tokens": ["segment0", "middle"]}, r"\['middle'\] are not among"),
        ({"combine": "minus"}, "'combine' parameter of PairConcatenator must be a str among"),
        ({"combine": ["A", "C"]}, "blocks must be distinct members"),
    ],
)
def test_unknown_names_are_listed(pairs, parameters, message):
    with pytest.raises(ValueError, match=message):
        PairConcatenator(**parameters).fit(pairs)


def test_tokens_of_a_plain_array_cannot_be_chosen():
    with pytest.raises(ValueError, match="needs an input that names its tokens"):
        PairConcatenator("segments").fit(np.ones((2, 4)))
    with pytest.raises(ValueError, match="as many columns for protein A"):
        PairConcatenator(combine="sum").fit(np.ones((2, 3)))


def test_another_width_is_refused(pairs):
    with pytest.raises(ValueError, match="is expecting 78 features"):
        PairConcatenator().fit(pairs).transform(pairs.select(["mean"]))


@pytest.mark.parametrize("blocks", [BLOCKS, ("A", "B")])
def test_layouts_are_read_back_from_names(blocks):
    layout = FeatureLayout(("cls", "segment0"), 2, blocks)
    assert FeatureLayout.from_feature_names(layout.feature_names()) == layout
    assert FeatureLayout.from_feature_names(["x0", "x1"]) is None
    assert FeatureLayout.from_feature_names([*layout.feature_names(), "x"]) is None


@parametrize_with_checks([PairConcatenator()])
def test_estimator_checks(estimator, check):
    check(estimator)
