"""A pre-norm Transformer encoder layer whose steps can be called one by one."""

from torch import nn
from torch.nn import functional

from .dropout import dropout
from .linear import linear


class PreNormEncoderLayer(nn.TransformerEncoderLayer):
    """`torch.nn.TransformerEncoderLayer` with the norm first, as separate steps and without transposed copies.

    Parameters, their names and the results are torch's. Torch's own layer copies queries, keys and values into
    another order before it attends while training; here they stay where one matrix product has put them. The
    steps are public because the first of them needs nothing but a token itself, and can be shared by all pairs
    that a protein is part of.

    Parameters
    ----------
    width : int
        Dimensions of a token.
    n_heads : int
        Attention heads; must divide the width.
    dim_feedforward : int
        Hidden units of the feed-forward part.
    dropout : float
        Of attention weights, feed-forward part and residual branches, while training.
    """

    def __init__(self, width, n_heads, dim_feedforward, dropout):
        super().__init__(width, n_heads, dim_feedforward, dropout, batch_first=True, norm_first=True)

    def project(self, tokens):
        """Queries, keys and values of each token, ``(..., width) -> (..., 3 * width)``."""
        attention = self.self_attn
        return linear(self.norm1(tokens), attention.in_proj_weight, attention.in_proj_bias)

    def attend(self, tokens, projected):
        """Tokens after the attention branch.

        Parameters
        ----------
        tokens : Tensor of shape (n, n_tokens, width)
        projected : Tensor of shape (n, n_tokens, 3 * width)
            What ``project`` returned for them.

        Returns
        -------
        Tensor of shape (n, n_tokens, width)
        """
        n, n_tokens, width = tokens.shape
        n_heads = self.self_attn.num_heads
        heads = projected.view(n, n_tokens, 3, n_heads, width // n_heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        dropped = self.self_attn.dropout if self.training else 0.0
        attended = functional.scaled_dot_product_attention(query, key, value, dropout_p=dropped)
        attended = attended.transpose(1, 2).reshape(n, n_tokens, width)
        out_proj = self.self_attn.out_proj
        change = linear(attended, out_proj.weight, out_proj.bias)
        return tokens + dropout(change, self.dropout1.p, self.training)

    def feed_forward_hidden(self, tokens):
        """Hidden units of the feed-forward branch, ``(..., width) -> (..., dim_feedforward)``."""
        hidden = linear(self.norm2(tokens), self.linear1.weight, self.linear1.bias)
        return dropout(self.activation(hidden), self.dropout.p, self.training)

    def feed_forward(self, tokens):
        """Tokens after the feed-forward branch, ``(..., width) -> (..., width)``."""
        change = linear(self.feed_forward_hidden(tokens), self.linear2.weight, self.linear2.bias)
        return tokens + dropout(change, self.dropout2.p, self.training)

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        """``(n, n_tokens, width) -> (n, n_tokens, width)``; arguments as of torch's layer."""
        plain = src_mask is None and src_key_padding_mask is None and not is_causal and src.dim() == 3
        if not plain or self._is_watched():
            return super().forward(src, src_mask, src_key_padding_mask, is_causal)
        return self.feed_forward(self.attend(src, self.project(src)))

    def mean_output(self, tokens):
        """Mean over the tokens of what the feed-forward branch makes of them, in evaluation mode.

        The last matrix product is linear, so that it need not be done for each token.

        Parameters
        ----------
        tokens : Tensor of shape (n, n_tokens, width)
            What ``attend`` returned.

        Returns
        -------
        Tensor of shape (n, width)
        """
        return tokens.mean(dim=1) + self.linear2(self.feed_forward_hidden(tokens).mean(dim=1))

    def _is_watched(self):
        """Whether somebody wants to see what the parts of the layer compute: torch's way calls each of them."""
        return any(part._forward_hooks or part._forward_pre_hooks for part in self.modules())
