"""Forests that the published programs saved: read safely, their columns told, every named analysis on them."""

import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.explanation import explain
from amp_sklearn.persistence import load_forest

SEGMENTS = tuple(f"segment{i}" for i in range(10))
OURS = ("cls", *SEGMENTS, "eos")
PUBLISHED = ("cls", "eos", *SEGMENTS)
WIDTH = 3
FEATURES = np.random.default_rng(0).normal(size=(12, 12 * WIDTH)).astype(np.float32)
INDEX = np.random.default_rng(1).integers(0, 12, (60, 2))
X = PairMatrix(FEATURES, INDEX, FeatureLayout(OURS, WIDTH))
AS_PUBLISHED = np.asarray(X.select(tokens=PUBLISHED))
Y = (AS_PUBLISHED[:, WIDTH] > 0).astype(int)  # the first dimension of eos of protein A decides
LABELS = [
    f"{side}_{token}_{d}" for side in (1, 2) for token in OURS for d in range(WIDTH)
]  # as wrongly published


def saved(path, data, **options):
    forest = RandomForestClassifier(10, max_features=None, random_state=42).fit(data, Y)
    joblib.dump(forest, path, **options)
    return forest


@pytest.mark.parametrize(
    "options", [{}, {"compress": 3}, {"compress": ("gzip", 3)}], ids=["plain", "zlib", "gzip"]
)
@pytest.mark.parametrize("named", [False, True])
def test_a_published_forest_takes_pairs_in_our_order(tmp_path, named, options):
    data = pd.DataFrame(AS_PUBLISHED, columns=LABELS) if named else AS_PUBLISHED
    original = saved(tmp_path / "rf.pkl", data, **options)
    forest = load_forest(tmp_path / "rf.pkl", n_tokens=24)
    assert forest.layout_.tokens == OURS and not hasattr(forest, "feature_names_in_")
    np.testing.assert_array_equal(forest.predict_proba(np.asarray(X)), original.predict_proba(data))
    importance = pd.Series(
        forest.feature_importances_.reshape(24, WIDTH).sum(axis=1), forest.layout_.token_labels
    )
    assert importance.idxmax() == "A_eos"


@pytest.mark.parametrize("name", ["AE_RF_Gini", "AE_RF_SHAP"])
def test_named_analyses_run_and_name_the_token_that_decides(tmp_path, name):
    saved(tmp_path / "rf.pkl", AS_PUBLISHED)
    explanation = explain(load_forest(tmp_path / "rf.pkl", n_tokens=24), X, name)
    assert explanation.mean(magnitude=True).idxmax() == "A_eos"


def test_columns_by_name_in_any_order_and_labels_that_are_right(tmp_path):
    data = pd.DataFrame(np.asarray(X), columns=LABELS).sample(frac=1, axis=1, random_state=0)
    original = saved(tmp_path / "rf.pkl", data)
    forest = load_forest(tmp_path / "rf.pkl", n_tokens=24, token_order="ours")
    np.testing.assert_array_equal(forest.predict_proba(np.asarray(X)), original.predict_proba(data))


def test_widths_that_do_not_fit_and_other_names(tmp_path):
    saved(tmp_path / "rf.pkl", AS_PUBLISHED)
    with pytest.raises(ValueError, match="takes 72 columns, which are not 20 or 24 tokens of 150 dimensions"):
        load_forest(tmp_path / "rf.pkl")
    saved(tmp_path / "rf.pkl", pd.DataFrame(AS_PUBLISHED, columns=[f"x{i}" for i in range(72)]))
    with pytest.raises(ValueError, match="not named as those of 24 tokens"):
        load_forest(tmp_path / "rf.pkl", n_tokens=24)
    with pytest.raises(FileNotFoundError, match="there is no forest"):
        load_forest(tmp_path / "nothing.pkl")


class Planted:
    def __reduce__(self):
        return (os.mkdir, ("planted",))


def test_nothing_in_the_file_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    forest = saved(tmp_path / "rf.pkl", AS_PUBLISHED)
    forest.extra = Planted()
    joblib.dump(forest, tmp_path / "rf.pkl")
    with pytest.raises(ModelLoadError, match=r"rf\.pkl is not loaded: it holds posix\.mkdir|nt\.mkdir"):
        load_forest(tmp_path / "rf.pkl", n_tokens=24)
    assert not Path("planted").exists()
    joblib.dump(forest.estimators_[0], tmp_path / "rf.pkl")
    with pytest.raises(
        ModelLoadError, match="holds a DecisionTreeClassifier, expected a fitted random forest"
    ):
        load_forest(tmp_path / "rf.pkl", n_tokens=24)


def test_damaged_files_and_trees_are_refused(tmp_path):
    forest = saved(tmp_path / "rf.pkl", AS_PUBLISHED)
    data = (tmp_path / "rf.pkl").read_bytes()
    (tmp_path / "cut.pkl").write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelLoadError, match=r"cut\.pkl"):
        load_forest(tmp_path / "cut.pkl", n_tokens=24)
    tree = forest.estimators_[0].tree_
    state = tree.__getstate__()
    state["nodes"]["left_child"][0] = 10**6
    tree.__setstate__(state)
    joblib.dump(forest, tmp_path / "rf.pkl")
    with pytest.raises(ModelLoadError, match="damaged decision tree"):
        load_forest(tmp_path / "rf.pkl", n_tokens=24)
