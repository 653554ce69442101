"""Files that declare or unpack to more than they hold, or whose numbers do not fit each other: refused at once."""

import io
import json
import zipfile

import numpy as np
import pytest
import safetensors.torch
import scipy.sparse
import skops.io
import torch
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from amp_sklearn.classification import load_checkpoint
from amp_sklearn.classification._net import make_net
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.nn import PairTransformer, TokenMean
from amp_sklearn.nn.state_files import read_state_dict
from amp_sklearn.persistence import load_model, save_model
from amp_sklearn.persistence.archive import read_card
from amp_sklearn.persistence.parts import NetReference, net_from_bytes, net_to_bytes

SIZES = {"n_tokens": 4, "width": 8, "n_layers": 1, "n_heads": 2, "dim_feedforward": 8, "hidden": (4, 3)}
X, Y = np.random.default_rng(0).normal(size=(40, 6)), np.arange(40) % 2


@pytest.fixture
def saved(tmp_path):
    """A function that saves a model, and then puts or removes members of the file."""

    def save(model, changes=(), method=zipfile.ZIP_DEFLATED):
        path = save_model(model, tmp_path / "model.amp")
        with zipfile.ZipFile(path) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        entries.update(changes)
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return path

    return save


@pytest.fixture(scope="module")
def described():
    net = make_net(PairTransformer, dict(SIZES), 1, device=torch.device("cpu"), dtype="float32", lr=1e-3,
                   weight_decay=0.0, grad_clip=None, precision="float32")  # fmt: skip
    return net_to_bytes(net.initialize())


def changed_arrays(model, change):
    """The skeleton of a model with each of its .npy members changed by a function of name and content."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as inner,
        zipfile.ZipFile(buffer, "w") as outer,
    ):
        for name in inner.namelist():
            content = inner.read(name)
            outer.writestr(name, change(content) if name.endswith(".npy") else content)
    return {"model.skops": buffer.getvalue()}


def header(shape, dtype="<f8"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "sizes",
    [
        {"n_layers": 10**8},
        {"hidden": [1] * 200_000},
        {"n_heads": 0},
        {"n_heads": -2},
        {"n_tokens": -1},
        {"width": 10**15},
        {"dim_feedforward": "8"},
        {"n_layers": None},
        {"hidden": []},
    ],
)
def test_sizes_of_a_net(described, saved, sizes):
    model = LogisticRegression().fit(X, Y)
    text = json.loads(described[0])
    text["sizes"].update(sizes)
    model.net_ = NetReference(0)
    manifest = {"format": 1, "nets": 1, "tables": 0, "versions": {}}
    members = {"manifest.json": json.dumps(manifest), "nets/0.safetensors": described[1]}
    members["model.skops"] = skops.io.dumps(model)
    with pytest.raises(ModelLoadError):
        load_model(saved(LogisticRegression().fit(X, Y), {**members, "nets/0.json": json.dumps(text)}))
    load_model(saved(LogisticRegression().fit(X, Y), {**members, "nets/0.json": described[0]}))


def test_weights_that_are_no_numbers(described, saved):
    state = safetensors.torch.load(described[1])
    state[next(iter(state))].view(-1)[0] = torch.nan
    with pytest.raises(ModelLoadError, match="NaN or infinity"):
        net_from_bytes(described[0], safetensors.torch.save(state), "cpu", "x.amp")
    model = LogisticRegression().fit(X, Y)
    model.coef_[0, 0] = np.nan
    with pytest.raises(ModelLoadError, match=r"NaN or infinity in LogisticRegression\.coef_"):
        load_model(saved(model))


def test_members_that_are_not_expected_are_not_unpacked(saved, monkeypatch):
    path = saved(LogisticRegression().fit(X, Y), {"extra.bin": bytes(2**24), "nets/7.safetensors": b"no"})
    read = zipfile.ZipFile.read

    def watched(self, name, *arguments):
        assert name not in ("extra.bin", "nets/7.safetensors")
        return read(self, name, *arguments)

    monkeypatch.setattr(zipfile.ZipFile, "read", watched)
    assert load_model(path).predict(X).shape == (40,)


def test_members_that_unpack_to_too_much(saved, monkeypatch):
    monkeypatch.setenv("AMP_SKLEARN_UNPACK_LIMIT", str(2**20))
    model = LogisticRegression().fit(X, Y)
    load_model(saved(model))
    with pytest.raises(ModelLoadError, match=r"unpacks to .*AMP_SKLEARN_UNPACK_LIMIT"):
        load_model(saved(model, {"model.skops": bytes(2**21)}))
    with pytest.raises(ModelLoadError, match="longer than"):
        load_model(saved(model, {"manifest.json": b" " * (2**20 + 1)}))
    with pytest.raises(ModelLoadError, match="unpacks to"):
        read_card(saved(model, {"README.md": bytes(2**21)}))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(saved, method):
    with pytest.raises(ModelLoadError, match="compressed in a way"):
        load_model(saved(LogisticRegression().fit(X, Y), method=method))


def test_a_member_that_is_there_twice(saved):
    path = saved(LogisticRegression().fit(X, Y))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("model.skops", b"other")
    with pytest.raises(ModelLoadError, match="twice"):
        load_model(path)


def test_damaged_deflate_streams_anywhere(saved):
    path = saved(RandomForestClassifier(2, max_depth=2, random_state=0).fit(X, Y))
    expected = load_model(path).predict_proba(X)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    n_refused = 0
    for _ in range(60):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        try:
            np.testing.assert_array_equal(load_model(path).predict_proba(X), expected)
        except ModelLoadError:
            n_refused += 1
    assert n_refused > 30


@pytest.mark.parametrize("shape", [(10**13,), (2**40, 2**40), (-1,), (7,)])
def test_arrays_that_declare_more_than_they_hold(saved, shape):
    model = LogisticRegression().fit(X, Y)
    members = changed_arrays(model, lambda content: header(shape) + b"12345678")
    with pytest.raises(ModelLoadError, match=r"declares an array|and shape"):
        load_model(saved(model, members))


def test_manifests_that_lie(saved):
    model = LogisticRegression().fit(X, Y)
    for nets in (10**9, -1, "1", 1.5, None, True):
        manifest = json.dumps({"format": 1, "nets": nets, "tables": 0, "versions": {}})
        with pytest.raises(ModelLoadError, match="declares"):
            load_model(saved(model, {"manifest.json": manifest}))
    for text in ("[]", "[" * 100_000, '{"format": "1"}', '{"format": 9, "versions": 3}', "\x00"):
        with pytest.raises(ModelLoadError):
            load_model(saved(model, {"manifest.json": text}))


def test_support_vectors_that_do_not_fit(saved):
    good = SVC().fit(X, Y)
    load_model(saved(good))
    for change in (
        {"_n_support": np.array([10**6, 3], dtype=np.int32)},
        {"_n_support": np.array([-5, len(good.support_) + 5], dtype=np.int32)},
        {"_dual_coef_": good._dual_coef_[:, :-3], "dual_coef_": good.dual_coef_[:, :-3]},
        {"support_vectors_": good.support_vectors_[:, :2]},
        {"support_vectors_": good.support_vectors_[:-2]},
        {"_intercept_": np.zeros(0)},
        {"_probA": np.zeros(3)},
        {"_dual_coef_": good._dual_coef_ * np.nan},
    ):
        bad = SVC().fit(X, Y)
        vars(bad).update(change)
        with pytest.raises(ModelLoadError, match=r"do not fit each other|NaN"):
            load_model(saved(bad))


def test_centres_and_sparse_matrices_that_do_not_fit(saved):
    centres = KMeans(2, n_init=1, random_state=0).fit(X)
    load_model(saved(centres))
    centres.cluster_centers_ = centres.cluster_centers_[:, :2]
    with pytest.raises(ModelLoadError, match="cluster centres"):
        load_model(saved(centres))
    sparse = LogisticRegression().fit(X, Y).sparsify()
    sparse.coef_.indices[0] = 10**6
    with pytest.raises(ModelLoadError, match="damaged"):
        load_model(saved(sparse))
    assert scipy.sparse.issparse(load_model(saved(LogisticRegression().fit(X, Y).sparsify())).coef_)


def test_trees_whose_arguments_lie(saved):
    forest = RandomForestClassifier(1, max_depth=2, random_state=0).fit(X, Y)
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(forest))) as inner:
        members = {name: inner.read(name) for name in inner.namelist()}
    text = members["schema.json"].decode()
    position = text.index('"__reduce__"')
    for declared in ("1000000", "-1", "0", '\\"x\\"'):
        # the second number among the arguments is that of outputs
        head, tail = text[:position], text[position:]
        parts = tail.split('"content": "1"', 1)
        assert len(parts) == 2
        changed = f'{head}{parts[0]}"content": "{declared}"{parts[1]}'
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as outer:
            for name, content in {**members, "schema.json": changed}.items():
                outer.writestr(name, content)
        with pytest.raises(ModelLoadError, match="damaged decision tree"):
            load_model(saved(forest, {"model.skops": buffer.getvalue()}))
    wide = RandomForestClassifier(1, max_depth=2, random_state=0).fit(np.hstack([X] * 20), Y)
    forest.estimators_ = wide.estimators_
    with pytest.raises(ModelLoadError, match="damaged decision tree"):
        load_model(saved(forest))


def checkpoint(tmp_path, state):
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    return path


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**6, 24_000),  # 92 GiB in four bytes
        torch.sparse_coo_tensor([[0], [0]], [1.0], (10**6, 24_000)),
        torch.zeros(3, device="meta"),
        torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    ],
    ids=["stride 0", "sparse", "meta", "quantized"],
)
def test_tensors_without_memory_of_their_own(tmp_path, tensor):
    for state in ({"mlp_layers.0.weight": tensor}, {"model_state_dict": {"mlp_layers.0.weight": tensor}}):
        path = checkpoint(tmp_path, state)
        for read in (read_state_dict, load_checkpoint):
            with pytest.raises(ModelLoadError):
                read(path)


def test_keys_and_values_of_other_kinds(tmp_path):
    for state in (
        {0: torch.zeros(2, 2)},
        {("a",): torch.zeros(2, 2)},
        {"mlp_layers.0.weight": 3},
        {},
        [torch.zeros(2)],
        torch.zeros(2),
        {"state_dict": {1: torch.zeros(3)}},
    ):
        with pytest.raises(ModelLoadError):
            load_checkpoint(checkpoint(tmp_path, state))


def test_checkpoints_that_declare_many_layers(tmp_path):
    state = PairTransformer(**{**SIZES, "n_tokens": 20}).state_dict()
    assert load_checkpoint(checkpoint(tmp_path, state), n_heads=2).n_layers == 1
    for key in ("transformer_encoder.layers.99999999.norm1.weight", "position_embedding.weight"):
        with pytest.raises(ModelLoadError, match="does not fit"):
            load_checkpoint(checkpoint(tmp_path, {**state, key: torch.zeros(8)}), n_heads=2)
    for key in ("mlp_layers.0.weight", "transformer_encoder.layers.0.linear1.weight"):
        for value in (torch.tensor(1.0), torch.zeros(3), torch.zeros(0, 8), torch.zeros(2, 2, 2)):
            with pytest.raises(ModelLoadError):
                load_checkpoint(checkpoint(tmp_path, {**state, key: value}), n_heads=2)
    for wrong in ({"n_heads": 0}, {"n_heads": -1}, {"n_heads": 2, "n_tokens": 0}):
        with pytest.raises(ValueError, match="must be at least 1"):
            load_checkpoint(checkpoint(tmp_path, state), **wrong)


def test_damaged_checkpoints_anywhere(tmp_path):
    state = PairTransformer(**{**SIZES, "n_tokens": 20}).state_dict()
    path = checkpoint(tmp_path, state)
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    for _ in range(60):
        content = bytearray(whole)
        for position in rng.integers(0, len(whole), 3):
            content[position] = rng.integers(256)
        path.write_bytes(content[: rng.integers(1, len(whole))] if rng.random() < 0.3 else content)
        try:
            read_state_dict(path)
        except ModelLoadError as error:
            assert str(path) in str(error)


def test_an_archive_with_a_nameless_member(tmp_path):
    """Python's zipfile raises an IndexError for it."""
    path = checkpoint(tmp_path, TokenMean(2, 8, hidden=(4, 3)).state_dict())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x", b"")
    path.write_bytes(path.read_bytes().replace(b"x", b"\0"))
    with pytest.raises(ModelLoadError):
        load_checkpoint(path, kind="mean", n_tokens=2)
