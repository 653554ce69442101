"""Files made to do harm, or damaged: nothing in them runs, and the message says why they are not loaded."""

import contextlib
import io
import json
import os
import pickle
import zipfile

import joblib
import numpy as np
import pytest
import safetensors.torch
import skops.io
import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from amp_sklearn.classification import AEDNNClassifier
from amp_sklearn.classification._net import PairNet
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.persistence import FORMAT, load_model, save_model

SMALL = {"hidden1": 6, "hidden2": 4, "max_epochs": 1, "random_state": 0, "device": "cpu"}


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch '{self.mark}'",)


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "the payload ran"


@pytest.fixture(scope="module")
def data():
    return make_classification(40, 6, random_state=0)


@pytest.fixture
def saved(data, tmp_path):
    """A function that saves a model with some entries of the file changed."""

    def save(model=None, **changes):
        path = save_model(model or AEDNNClassifier(**SMALL).fit(*data), tmp_path / "model.amp")
        with zipfile.ZipFile(path) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        entries.update(changes.pop("entries", {}))
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in entries.items():
                if content is not None:
                    archive.writestr(name, content)
        return path

    return save


def skeleton(obj):
    return {"entries": {"model.skops": skops.io.dumps(obj)}}


def changed_schema(path, change):
    """The skeleton in a file, with its schema changed by a function."""
    with zipfile.ZipFile(path) as archive:
        inner = zipfile.ZipFile(io.BytesIO(archive.read("model.skops")))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as outer:
        for name in inner.namelist():
            content = inner.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                change(schema)
                content = json.dumps(schema)
            outer.writestr(name, content)
    return {"entries": {"model.skops": buffer.getvalue()}}


def test_a_net_inside_the_skeleton_is_refused(data, saved, mark, monkeypatch):
    """Skops stores a skorch net as a pickle within its state; a payload there runs when the net is restored."""
    model = AEDNNClassifier(**SMALL).fit(*data)
    model.net_.module_.payload = Payload(mark)
    path = saved(**skeleton(model.net_))
    assert not mark.exists()
    with zipfile.ZipFile(path) as archive:
        content = archive.read("model.skops")
    unknown = skops.io.get_untrusted_types(data=content)
    assert any(name.endswith("PairNet") for name in unknown)
    with pytest.raises(ModelLoadError, match="entries of a kind that models do not need"):
        load_model(path)
    with monkeypatch.context() as patch:  # the list of types alone would do as well
        patch.setattr("amp_sklearn.persistence.archive.forbidden_nodes", lambda schema: [])
        with pytest.raises(ModelLoadError, match=r"types that are not on the list of safe ones: .*PairNet"):
            load_model(path)
    assert not mark.exists()
    with contextlib.suppress(TypeError, AttributeError, ValueError):
        skops.io.loads(content, trusted=unknown)  # what a careless loader would do
    assert mark.exists(), "the payload must be one that works"


def test_a_pickle_is_refused(mark, tmp_path, saved):
    for name, content in (
        ("model.skops", pickle.dumps(Payload(mark))),
        ("nets/0.json", pickle.dumps(Payload(mark))),
    ):
        with pytest.raises(ModelLoadError):
            load_model(saved(entries={name: content}))
    buffer = io.BytesIO()
    torch.save({"mlp_layers.0.weight": Payload(mark)}, buffer)
    with pytest.raises(ModelLoadError):
        load_model(saved(entries={"nets/0.safetensors": buffer.getvalue()}))
    joblib.dump(Payload(mark), tmp_path / "model.joblib")
    with pytest.raises(ModelLoadError, match=r"use joblib\.load if you trust"):
        load_model(tmp_path / "model.joblib")
    assert not mark.exists()
    pickle.loads(pickle.dumps(Payload(mark)))
    assert mark.exists()


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("posix", "system", "FunctionNode"),
        ("builtins", "eval", "FunctionNode"),
        ("subprocess", "Popen", "ConstructorFromReduceNode"),
        ("builtins", "object", "ObjectNode"),
        ("amp_sklearn.classification._net", "PairNet", "ObjectNode"),
    ],
)
def test_foreign_types_and_functions_are_refused(saved, module, name, loader):
    path = saved(
        make_pipeline(FunctionTransformer(np.abs), LogisticRegression()).fit(np.eye(4), [0, 1, 0, 1])
    )

    def change(schema):
        for entry in _entries(schema):
            if entry.get("__loader__") == "FunctionNode" and entry["__class__"] == "absolute":
                entry.update(__module__=module, __class__=name, __loader__=loader)
                entry["content"] = (
                    {"module_path": module, "function": name} if loader == "FunctionNode" else _tuple()
                )
                return
        raise AssertionError("nothing changed")

    with pytest.raises(ModelLoadError, match=rf"{name}|{loader}|damaged"):
        load_model(saved(LogisticRegression().fit(np.eye(4), [0, 1, 0, 1]), **changed_schema(path, change)))


def _tuple():
    return {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": []}


def _entries(schema):
    stack = [schema]
    while stack:
        entry = stack.pop()
        if isinstance(entry, dict):
            yield entry
            stack.extend(entry.values())
        elif isinstance(entry, list):
            stack.extend(entry)


def test_functions_bound_to_arguments_are_refused(data, saved):
    import functools
    import operator

    for function in (functools.partial(np.add, 1), operator.attrgetter("shape"), np.ones(2).tofile):
        with pytest.raises(ModelLoadError, match=r"entries of a kind|not on the list"):
            load_model(saved(**skeleton(FunctionTransformer(function).fit(data[0]))))


def test_paths_in_a_file_are_not_used(saved, tmp_path):
    embedder = ESM2Embedder(store=str(tmp_path / "theirs"), device="cpu").fit([["MKV", "MAA"]])
    loaded = load_model(saved(**skeleton(embedder)))
    assert loaded.store == "auto"
    pipe = make_pipeline(FunctionTransformer(), LogisticRegression(), memory=str(tmp_path / "theirs"))
    assert load_model(saved(**skeleton(pipe.fit(np.eye(4), [0, 1, 0, 1])))).memory is None
    assert not (tmp_path / "theirs").exists() or not any((tmp_path / "theirs").rglob("*.amp"))


def test_trees_that_point_outside_of_themselves_are_refused(data, saved):
    forest = RandomForestClassifier(2, random_state=0).fit(*data)
    load_model(saved(forest))
    for field, value in (("left_child", 10**6), ("right_child", 0), ("feature", 10**6), ("feature", -7)):
        broken = RandomForestClassifier(2, random_state=0).fit(*data)
        tree = broken.estimators_[1].tree_
        state = tree.__getstate__()
        state["nodes"][field][0] = value
        tree.__setstate__(state)
        with pytest.raises(ModelLoadError, match="damaged decision tree"):
            load_model(saved(**skeleton(broken)))
    wide = RandomForestClassifier(2, random_state=0).fit(*data)
    for tree in wide.estimators_:
        tree.n_features_in_ = 3
    with pytest.raises(ModelLoadError, match="damaged decision tree"):
        load_model(saved(**skeleton(wide)))


def test_nets_that_do_not_fit_are_refused(data, saved):
    path = saved()
    with zipfile.ZipFile(path) as archive:
        described = json.loads(archive.read("nets/0.json"))
        state = safetensors.torch.load(archive.read("nets/0.safetensors"))
    for change, reason in (
        ({"module": "System"}, "'System', which this version does not know"),
        ({"sizes": {**described["sizes"], "hidden": [7, 4]}}, "wrong shapes: mlp_layers.0.weight"),
        ({"sizes": {**described["sizes"], "extra": 1}}, "damaged"),
        ({"dtype": "system"}, "damaged"),
    ):
        with pytest.raises(ModelLoadError, match=reason):
            load_model(saved(entries={"nets/0.json": json.dumps({**described, **change})}))
    lacking = safetensors.torch.save({k: v for k, v in state.items() if k != "mlp_layers.0.bias"})
    with pytest.raises(ModelLoadError, match=r"missing keys: mlp_layers\.0\.bias"):
        load_model(saved(entries={"nets/0.safetensors": lacking}))


def test_damaged_files_and_newer_formats(saved, tmp_path):
    with pytest.raises(FileNotFoundError, match="no model file"):
        load_model(tmp_path / "missing.amp")
    (tmp_path / "x.amp").write_bytes(b"hello")
    with pytest.raises(ModelLoadError, match="no file written by save_model"):
        load_model(tmp_path / "x.amp")
    for name in ("manifest.json", "model.skops", "nets/0.json", "nets/0.safetensors", "tables/0.json"):
        with pytest.raises(ModelLoadError, match=f"{name} is missing"):
            load_model(saved(entries={name: None}))
        with pytest.raises(ModelLoadError):
            load_model(saved(entries={name: b"\x00rubbish"}))
    manifest = {"format": FORMAT + 1, "versions": {"amp_sklearn": "9.9"}}
    with pytest.raises(ModelLoadError, match=rf"format {FORMAT + 1}.*reads up to {FORMAT}.*9\.9"):
        load_model(saved(entries={"manifest.json": json.dumps(manifest)}))
    path = saved()
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelLoadError):
        load_model(path)


def test_the_list_has_no_type_that_runs_what_it_is_given():
    from amp_sklearn.persistence.trusted import TRUSTED_TYPES

    assert f"{PairNet.__module__}.{PairNet.__name__}" not in TRUSTED_TYPES
    assert all(
        name.startswith(("amp_sklearn.", "numpy.dtype", "scipy.sparse", "sklearn.")) for name in TRUSTED_TYPES
    )
