"""ProtBERT: ``model_type`` "bert"."""

from ...data.sequences import RESIDUES
from .family import Family, ResidueTokens

_RARE = "UZOB"


def _spell(vocabulary):
    """Letters as words of their own, U, Z, O and B as X: so was ProtBERT trained."""
    return ResidueTokens(
        tuple("X" if letter in _RARE else letter for letter in RESIDUES), ("[CLS]",), ("[SEP]",)
    )


BERT = Family(
    model_type="bert",
    models="ProtBERT",
    architecture="BertModel",
    spell=_spell,
    decided_by=("num_attention_heads", "hidden_act", "layer_norm_eps"),
    longest=lambda config: config.max_position_embeddings - 2,
    loading={"add_pooling_layer": False},
    needless=lambda config: ("pooler", "position_ids"),
    adapted=("query", "value"),
)
