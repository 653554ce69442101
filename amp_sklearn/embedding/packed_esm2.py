"""The ESM-2 forward pass on packed sequences: no padding, no language-model head, no stored hidden states."""

import itertools

import numpy as np
import torch
from torch.nn import functional

_MIN_ROWS = 512  # below, the matrix library switches kernels and a protein's bits would depend on its batch
_UNMASKED_SCALE = 1 - 0.15 * 0.8  # ESM-2 scales embeddings by the share of tokens not masked in training


class PackedESM2:
    """Hidden states of an ESM-2 model for many proteins at once, concatenated along the token axis.

    Linear layers and norms run over all residues of a batch; attention runs per group of proteins of equal length.
    A protein's result does not depend on the proteins that it shares a batch with.

    Parameters
    ----------
    model : transformers.EsmModel
        Weights and configuration; rotary positions.
    device : str or torch.device
        Where to compute.
    dtype : torch.dtype
        Of weights and activations.

    Raises
    ------
    ValueError
        If the configuration is not that of an ESM-2 model.

    References
    ----------
    Lin et al., Science 2023, :doi:`10.1126/science.ade2574`.
    """

    def __init__(self, model, device, dtype):
        config = model.config
        if config.position_embedding_type != "rotary":
            raise ValueError(
                "ESM-2 uses rotary position embeddings; this model's configuration says "
                f"position_embedding_type={config.position_embedding_type!r}"
            )
        self.width, self.n_heads = config.hidden_size, config.num_attention_heads
        self.eps, self.device, self.dtype = config.layer_norm_eps, torch.device(device), dtype
        self.mask_token = config.mask_token_id
        scale = _UNMASKED_SCALE if config.token_dropout else 1.0
        self.embedding = self._place(model.embeddings.word_embeddings.weight * scale)
        self.first_norm = self._norm(model.embeddings.layer_norm) if config.emb_layer_norm_before else None
        self.layers = [self._layer(layer) for layer in model.encoder.layer]
        self.last_norm = self._norm(model.encoder.emb_layer_norm_after)
        head_width = self.width // self.n_heads
        self.frequencies = 1 / 10000.0 ** (torch.arange(0, head_width, 2) / head_width)

    def _place(self, tensor):
        return tensor.detach().to(device=self.device, dtype=self.dtype).contiguous()

    def _norm(self, norm):
        return self._place(norm.weight), self._place(norm.bias)

    def _linear(self, *linears):
        """One linear layer from several that read the same input."""
        weights = [linear.weight for linear in linears]
        return self._place(torch.cat(weights)), self._place(torch.cat([linear.bias for linear in linears]))

    def _layer(self, layer):
        attention = layer.attention.self
        return {
            "attention_norm": self._norm(layer.attention.LayerNorm),
            "qkv": self._linear(attention.query, attention.key, attention.value),
            "attention_out": self._linear(layer.attention.output.dense),
            "feed_forward_norm": self._norm(layer.LayerNorm),
            "feed_forward_in": self._linear(layer.intermediate.dense),
            "feed_forward_out": self._linear(layer.output.dense),
        }

    @torch.inference_mode()
    def __call__(self, tokens):
        """Hidden states after the last layer norm.

        Parameters
        ----------
        tokens : list of ndarray of int
            Token ids of each sequence, ``<cls>`` and ``<eos>`` included. Equal lengths next to each other are
            computed together.

        Returns
        -------
        Tensor of shape (T, d), float32
            Packed: the sequences one after another.
        """
        lengths = [len(sequence) for sequence in tokens]
        n_tokens = sum(lengths)
        if n_tokens < _MIN_ROWS:
            filler = np.full(_MIN_ROWS - n_tokens, tokens[0][0])
            tokens, lengths = [*tokens, filler], [*lengths, len(filler)]
        ids = torch.from_numpy(np.concatenate(tokens)).to(self.device)
        positions = torch.cat([torch.arange(length) for length in lengths])
        angles = positions[:, None] * self.frequencies
        cos, sin = (
            torch.cat([f(angles)] * 2, dim=-1).to(device=self.device, dtype=self.dtype)[:, None]
            for f in (torch.cos, torch.sin)
        )
        hidden = self.embedding[ids]
        if self.first_norm is not None:
            hidden = self._normalise(hidden, self.first_norm)
        groups = list(_equal_lengths(lengths))
        for layer in self.layers:
            attended = self._attend(
                self._normalise(hidden, layer["attention_norm"]), layer["qkv"], cos, sin, groups
            )
            hidden = functional.linear(attended, *layer["attention_out"]).add_(hidden)
            inner = functional.linear(
                self._normalise(hidden, layer["feed_forward_norm"]), *layer["feed_forward_in"]
            )
            hidden = functional.linear(functional.gelu(inner), *layer["feed_forward_out"]).add_(hidden)
        return self._normalise(hidden, self.last_norm)[:n_tokens].float()

    def _normalise(self, hidden, norm):
        return functional.layer_norm(hidden, (self.width,), norm[0], norm[1], self.eps)

    def _attend(self, hidden, qkv, cos, sin, groups):
        n_tokens, head_width = len(hidden), self.width // self.n_heads
        q, k, v = functional.linear(hidden, *qkv).view(n_tokens, 3, self.n_heads, head_width).unbind(1)
        q, k = (
            x * cos + torch.cat([-x[..., head_width // 2 :], x[..., : head_width // 2]], -1) * sin
            for x in (q, k)
        )
        out = hidden.new_empty(n_tokens, self.n_heads, head_width)
        for start, count, length in groups:
            rows = slice(start, start + count * length)
            group = [x[rows].view(count, length, self.n_heads, head_width).transpose(1, 2) for x in (q, k, v)]
            attended = functional.scaled_dot_product_attention(group[0], group[1], group[2])
            out[rows] = attended.transpose(1, 2).reshape(count * length, self.n_heads, head_width)
        return out.view(n_tokens, self.width)


def _equal_lengths(lengths):
    """``(first token, sequences, length)`` of each run of equal lengths."""
    start = 0
    for length, run in itertools.groupby(lengths):
        count = sum(1 for _ in run)
        yield start, count, length
        start += count * length
