import gzip
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from amp_sklearn.data import load_bernett, load_bernett_mini, load_park_marcotte, load_yeast_ppi, read_pairs
from amp_sklearn.data.datasets import _BUNDLED
from amp_sklearn.exceptions import PairTableWarning

FULL_SETS = Path(__file__).parents[2] / "benchmarks" / "data"


@pytest.fixture(autouse=True)
def loaders_are_quiet():
    """Known repetitions are documented and no loader warns of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", PairTableWarning)
        yield


def proteins(X):
    return set(X.index.get_level_values(0)) | set(X.index.get_level_values(1))


def n_repeated(X):
    return int(pd.Series([frozenset(pair) for pair in X.index]).duplicated().sum())


def test_yeast_counts():
    X, y = load_yeast_ppi()
    assert X.shape == (11188, 2) and len(proteins(X)) == 2497
    assert np.bincount(y).tolist() == [5594, 5594] and y.dtype == np.int64
    assert X.index[0] == ("P53049", "P09435") and X["sequence_a"].iloc[0].startswith("MTITVGDAVSETELENKSQ")
    lengths = pd.Series(pd.unique(X.to_numpy().ravel())).str.len()
    assert (lengths.min(), lengths.max(), len(lengths)) == (55, 4910, 2497 - 5)  # 8 ids share 3 sequences
    repeated = X.index.duplicated()
    assert n_repeated(X) == repeated.sum() == 24 and np.bincount(y[repeated]).tolist() == [11, 13]


def test_yeast_agrees_with_the_reader_which_reports_the_repeated_rows():
    folder = _BUNDLED / "yeast_guo"
    with pytest.warns(
        PairTableWarning, match=r"11,188 rows kept .* 24 row\(s\) repeat an earlier pair, lines 1020"
    ):
        X, y = read_pairs(folder / "pairs.tsv.gz", folder / "sequences.fasta.gz")
    expected, labels = load_yeast_ppi()
    pd.testing.assert_frame_equal(X, expected)
    assert np.array_equal(y, labels)


@pytest.mark.parametrize(("split", "n"), [("train", 3000), ("val", 1000), ("test", 1000), (None, 5000)])
def test_bernett_mini_counts(split, n):
    X, y = load_bernett_mini(split)
    assert X.shape == (n, 2) and np.bincount(y).tolist() == [n // 2, n // 2]
    assert X["sequence_a"].str.len().max() <= 400 and n_repeated(X) == 0


def test_bernett_mini_splits_share_no_protein_and_make_up_the_whole():
    parts = [load_bernett_mini(split)[0] for split in ("train", "val", "test")]
    assert sum(len(proteins(part)) for part in parts) == len(proteins(load_bernett_mini()[0]))
    pd.testing.assert_frame_equal(pd.concat(parts), load_bernett_mini()[0])


def test_bernett_counts():
    parts = {split: load_bernett(FULL_SETS / "human_bernett", split) for split in ("train", "val", "test")}
    assert {split: len(X) for split, (X, _) in parts.items()} == {
        "train": 163192,
        "val": 59260,
        "test": 52048,
    }
    assert all(2 * y.sum() == len(y) for _, y in parts.values())
    named = [proteins(X) for X, _ in parts.values()]
    assert list(map(len, named)) == [4286, 3711, 3022] and len(set.union(*named)) == 11019
    assert max(X["sequence_a"].map(len).max() for X, _ in parts.values()) == 34350


def test_park_marcotte_counts():
    folder = FULL_SETS / "yeast_park_marcotte"
    X, y = load_park_marcotte(folder)
    assert X.shape == (18928, 2) and y.sum() == 9464 and len(proteins(X)) == 2627 and n_repeated(X) == 680
    sizes = {"train": 13582, "test_C1": 1388, "test_C2": 1000, "test_C3": 1600}
    parts = {split: load_park_marcotte(folder, split) for split in sizes}
    assert {split: len(part) for split, (part, _) in parts.items()} == sizes
    seen = proteins(parts["train"][0])
    for split, expected in (("test_C1", 2), ("test_C2", 1), ("test_C3", 0)):
        assert {(a in seen) + (b in seen) for a, b in parts[split][0].index} == {expected}


def test_park_marcotte_warns_of_the_part_that_repeats_training_pairs():
    with pytest.warns(PairTableWarning) as caught:
        X, y = load_park_marcotte(FULL_SETS / "yeast_park_marcotte", "test_CV")
    assert X.shape == (1358, 2) and y.sum() == 679
    text = str(caught[0].message)
    assert "680 of the 1,358 pairs of test_CV (679 of its 679 interactions) are also pairs of train" in text
    assert len(caught) == 1 and caught[0].filename == __file__


def test_a_clean_test_cv_is_not_warned_of(tmp_path):
    table = "protein_a\tprotein_b\tlabel\tsplit\nP1\tP2\t1\ttrain\nP1\tP3\t1\ttest_CV\n"
    (tmp_path / "pairs.tsv.gz").write_bytes(gzip.compress(table.encode()))
    (tmp_path / "sequences.fasta.gz").write_bytes(gzip.compress(b">P1\nMK\n>P2\nMA\n>P3\nMC\n"))
    X, y = load_park_marcotte(tmp_path, "test_CV")
    assert X.index.to_list() == [("P1", "P3")] and y.tolist() == [1]
    with pytest.raises(ValueError, match="no pair of split 'test_C3'"):
        load_park_marcotte(tmp_path, "test_C3")


def test_unknown_splits_and_missing_files(tmp_path):
    with pytest.raises(ValueError, match="one of train, val, test, got 'valid'"):
        load_bernett_mini("valid")
    with pytest.raises(ValueError, match="one of train, test_CV, test_C1, test_C2, test_C3, got 'test'"):
        load_park_marcotte(FULL_SETS / "yeast_park_marcotte", "test")
    with pytest.raises(FileNotFoundError, match=r"pairs.tsv.gz does not exist; expected a folder with"):
        load_bernett(tmp_path)
