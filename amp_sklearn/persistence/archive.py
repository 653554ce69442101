"""Saving fitted models to one file, and loading them from files of strangers."""

import copy
import inspect
import io
import json
import os
import pickle
import platform
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import skops.io
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from skops.io.exceptions import UnsupportedTypeException
from skorch.callbacks import Callback

from .. import __version__
from ..exceptions import ModelLoadError
from ..writing import write_atomically
from .card import model_card
from .compiled_parts import check_compiled_parts
from .members import check_skeleton, counted, read_manifest, read_members
from .parts import (
    FrameReference,
    NetReference,
    frame_from_json,
    frame_to_json,
    is_net,
    net_from_bytes,
    net_to_bytes,
)
from .trusted import REGISTERED, TRUSTED_TYPES, forbidden_nodes, reset_paths, walk

FORMAT = 1
"""Number of the file format; raised when an older version could not read what a newer one writes."""

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "skops", "skorch", "torch")

_MANIFEST, _SKELETON, _CARD = "manifest.json", "model.skops", "README.md"


def save_model(model, path, *, description=""):
    """Save a fitted estimator or Pipeline so that others can load it without trusting the file.

    The file is a ZIP archive: scikit-learn's parts in the format of skops, each torch net as safetensors and
    JSON, tables as JSON, library versions, and a model card (``README.md``). Predictions after `load_model`
    are bitwise the same on the same machine.

    Parameters
    ----------
    model : estimator
        Fitted; a Pipeline, a classifier or transformer of this package, or of scikit-learn.
    path : path-like
        File to write, by custom ending in ``.amp``; an existing file is replaced in one step.
    description : str, default=""
        Markdown for the model card: training data, intended use, limits.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If it holds a type that is neither on the fixed list nor registered (`register_model_class`), such as a
        function given as a parameter.

    Notes
    -----
    Not in the file: the state of optimizers (training can go on, but starts them afresh), weights of ESM-2,
    parameters that name files of this machine (``store``, ``checkpoint_dir``, ``memory``), which are reset, and
    ``callbacks``, which are left out with a warning.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from amp_sklearn.persistence import load_model, save_model
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    >>> path = save_model(forest, Path(tempfile.mkdtemp()) / "forest.amp", description="Three kinds of iris.")
    >>> bool((load_model(path).predict_proba(X) == forest.predict_proba(X)).all())
    True
    """
    check_is_fitted(model)
    skeleton, nets, frames = _take_apart(model)
    without = [name for name in reset_paths(skeleton) if name.endswith(".callbacks")]
    if without:
        warnings.warn(
            f"{', '.join(without)} are not saved, because callbacks may hold any code; the loaded model has none and "
            "predicts the same",
            stacklevel=2,
        )
    try:
        content = skops.io.dumps(skeleton)
    except UnsupportedTypeException as error:
        raise TypeError(f"{type(model).__name__} cannot be saved: {error}; {_ADVICE}") from error
    unknown = _unknown_types(content)
    if unknown:
        raise TypeError(
            f"{type(model).__name__} holds {', '.join(unknown)}, which load_model would refuse; {_ADVICE}"
        )
    stored = [net_to_bytes(net) for net in nets]
    versions = {"amp_sklearn": __version__, "python": platform.python_version()}
    versions.update({library: version(library) for library in LIBRARIES})
    manifest = {
        "format": FORMAT,
        "model": type(model).__name__,
        "nets": len(nets),
        "tables": len(frames),
        "versions": versions,
    }
    card = model_card(skeleton, versions, description, [json.loads(text) for text, _ in stored])
    with (
        write_atomically(path) as unfinished,
        zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
        archive.writestr(_CARD, card)
        archive.writestr(_SKELETON, content)
        for number, (text, parameters) in enumerate(stored):
            archive.writestr(f"nets/{number}.json", text)
            archive.writestr(f"nets/{number}.safetensors", parameters, zipfile.ZIP_STORED)
        for number, frame in enumerate(frames):
            archive.writestr(f"tables/{number}.json", frame_to_json(frame))
    return Path(path)


_ADVICE = (
    "save a part of it (search.best_estimator_ instead of a search), pass names instead of functions, "
    "call register_model_class for each class of your own, or use joblib for files that only you will load"
)


def load_model(path, *, device=None):
    """Load a model that `save_model` wrote. Nothing in the file is executed, whoever made it.

    Parameters
    ----------
    path : path-like
        The file.
    device : str, default=None
        Torch device of nets and embedder, such as ``"cpu"``. None keeps what was saved, and takes the CPU
        where there is no such device.

    Returns
    -------
    estimator
        Fitted.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelLoadError
        If it is no model file, was written by a newer version, is damaged, or holds anything outside of the
        fixed list of types and of what `register_model_class` was called for. Also if it declares sizes that it
        does not hold, unpacks to too much (the environment variable ``AMP_SKLEARN_UNPACK_LIMIT`` sets another
        limit in bytes), or holds NaN where predictions need numbers.

    Examples
    --------
    See `save_model`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {os.fspath(path)!r}")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = read_manifest(archive, _MANIFEST, path)
            _check_format(manifest, path)
            nets, tables = (counted(manifest, key, archive, path) for key in ("nets", "tables"))
            names = [_SKELETON, *(f"tables/{number}.json" for number in range(tables))]
            names += [f"nets/{number}.{kind}" for number in range(nets) for kind in ("json", "safetensors")]
            content = read_members(archive, names, path, path.stat().st_size)
        model = _load_skeleton(content[_SKELETON], path)
        check_compiled_parts(model, path)
        reset_paths(model)
        if device is not None:
            for item in walk(model):
                if isinstance(item, BaseEstimator) and "device" in vars(item):
                    item.set_params(device=device)
        _put_together(model, content, path)
    except zipfile.BadZipFile as error:
        raise ModelLoadError(
            f"{path} is no file written by save_model ({error}); files by joblib or pickle can run code when loaded: use "
            "joblib.load if you trust its author"
        ) from error
    except KeyError as error:
        raise ModelLoadError(f"{path} is no complete model file: {error.args[0]} is missing") from error
    except ModelLoadError:
        raise
    except Exception as error:  # what a hostile file makes of the libraries that read it cannot be listed
        raise ModelLoadError(f"{path} is damaged: {type(error).__name__}: {error}") from error
    return model


def read_card(path):
    """Model card of a file, as Markdown.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str

    Raises
    ------
    ModelLoadError
        If the file holds none, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return read_members(archive, [_CARD], path, os.path.getsize(path))[_CARD].decode()
    except (FileNotFoundError, ModelLoadError):
        raise
    except Exception as error:
        raise ModelLoadError(f"{path} holds no model card, or is damaged: {error}") from error


def _take_apart(model):
    """A copy of the model with references in place of nets and tables, and these."""
    found: dict[int, tuple] = {}
    nets: list = []
    frames: list = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, item):
            if is_net(item):
                if id(item) not in found:
                    found[id(item)] = ("net", len(nets))
                    nets.append(item)
                return found[id(item)]
            if isinstance(item, pd.DataFrame):
                if id(item) not in found:
                    found[id(item)] = ("frame", len(frames))
                    frames.append(item)
                return found[id(item)]
            if isinstance(item, Callback):
                return ("callback", None)
            if isinstance(item, Path):
                return ("path", os.fspath(item))
            return None

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, reference):
            kind, value = reference
            if kind == "callback":
                return None
            return {"net": NetReference, "frame": FrameReference, "path": str}[kind](value)

    buffer = io.BytesIO()
    Pickler(buffer).dump(model)
    buffer.seek(0)
    return Unpickler(buffer).load(), nets, frames


def _put_together(model, content, path):
    """Set nets and tables where the references are."""
    for owner in list(walk(model)):
        if not isinstance(owner, BaseEstimator):
            continue
        _add_new_parameters(owner)
        for name, value in list(vars(owner).items()):
            if isinstance(value, NetReference):
                number = int(value.number)
                net = net_from_bytes(
                    content[f"nets/{number}.json"],
                    content[f"nets/{number}.safetensors"],
                    getattr(owner, "device", "auto"),
                    path,
                )
                setattr(owner, name, net)
            elif isinstance(value, FrameReference):
                setattr(owner, name, frame_from_json(content[f"tables/{int(value.number)}.json"]))


def _add_new_parameters(estimator):
    """Parameters that its class has got since the file was written have their defaults, which do as before."""
    parameters = inspect.signature(type(estimator)).parameters
    for name in set(estimator._get_param_names()) - set(vars(estimator)):
        setattr(estimator, name, copy.copy(parameters[name].default))


def _check_format(manifest, path):
    number = manifest["format"]
    if not isinstance(number, int) or number > FORMAT:
        raise ModelLoadError(
            f"{path} has format {number}, this version of amp_sklearn ({__version__}) reads up to {FORMAT}; it was "
            f"written by amp_sklearn {manifest['versions'].get('amp_sklearn')}: install that or a newer one"
        )


def _trusted():
    return [*TRUSTED_TYPES, *REGISTERED]


def _unknown_types(content):
    return sorted(set(skops.io.get_untrusted_types(data=content)) - set(_trusted()))


def _load_skeleton(content, path):
    nodes = forbidden_nodes(check_skeleton(content, path))
    if nodes:
        raise ModelLoadError(
            f"{path} holds entries of a kind that models do not need ({', '.join(nodes)}): not loaded"
        )
    unknown = _unknown_types(content)
    if unknown:
        raise ModelLoadError(
            f"{path} holds types that are not on the list of safe ones: {', '.join(unknown)}. It was changed after "
            "saving, written by a newer version, or holds classes of another author: import those and call "
            "register_model_class for each if you trust them. It is not loaded"
        )
    return skops.io.loads(content, trusted=_trusted())
