"""The mean of several networks as one network."""

from typing import Any

import torch
from torch import nn

from .pair_module import PairModule


class MeanModule(PairModule):
    """Mean of the logits of several modules that read the same features.

    Parameters
    ----------
    modules : sequence of PairModule
        At least one, all for the same tokens and outputs.

    Raises
    ------
    ValueError
        If there is no module, or the modules read different features.

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import MeanModule, TokenMean
    >>> module = MeanModule([TokenMean(20, 6, hidden=(8, 4)) for _ in range(3)])
    >>> module(torch.zeros(3, 120)).shape
    torch.Size([3])
    """

    def __init__(self, modules):
        modules = list(modules)
        shapes = sorted({(module.n_tokens, module.width) for module in modules})
        if len(shapes) != 1:
            raise ValueError(
                f"modules must read the same tokens, got (tokens, width) {shapes or 'of no module'}"
            )
        super().__init__(*shapes[0])
        self.members: Any = nn.ModuleList(modules)
        self.explainable_by = frozenset.intersection(*(module.explainable_by for module in modules)) - {
            "attention"
        }

    @property
    def permutation_invariant(self):
        """Whether all members are."""
        return all(module.permutation_invariant for module in self.members)

    @property
    def side_matters(self):
        """Whether it does for any member."""
        return any(module.side_matters for module in self.members)

    def forward(self, X):
        """Mean logits of pairs, ``(n, n_features) -> (n,)``; with several outputs ``(n, n_outputs)``."""
        return self._mean([module(X) for module in self.members])

    def protein_part(self, X, side=0):
        """Parts of all members one after the other."""
        parts = [module.protein_part(X, side) for module in self.members]
        self._sizes = [len(of_member) for of_member in parts]
        return tuple(part for of_member in parts for part in of_member)

    def pair_part(self, a, b):
        """Mean of the members' logits."""
        return self._mean([m.pair_part(x, y) for m, x, y in self._divided(a, b)])

    @property
    def score_block(self):
        """Mean logits of every protein of one list with every protein of another, where all members can score blocks."""
        each = self.score_block_by_member
        return lambda a, b: each(a, b).mean(dim=0)

    @property
    def score_block_by_member(self):
        """The same before the mean is taken, ``(n_members, n, m)`` or ``(n_members, n, m, n_outputs)``."""
        self._all_have("score_block")
        return lambda a, b: torch.stack([m.score_block(x, y) for m, x, y in self._divided(a, b)])

    @property
    def cell_contributions(self):
        """Mean shares of cells and mean rests, which add up to the mean logit, where all members have such."""
        self._all_have("cell_contributions")
        return lambda X: tuple(
            self._mean(parts)
            for parts in zip(*(module.cell_contributions(X) for module in self.members), strict=True)
        )

    def _all_have(self, name):
        for module in self.members:
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no {name}, so the mean has none either")

    def _divided(self, a, b):
        """Each member with its own parts of protein A and of protein B."""
        start = 0
        for module, size in zip(self.members, self._sizes, strict=True):
            own = slice(start, start + size)
            yield module, a[own], b[own]
            start += size

    @staticmethod
    def _mean(tensors):
        return torch.stack(list(tensors)).mean(dim=0)
