"""A protein language model with adapters, and a head on its pooled tokens: numbers of proteins in, logits out."""

import math
from typing import Any

import torch
from torch import nn

from .encoders import PairGRU, PairTransformer
from .late_interaction import LateInteraction
from .mlp import DeepPairNetwork, TokenMean
from .pair_module import PairModule

HEADS = {
    kind.__name__: kind for kind in (DeepPairNetwork, LateInteraction, PairGRU, PairTransformer, TokenMean)
}
"""Modules that can read the tokens, by name."""


class FineTunedPairs(PairModule):
    """What is trained when a language model is fine-tuned on pairs: adapters of low rank, and a head.

    The language model itself is not part of the module: `attach` lends it for training and prediction, and neither a state
    nor a pickle holds its weights. A pair is the numbers of its two proteins among those lent with it.

    Parameters
    ----------
    n_tokens, width : int
        Of the input: two numbers, 2 and 1.
    head : str
        Name of the module that reads the tokens of both proteins; see ``HEADS``.
    head_sizes : sequence of (str, value)
        Its further arguments.
    protein_tokens, token_width : int
        Tokens of a protein, and dimensions of one.
    adapted : sequence of (str, int, int)
        Name, inputs and outputs of each linear layer of the language model that has an adapter.
    rank : int
        Of the adapters.
    n_outputs : int, default=1

    References
    ----------
    Hu et al., LoRA, ICLR 2022, arXiv:2106.09685.
    """

    explainable_by = frozenset()  # its input are numbers of proteins

    def __init__(
        self, n_tokens, width, head, head_sizes, protein_tokens, token_width, adapted, rank, n_outputs=1
    ):
        super().__init__(n_tokens, width)
        sizes = {name: tuple(value) if isinstance(value, list) else value for name, value in head_sizes}
        self.head = HEADS[head](n_tokens=2 * protein_tokens, width=token_width, n_outputs=n_outputs, **sizes)
        self.adapters = nn.ParameterDict()
        for name, n_in, n_out in adapted:
            down = torch.empty(rank, n_in)
            nn.init.kaiming_uniform_(down, a=math.sqrt(5))
            self.adapters[f"{name.replace('.', '/')}/A"] = nn.Parameter(down)
            self.adapters[f"{name.replace('.', '/')}/B"] = nn.Parameter(torch.zeros(n_out, rank))
        self.register_buffer("mean", torch.zeros(protein_tokens * token_width))
        self.register_buffer("scale", torch.ones(protein_tokens * token_width))
        self.proteins: Any = None

    @property
    def permutation_invariant(self):
        return self.head.permutation_invariant

    @property
    def side_matters(self):
        return self.head.side_matters

    def adapter(self, name):
        """Both matrices of the adapter of a layer, ``rank x n_in`` and ``n_out x rank``."""
        key = name.replace(".", "/")
        return self.adapters[f"{key}/A"], self.adapters[f"{key}/B"]

    def attach(self, proteins):
        """Lend the module proteins and the language model that reads them; None takes them away.

        Parameters
        ----------
        proteins : AdaptedProteins or None
        """
        self.proteins = proteins
        return self.train(self.training)

    def train(self, mode=True):
        super().train(mode)
        if getattr(self, "proteins", None) is not None:
            self.proteins.train(mode)
        return self

    def __getstate__(self):
        return vars(self) | {"proteins": None}

    def protein_features(self, numbers):
        """Scaled tokens of proteins, ``(n, protein_tokens * token_width)``, from their numbers."""
        if self.proteins is None:
            raise RuntimeError("FineTunedPairs has no proteins to read: call attach first")
        return (self.proteins(numbers).flatten(1) - self.mean) / self.scale

    def forward(self, X):
        distinct, place = torch.unique(X.long(), return_inverse=True)
        return self.head(self.protein_features(distinct)[place].flatten(1))

    def batch_parts(self, X):
        return None if self.proteins is None else self.proteins.parts(X.long())

    def protein_part(self, X, side):
        return self.head.protein_part(self.protein_features(X[:, 0].long()), side)

    def pair_part(self, a, b):
        return self.head.pair_part(a, b)
