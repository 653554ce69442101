"""Encoders of T5: ProtT5, ProstT5 and Ankh, ``model_type`` "t5"."""

from ...data.sequences import RESIDUES
from .family import Family, ResidueTokens

_WORD = "▁"  # marks the first letter of a word: ProtT5 and ProstT5 read a protein as words of one letter
_FROM_SEQUENCE = "<AA2fold>"  # ProstT5's prompt in front of residues, as against letters of structure
_RARE = "UZOB"


def _spell(vocabulary):
    """Spaced letters with U, Z, O and B as X, as ProtT5 was trained; Ankh's vocabulary has plain letters, all of them."""
    if f"{_WORD}A" in vocabulary:
        letters = tuple(_WORD + ("X" if letter in _RARE else letter) for letter in RESIDUES)
    else:
        letters = tuple(RESIDUES)
    prompt = (_FROM_SEQUENCE,) if _FROM_SEQUENCE in vocabulary else ()
    return ResidueTokens(letters, prompt, ("</s>",), has_cls=False)


T5 = Family(
    model_type="t5",
    models="ProtT5, ProstT5, Ankh",
    architecture="T5EncoderModel",
    spell=_spell,
    decided_by=(
        "num_heads",
        "d_kv",
        "relative_attention_num_buckets",
        "relative_attention_max_distance",
        "feed_forward_proj",
        "layer_norm_epsilon",
    ),
    dtypes=("float32", "bfloat16"),  # activations exceed the largest number of float16
    needless=lambda config: ("decoder", "lm_head"),
    adapted=("q", "v"),
)
