"""Explanation: checked when made, saved without pickle, carried over to shap and to residues."""

import json
import pickle
import zipfile

import numpy as np
import pytest

from amp_sklearn.data import FeatureLayout
from amp_sklearn.data.segments import SEGMENT_TOKENS, segment_bounds
from amp_sklearn.explanation import Explanation, spread_over_residues
from amp_sklearn.explanation.files import FORMAT_NUMBER

LAYOUT = FeatureLayout(("segment0", "mean"), 3)


def full(n=3):
    random = np.random.RandomState(0)
    return Explanation(
        random.normal(size=(n, 4)),
        LAYOUT,
        "some_method",
        pair_ids=[["P1", 7], ["P,2", np.int64(8)], ["ß", "x"]][:n],
        predictions=random.rand(n),
        base_values=random.rand(n),
        feature_values=random.normal(size=(n, 12)).astype(np.float32),
        residue_values=[(random.rand(a), random.rand(b)) for a, b in [(3, 5), (0, 4), (1, 1)][:n]],
        lengths=[[3, 5], [0, 4], [1, 1]][:n],
        token_maps=random.rand(n, 2, 4, 4).astype(np.float32),
        map_names=("layer 1", "layer 2"),
        error=random.rand(n),
        notes=("a note",),
        model="Network:0123",
        parameters={"n_steps": 25, "layers": [0, 1], "baseline": "mean"},
    )


def assert_same(one, other):
    for name in ("values", "predictions", "base_values", "feature_values", "lengths", "token_maps", "error"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    assert one.pair_ids.tolist() == other.pair_ids.tolist()
    for name in ("layout", "method", "map_names", "notes", "model", "parameters"):
        assert getattr(one, name) == getattr(other, name)
    if one.residue_values is None:
        assert other.residue_values is None
    else:
        for pair, twin in zip(one.residue_values, other.residue_values, strict=True):
            for side, side_twin in zip(pair, twin, strict=True):
                np.testing.assert_array_equal(side, side_twin)


def test_round_trip_keeps_everything(tmp_path):
    path = tmp_path / "one.npz"
    full().save(path)
    assert_same(full(), Explanation.load(path))
    assert [file.name for file in tmp_path.iterdir()] == ["one.npz"]
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_round_trip_of_the_smallest(tmp_path):
    small = Explanation(np.zeros((0, 4)), LAYOUT, "nothing")
    small.save(tmp_path / "any.name")
    assert_same(small, Explanation.load(tmp_path / "any.name"))


def test_the_file_holds_no_pickle(tmp_path):
    full().save(tmp_path / "one.npz")
    with np.load(tmp_path / "one.npz", allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)
        assert json.loads(archive["header"].tobytes())["format"] == FORMAT_NUMBER


def test_a_failed_save_keeps_the_old_file(tmp_path):
    path = tmp_path / "one.npz"
    full().save(path)
    broken = Explanation(np.zeros((1, 4)), LAYOUT, "x", parameters={"model": object()})
    with pytest.raises(TypeError, match="parameters and ids must be plain values"):
        broken.save(path)
    assert_same(full(), Explanation.load(path))
    assert len(list(tmp_path.iterdir())) == 1


def test_other_files_and_newer_formats_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ValueError, match="not an explanation file"):
        Explanation.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(2))
    with pytest.raises(ValueError, match="no header"):
        Explanation.load(tmp_path / "other.npz")
    full().save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes()) | {"format": FORMAT_NUMBER + 1}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez(tmp_path / "new.npz", **arrays)
    with pytest.raises(ValueError, match=f"format {FORMAT_NUMBER + 1}.*update"):
        Explanation.load(tmp_path / "new.npz")


def test_a_planted_pickle_is_not_run(tmp_path):
    class Planted:
        def __reduce__(self):
            return (open, (str(tmp_path / "planted"), "w"))

    full().save(tmp_path / "one.npz")
    with zipfile.ZipFile(tmp_path / "one.npz", "a") as archive:
        archive.writestr("error.npy", pickle.dumps(Planted()))
    with pytest.raises(ValueError, match=r"[Pp]ickle"):
        Explanation.load(tmp_path / "one.npz")
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"token_maps": np.zeros((1, 2, 4, 3)), "map_names": ("a", "b")},
            "token_maps must have shape 1 x n_maps x 4 x 4, got 1 x 2 x 4 x 3",
        ),
        ({"residue_values": [(np.array([np.nan]), np.zeros(2))]}, "residue_values must be finite; row 0"),
        ({"token_maps": np.zeros((1, 2, 4, 4))}, "map_names must have 2 entries"),
        ({"map_names": ("a",)}, "map_names must have 0 entries"),
        ({"lengths": [[1, 2], [3, 4]]}, "lengths must be 1 x 2"),
        ({"lengths": [[1, -2]]}, "lengths must be 1 x 2"),
        (
            {"lengths": [[1, 2]], "residue_values": [(np.zeros(1), np.zeros(3))]},
            r"row 0 hold \(1, 3\) residues, lengths say \(1, 2\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Explanation(np.zeros((1, 4)), LAYOUT, "x", **change)


def test_select_keeps_rows_together():
    chosen = full().select([2, 0])
    assert len(chosen) == 2
    np.testing.assert_array_equal(chosen.values, full().values[[2, 0]])
    np.testing.assert_array_equal(chosen.token_maps, full().token_maps[[2, 0]])
    assert [len(a) for a, _ in chosen.residue_values] == [1, 3]
    assert chosen.notes == full().notes
    assert len(full().select(np.array([True, False, False]))) == 1


def test_to_shap_is_additive():
    explanation = full()
    tokens, columns = explanation.to_shap(), explanation.to_shap("feature")
    assert tokens.feature_names == list(LAYOUT.token_labels)
    assert columns.values.shape == (3, 12)
    np.testing.assert_allclose(tokens.values.sum(axis=1), columns.values.sum(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(tokens.base_values, explanation.base_values)
    plain = Explanation(explanation.values, LAYOUT, "x")
    np.testing.assert_array_equal(plain.to_shap().values, explanation.values)
    with pytest.raises(ValueError, match="no feature-wise values"):
        plain.to_shap("feature")
    with pytest.raises(ValueError, match="level"):
        plain.to_shap("residue")


def test_mean_of_magnitudes():
    signed = Explanation([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]], LAYOUT, "x")
    assert signed.signed
    assert signed.mean()["A_segment0"] == 0
    assert signed.mean(magnitude=True)["A_segment0"] == 1


@pytest.mark.parametrize("lengths", [(23, 10), (7, 100), (0, 1)])
def test_shares_add_up_to_the_segments_they_came_from(lengths):
    layout = FeatureLayout(("cls", *SEGMENT_TOKENS), 2)
    values = np.random.RandomState(1).normal(size=22)
    sides = spread_over_residues(values, layout, lengths)
    for side, length, own in zip(sides, lengths, (values[1:11], values[12:]), strict=True):
        assert side.shape == (length,)
        for (start, end), value in zip(segment_bounds(length), own, strict=True):
            if end > start:  # a segment without residues has nothing to give its value to
                assert side[start:end].sum() == pytest.approx(value)
                assert len(set(side[start:end])) == 1


def test_spread_of_values_of_the_mean_and_of_combinations():
    layout = FeatureLayout(("segment0", "mean"), 2, blocks=("A", "|A-B|"))
    a, b = spread_over_residues([10.0, 1.0, 5.0, 5.0], layout, (20, 3), spread="value")
    np.testing.assert_array_equal(a, [11.0] * 2 + [1.0] * 18)
    np.testing.assert_array_equal(b, 0)
    a, _ = spread_over_residues([10.0, 1.0, 5.0, 5.0], layout, (20, 3))
    assert a.sum() == pytest.approx(11)
    with pytest.raises(ValueError, match="spread must be"):
        spread_over_residues([10.0, 1.0, 5.0, 5.0], layout, (20, 3), spread="all")
    with pytest.raises(ValueError, match="4 token values"):
        spread_over_residues([10.0], layout, (20, 3))


def test_residues_come_from_the_method_or_from_the_segments():
    explanation = full()
    np.testing.assert_array_equal(explanation.residues(0)[1], explanation.residue_values[0][1])
    coarse = Explanation(explanation.values, LAYOUT, "x", lengths=[[20, 30]] * 3)
    a, b = coarse.residues(1)
    assert a.sum() + b.sum() == pytest.approx(explanation.values[1].sum())
    with pytest.raises(ValueError, match="does not know the proteins' lengths"):
        Explanation(explanation.values, LAYOUT, "x").residues(0)
