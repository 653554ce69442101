"""Proteins read by a language model with adapters of low rank: what fine-tuning computes."""

import numpy as np
import torch

from .batching import hidden_states
from .pooling import pool_packed


def adapted_layers(language, adapt):
    """Linear layers of a language model that get adapters.

    Parameters
    ----------
    language : LanguageModel
        Of `open_trainable_model`.
    adapt : {"attention", "all"}
        Queries and values, or every linear layer.

    Returns
    -------
    list of (str, int, int)
        Name, inputs and outputs.
    """
    linear = [
        (name, layer.in_features, layer.out_features)
        for name, layer in language.forward.model.named_modules()
        if isinstance(layer, torch.nn.Linear)
    ]
    names = language.family.adapted
    return linear if adapt == "all" else [entry for entry in linear if entry[0].rsplit(".", 1)[-1] in names]


class AdaptedProteins:
    """Token vectors of numbered proteins, differentiable by adapters.

    Parameters
    ----------
    language : LanguageModel
        Of `open_trainable_model`; the adapters become part of it.
    sequences : list of str
        Checked proteins, by number.
    tokens : sequence of str
        Those of ``language.tokens`` that are wanted.
    rule : LongProteinRule
    batch_tokens : int
        Tokens computed together at most; also of the different proteins of a part of a batch.
    checkpointing : bool
        Keep the input of each layer only, and compute the rest again on the way back.
    """

    def __init__(self, language, sequences, tokens, rule, batch_tokens, checkpointing=False):
        self.language, self.rule, self.batch_tokens = language, rule, batch_tokens
        self.sequences = [rule.cut(sequence) for sequence in sequences]
        self.lengths = np.array([len(sequence) + len(language.before) + 1 for sequence in self.sequences])
        self.places = [language.tokens.index(token) for token in tokens]
        if checkpointing:
            model = language.forward.model  # earlier versions have the second name only
            enable = (
                getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
            )
            enable({"use_reentrant": False})

    def adapt(self, names, rank, alpha, dropout, parameters):
        """Put adapters into the language model, whose parameters are those of a module that trains them.

        Parameters
        ----------
        names : sequence of str
            Layers that get one.
        rank : int
        alpha, dropout : float
        parameters : callable
            From a name to both matrices.
        """
        try:
            from peft import LoraConfig, inject_adapter_in_model
        except ImportError:
            raise ImportError(
                "fine-tuning needs peft: pip install 'amp-sklearn[finetune]' (or pip install peft)"
            ) from None
        model = self.language.forward.model
        config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=list(names))
        inject_adapter_in_model(config, model)
        for name in names:
            layer = model.get_submodule(name)
            layer.lora_A["default"].weight, layer.lora_B["default"].weight = parameters(name)
        return self

    def train(self, mode):
        """Dropout on or off, as of torch modules."""
        self.language.forward.model.train(mode)

    def parts(self, pairs):
        """Rows of pairs in parts of similar length, whose different proteins have ``batch_tokens`` tokens at most.

        Parameters
        ----------
        pairs : Tensor of int of shape (n, 2)

        Returns
        -------
        list of Tensor of int
            At least one row each.
        """
        numbers = pairs.cpu().numpy()
        order = np.argsort(-self.lengths[numbers].max(axis=1), kind="stable")
        rows: list[int] = []
        present: set[int] = set()
        parts, n_tokens = [], 0
        for row in order:
            new = set(numbers[row].tolist()) - present
            more = sum(int(self.lengths[number]) for number in new)
            if rows and n_tokens + more > self.batch_tokens:
                parts.append(rows)
                rows, present, n_tokens = [], set(), 0
                new = set(numbers[row].tolist())
                more = sum(int(self.lengths[number]) for number in new)
            rows.append(int(row))
            present |= new
            n_tokens += more
        return [torch.tensor(part, device=pairs.device) for part in [*parts, rows]]

    def __call__(self, numbers):
        """Token vectors of proteins, ``(n, n_tokens, d)``, from their numbers, ``(n,)``."""
        order = numbers.cpu().numpy()
        order = np.argsort(-self.lengths[order], kind="stable")
        found = [self._pooled(numbers.cpu().numpy()[rows]) for rows in self._groups(order, numbers)]
        back = torch.from_numpy(np.argsort(order)).to(numbers.device)
        return torch.cat(found)[back][:, self.places]

    def _groups(self, order, numbers):
        """Places in ``numbers``, longest proteins first, in groups that are padded to ``batch_tokens`` at most."""
        lengths = self.lengths[numbers.cpu().numpy()[order]]
        start = 0
        while start < len(order):
            stop = start + max(self.batch_tokens // int(lengths[start]), 1)
            yield order[start:stop]
            start = stop

    def _pooled(self, numbers):
        sequences = [self.sequences[number] for number in numbers]
        hidden = hidden_states(sequences, self.language, self.rule, self.batch_tokens)
        return pool_packed(hidden, [len(sequence) for sequence in sequences], self.language.ends)
