"""The traps that are known of published sets are found unprompted; the set made without any is called clean."""

import resource
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from amp_sklearn.audit import audit_pairs
from amp_sklearn.audit.encoding import encode
from amp_sklearn.audit.overlap import check_shared_pairs, check_shared_proteins
from amp_sklearn.data import load_bernett, load_park_marcotte, load_yeast_ppi

DATA = Path(__file__).parents[2] / "benchmarks" / "data"


@pytest.fixture(scope="module")
def guo():
    return audit_pairs(*load_yeast_ppi())


def test_guo_repeats(guo):
    assert guo["repeated pairs"].number == 24 and guo["repeated pairs"].severity == "warning"
    assert guo.tables["repeated_pairs"]["positive"].sum() == 13
    assert guo["one sequence, several ids"].number == 8
    assert guo.tables["shared_sequences"]["protein"].nunique() == 3
    assert {"P43603", "P43605", "P43604", "Q06409"} <= set(guo.tables["shared_sequences"]["id"])
    for check in ("swapped pairs", "self pairs", "conflicting labels", "one id, several sequences"):
        assert guo[check].number == 0 and guo[check].severity == "clean"


def test_guo_shortcut(guo):
    """An independent run of the same kind of baseline on folds of its own reached 0.914 +- 0.006 and 0.500."""
    baselines = guo.tables["baselines"].set_index(["baseline", "folds"])["auroc"]
    assert baselines["positive and negative degree", "random"] == pytest.approx(0.914, abs=0.02)
    assert guo["shortcut in random folds"].severity == guo.severity == "severe"
    assert guo["shortcut in disjoint folds"].number == 0.5
    proteins = guo.tables["proteins"]
    assert (proteins["n_negative"] == 0).mean() == pytest.approx(0.030, abs=0.001)
    assert (proteins["n_positive"] == 0).mean() == pytest.approx(0.112, abs=0.001)
    assert (proteins["n_positive"].max(), proteins["n_negative"].max()) == (15, 17)


def park_marcotte(split):
    with warnings.catch_warnings():  # the loader warns of what the audit has to find by itself
        warnings.simplefilter("ignore")
        return load_park_marcotte(DATA / "yeast_park_marcotte", split)


def test_park_marcotte_test_cv_lies_in_train():
    audit = audit_pairs(*park_marcotte("train"), *park_marcotte("test_CV"))
    finding = audit["test pairs in training"]
    assert finding.number == 680 and finding.severity == "severe"
    assert audit.tables["test_pairs_in_train"]["positive"].sum() == 679
    assert "679 of the 679 positive and 1 of the 679 negative" in finding.verdict
    assert audit.tables["test_classes"]["n_pairs"].tolist() == [1310, 45, 3]


@pytest.mark.parametrize(
    ("split", "classes"), [("test_C1", [1388, 0, 0]), ("test_C2", [0, 1000, 0]), ("test_C3", [0, 0, 1600])]
)
def test_park_marcotte_classes_are_what_they_are_called(split, classes):
    train, test = encode(*park_marcotte("train"), *park_marcotte(split))
    (finding,), tables, of_pairs = check_shared_proteins(train, test)
    assert tables["test_classes"]["n_pairs"].tolist() == classes
    assert set(of_pairs) == {split.removeprefix("test_")}
    assert finding.severity == ("clean" if split == "test_C3" else "warning")
    (pairs,), _ = check_shared_pairs(train, test)
    assert pairs.number == 0 and pairs.severity == "clean"


@pytest.mark.slow
def test_bernett_is_clean():
    folder = DATA / "human_bernett"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    train = load_bernett(folder, "train")
    for split in ("val", "test"):
        audit = audit_pairs(*train, *load_bernett(folder, split))
        assert audit.severity == "note", str(audit)  # proteins with selenocysteine
        assert "nothing that makes scores untrustworthy" in audit.verdict
        assert np.isclose(audit["shortcut on the test pairs"].number, 0.5)
        assert audit["shortcut in random folds"].number < 0.55
    if sys.platform == "linux":  # KiB there
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < max(2 * 2**20, before + 1)
