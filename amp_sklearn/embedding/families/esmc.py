"""ESM C: ``model_type`` "esmc"."""

from ...data.sequences import RESIDUES
from .family import Family, ResidueTokens


def _spell(vocabulary):
    return ResidueTokens(tuple(RESIDUES), ("<cls>",), ("<eos>",))


ESMC = Family(
    model_type="esmc",
    models="ESM C",
    architecture="EsmcModel",
    spell=_spell,
    decided_by=("num_attention_heads", "rope_parameters"),
    needless=lambda config: ("inv_freq",),
    adapted=("q_proj", "v_proj"),
)
