"""A digest that tells whether two fitted models are the same."""

import hashlib
from pathlib import PurePath

import joblib
import numpy as np
import pandas as pd
import torch
from sklearn.tree._tree import Tree
from skorch import NeuralNet

# What does not change a prediction: where files lie, what is shown, where and how it was computed.
IRRELEVANT = frozenset(
    {
        "store",
        "checkpoint_dir",
        "memory",
        "verbose",
        "device",
        "n_jobs",
        "callbacks",
        "history_",
        "_random",
        "_split_seed",
    }
)

TREE_ARRAYS = ("children_left", "children_right", "feature", "threshold", "value", "missing_go_to_left")


def model_fingerprint(model):
    """Digest of a fitted model: its parameters, what it has learned, and the weights of its networks.

    Equal for a model and its copy from `save_model` and `load_model`, from ``joblib`` or in another process; another one
    after another fit. Parameters that do not change predictions (``verbose``, ``device``, ``n_jobs``, places of files) do not
    count.

    Parameters
    ----------
    model : estimator
        Fitted.

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from amp_sklearn.persistence import model_fingerprint
    >>> one, other = (LogisticRegression(C=c).fit([[0.0], [1.0]], [0, 1]) for c in (1.0, 2.0))
    >>> model_fingerprint(one) == model_fingerprint(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    True
    >>> model_fingerprint(one) == model_fingerprint(other)
    False
    """
    hashed = hashlib.blake2b(digest_size=16)
    _add(hashed, model)
    return hashed.hexdigest()


def _add(hashed, value):
    """Feed a value to the digest, by its kind and its content."""

    def tag(text):
        hashed.update(f"{text};".encode())

    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        tag(f"{type(value).__name__}:{value!r}")
    elif isinstance(value, PurePath):
        tag("path")
    elif isinstance(value, torch.Tensor):
        tag(f"tensor:{value.dtype}{tuple(value.shape)}")
        _add(hashed, value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, np.ndarray):
        tag(f"array:{value.dtype}{value.shape}")
        if value.dtype == object:
            for item in value.ravel():
                _add(hashed, item)
        elif value.dtype.names:  # field by field: bytes between fields are anything
            _add(hashed, [value[name] for name in value.dtype.names])
        else:
            hashed.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        tag(f"table:{value.shape}")
        hashed.update(
            value.to_csv().encode() if not isinstance(value, pd.Index) else repr(value.tolist()).encode()
        )
    elif isinstance(value, dict):
        tag(f"dict:{len(value)}")
        for key in sorted(value, key=repr):
            _add(hashed, key)
            _add(hashed, value[key])
    elif isinstance(value, list | tuple):
        tag(f"sequence:{len(value)}")
        for item in value:
            _add(hashed, item)
    elif isinstance(value, set | frozenset):
        _add(hashed, sorted(value, key=repr))
    elif isinstance(value, NeuralNet):
        tag("net")
        _add(hashed, value.module_)
    elif isinstance(value, torch.nn.Module):
        tag(f"module:{type(value).__name__}")
        _add(hashed, dict(value.state_dict()))
    elif isinstance(value, Tree):
        _add(hashed, [getattr(value, name) for name in TREE_ARRAYS])
    elif isinstance(value, type) or callable(value):
        tag(
            f"callable:{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', repr(type(value)))}"
        )
    elif hasattr(value, "__dict__"):
        tag(f"{type(value).__module__}.{type(value).__qualname__}")
        _add(hashed, {name: content for name, content in vars(value).items() if name not in IRRELEVANT})
    else:
        tag(f"object:{type(value).__qualname__}:{joblib.hash(value)}")
