import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amp_sklearn.data import BLOCKS, FeatureLayout, PairMatrix

N_PROTEINS, N_PAIRS, TOKENS, WIDTH = 6, 9, ("cls", "segment0", "mean"), 2


def make(blocks=("A", "B"), dtype=np.float64):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_PROTEINS, len(TOKENS) * WIDTH)).astype(dtype)
    index = rng.integers(0, N_PROTEINS, size=(N_PAIRS, 2))
    return PairMatrix(features, index, FeatureLayout(TOKENS, WIDTH, blocks))


def dense_twin(X, tokens=TOKENS):
    """The same matrix, pair by pair and column by column."""
    combine = {
        "A": lambda a, b: a,
        "B": lambda a, b: b,
        "|A-B|": lambda a, b: abs(a - b),
        "A*B": lambda a, b: a * b,
        "A+B": lambda a, b: a + b,
    }
    rows = []
    for i, j in X.index:
        row = []
        for block in X.layout.blocks:
            for token in tokens:
                for d in range(WIDTH):
                    column = TOKENS.index(token) * WIDTH + d
                    row.append(combine[block](X.features[i, column], X.features[j, column]))
        rows.append(row)
    return np.array(rows, dtype=X.dtype)


@pytest.mark.parametrize("blocks", [("A", "B"), ("B",), BLOCKS, ("A*B", "A")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_made_as_the_layout_says(blocks, dtype):
    X = make(blocks, dtype)
    dense = np.asarray(X)
    assert dense.dtype == X.dtype == dtype and dense.shape == X.shape
    assert np.array_equal(dense, dense_twin(X))


MASK = np.arange(N_PAIRS) % 2 == 0
ROWS = [
    *(3, -1, np.int64(2), slice(None), slice(2, 7, 2), slice(None, None, -1), slice(4, 4)),
    *(
        [0, 5, 5],
        [],
        np.array([8, 0]),
        np.array([-1, 2]),
        np.array([], dtype=int),
        MASK,
        MASK.tolist(),
        range(3),
    ),
]


@pytest.mark.parametrize("rows", ROWS, ids=repr)
def test_rows_are_selected_as_by_numpy(rows):
    X = make()
    dense = dense_twin(X)[rows if not (isinstance(rows, list) and not rows) else slice(0)]
    for selected in (X[rows], X[rows, ...], X[rows, :]):
        assert np.array_equal(np.asarray(selected), dense)
    assert isinstance(X[rows], np.ndarray if isinstance(rows, int | np.integer) else PairMatrix)


@pytest.mark.parametrize("rows", ROWS, ids=repr)
@pytest.mark.parametrize("columns", [0, -2, slice(1, 4), [0, 3, 3]], ids=repr)
def test_columns_make_dense_values_as_by_numpy(rows, columns):
    X = make()
    dense = dense_twin(X)
    try:
        expected = dense[rows, columns]
    except IndexError:  # two arrays that cannot be paired element by element
        with pytest.raises(IndexError):
            X[rows, columns]
    else:
        assert np.array_equal(X[rows, columns], expected)


@given(st.one_of(st.slices(N_PAIRS), st.lists(st.integers(-N_PAIRS, N_PAIRS - 1), min_size=1)))
def test_any_selection_agrees_with_numpy(rows):
    X = make(BLOCKS)
    assert np.array_equal(np.asarray(X[rows]), dense_twin(X)[rows])


def test_selected_rows_share_the_features():
    X = make()
    assert X[MASK].features is X.features and X[MASK][[1]].features is X.features
    assert X.nbytes == X.features.nbytes + X.index.nbytes and len(X) == N_PAIRS


@pytest.mark.parametrize(
    "key", [N_PAIRS, [N_PAIRS], np.ones(3, dtype=bool), [[0, 1], [1, 0]], (0, 0, 0), None]
)
def test_selections_that_make_no_sense_are_errors(key):
    with pytest.raises(IndexError):
        make()[key]


@pytest.mark.parametrize("tokens", [("mean",), ("segment0", "mean"), ("mean", "cls"), TOKENS])
def test_tokens_are_selected(tokens):
    X = make()
    selected = X.select(tokens=tokens)
    assert selected.layout.tokens == tokens
    assert np.array_equal(np.asarray(selected), dense_twin(X, tokens))


def test_selecting_adjacent_tokens_or_blocks_copies_nothing():
    X = make()
    assert np.shares_memory(X.select(tokens=("segment0", "mean")).features, X.features)
    assert X.select().features is X.features
    other = X.select(blocks=("|A-B|", "A+B"))
    assert other.features is X.features and np.array_equal(np.asarray(other), dense_twin(other))
    for wrong in ({"tokens": ["eos"]}, {"blocks": ["C"]}):
        with pytest.raises(ValueError):
            X.select(**wrong)


def test_unused_proteins_are_dropped():
    X = make()[[0, 3]]
    smaller = X.without_unused_proteins()
    assert len(smaller.features) == len(np.unique(X.index)) < N_PROTEINS
    assert np.array_equal(np.asarray(smaller), np.asarray(X))


def test_array_protocol():
    X = make()
    assert np.asarray(X, dtype=np.float16).dtype == np.float16
    copy = np.array(X)
    copy[:] = 0
    assert np.asarray(X).any()
    with pytest.raises(ValueError, match="a copy is needed"):
        np.asarray(X, copy=False)


def test_large_matrices_are_not_made_dense(monkeypatch):
    X = make()
    monkeypatch.setattr(PairMatrix, "max_dense_bytes", X.shape[0] * X.shape[1] * 8)
    assert np.asarray(X).shape == X.shape
    monkeypatch.setattr(PairMatrix, "max_dense_bytes", X.shape[0] * X.shape[1] * 8 - 1)
    for densify in (np.asarray, lambda matrix: matrix[:, 0], lambda matrix: matrix[np.arange(N_PAIRS), 0]):
        with pytest.raises(MemoryError, match=r"PairMatrix\(shape=\(9, 12\).*max_dense_bytes"):
            densify(X)
    assert np.asarray(X[:8]).shape == (8, 12)


def test_pickle_keeps_all():
    X = make(BLOCKS)
    back = pickle.loads(pickle.dumps(X))
    assert np.array_equal(np.asarray(back), np.asarray(X)) and back.layout == X.layout


def test_default_layout_and_text():
    X = PairMatrix(np.zeros((2, 3), dtype=np.float32), [[0, 1]])
    assert X.layout == FeatureLayout(("features",), 3)
    assert repr(X) == "PairMatrix(shape=(1, 6), dtype=float32, n_proteins=2)"


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((np.zeros((2, 3)), [0, 1]), ValueError, r"index must have shape \(n_pairs, 2\), got \(2,\)"),
        ((np.zeros(2), [[0, 1]]), ValueError, r"features must have shape .* got \(2,\)"),
        ((np.zeros((2, 3)), [[0, 2]]), IndexError, r"index must lie in 0..1, got values in 0..2"),
        ((np.zeros((2, 3)), [[-1, 1]]), IndexError, r"got values in -1..1"),
        (
            (np.zeros((2, 3)), [[0, 1]], FeatureLayout(("cls",), 2)),
            ValueError,
            "1 tokens x 2 .* have 3 columns",
        ),
    ],
)
def test_errors(arguments, error, text):
    with pytest.raises(error, match=text):
        PairMatrix(*arguments)


class TestScikitLearn:
    """A pair matrix gives the same numbers as its dense twin, and stays lazy on the way."""

    def setup_method(self):
        rng = np.random.default_rng(1)
        features = rng.normal(size=(20, 6))
        self.X = PairMatrix(features, rng.integers(0, 20, size=(80, 2)), FeatureLayout(TOKENS, WIDTH))
        self.dense = np.asarray(self.X)
        self.y = (self.dense[:, 0] + self.dense[:, 7] + rng.normal(size=80) > 0).astype(int)

    def test_train_test_split_keeps_it_lazy(self):
        train, test, y_train, _ = train_test_split(self.X, self.y, stratify=self.y, random_state=0)
        dense_train, dense_test, y_dense, _ = train_test_split(
            self.dense, self.y, stratify=self.y, random_state=0
        )
        assert isinstance(train, PairMatrix) and isinstance(test, PairMatrix)
        assert np.array_equal(train, dense_train) and np.array_equal(test, dense_test)
        assert np.array_equal(y_train, y_dense)

    @pytest.mark.parametrize(
        "model", [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())]
    )
    def test_cross_validation(self, model):
        assert np.array_equal(
            cross_val_score(model, self.X, self.y), cross_val_score(model, self.dense, self.y)
        )
        probabilities = [
            cross_val_predict(model, X, self.y, method="predict_proba") for X in (self.X, self.dense)
        ]
        assert np.array_equal(*probabilities)

    def test_grid_search(self):
        scores = [
            GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0]})
            .fit(X, self.y)
            .cv_results_["mean_test_score"]
            for X in (self.X, self.dense)
        ]
        assert np.array_equal(*scores)


@pytest.mark.parametrize("index", [[[0.5, 1]], [[0, np.nan]], [[True, False]], [["0", "1"]], [[0, np.inf]]])
def test_an_index_that_is_no_whole_number_is_refused(index):
    with pytest.raises(ValueError, match="whole numbers"):
        PairMatrix(np.ones((2, 3)), index)


def test_whole_numbers_of_any_type_are_an_index():
    for kind in (float, np.uint8, np.int64):
        assert PairMatrix(np.ones((2, 3)), np.array([[0, 1]], dtype=kind)).index.dtype == np.intp
    assert PairMatrix(np.ones((2, 3)), np.empty((0, 2))).shape == (0, 6)
