"""The published networks in plain torch; parameter names are those of the published checkpoints."""

from itertools import pairwise

import torch
from torch import nn


def _head(*sizes):
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class PublishedAMPS(nn.Module):
    """Transformer encoder over the tokens of a pair, mean over tokens, head: ``(n, tokens, d) -> (n, 1)``."""

    def __init__(self, width=1280, n_layers=6, n_heads=8, feed_forward=2048, dropout=0.3, hidden=(640, 240)):
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            width, n_heads, feed_forward, dropout, batch_first=True, norm_first=True
        )
        self.transformer_encoder = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)
        self.mlp_layers = _head(width, *hidden, 1)

    def forward(self, x):
        return self.mlp_layers(self.transformer_encoder(x).mean(dim=1))


class PublishedDPM(nn.Module):
    """Three times Linear, LayerNorm, ReLU, then Linear on the means of both proteins: ``(n, 2 d) -> (n, 1)``."""

    def __init__(self, width=1280, hidden=(1280, 480, 100)):
        super().__init__()
        sizes, layers = (2 * width, *hidden), []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.ReLU()]
        self.dnn_layers = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def forward(self, x):
        return self.dnn_layers(x)


class PublishedAEDNN(nn.Module):
    """Linear and ReLU on autoencoder features of a pair: ``(n, n_features) -> (n, 1)``."""

    def __init__(self, n_features=3600, hidden=(1564, 445)):
        super().__init__()
        self.mlp_layers = _head(n_features, *hidden, 1)

    def forward(self, x):
        return self.mlp_layers(x)


def seeded(kind, seed=0, **sizes):
    """A network with reproducible random weights, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(**sizes).eval()
