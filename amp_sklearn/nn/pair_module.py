"""What all pair modules share: features in, tokens inside, logits out."""

import torch
from torch import nn

FACTS = ("explainable_by", "permutation_invariant", "side_matters", "protein_part", "pair_part")
"""What a module says about its ``forward``."""


class PairModule(nn.Module):
    """Base of modules that map the features of a pair to logits.

    A subclass needs ``forward`` alone, from ``(n, n_features)`` to ``(n,)``, or to ``(n, n_outputs)`` where its argument
    ``n_outputs`` is more than 1. All else has defaults that are right for any module; a subclass that says more is
    predicted faster (`protein_part`, `pair_part`, `permutation_invariant`) or explained by more methods
    (``explainable_by``). What a class says holds for the ``forward`` that it says it of: a subclass with another
    ``forward`` has the defaults again.

    Parameters
    ----------
    n_tokens : int
        Tokens of a pair.
    width : int
        Dimensions of one token.

    Attributes
    ----------
    n_features : int
        ``n_tokens * width``: columns of the input.
    explainable_by : frozenset of str
        Gradient and attention methods whose results are right for this module; by default those that are right for
        any differentiable one. Out of ``"attention"``,
        ``"integrated_gradients"``, ``"gradient_shap"``, ``"deep_shap"`` and ``"interaction_map"``.
    """

    explainable_by: frozenset[str] = frozenset({"integrated_gradients", "gradient_shap"})

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "forward" in vars(cls):
            for name in {*FACTS} - {*vars(cls)}:
                setattr(cls, name, vars(PairModule)[name])

    def __init__(self, n_tokens, width):
        super().__init__()
        if n_tokens < 1 or width < 1:
            raise ValueError(f"n_tokens and width must be at least 1, got {n_tokens} and {width}")
        self.n_tokens, self.width = n_tokens, width

    @property
    def n_features(self):
        return self.n_tokens * self.width

    @property
    def permutation_invariant(self):
        """Whether the module can tell neither protein A from protein B nor one segment from another."""
        return False

    @property
    def side_matters(self):
        """Whether ``protein_part`` differs between protein A and protein B."""
        return True

    def protein_part(self, X, side):
        """What a pair's logit needs to know about one of its proteins and does not depend on the other one.

        For prediction only, in evaluation mode: with many pairs of few proteins it is computed once per protein.
        ``pair_part`` of two of them equals ``forward`` of the pair up to rounding. By default it is the features
        themselves: nothing is computed once.

        Parameters
        ----------
        X : Tensor of shape (n_proteins, n_features / 2)
            Tokens of the proteins.
        side : {0, 1}
            0 for protein A of a pair, 1 for protein B.

        Returns
        -------
        tuple of Tensor, each of shape (n_proteins, ...)
        """
        return (X,)

    def pair_part(self, a, b):
        """Logits of pairs from the parts of their proteins.

        Parameters
        ----------
        a, b : tuple of Tensor, each of shape (n, ...)
            ``protein_part`` of protein A with ``side=0`` and of protein B with ``side=1``.

        Returns
        -------
        Tensor of shape (n,), or (n, n_outputs) with several outputs
        """
        return self(torch.cat([a[0], b[0]], dim=1))

    def batch_parts(self, X):
        """How a training batch is divided where it is too large to be computed at once; gradients of the parts add up.

        Parameters
        ----------
        X : Tensor of shape (n, n_features)

        Returns
        -------
        list of Tensor of int, or None
            Rows of each part; None computes the batch at once.
        """
        return None

    def side_tokens(self, X):
        """Features of single proteins as tokens, ``(n, n_features / 2) -> (n, n_tokens / 2, width)``."""
        return X.reshape(len(X), self.n_tokens // 2, self.width)

    def tokens(self, X):
        """Features of pairs as tokens, ``(n, n_features) -> (n, n_tokens, width)``.

        Raises
        ------
        ValueError
            If the number of features is not ``n_tokens * width``.
        """
        if X.shape[1:].numel() != self.n_features:
            raise ValueError(
                f"{type(self).__name__} expects {self.n_features} features per pair ({self.n_tokens} tokens "
                f"x {self.width} dimensions), got an input of shape {tuple(X.shape)}"
            )
        return X.reshape(-1, self.n_tokens, self.width)

    @staticmethod
    def logits(output):
        """``(n, 1) -> (n,)``; several outputs stay as they are."""
        return output.squeeze(-1) if output.shape[-1] == 1 else output
