import numpy as np
import pytest

from amp_sklearn.data import BLOCKS, FeatureLayout

LAYOUT = FeatureLayout(("cls", "segment0", "mean"), width=4)


def test_names_follow_block_token_dimension():
    assert LAYOUT.n_tokens == 6 and LAYOUT.n_features == 24
    assert LAYOUT.token_labels == ("A_cls", "A_segment0", "A_mean", "B_cls", "B_segment0", "B_mean")
    names = LAYOUT.feature_names()
    assert len(set(names)) == 24 and names[[0, 4, 23]].tolist() == ["A_cls_0", "A_segment0_0", "B_mean_3"]


def test_columns_of_a_token_carry_its_name():
    for label in LAYOUT.token_labels:
        assert [name.rsplit("_", 1)[0] for name in LAYOUT.feature_names()[LAYOUT.columns(label)]] == [
            label
        ] * 4
    with pytest.raises(KeyError, match="no token 'A_eos'; this layout has A_cls, A_segment0"):
        LAYOUT.columns("A_eos")


def test_select_keeps_the_order_asked_for():
    layout, columns = LAYOUT.select(["mean", "cls"])
    assert layout == FeatureLayout(("mean", "cls"), 4)
    assert columns.tolist() == [8, 9, 10, 11, 0, 1, 2, 3]
    with pytest.raises(ValueError, match=r"tokens \['eos'\] are not among .*'cls', 'segment0', 'mean'"):
        LAYOUT.select(["cls", "eos"])


def test_by_token_groups_columns():
    values = np.arange(48).reshape(2, 24)
    grouped = LAYOUT.by_token(values)
    assert grouped.shape == (2, 6, 4)
    for i, label in enumerate(LAYOUT.token_labels):
        assert np.array_equal(grouped[:, i], values[:, LAYOUT.columns(label)])
    with pytest.raises(ValueError, match=r"expected 24 features \(6 tokens x 4 dimensions\), got 23"):
        LAYOUT.by_token(values[:, 1:])


def test_dictionary_and_back():
    layout = FeatureLayout(["mean"], 2, blocks=list(BLOCKS))
    assert FeatureLayout(**layout.to_dict()) == layout
    assert layout.token_labels == ("A_mean", "B_mean", "|A-B|_mean", "A*B_mean", "A+B_mean")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (((), 4), "tokens must be distinct and at least one"),
        ((("cls", "cls"), 4), "tokens must be distinct and at least one"),
        ((("cls",), 0), "width must be at least 1, got 0"),
        ((("cls",), 4, ()), "blocks must be distinct members"),
        ((("cls",), 4, ("A", "A")), "blocks must be distinct members"),
        ((("cls",), 4, ("A", "C")), "blocks must be distinct members"),
    ],
)
def test_errors(arguments, text):
    with pytest.raises(ValueError, match=text):
        FeatureLayout(*arguments)
