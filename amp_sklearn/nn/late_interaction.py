"""Late interaction: two proteins meet in one matrix of similarities between their tokens, and nowhere before."""

import torch

from .dropout import dropout
from .late_interaction_blocks import add_largest_and_smooth, is_compiled_for
from .linear import Linear
from .pair_module import PairModule

TILE = 64
"""Proteins on either side of a tile of `LateInteraction.score_block`: its matrices stay in the processor's cache."""


class LateInteraction(PairModule):
    """Logit of a pair as a sum over the cells of a token x token matrix, plus terms of the two proteins.

    Each token is projected by itself to ``n_channels`` vectors of ``d_model`` numbers. The scaled dot products of the
    tokens of protein A with those of protein B are a matrix per channel. Three numbers are read from it: its mean, the
    mean of the largest entry of each row and of each column, and its mean weighted by the softmax of its own entries (a
    smooth maximum). The logit is a weighted sum of these, of a term of each protein by itself and of a product of both
    proteins' mean vectors. All of it is the same for A with B and B with A.

    Because the logit is linear in what is read from the matrices, `cell_contributions` divides it among their cells
    exactly; and because each protein is projected by itself, `score_block` scores all pairs of two lists of proteins as
    matrix products.

    Parameters
    ----------
    n_tokens, width : int
        Tokens of a pair and dimensions of one. With an odd number all tokens are one protein, paired with itself.
    hidden : int, default=128
        Units of the hidden layer of the projection.
    d_model : int, default=16
        Numbers of a projected token in each channel.
    n_channels : int, default=4
        Matrices of a pair.
    protein_width : int, default=32
        Units that read the mean of a protein's tokens.
    dropout : float, default=0.2
        Probability of dropping a hidden activation while training.
    n_outputs : int, default=1
        Logits per pair.

    References
    ----------
    Khattab and Zaharia, ColBERT: efficient and effective passage search via contextualized late interaction over BERT,
    SIGIR 2020, :doi:`10.1145/3397271.3401075` (late interaction).

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import LateInteraction
    >>> module = LateInteraction(n_tokens=20, width=6, hidden=8, d_model=4, protein_width=4).eval()
    >>> X = torch.randn(3, 120, generator=torch.Generator().manual_seed(0))
    >>> module(X).shape, bool(torch.allclose(module(X), module(X.roll(60, dims=1)), atol=1e-6))
    (torch.Size([3]), True)
    """

    explainable_by = frozenset({"integrated_gradients", "gradient_shap", "interaction_map"})

    def __init__(
        self,
        n_tokens,
        width,
        hidden=128,
        d_model=16,
        n_channels=4,
        protein_width=32,
        dropout=0.2,
        n_outputs=1,
    ):
        super().__init__(n_tokens, width)
        self.n_channels, self.d_model, self.dropout = n_channels, d_model, dropout
        self.hidden_layer = Linear(width, hidden)
        self.projection = Linear(hidden, n_channels * d_model)
        self.protein_layer = Linear(width, protein_width)
        self.protein_hidden = Linear(protein_width, protein_width)
        self.protein_head = Linear(protein_width, n_outputs, bias=False)
        self.product_head = Linear(protein_width, n_outputs, bias=False)
        self.matrix_head = Linear(3 * n_channels, n_outputs)

    @property
    def permutation_invariant(self):
        """True: the proteins can change places, and so can the segments of one protein."""
        return True

    @property
    def side_matters(self):
        return False

    @property
    def n_tokens_of_protein(self):
        """Tokens of one protein: half of those of a pair, or all of an odd number."""
        return self.n_tokens if self.n_tokens % 2 else self.n_tokens // 2

    def side_tokens(self, X):
        """Features of single proteins as tokens, ``(n, n_features of a protein) -> (n, tokens, width)``."""
        return X.reshape(len(X), self.n_tokens_of_protein, self.width)

    def protein_part(self, X, side=0):
        """All that a pair needs to know of one of its proteins.

        Parameters
        ----------
        X : Tensor of shape (n, n_features of a protein)
        side : {0, 1}
            Of no effect.

        Returns
        -------
        vectors : Tensor of shape (n, n_channels, tokens, d_model)
            Projected tokens, divided by the fourth root of ``d_model``.
        units : Tensor of shape (n, protein_width)
            What is read from the mean of the tokens.
        term : Tensor of shape (n, n_outputs)
            The protein's own share of the logit.
        """
        tokens = self.side_tokens(X)
        hidden = dropout(self.hidden_layer(tokens).relu(), self.dropout, self.training)
        vectors = self.projection(hidden).unflatten(-1, (self.n_channels, self.d_model)).transpose(1, 2)
        units = self.protein_layer(tokens.mean(dim=1)).relu()
        own = dropout(self.protein_hidden(units).relu(), self.dropout, self.training)
        return vectors / self.d_model**0.25, units, self.protein_head(own)

    def pair_part(self, a, b):
        """Logits of pairs from the parts of their proteins, ``(n,)`` or ``(n, n_outputs)``."""
        read = _read(self.similarities(a, b)).flatten(1)
        return self.logits(self.matrix_head(read) + self.product_head(a[1] * b[1]) + a[2] + b[2])

    def similarities(self, a, b):
        """Matrices of the pairs, from the parts of their proteins, ``(n, n_channels, tokens of A, tokens of B)``."""
        return a[0] @ b[0].transpose(-1, -2)

    def forward(self, X):
        """Logits of pairs, ``(n, n_features) -> (n,)``; with several outputs ``(n, n_outputs)``."""
        return self.pair_part(*self.parts(X))

    def parts(self, X):
        """Parts of protein A and of protein B of pairs, ``(n, n_features) ->`` two of what `protein_part` gives."""
        tokens = self.tokens(X).flatten(1)
        if self.n_tokens % 2:
            part = self.protein_part(tokens)
            return part, part
        both = self.protein_part(torch.cat(tokens.chunk(2, dim=1)))  # one product for both proteins
        a, b = zip(*(part.chunk(2) for part in both), strict=True)
        return a, b

    def cell_contributions(self, X):
        """Share of each cell of the matrices in the logits.

        Parameters
        ----------
        X : Tensor of shape (n, n_features)

        Returns
        -------
        cells : Tensor of shape (n, n_outputs, tokens of A, tokens of B)
            They add up to the logit without ``rest``. An entry that is the largest of its row and of its column has both
            shares; of equal entries the first counts.
        rest : Tensor of shape (n, n_outputs)
            The bias, the proteins' own terms and their product.
        """
        a, b = self.parts(X)
        matrices = self.similarities(a, b)
        largest = torch.zeros_like(matrices)
        for dim in (-1, -2):  # of each row, and of each column
            place = matrices.argmax(dim, keepdim=True)
            largest.scatter_add_(dim, place, torch.full_like(matrices, 1 / matrices.shape[-dim - 3]))
        softmax = matrices.flatten(-2).softmax(-1).view_as(matrices)
        even = torch.full_like(matrices, 1 / matrices[0, 0].numel())
        weights = (
            torch.stack([even, largest, softmax], dim=2) * matrices[:, :, None]
        )  # n x channel x 3 x A x B
        cells = torch.einsum("nkij,ok->noij", weights.flatten(1, 2), self.matrix_head.weight)
        rest = self.matrix_head.bias + self.product_head(a[1] * b[1]) + a[2] + b[2]
        return cells, rest

    def score_block(self, a, b):
        """Logits of every protein of one list with every protein of another.

        No pair is put together: tile by tile, one matrix product gives all matrices of all pairs. On a CPU in float32 and
        without gradients a compiled loop takes the place of torch's functions (see `amp_sklearn.cpu.compilation`).

        Parameters
        ----------
        a, b : tuple of Tensor
            What `protein_part` gives for n and for m proteins.

        Returns
        -------
        Tensor of shape (n, m), or (n, m, n_outputs) with several outputs
        """
        n, m = len(a[0]), len(b[0])
        logits = a[2][:, None] + b[2][None] + self.matrix_head.bias
        logits = logits + torch.stack([(a[1] * w) @ b[1].T for w in self.product_head.weight], dim=-1)
        weight = self.matrix_head.weight.unflatten(1, (self.n_channels, 3))
        for channel in range(self.n_channels):
            mean = a[0][:, channel].mean(dim=1) @ b[0][:, channel].mean(dim=1).T
            logits += mean[..., None] * weight[:, channel, 0]
        if len(weight) == 1 and is_compiled_for(a[0], b[0]):
            add_largest_and_smooth(logits[..., 0], a[0], b[0], weight[0, :, 1:])
            return self.logits(logits)
        for channel in range(self.n_channels):
            left, right = (
                part[0][:, channel].transpose(0, 1).contiguous() for part in (a, b)
            )  # tokens first
            for i in range(0, n, TILE):
                for j in range(0, m, TILE):
                    largest, smooth = _read_tile(left[:, i : i + TILE], right[:, j : j + TILE])
                    tile = logits[i : i + TILE, j : j + TILE]
                    tile += largest[..., None] * weight[:, channel, 1]
                    tile += smooth[..., None] * weight[:, channel, 2]
        return self.logits(logits)


def _read(matrices):
    """What is read from matrices, ``(n, n_channels, tokens of A, tokens of B) -> (n, n_channels, 3)``."""
    cells = matrices.flatten(-2)
    largest = matrices.amax(dim=-1).mean(dim=-1) + matrices.amax(dim=-2).mean(dim=-1)
    return torch.stack([cells.mean(dim=-1), largest, (cells.softmax(dim=-1) * cells).sum(dim=-1)], dim=-1)


def _read_tile(left, right):
    """Second and third number of `_read` for all pairs of two lists, ``(tokens, n, d), (tokens, m, d) -> (n, m)`` each."""
    cells = (left.flatten(0, 1) @ right.flatten(0, 1).T).view(*left.shape[:2], *right.shape[:2])
    rows, columns = cells.amax(dim=2), cells.amax(dim=0)
    power = (cells - rows.amax(dim=0)[None, :, None]).exp_()
    total = power.sum(dim=(0, 2))
    return rows.mean(dim=0) + columns.mean(dim=1), power.mul_(cells).sum(dim=(0, 2)) / total
