"""Random checkpoints, tiny by default, of every family of protein language models, with tokenizers as the real ones have them."""

import re

import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    EsmcConfig,
    EsmcModel,
    EsmConfig,
    EsmcTokenizer,
    EsmModel,
    EsmTokenizer,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

LETTERS = "LAGVSERTIDPKQNFYMHWCXBUZO"
_ESM_SPECIAL = ["<cls>", "<pad>", "<eos>", "<unk>"]
_T5_SPECIAL = ["<pad>", "</s>", "<unk>"]
_STRUCTURES = "pynwrqhgdlvtmfsaeikc#"


class Size:
    """Of the checkpoints that are made; a benchmark makes larger ones."""

    width, heads, layers = 32, 4, 3


def _esm_tokenizer(folder, tokens):
    path = folder / "vocab.txt"
    path.write_text("\n".join([*_ESM_SPECIAL, *tokens, "<mask>"]))
    return EsmTokenizer(str(path))


def _esm(folder, tokens, **settings):
    tokenizer = _esm_tokenizer(folder, tokens)
    config = EsmConfig(
        vocab_size=len(tokens) + 5, hidden_size=Size.width, num_hidden_layers=Size.layers, num_attention_heads=Size.heads, intermediate_size=4 * Size.width,
        pad_token_id=1, mask_token_id=len(tokens) + 4, **settings,
    )  # fmt: skip
    return EsmModel(config, add_pooling_layer=False), tokenizer


def _t5(tokenizer, **settings):
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=Size.width,
        d_kv=Size.width // Size.heads,
        d_ff=4 * Size.width,
        num_layers=Size.layers,
        num_heads=Size.heads,
        dropout_rate=0.0,
        **settings,
    )
    return T5EncoderModel(config)


def esm2(folder):
    return _esm(folder, list(LETTERS + ".-"), position_embedding_type="rotary", token_dropout=True)


def esm1b(folder):
    return _esm(
        folder, list(LETTERS + ".-"), position_embedding_type="absolute", max_position_embeddings=1026,
        emb_layer_norm_before=True, token_dropout=False,
    )  # fmt: skip


def saprot(folder):
    pairs = [residue + structure for residue in "ACDEFGHIKLMNPQRSTVWY#" for structure in _STRUCTURES]
    return _esm(folder, pairs, position_embedding_type="rotary", token_dropout=True)


def esmc(folder):
    config = EsmcConfig(
        hidden_size=Size.width,
        intermediate_size=4 * Size.width,
        num_hidden_layers=Size.layers,
        num_attention_heads=Size.heads,
        vocab_size=64,
    )
    return EsmcModel(config), EsmcTokenizer()


def prott5(folder):
    words = [("▁" + letter, -1.0) for letter in LETTERS if letter not in "UZOB"]
    vocabulary = [*((token, 0.0) for token in _T5_SPECIAL), ("▁", -9.0), *words]
    tokenizer = T5Tokenizer(vocab=vocabulary, extra_ids=0)
    return _t5(tokenizer), tokenizer


def prostt5(folder):
    _, tokenizer = prott5(folder)
    tokenizer.add_tokens(["<AA2fold>", "<fold2AA>"])
    return _t5(tokenizer), tokenizer


def ankh(folder):
    vocabulary = {token: number for number, token in enumerate([*_T5_SPECIAL, *LETTERS])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    return _t5(tokenizer, feed_forward_proj="gated-gelu"), tokenizer


def protbert(folder):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS]
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(words)}, do_lower_case=False)
    config = BertConfig(
        vocab_size=len(words), hidden_size=Size.width, num_hidden_layers=Size.layers, num_attention_heads=Size.heads, intermediate_size=4 * Size.width,
        max_position_embeddings=2002, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False), tokenizer


def _spaced(sequence):
    return " ".join(re.sub("[UZOB]", "X", sequence))


def _with_unknown_structure(sequence):
    return "".join((residue if residue not in "XUZOB" else "#") + "#" for residue in sequence)


FAMILIES = {
    # maker, how its authors write a protein, special tokens before the residues, whether the last of them is a cls
    "ESM-2": (esm2, str, 1, True),
    "ESM-1b": (esm1b, str, 1, True),
    "SaProt": (saprot, _with_unknown_structure, 1, True),
    "ESM C": (esmc, str, 1, True),
    "ProtT5": (prott5, _spaced, 0, False),
    "ProstT5": (prostt5, lambda sequence: "<AA2fold> " + _spaced(sequence), 1, False),
    "Ankh": (ankh, str, 0, False),
    "ProtBERT": (protbert, _spaced, 1, True),
}


def save(name, folder):
    """Make a random checkpoint of a family, save it, and return the model and its tokenizer."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    model, tokenizer = FAMILIES[name][0](folder)
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms too, so that each one counts
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer
