"""Parts of a model that are stored as data and rebuilt: torch nets and tables."""

import json
from dataclasses import dataclass

import pandas as pd
import safetensors.torch
import torch
from skorch.callbacks import GradientNormClipping

from .. import nn
from ..classification._net import PairNet, make_net
from ..exceptions import ModelLoadError
from ..nn.device import resolve_device
from ..nn.random_numbers import seeded
from ..nn.state_files import autoencoder_from_state, compare_keys
from ..writing import plain_value
from .trusted import REGISTERED, type_name

MODULES = {
    name: kind
    for name, kind in vars(nn).items()
    if isinstance(kind, type)
    and issubclass(kind, nn.PairModule | nn.AutoEncoder)
    and kind is not nn.PairModule
}
"""Modules of this package, by the name that files give them; others must be registered."""


@dataclass
class NetReference:
    """Place of a net in a model, by its number in the file."""

    number: int


@dataclass
class FrameReference:
    """Place of a table in a model, by its number in the file."""

    number: int


def is_net(item):
    """Whether an object is a net that is stored as data: of a classifier, or an autoencoder."""
    return isinstance(item, PairNet | nn.AutoEncoder)


def net_to_bytes(net):
    """A net as its description and its parameters.

    Parameters
    ----------
    net : PairNet or AutoEncoder

    Returns
    -------
    description : str
        JSON: module and sizes, training settings, history.
    parameters : bytes
        In the safetensors format.
    """
    if isinstance(net, nn.AutoEncoder):
        sizes = {"width": net.fc3.out_features, "n_components": net.fc_latent.out_features}
        dtype = str(net.fc3.bias.dtype).removeprefix("torch.")
        described = {"module": "AutoEncoder", "sizes": sizes, "dtype": dtype, "history": []}
        return json.dumps(described), _parameters(net)
    given = net.get_params_for("module")
    kind: type = given["kind"]
    name = kind.__name__ if kind is MODULES.get(kind.__name__) else type_name(kind)
    if kind is not (MODULES | REGISTERED).get(name):
        raise TypeError(
            f"a net of {name} cannot be saved: load_model would not know it; call register_model_class({kind.__name__})"
        )
    clipping = [c.gradient_clip_value for c in net.callbacks or [] if isinstance(c, GradientNormClipping)]
    description = {
        "module": name,
        "sizes": {key: value for key, value in given.items() if key not in ("kind", "dtype")},
        "dtype": given["dtype"],
        "lr": net.lr,
        "weight_decay": net.get_params()["optimizer__weight_decay"],
        "grad_clip": clipping[0] if clipping else None,
        "precision": net.precision,
        "history": net.history.to_list(),
    }
    return json.dumps(description, default=plain_value), _parameters(net.module_)


def _parameters(module):
    return safetensors.torch.save(
        {key: value.detach().cpu().contiguous().clone() for key, value in module.state_dict().items()}
    )


def net_from_bytes(description, parameters, device, path):
    """The net that was described.

    Parameters
    ----------
    description : str
    parameters : bytes
    device : str
        Parameter ``device`` of the estimator; the CPU is taken where there is no such device.
    path : path-like
        For messages.

    Returns
    -------
    PairNet or AutoEncoder

    Raises
    ------
    ModelLoadError
        If the module is unknown or the parameters do not fit it.
    """
    described = json.loads(description)
    kind = (MODULES | REGISTERED).get(described["module"])
    if kind is None or not issubclass(kind, nn.PairModule | nn.AutoEncoder):
        raise ModelLoadError(
            f"{path} holds a net of {described['module']!r}, which this version does not know; if you trust that class, "
            f"import it and call register_model_class(...) with it. Known are {', '.join(MODULES | REGISTERED)}"
        )
    sizes = {n: tuple(v) if isinstance(v, list) else v for n, v in described["sizes"].items()}
    state = safetensors.torch.load(parameters)
    _check_sizes(sizes, len(state), path)
    if kind is nn.AutoEncoder:
        return autoencoder_from_state(state, path)
    with torch.device("meta"):
        compare_keys(kind(**sizes), state, path)
    try:
        target = resolve_device(device)
    except (ValueError, RuntimeError):
        target = torch.device("cpu")
    with seeded(0, target):  # should initial values be drawn, then not from the user's generator
        n_outputs = sizes.pop("n_outputs")
        settings = {
            name: described[name] for name in ("dtype", "lr", "weight_decay", "grad_clip", "precision")
        }
        net = make_net(kind, sizes, n_outputs, device=target, state_dict=state, **settings)
    net.history.extend(described["history"])
    return net


def _check_sizes(sizes, n_parameters, path):
    """Raise if a module would have more layers than there are parameters; it would be made before it is compared."""
    for name, value in sizes.items():
        many = len(value) if isinstance(value, tuple) else value if name == "n_layers" else 0
        if many > n_parameters:
            raise ModelLoadError(
                f"{path} declares {many:,} layers ({name}) and holds {n_parameters} parameters; not loaded"
            )


def frame_to_json(frame):
    """A table as JSON that keeps column types, index and every digit."""
    table = {
        "index": frame.index.tolist(),
        "columns": [str(column) for column in frame.columns],
        "dtypes": [str(dtype) for dtype in frame.dtypes],
        "values": [frame.iloc[:, i].tolist() for i in range(frame.shape[1])],
    }
    return json.dumps(table, default=plain_value)


def frame_from_json(text):
    """The table that `frame_to_json` wrote."""
    table = json.loads(text)
    columns = zip(table["columns"], table["dtypes"], table["values"], strict=True)
    series = {name: pd.Series(values, index=table["index"], dtype=dtype) for name, dtype, values in columns}
    return pd.DataFrame(series, index=table["index"])


__all__ = [
    "MODULES",
    "FrameReference",
    "NetReference",
    "frame_from_json",
    "frame_to_json",
    "is_net",
    "net_from_bytes",
    "net_to_bytes",
]
