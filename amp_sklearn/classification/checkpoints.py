"""Published weights as fitted estimators."""

import re

import numpy as np
import pandas as pd
import torch

from ..data.layout import FeatureLayout
from ..data.segments import PROTEIN_TOKENS, SEGMENT_TOKENS, TOKEN_SETS
from ..exceptions import ModelLoadError
from ..nn.state_files import autoencoder_from_state, compare_keys, read_state_dict
from ..preprocessing.autoencoder import AutoencoderReducer
from .fully_connected import AEDNNClassifier, DPMClassifier
from .recurrent import GRUClassifier
from .token_mean import TokenMeanClassifier
from .transformer import AMPCSEClassifier, AMPSClassifier

KINDS = ("amps", "amp_cse", "gru", "mean", "dpm", "ae_dnn", "autoencoder")

CSE_TOKENS = TOKEN_SETS["cls+segments+eos"]
PUBLISHED_CSE_TOKENS = ("cls", "eos", *SEGMENT_TOKENS)
"""Order in which the published programs fed the 24 tokens, other than their labels say."""

TOKEN_ORDERS = ("published", "ours")

_ESM2_WIDTHS = (320, 480, 640, 1280, 2560, 5120)
_LATENT_WIDTH = 150


def load_checkpoint(
    path, kind="auto", n_tokens=None, n_heads=8, *, token_order="published", device="auto", member=None
):
    """Fitted estimator from a checkpoint in the layout of the published programs.

    The architecture is read off the names and shapes of the parameters. Nothing in the file is executed.

    Parameters
    ----------
    path : path-like
        ``.pth`` file (with or without ``model_state_dict``, with or without ``module.`` before the keys), or
        a ``.safetensors`` file with the same keys, or a zip archive with one of them, as the published weights are
        downloaded.
    kind : {"auto", "amps", "amp_cse", "gru", "mean", "dpm", "ae_dnn", "autoencoder"}, default="auto"
        Which model. ``"auto"`` decides by the keys; a Transformer is ``"amp_cse"`` if ``n_tokens=24``, else
        ``"amps"``; a head alone is ``"ae_dnn"`` if it takes 20 or 24 tokens of 150 dimensions, and ``"mean"``
        if it takes one token of the width of an ESM-2 model.
    n_tokens : int, default=None
        Tokens of a pair. None: 24 for ``"amp_cse"``, 2 for ``"dpm"``, 24 for an ``"ae_dnn"`` with 3600
        inputs, else 20. The parameters of a Transformer, GRU, mean or autoencoder do not tell; an autoencoder
        before ``PairConcatenator`` gets 26.
    n_heads : int, default=8
        Attention heads of a Transformer, which its parameters do not tell either.
    token_order : {"published", "ours"}, default="published"
        Order of the tokens of a protein that the weights of a 24-token model were trained with: as the
        published programs ran (cls, eos, segments) or as in this package (cls, segments, eos). AE_DNN weights
        are permuted, so that the estimator takes pairs in the order of this package; a GRU, which reads
        tokens one after the other, gets a ``layout_`` in the published order instead. Transformer and mean do
        not depend on it.
    device : str, default="auto"
        Torch device of the estimator.
    member : str, default=None
        Name of the file within a zip archive that holds several.

    Returns
    -------
    estimator
        ``AMPSClassifier``, ``AMPCSEClassifier``, ``GRUClassifier``, ``TokenMeanClassifier``,
        ``DPMClassifier``, ``AEDNNClassifier`` or ``AutoencoderReducer``; fitted, classes 0 and 1. Epoch and
        metrics that the file holds are in ``checkpoint_``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelLoadError
        If the file holds other things than tensors and numbers, or does not fit the model; the keys are
        named.
    ValueError
        If an argument is unknown or does not go with the parameters.

    Notes
    -----
    The published sources disagree about the head of ESM2_AMPS (240 or 480 units): the checkpoint decides.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import tempfile, torch
    >>> from pathlib import Path
    >>> from amp_sklearn.classification import load_checkpoint
    >>> from amp_sklearn.nn import PairTransformer
    >>> module = PairTransformer(20, 16, n_layers=2, n_heads=4, dim_feedforward=32, hidden=(8, 4))
    >>> path = Path(tempfile.mkdtemp()) / "best.pth"
    >>> torch.save({"model_state_dict": module.state_dict(), "epoch": 7}, path)
    >>> model = load_checkpoint(path, n_heads=4)
    >>> model.token_shape_, model.n_layers, model.hidden1, model.checkpoint_
    ((20, 16), 2, 8, {'epoch': 7})
    """
    if kind != "auto" and kind not in KINDS:
        raise ValueError(f"kind must be 'auto' or one of {', '.join(KINDS)}, got {kind!r}")
    if token_order not in TOKEN_ORDERS:
        raise ValueError(f"token_order must be one of {TOKEN_ORDERS}, got {token_order!r}")
    if n_heads < 1 or (n_tokens is not None and n_tokens < 1):
        raise ValueError(f"n_heads and n_tokens must be at least 1, got {n_heads!r} and {n_tokens!r}")
    state, values = read_state_dict(path, member)
    kind = _kind(state, n_tokens, path) if kind == "auto" else kind
    _require_keys(kind, state, path)
    if kind == "autoencoder":
        estimator = _autoencoder(state, n_tokens, device, path)
    else:
        estimator = _classifier(kind, state, n_tokens, n_heads, token_order, device, path)
    estimator.checkpoint_ = values
    return estimator


_MARKS = {
    "amps": "transformer_encoder.layers.0.self_attn.in_proj_weight",
    "amp_cse": "transformer_encoder.layers.0.self_attn.in_proj_weight",
    "gru": "gru.weight_ih_l0",
    "mean": "mlp_layers.0.weight",
    "dpm": "dnn_layers.0.weight",
    "ae_dnn": "mlp_layers.0.weight",
    "autoencoder": "fc_latent.weight_orig",
}
"""A parameter that every model of the kind has."""


def _kind(state, n_tokens, path):
    for kind in ("amps", "gru", "dpm", "autoencoder"):
        if _MARKS[kind] in state:
            return "amp_cse" if kind == "amps" and n_tokens == 24 else kind
    if _MARKS["mean"] in state:
        inputs = state[_MARKS["mean"]].shape[-1:].numel()
        if inputs in (20 * _LATENT_WIDTH, 24 * _LATENT_WIDTH):
            return "ae_dnn"
        if inputs in _ESM2_WIDTHS:
            return "mean"
        raise ValueError(
            f"{path} holds a head with {inputs} inputs and nothing else; say kind='mean' (inputs are the width of a "
            "token) or kind='ae_dnn' (inputs are all features of a pair)"
        )
    raise ModelLoadError(
        f"{path} holds no known model: none of the keys {', '.join(dict.fromkeys(_MARKS.values()))} is among its "
        f"{len(state)} keys, which begin with {', '.join(list(state)[:5])}"
    )


def _require_keys(kind, state, path):
    """Raise if the parameters that tell the sizes are not there."""
    needed = [_MARKS[kind]]
    if "input_projection.weight" in state:
        needed.append("input_projection.weight")
    if kind in ("amps", "amp_cse"):
        needed.append("transformer_encoder.layers.0.linear1.weight")
    if kind not in ("dpm", "autoencoder"):
        needed += [f"mlp_layers.{i}.weight" for i in (0, 2, 4)]
    if kind == "autoencoder":
        needed.append("fc3.weight_orig")
    if kind == "dpm":
        needed += [f"dnn_layers.{i}.weight" for i in (0, 3, 6, 9)]
    missing = [key for key in needed if key not in state]
    flat = [key for key in needed if key in state and (state[key].ndim != 2 or 0 in state[key].shape)]
    if flat:
        raise ModelLoadError(f"{path} does not fit kind={kind!r}: {', '.join(flat)} should be matrices")
    if missing:
        raise ModelLoadError(
            f"{path} does not fit kind={kind!r}: missing keys: {', '.join(missing)}; it holds {len(state)} keys, "
            f"which begin with {', '.join(list(state)[:5])}"
        )


def _classifier(kind, state, n_tokens, n_heads, token_order, device, path):
    parameters = {"device": device}
    dtypes = {value.dtype for value in state.values() if value.is_floating_point()}
    parameters["dtype"] = "float64" if torch.float64 in dtypes else "float32"
    layers = "dnn_layers" if kind == "dpm" else "mlp_layers"
    units = [state[f"{layers}.{i}.weight"].shape for i in ((0, 3, 6, 9) if kind == "dpm" else (0, 2, 4))]
    parameters.update({f"hidden{i}": shape[0] for i, shape in enumerate(units[:-1], start=1)})
    n_outputs = units[-1][0]
    inputs = units[0][1]

    if kind in ("amps", "amp_cse"):
        estimator_class = AMPCSEClassifier if kind == "amp_cse" else AMPSClassifier
        n_tokens = n_tokens or (24 if kind == "amp_cse" else 20)
        width = inputs
        if "input_projection.weight" in state:
            parameters["d_model"], width = state["input_projection.weight"].shape
        parameters.update(
            n_tokens=n_tokens,
            n_heads=n_heads,
            n_layers=_count(state, r"transformer_encoder\.layers\.(\d+)\."),
            dim_feedforward=state["transformer_encoder.layers.0.linear1.weight"].shape[0],
            chain_embedding="chain_embedding.weight" in state,
            position_embedding="position_embedding.weight" in state,
        )
        if inputs % n_heads:
            raise ValueError(
                f"n_heads={n_heads} does not divide the width {inputs} of the Transformer in {path}; give the number "
                "of heads that it was trained with"
            )
    elif kind == "gru":
        estimator_class, n_tokens = GRUClassifier, n_tokens or 20
        width = state[_MARKS[kind]].shape[1]
        parameters.update(n_tokens=n_tokens, n_layers=_count(state, r"gru\.weight_ih_l(\d+)"))
        parameters["hidden_size"] = None if inputs == width else inputs
    elif kind == "mean":
        estimator_class, n_tokens, width = TokenMeanClassifier, n_tokens or 20, inputs
        parameters["n_tokens"] = n_tokens
    else:
        estimator_class = DPMClassifier if kind == "dpm" else AEDNNClassifier
        n_tokens = n_tokens or (2 if kind == "dpm" else 24 if inputs == 24 * _LATENT_WIDTH else 20)
        if inputs % n_tokens:
            raise ValueError(
                f"the network in {path} takes {inputs} features, which are not {n_tokens} tokens; give n_tokens"
            )
        width = inputs // n_tokens
    layout = _layout(kind, n_tokens, width, token_order)
    if kind == "ae_dnn" and n_tokens == 24 and token_order == "published":
        weight = state["mlp_layers.0.weight"]
        state = {**state, "mlp_layers.0.weight": weight[:, _columns(PUBLISHED_CSE_TOKENS, CSE_TOKENS, width)]}
    estimator = estimator_class(**parameters)
    with torch.device("meta"):
        estimator.token_shape_ = (n_tokens, width)
        module_class, sizes = estimator._module_spec(n_tokens * width, layout)
        compare_keys(module_class(n_tokens=n_tokens, width=width, **sizes, n_outputs=n_outputs), state, path)
    return estimator.initialize(
        n_tokens * width, classes=range(max(n_outputs, 2)), layout=layout, state_dict=state
    )


def _autoencoder(state, n_tokens, device, path):
    module = autoencoder_from_state(state, path)
    n_tokens, n_components = n_tokens or 20, module.fc_latent.out_features
    width, dtype = module.fc3.out_features, str(module.fc3.bias.dtype).removeprefix("torch.")
    estimator = AutoencoderReducer(n_components, n_tokens=n_tokens, dtype=dtype, device=device)
    estimator.module_ = module
    estimator.token_shape_, estimator.n_features_in_ = (n_tokens, width), n_tokens * width
    estimator.layout_ = _layout("autoencoder", n_tokens, n_components, "ours")
    estimator.history_ = pd.DataFrame({"epoch": np.empty(0, dtype=int), "train_loss": np.empty(0)})
    estimator.n_iter_, estimator.reconstruction_error_ = 0, float("nan")
    return estimator


def _count(state, pattern):
    """Layers: as many as there are different numbers in the keys; where one is missing, the comparison of keys says so."""
    return len({match[1] for match in (re.match(pattern, key) for key in state) if match})


def _layout(kind, n_tokens, width, token_order):
    """Meaning of the columns, where the number of tokens tells it."""
    if kind == "gru" and n_tokens == 24 and token_order == "published":
        return FeatureLayout(PUBLISHED_CSE_TOKENS, width)
    tokens = {2: ("mean",), 20: SEGMENT_TOKENS, 24: CSE_TOKENS, 26: PROTEIN_TOKENS}.get(n_tokens)
    return None if tokens is None else FeatureLayout(tokens, width)


def _columns(given, wanted, width):
    """Columns of a pair in one order of a protein's tokens that hold the tokens in another order."""
    layout = FeatureLayout(given, width)
    labels = FeatureLayout(wanted, width).token_labels
    return np.concatenate([np.r_[layout.columns(label)] for label in labels])
