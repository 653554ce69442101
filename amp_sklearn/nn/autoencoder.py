"""Residual autoencoder of single tokens."""

import torch
from torch import nn
from torch.nn.utils import spectral_norm

from .linear import Linear

ENCODER_UNITS = (512, 256)


class Swish(nn.Module):
    """``x * sigmoid(beta * x)`` with a trainable ``beta`` that starts at 1."""

    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


class ResidualBlock(nn.Module):
    """``activation(batch_norm(linear(x))) + downsample(x)``, both linear maps spectrally normalised.

    Parameters
    ----------
    n_in, n_out : int
        Units.
    activation : torch.nn.Module
        Shared between the blocks of one autoencoder.
    """

    def __init__(self, n_in, n_out, activation):
        super().__init__()
        self.fc = spectral_norm(Linear(n_in, n_out), n_power_iterations=3)
        self.bn = nn.BatchNorm1d(n_out)
        self.activation = activation
        self.downsample = spectral_norm(Linear(n_in, n_out), n_power_iterations=3)
        for linear in (self.fc, self.downsample):
            nn.init.kaiming_normal_(linear.get_parameter("weight_orig"), nonlinearity="relu")

    def forward(self, x):
        return self.activation(self.bn(self.fc(x))) + self.downsample(x)


class AutoEncoder(nn.Module):
    """Autoencoder of one token: width, 512, 256, latent, 256, 512, width.

    One Swish activation, hence one ``beta``, serves the four residual blocks of a module;
    another module has its own.

    Parameters
    ----------
    width : int
        Dimensions of a token.
    n_components : int, default=150
        Dimensions of the latent space.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import AutoEncoder
    >>> latent, reconstruction = AutoEncoder(width=16, n_components=4).eval()(torch.zeros(3, 16))
    >>> latent.shape, reconstruction.shape
    (torch.Size([3, 4]), torch.Size([3, 16]))
    """

    def __init__(self, width, n_components=150):
        super().__init__()
        first, second = ENCODER_UNITS
        swish = Swish()
        # the order of the parts is the order of the published keys
        self.fc_latent = spectral_norm(Linear(second, n_components), n_power_iterations=5)
        self.encoder = nn.Sequential(ResidualBlock(width, first, swish), ResidualBlock(first, second, swish))
        self.decoder = nn.Sequential(
            ResidualBlock(n_components, second, swish), ResidualBlock(second, first, swish)
        )
        self.fc3 = spectral_norm(Linear(first, width), n_power_iterations=5)

    def encode(self, tokens):
        """Latent representation, ``(n, width) -> (n, n_components)``."""
        return self.fc_latent(self.encoder(tokens))

    def decode(self, latent):
        """Reconstruction, ``(n, n_components) -> (n, width)``."""
        return self.fc3(self.decoder(latent))

    def forward(self, tokens):
        """``(n, width) ->`` latent ``(n, n_components)`` and reconstruction ``(n, width)``."""
        latent = self.encode(tokens)
        return latent, self.decode(latent)
