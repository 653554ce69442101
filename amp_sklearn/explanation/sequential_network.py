"""Networks that are a plain chain of linear layers and elementwise activations."""

import torch
from torch import nn

from .model import evaluating

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus)
_TRANSPARENT = (nn.Dropout, nn.Identity, nn.Flatten)


def foreign_layers(module):
    """Names of the layer types that keep a network from being a plain chain.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    list of str
        Sorted and distinct; empty if all layers are linear, elementwise or do nothing in prediction.
    """
    known = (nn.Linear, *ACTIVATIONS, *_TRANSPARENT)
    leaves = [part for part in module.modules() if not list(part.children())]
    return sorted({type(part).__name__ for part in leaves if not isinstance(part, known)})


def as_chain(module, x):
    """The network as a list of layers that do the same one after the other, or None.

    Registration order is not yet proof of the order in ``forward``, nor that nothing happens between the
    layers: the list is returned only if it reproduces the network's output on ``x``.

    Parameters
    ----------
    module : torch.nn.Module
    x : Tensor of shape (n, n_features)
        Rows to check on.

    Returns
    -------
    list of torch.nn.Module or None
        Starts and ends with a linear layer; alternates between linear layers and runs of activations.
    """
    if foreign_layers(module):
        return None
    layers = [part for part in module.modules() if isinstance(part, (nn.Linear, *ACTIVATIONS))]
    if len(layers) < 2 or not isinstance(layers[0], nn.Linear) or not isinstance(layers[-1], nn.Linear):
        return None
    if layers[0].in_features != x.shape[1]:
        return None
    with evaluating(module), torch.inference_mode():
        expected, got = module(x), x
        try:
            for layer in layers:
                got = layer(got)
        except RuntimeError:  # shapes do not follow each other in registration order
            return None
    same = got.numel() == expected.numel() and torch.allclose(
        got.reshape(-1), expected.reshape(-1), rtol=1e-4, atol=1e-5
    )
    return layers if same else None
