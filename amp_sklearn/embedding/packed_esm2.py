"""The ESM-2 forward pass on packed sequences: no padding, no language-model head, no stored hidden states."""

import functools
import inspect
import itertools

import numpy as np
import torch
from torch.nn import functional

from .cpu_attention import attend_packed, is_faster_than_torch
from .linear import PackedLinear

_MIN_ROWS = 512  # below, libraries may switch kernels, and a protein's bits would depend on its batch
_UNMASKED_SCALE = 1 - 0.15 * 0.8  # ESM-2 scales embeddings by the share of tokens not masked in training


class PackedESM2:
    """Hidden states of an ESM-2 model for many proteins at once, concatenated along the token axis.

    Linear layers and norms run over all residues of a batch. Attention takes all proteins in one compiled kernel on a CPU,
    where heads are narrow, and on a CUDA device in half precision; elsewhere, and where gradients are asked for, it runs
    per group of proteins of equal length. A protein's result does not depend on the proteins that it shares a batch with.

    Rotary positions turn pairs of dimensions, as complex numbers, where they lie in memory: the rows of the query and
    key weights are put in an order in which both dimensions of a pair are neighbours. Attention weights are the
    same in any order of the dimensions of a head.

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
        self.mask_token, self.token_dropout = config.mask_token_id, config.token_dropout
        scale = _UNMASKED_SCALE if self.token_dropout else 1.0
        self.embedding = self._place(model.embeddings.word_embeddings.weight * scale)
        self.first_norm = self._norm(model.embeddings.layer_norm) if config.emb_layer_norm_before else None
        self.layers = [self._layer(layer) for layer in model.encoder.layer]
        self.last_norm = self._norm(model.encoder.emb_layer_norm_after)
        self.frequencies = 1 / 10000.0 ** (torch.arange(0, self.head_width, 2) / self.head_width)
        self.varlen_attention = _find_varlen_attention(self.device, dtype, self.n_heads, self.head_width)

    @property
    def head_width(self):
        return self.width // self.n_heads

    def _place(self, tensor):
        return tensor.detach().to(device=self.device, dtype=self.dtype).contiguous()

    def _norm(self, norm):
        return self._place(norm.weight), self._place(norm.bias)

    def _linear(self, weight, bias):
        return PackedLinear(self._place(weight), self._place(bias))

    def _queries_keys_values(self, attention):
        """One linear layer for all three; in queries and keys the dimensions of a rotary pair become neighbours."""
        half = self.head_width // 2
        pairs = torch.arange(self.head_width).view(2, half).T.flatten()
        order = (torch.arange(self.n_heads)[:, None] * self.head_width + pairs).flatten()
        weights = attention.query.weight[order], attention.key.weight[order], attention.value.weight
        biases = attention.query.bias[order], attention.key.bias[order], attention.value.bias
        return self._linear(torch.cat(weights), torch.cat(biases))

    def _layer(self, layer):
        attention = layer.attention.self
        return {
            "attention_norm": self._norm(layer.attention.LayerNorm),
            "qkv": self._queries_keys_values(attention),
            "attention_out": self._linear(*layer.attention.output.dense.parameters()),
            "feed_forward_norm": self._norm(layer.LayerNorm),
            "feed_forward_in": self._linear(*layer.intermediate.dense.parameters()),
            "feed_forward_out": self._linear(*layer.output.dense.parameters()),
        }

    @property
    def n_layers(self):
        return len(self.layers)

    @torch.inference_mode()
    def __call__(self, tokens, layers=None):
        """Hidden states after the last layer norm, or of earlier layers.

        Parameters
        ----------
        tokens : list of ndarray of int
            Token ids of each sequence, ``<cls>`` and ``<eos>`` included. Equal lengths next to each other are
            computed together.
        layers : sequence of int, default=None
            As of `hidden_states`.

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
        return self.hidden_states(self.embedding[ids], lengths, layers)[:n_tokens].float()

    def hidden_states(self, embedded, lengths, layers=None):
        """Hidden states from input embeddings, differentiable by them.

        Parameters
        ----------
        embedded : Tensor of shape (T, d)
            Rows of ``embedding``, or points between them, of all sequences one after another, ``<cls>`` and ``<eos>``
            included. ESM-2's scale for sequences without a masked token is part of ``embedding``.
        lengths : sequence of int
            Tokens of each sequence; they add up to ``T``.
        layers : sequence of int, default=None
            Layers whose states are averaged, counted as transformers counts ``hidden_states``: 0 is what the first layer
            reads, ``n_layers`` what the last one gives, after the last layer norm. None is the last. Layers above the
            highest of them are not computed.

        Returns
        -------
        Tensor of shape (T, d), of the model's type
        """
        layers = (self.n_layers,) if layers is None else layers
        positions = torch.cat([torch.arange(length) for length in lengths])
        angles = (positions[:, None] * self.frequencies)[:, None, None]
        turns = torch.polar(torch.ones_like(angles), angles).to(self.device)
        hidden = embedded
        if self.first_norm is not None:
            hidden = self._normalise(hidden, self.first_norm)
        attend = self._attention(lengths)
        found = [hidden] if 0 in layers else []
        for number, layer in enumerate(self.layers[: max(layers)], start=1):
            projected = layer["qkv"](self._normalise(hidden, layer["attention_norm"]))
            attended = attend(self._turned(projected, turns)).to(self.dtype)
            hidden = layer["attention_out"](attended).add_(hidden)
            inner = layer["feed_forward_in"](self._normalise(hidden, layer["feed_forward_norm"]))
            hidden = layer["feed_forward_out"](functional.gelu(inner)).add_(hidden)
            if number in layers and number < self.n_layers:
                found.append(hidden)
        if self.n_layers in layers:
            found.append(self._normalise(hidden, self.last_norm))
        return mean_of(found)

    def _normalise(self, hidden, norm):
        return functional.layer_norm(hidden, (self.width,), norm[0], norm[1], self.eps)

    def _turned(self, projected, turns):
        """Queries, keys and values, ``T x 3 x n_heads x head_width``, with positions turned into the first two.

        On a CPU half precision ends here: attention is faster, and more exact, in float32.
        """
        if self.device.type == "cpu" and self.dtype.itemsize < 4:
            projected = projected.float()
        heads = projected.view(len(projected), 3, self.n_heads, self.head_width)
        turning = heads[:, :2]
        if heads.dtype.itemsize < 4:  # there are no complex numbers of half precision
            turned = torch.view_as_complex(turning.float().unflatten(-1, (-1, 2))) * turns
            turning.copy_(torch.view_as_real(turned).flatten(-2))
        else:
            torch.view_as_complex(turning.unflatten(-1, (-1, 2))).mul_(turns)
        return heads

    def _attention(self, lengths):
        """Function from queries, keys and values to attended values, ``T x width``, for sequences of these lengths."""
        if self.varlen_attention is not None:
            ends = torch.tensor([0, *itertools.accumulate(lengths)], dtype=torch.int32, device=self.device)
            return functools.partial(self._attend_packed, ends=ends, longest=max(lengths))
        single_on_cpu = self.device.type == "cpu" and self.dtype != torch.float64
        if single_on_cpu and not torch.is_grad_enabled() and is_faster_than_torch(self.head_width):
            return functools.partial(attend_packed, lengths=np.array(lengths))
        return functools.partial(self._attend_in_groups, groups=list(_equal_lengths(lengths)))

    def _attend_packed(self, heads, ends, longest):
        # one split of the keys: how many there are must not depend on the other proteins of the batch
        attended = self.varlen_attention(*heads.unbind(1), ends, ends, longest, longest, num_splits=1)
        return attended.reshape(len(heads), self.width)

    def _attend_in_groups(self, heads, groups):
        out = heads.new_empty(len(heads), self.n_heads, self.head_width)
        for start, count, length in groups:
            rows = slice(start, start + count * length)
            group = heads[rows].view(count, length, 3, self.n_heads, self.head_width).permute(2, 0, 3, 1, 4)
            attended = functional.scaled_dot_product_attention(*group)
            out[rows] = attended.transpose(1, 2).reshape(count * length, self.n_heads, self.head_width)
        return out.view(len(heads), self.width)


def _find_varlen_attention(device, dtype, n_heads, head_width):
    """Torch's flash attention for packed sequences, or None where it does not run.

    It needs a GPU of compute capability 8.0, half precision and heads of a multiple of 8 dimensions, 256 at most. Whether
    the installed torch has it for this GPU, and lets the splits of the keys be fixed, only a call tells.
    """
    if device.type != "cuda" or dtype not in (torch.bfloat16, torch.float16):
        return None
    if head_width % 8 or head_width > 256 or torch.cuda.get_device_capability(device) < (8, 0):
        return None
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:  # before torch 2.10
        return None
    if "num_splits" not in inspect.signature(varlen_attn).parameters:
        return None
    heads = torch.zeros(1, 3, n_heads, head_width, device=device, dtype=dtype)
    ends = torch.tensor([0, 1], dtype=torch.int32, device=device)
    try:
        query, key, value = heads.unbind(1)
        varlen_attn(query, key, value, ends, ends, 1, 1, num_splits=1)
    except RuntimeError:  # torch was built without these kernels, or with some that take no number of splits
        return None
    return varlen_attn


def mean_of(tensors):
    """Mean of tensors of one shape; one alone is handed back as it is."""
    return tensors[0] if len(tensors) == 1 else sum(tensors) / len(tensors)


def _equal_lengths(lengths):
    """``(first token, sequences, length)`` of each run of equal lengths."""
    start = 0
    for length, run in itertools.groupby(lengths):
        count = sum(1 for _ in run)
        yield start, count, length
        start += count * length
