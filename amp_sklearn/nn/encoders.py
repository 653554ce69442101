"""Encoders over the tokens of a pair: Transformer and GRU."""

import torch
from torch import nn

from .encoder_layer import PreNormEncoderLayer
from .linear import Linear
from .mlp import relu_mlp
from .pair_module import PairModule


class PairTransformer(PairModule):
    """Pre-norm Transformer encoder over the tokens of a pair, mean over tokens, head.

    Published as ESM2_AMPS and ESM2_AMP_CSE.
    As published there is neither a position nor a chain embedding, hence the output does not change when
    tokens are permuted: the model sees a set and cannot tell protein A from B (``permutation_invariant``). The two
    embeddings lift that.

    Parameters
    ----------
    n_tokens, width : int
        Tokens of a pair and dimensions of one.
    n_layers : int, default=6
        Encoder layers, each with its own initialisation.
    n_heads : int, default=8
        Attention heads; must divide the model width.
    dim_feedforward : int, default=2048
        Hidden units of each layer's feed-forward part.
    dropout : float, default=0.3
        Dropout of attention weights, feed-forward part and residual branches.
    hidden : sequence of int, default=(640, 240)
        Units of the head's hidden layers.
    n_outputs : int, default=1
        Logits per pair.
    d_model : int, default=None
        Width inside the encoder, reached by a linear projection of each token; None keeps
        ``width`` and projects nothing.
    chain_embedding : bool, default=False
        Add a learned vector per block of tokens (protein A, protein B).
    position_embedding : bool, default=False
        Add a learned vector per position of a token in its block.
    n_blocks : int, default=2
        Blocks of equally many tokens that a pair is made of; used by the embeddings.

    Raises
    ------
    ValueError
        If the heads do not divide the width, or an embedding is asked for and the blocks do not divide the
        tokens.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import PairTransformer
    >>> module = PairTransformer(20, 16, n_layers=2, n_heads=4, dim_feedforward=32, hidden=(8, 4))
    >>> module(torch.zeros(3, 320)).shape, module.permutation_invariant
    (torch.Size([3]), True)
    """

    explainable_by = frozenset({"attention", "integrated_gradients", "gradient_shap"})

    def __init__(
        self,
        n_tokens,
        width,
        n_layers=6,
        n_heads=8,
        dim_feedforward=2048,
        dropout=0.3,
        hidden=(640, 240),
        n_outputs=1,
        d_model=None,
        chain_embedding=False,
        position_embedding=False,
        n_blocks=2,
    ):
        super().__init__(n_tokens, width)
        d = d_model or width
        if d % n_heads:
            raise ValueError(
                f"n_heads={n_heads} must divide the width of a token, {d}; give d_model (a multiple of "
                "n_heads) to project tokens to another width"
            )
        if (chain_embedding or position_embedding) and n_tokens % n_blocks:
            raise ValueError(
                f"chain and position embeddings need tokens in {n_blocks} equal blocks, got {n_tokens} tokens"
            )

        def layer():
            return PreNormEncoderLayer(d, n_heads, dim_feedforward, dropout)

        self.input_projection = None if d_model is None else Linear(width, d_model)
        per_block = n_tokens // n_blocks
        self.chain_embedding = nn.Embedding(n_blocks, d) if chain_embedding else None
        self.position_embedding = nn.Embedding(per_block, d) if position_embedding else None
        if chain_embedding or position_embedding:
            token = torch.arange(n_tokens)
            self.register_buffer("_chain", token // per_block, persistent=False)
            self.register_buffer("_position", token % per_block, persistent=False)
        self.transformer_encoder = nn.TransformerEncoder(layer(), n_layers, enable_nested_tensor=False)
        # torch starts all layers as copies of one; here every layer has an initialisation of its own
        self.transformer_encoder.layers = nn.ModuleList(layer() for _ in range(n_layers))
        self.mlp_layers = relu_mlp((d, *hidden, n_outputs))

    @property
    def permutation_invariant(self):
        """True unless a chain or a position embedding tells the tokens apart."""
        return self.chain_embedding is None and self.position_embedding is None

    def embed(self, X):
        """What enters the first encoder layer, ``(n, n_features) -> (n, n_tokens, d_model)``."""
        return self._embed(self.tokens(X), slice(None))

    def _embed(self, tokens, place):
        """Projection and embeddings of the tokens at some places of a pair."""
        if self.input_projection is not None:
            tokens = self.input_projection(tokens)
        if self.chain_embedding is not None:
            tokens = tokens + self.chain_embedding(self.get_buffer("_chain")[place])
        if self.position_embedding is not None:
            tokens = tokens + self.position_embedding(self.get_buffer("_position")[place])
        return tokens

    def forward(self, X):
        """Logits of pairs, ``(n, n_features) -> (n,)``; with several outputs ``(n, n_outputs)``."""
        encoded = self.transformer_encoder(self.embed(X))
        return self.logits(self.mlp_layers(encoded.mean(dim=1)))

    @property
    def side_matters(self):
        return self.chain_embedding is not None

    def protein_part(self, X, side):
        """Tokens and the first layer's queries, keys and values, which the other protein does not change."""
        half = self.n_tokens // 2
        tokens = self._embed(self.side_tokens(X), slice(side * half, (side + 1) * half))
        return tokens, self.transformer_encoder.layers[0].project(tokens)

    def pair_part(self, a, b):
        """The other layers; the last matrix product is done once per pair, for the mean of the tokens."""
        first, *others = self.transformer_encoder.layers
        tokens, projected = (torch.cat(parts, dim=1) for parts in zip(a, b, strict=True))
        tokens, last = first.attend(tokens, projected), first
        for layer in others:
            tokens = last.feed_forward(tokens)
            tokens, last = layer.attend(tokens, layer.project(tokens)), layer
        return self.logits(self.mlp_layers(last.mean_output(tokens)))


class PairGRU(PairModule):
    """Gated recurrent units over the tokens of a pair, mean over tokens, head (published as ESM2_GRU).

    Parameters
    ----------
    n_tokens, width : int
        Tokens of a pair and dimensions of one.
    n_layers : int, default=6
        Recurrent layers, one direction.
    hidden_size : int, default=None
        Units of each recurrent layer; None takes ``width``.
    dropout : float, default=0.0
        Dropout between recurrent layers while training.
    hidden : sequence of int, default=(614, 299)
        Units of the head's hidden layers.
    n_outputs : int, default=1
        Logits per pair.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import torch
    >>> from amp_sklearn.nn import PairGRU
    >>> PairGRU(n_tokens=20, width=6, n_layers=2, hidden=(8, 4))(torch.zeros(3, 120)).shape
    torch.Size([3])
    """

    def __init__(
        self, n_tokens, width, n_layers=6, hidden_size=None, dropout=0.0, hidden=(614, 299), n_outputs=1
    ):
        super().__init__(n_tokens, width)
        size = hidden_size or width
        between = dropout if n_layers > 1 else 0.0  # torch warns about dropout where there is no place for it
        self.gru = nn.GRU(width, size, n_layers, batch_first=True, dropout=between)
        for name, parameter in self.gru.named_parameters():
            if name.startswith("weight_ih"):
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(parameter)
            else:
                nn.init.zeros_(parameter)
        self.mlp_layers = relu_mlp((size, *hidden, n_outputs))

    def forward(self, X):
        """Logits of pairs, ``(n, n_features) -> (n,)``; with several outputs ``(n, n_outputs)``."""
        encoded, _ = self.gru(self.tokens(X))
        return self.logits(self.mlp_layers(encoded.mean(dim=1)))

    def protein_part(self, X, side):
        """Protein A comes first: its outputs and the state that it leaves behind do not know protein B."""
        tokens = self.side_tokens(X)
        if side == 1:
            return (tokens,)
        encoded, state = self.gru(tokens)
        return encoded.sum(dim=1), state.transpose(0, 1).contiguous()

    def pair_part(self, a, b):
        """Protein B, read from the state that protein A has left behind."""
        (total, state), (tokens,) = a, b
        encoded, _ = self.gru(tokens, state.transpose(0, 1).contiguous())
        return self.logits(self.mlp_layers((total + encoded.sum(dim=1)) / self.n_tokens))
