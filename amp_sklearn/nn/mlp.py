"""Heads: fully connected layers, and the modules that consist of nothing else."""

from itertools import pairwise

from torch import nn
from torch.nn import functional

from .linear import Linear, linear
from .pair_module import PairModule


def relu_mlp(sizes, init="kaiming"):
    """Fully connected layers with ReLU between them.

    Parameters
    ----------
    sizes : sequence of int
        Units of the input, of each hidden layer and of the output.
    init : {"kaiming", "default"}, default="kaiming"
        ``"kaiming"``: normal weights scaled to the inputs of a unit, zero biases. ``"default"``: as torch
        leaves them.

    Returns
    -------
    torch.nn.Sequential
    """
    layers = []
    for n_in, n_out in pairwise(sizes):
        layer = Linear(n_in, n_out)
        if init == "kaiming":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def half_linear(layer, X, side):
    """Share of one protein in a linear layer on both proteins' features; the bias counts with protein A.

    Parameters
    ----------
    layer : torch.nn.Linear
        Its inputs are the features of protein A, then those of protein B.
    X : Tensor of shape (n_proteins, layer.in_features / 2)
    side : {0, 1}

    Returns
    -------
    Tensor of shape (n_proteins, layer.out_features)
    """
    weight = layer.weight.chunk(2, dim=1)[side]
    return linear(X, weight, layer.bias if side == 0 else None)


class _FullyConnected(PairModule):
    """A network on all features of a pair at once: its first layer is a sum over the two proteins."""

    layers_name: str
    """Attribute of the layers; it is part of the keys of published weights."""

    def __init__(self, n_tokens, width, dropout):
        super().__init__(n_tokens, width)
        self.dropout = dropout  # no layer of its own: layer numbers are part of the keys

    @property
    def _layers(self):
        return list(getattr(self, self.layers_name))

    def forward(self, X):
        """Logits of pairs, ``(n, n_features) -> (n,)``; with several outputs ``(n, n_outputs)``."""
        return self._from_first_layer(self._layers[0](self.tokens(X).flatten(1)))

    def _from_first_layer(self, hidden):
        for layer in self._layers[1:]:
            hidden = layer(hidden)
            if isinstance(layer, nn.ReLU):
                hidden = functional.dropout(hidden, self.dropout, self.training)
        return self.logits(hidden)

    def protein_part(self, X, side):
        """One protein's share of the first layer, which adds up over both."""
        return (half_linear(self._layers[0], X, side),)

    def pair_part(self, a, b):
        """The other layers."""
        return self._from_first_layer(a[0] + b[0])


class MLPHead(_FullyConnected):
    """Plain ReLU network on all features of a pair (published as AE_DNN).

    Parameters
    ----------
    n_tokens, width : int
        Tokens of a pair and dimensions of one.
    hidden : sequence of int, default=(1500, 500)
        Units of the hidden layers.
    dropout : float, default=0.0
        Probability of dropping a hidden activation while training.
    n_outputs : int, default=1
        Logits per pair.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import MLPHead
    >>> MLPHead(n_tokens=20, width=5, hidden=(8, 4))(torch.zeros(3, 100)).shape
    torch.Size([3])
    """

    layers_name = "mlp_layers"
    explainable_by = frozenset({"integrated_gradients", "gradient_shap", "deep_shap"})

    def __init__(self, n_tokens, width, hidden=(1500, 500), dropout=0.0, n_outputs=1):
        super().__init__(n_tokens, width, dropout)
        self.mlp_layers = relu_mlp((self.n_features, *hidden, n_outputs), init="default")


class DeepPairNetwork(_FullyConnected):
    """Fully connected layers with layer normalisation on all features of a pair (published as DPM).

    Parameters
    ----------
    n_tokens, width : int
        Tokens of a pair and dimensions of one.
    hidden : sequence of int, default=(1280, 480, 100)
        Units of the hidden layers; each is Linear, LayerNorm, ReLU.
    dropout : float, default=0.0
        Probability of dropping a hidden activation while training.
    n_outputs : int, default=1
        Logits per pair.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import DeepPairNetwork
    >>> DeepPairNetwork(n_tokens=2, width=6, hidden=(8, 4, 4))(torch.zeros(3, 12)).shape
    torch.Size([3])
    """

    layers_name = "dnn_layers"

    def __init__(self, n_tokens, width, hidden=(1280, 480, 100), dropout=0.0, n_outputs=1):
        super().__init__(n_tokens, width, dropout)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((self.n_features, *hidden)):
            layers += [Linear(n_in, n_out), nn.LayerNorm(n_out), nn.ReLU()]
        layers.append(Linear((self.n_features, *hidden)[-1], n_outputs))
        for layer in layers:
            if isinstance(layer, nn.Linear):  # weights only: the published biases keep torch's initialisation
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.dnn_layers = nn.Sequential(*layers)


class TokenMean(PairModule):
    """Mean over the tokens, then a head: the ablation without an encoder.

    Parameters
    ----------
    n_tokens, width : int
        Tokens of a pair and dimensions of one.
    hidden : sequence of int, default=(640, 240)
        Units of the head's hidden layers.
    n_outputs : int, default=1
        Logits per pair.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import TokenMean
    >>> TokenMean(n_tokens=20, width=6, hidden=(8, 4))(torch.zeros(3, 120)).shape
    torch.Size([3])
    """

    def __init__(self, n_tokens, width, hidden=(640, 240), n_outputs=1):
        super().__init__(n_tokens, width)
        self.mlp_layers = relu_mlp((width, *hidden, n_outputs))

    @property
    def permutation_invariant(self):
        """True: a mean knows neither which protein nor which segment a token came from."""
        return True

    def forward(self, X):
        """Logits of pairs, ``(n, n_features) -> (n,)``; with several outputs ``(n, n_outputs)``."""
        return self.logits(self.mlp_layers(self.tokens(X).mean(dim=1)))

    @property
    def side_matters(self):
        return False

    def protein_part(self, X, side):
        """One protein's share of the mean, after the first layer's weights."""
        share = self.side_tokens(X).sum(dim=1) / self.n_tokens
        return (linear(share, self.mlp_layers[0].weight),)

    def pair_part(self, a, b):
        """The other layers."""
        return self.logits(self.mlp_layers[1:](a[0] + b[0] + self.mlp_layers[0].bias))
