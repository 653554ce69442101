"""Families of protein language models, told apart by ``config.model_type`` alone; a new one is one file and one entry here."""

from .bert import BERT
from .esm import ESM
from .esmc import ESMC
from .family import Family, ResidueTokens
from .t5 import T5

FAMILIES: dict[str, Family] = {family.model_type: family for family in (ESM, ESMC, T5, BERT)}
"""Every family that is known, by ``model_type``."""

__all__ = ["FAMILIES", "Family", "ResidueTokens"]
