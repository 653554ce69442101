"""What a family of protein language models has to declare."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...data.segments import PROTEIN_TOKENS
from ..padded_model import PaddedModel


@dataclass(frozen=True)
class ResidueTokens:
    """How a protein is spelled in the vocabulary of a model.

    Parameters
    ----------
    letters : tuple of str
        Token of each letter of ``RESIDUES``, in that order.
    before, after : tuple of str
        Special tokens put before and after the residues.
    has_cls, has_eos : bool, default=True
        Whether the last token before the residues, and the first one after them, stand for the whole protein. What does
        not exist is no token of the features; a prompt such as ProstT5's is read by the model and then left out.

    Examples
    --------
    >>> from amp_sklearn.embedding.families import ResidueTokens
    >>> ResidueTokens(tuple("ACDEFGHIKLMNPQRSTVWYXXXXX"), (), ("</s>",), has_cls=False).protein_tokens[-2:]
    ('eos', 'mean')
    """

    letters: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    has_cls: bool = True
    has_eos: bool = True

    @property
    def protein_tokens(self):
        """Those of ``amp_sklearn.data.PROTEIN_TOKENS`` that features of this model have."""
        exists = {"cls": self.has_cls, "eos": self.has_eos}
        return tuple(token for token in PROTEIN_TOKENS if exists.get(token, True))


@dataclass(frozen=True)
class Family:
    """One architecture, as transformers names it, and how proteins are handed to it.

    Parameters
    ----------
    model_type : str
        What ``config.json`` says.
    models : str
        Well-known members, for messages.
    architecture : str
        Class of transformers that gives hidden states.
    spell : callable
        From a vocabulary (names of tokens) to `ResidueTokens`. A token that the vocabulary lacks is reported by the
        caller.
    decided_by : tuple of str
        Names in the configuration that decide the values, together with the weights; they are part of the fingerprint.
    longest : callable, default=None
        From the configuration to the most residues that can be read in one piece, or None.
    dtypes : tuple of str
        Precisions in which the family is known to give finite, sensible values.
    forward : callable
        From ``model, device, dtype, skipped`` to the forward pass, where ``skipped`` tokens in front are left out of
        the result; by default transformers' own on padded batches.
    loading : mapping
        Further arguments of ``from_pretrained``.
    adapted : tuple of str
        Last parts of the names of the layers that give queries and values, which fine-tuning adapts.
    needless : callable
        From the configuration to parts of names of weights that hidden states do not need.
    """

    model_type: str
    models: str
    architecture: str
    spell: Callable[[Container[str]], ResidueTokens]
    decided_by: tuple[str, ...]
    adapted: tuple[str, ...]
    longest: Callable[[Any], int | None] = lambda config: None
    dtypes: tuple[str, ...] = ("float32", "bfloat16", "float16")
    forward: Callable[..., Any] = PaddedModel
    loading: Mapping[str, Any] = field(default_factory=dict)
    needless: Callable[[Any], tuple[str, ...]] = lambda config: ()
