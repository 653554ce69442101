"""ESM-2, ESM-1b and SaProt: ``model_type`` "esm"."""

from ...data.sequences import RESIDUES, STANDARD_RESIDUES
from ..packed_esm2 import PackedESM2
from ..padded_model import PaddedModel
from .family import Family, ResidueTokens

_NO_STRUCTURE = (
    "#"  # SaProt's letter for a structure that is not known, and for a residue that is none of the twenty
)


def _spell(vocabulary):
    """Letters as they are; in SaProt's vocabulary, pairs of a residue and a structure, the structure is not known."""
    letters = tuple(RESIDUES)
    if "A" not in vocabulary and f"A{_NO_STRUCTURE}" in vocabulary:
        letters = tuple(
            (letter if letter in STANDARD_RESIDUES else _NO_STRUCTURE) + _NO_STRUCTURE for letter in RESIDUES
        )
    return ResidueTokens(letters, ("<cls>",), ("<eos>",))


def _forward(model, device, dtype, skipped):
    """The fast path of ESM-2 and SaProt; ESM-1b, whose positions are learnt, goes through transformers."""
    if model.config.position_embedding_type == "rotary":
        return PackedESM2(model, device, dtype)
    return PaddedModel(model, device, dtype, skipped)


def _longest(config):
    if config.position_embedding_type == "rotary":
        return None
    return (
        config.max_position_embeddings - config.pad_token_id - 1 - 2
    )  # positions begin behind that of padding


def _needless(config):
    positions = ("position_embeddings",) if config.position_embedding_type == "rotary" else ()
    return ("contact_head", "pooler", *positions, "inv_freq", "position_ids")


ESM = Family(
    model_type="esm",
    models="ESM-2, ESM-1b, SaProt",
    architecture="EsmModel",
    spell=_spell,
    decided_by=("num_attention_heads", "layer_norm_eps", "token_dropout"),
    longest=_longest,
    forward=_forward,
    loading={"add_pooling_layer": False},
    needless=_needless,
    adapted=("query", "value"),
)
