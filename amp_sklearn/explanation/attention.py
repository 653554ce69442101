"""Attention of Transformer encoders."""

import contextlib
import threading
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .base import Attribution, Explainer
from .model import evaluating
from .registry import register_explainer

_HOOKED = threading.Lock()  # hooks sit on the module: two threads would read each other's weights


@contextlib.contextmanager
def recorded_attention(encoder):
    """Within the block each forward pass of the encoder leaves its attention weights in the yielded list.

    Parameters
    ----------
    encoder : torch.nn.TransformerEncoder

    Yields
    ------
    list of Tensor
        One tensor per layer and forward pass, n x n_heads x n_tokens x n_tokens. Nothing is left on the
        encoder afterwards, so that its fused prediction path works as before.
    """
    weights = []

    def ask(attention, arguments, keywords):
        return arguments, {**keywords, "need_weights": True, "average_attn_weights": False}

    def keep(attention, arguments, result):
        weights.append(result[1].detach())

    with _HOOKED, contextlib.ExitStack() as hooks:
        for layer in encoder.layers:
            hooks.callback(layer.self_attn.register_forward_pre_hook(ask, with_kwargs=True).remove)
            hooks.callback(layer.self_attn.register_forward_hook(keep).remove)
        yield weights


def find_encoder(module):
    """The one Transformer encoder of a network, or None if there is none or more than one."""
    found = [part for part in module.modules() if isinstance(part, nn.TransformerEncoder)]
    return found[0] if len(found) == 1 else None


def rollout(maps):
    """Attention followed through the layers, with the residual connections counted as attention to oneself.

    Parameters
    ----------
    maps : ndarray of shape (n_pairs, n_layers, n_tokens, n_tokens)
        Head-averaged attention; rows sum to 1.

    Returns
    -------
    ndarray of shape (n_pairs, n_tokens, n_tokens)
        Rows sum to 1.

    References
    ----------
    Abnar and Zuidema, Quantifying attention flow in Transformers, ACL 2020,
    :doi:`10.18653/v1/2020.acl-main.385`.
    """
    identity = np.eye(maps.shape[-1], dtype=maps.dtype)
    flow = np.broadcast_to(identity, (len(maps), *identity.shape))
    for layer in range(maps.shape[1]):
        flow = (0.5 * maps[:, layer] + 0.5 * identity) @ flow
    return flow


@register_explainer("attention")
@dataclass
class AttentionExplainer(Explainer):
    """Attention weights of a Transformer encoder: how much each token is looked at.

    A token's value is the attention it receives, averaged over the tokens that look, over heads and over the
    chosen layers; the values of a pair sum to 1. ``token_maps`` of the ``Explanation`` hold the weights
    themselves.

    Parameters
    ----------
    layers : "all" or sequence of int, default="all"
        Layers to use, 0 the first; negative numbers count from the last.
    per_head : bool, default=False
        Whether ``token_maps`` keep each head (map names such as ``"layer 1 head 2"``) or their average.
    rollout : bool, default=False
        Follow the attention through all chosen layers (one map) instead of averaging over them.
    keep_maps : bool, default=True
        Whether the ``Explanation`` holds ``token_maps``.
    batch_size : int, default=256
        Pairs at a time.

    Notes
    -----
    Attention tells where a layer looks, not what changes the prediction; compare with
    ``evaluate_explanations``.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import AttentionExplainer
    >>> class Network(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
    ...         self.encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    ...     def forward(self, x):
    ...         return self.encoder(x.reshape(len(x), 4, 8)).mean(dim=(1, 2))
    >>> layout = FeatureLayout(("cls", "mean"), width=8)
    >>> x = np.random.RandomState(0).normal(size=(3, 32)).astype(np.float32)
    >>> explanation = AttentionExplainer().explain(Network(), x, layout=layout)
    >>> explanation.token_maps.shape, explanation.map_names, explanation.values.sum(axis=1).round(5)
    ((3, 2, 4, 4), ('layer 1', 'layer 2'), array([1., 1., 1.]))
    """

    layers: str | tuple[int, ...] = "all"
    per_head: bool = False
    rollout: bool = False
    keep_maps: bool = True
    batch_size: int = 256

    def reason_unsuitable(self, model):
        instead = "use 'integrated_gradients' (networks) or 'permutation' and 'occlusion' (any classifier)"
        if model.module is None or find_encoder(model.module) is None:
            return f"attention needs a network with one nn.TransformerEncoder, and this has none; {instead}"
        declared = getattr(model.module, "explainable_by", None)
        if declared is not None and self.name not in declared:
            return f"{type(model.module).__name__} declares that its attention explains nothing; {instead}"
        if self.rollout and self.per_head:
            return "rollout follows the average of the heads; choose rollout or per_head, not both"
        return None

    def attribute(self, model):
        encoder = find_encoder(model.module)
        layers = self._chosen(len(encoder.layers))
        parts = []
        for rows in model.batches(self.batch_size):
            with evaluating(model.module), torch.inference_mode(), recorded_attention(encoder) as weights:
                model.module(model.tensor(model.rows(rows)))
            per_head = torch.stack([weights[layer] for layer in layers], dim=1)
            parts.append((per_head if self.per_head else per_head.mean(dim=2, keepdim=True)).cpu().numpy())
        maps = np.concatenate(parts)  # n_pairs x n_layers x n_heads (or 1) x n_tokens x n_tokens
        if maps.shape[-1] != model.layout.n_tokens:
            raise ValueError(
                f"the encoder attends to {maps.shape[-1]} tokens, the layout names {model.layout.n_tokens}"
            )
        if self.rollout:
            maps, names = rollout(maps[:, :, 0])[:, None], ("rollout",)
        elif self.per_head:
            names = tuple(f"layer {layer + 1} head {h + 1}" for layer in layers for h in range(maps.shape[2]))
        else:
            names = tuple(f"layer {layer + 1}" for layer in layers)
        maps = maps.reshape(len(model), -1, *maps.shape[-2:])
        return Attribution(
            values=maps.mean(axis=(1, 2), dtype=float),
            token_maps=maps if self.keep_maps else None,
            map_names=names if self.keep_maps else (),
            notes=("Attention tells where the layers look, not what changes the prediction.",),
        )

    def _chosen(self, n_layers):
        if isinstance(self.layers, str):
            if self.layers != "all":
                raise ValueError(f"layers must be 'all' or layer numbers, got {self.layers!r}")
            return list(range(n_layers))
        wrong = [layer for layer in self.layers if not -n_layers <= layer < n_layers]
        if wrong or len(self.layers) == 0:
            raise ValueError(
                f"layers must lie in {-n_layers}..{n_layers - 1} and be at least one, got {list(self.layers)}"
            )
        return [layer % n_layers for layer in self.layers]
