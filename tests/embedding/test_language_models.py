"""ProteinLanguageModelEmbedder against transformers' own forward pass, for every family; what it refuses."""

import json
import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import torch
from sklearn.pipeline import make_pipeline
from transformers import EsmModel, T5Config, T5EncoderModel

from amp_sklearn import (
    ESM2Embedder,
    PairConcatenator,
    ProteinLanguageModelEmbedder,
    TokenMeanClassifier,
    explain,
    load_model,
    save_model,
)
from amp_sklearn.data import PROTEIN_TOKENS, segment_bounds
from amp_sklearn.embedding.families import FAMILIES as KNOWN
from amp_sklearn.exceptions import ModelLoadError, SequenceError, TrainingWarning
from amp_sklearn.explanation import RefusedExplanation
from amp_sklearn.explanation.differentiable_pipeline import DifferentiablePipeline
from amp_sklearn.explanation.model import read_model

pytest.importorskip(
    "transformers", "5.23", reason="the checkpoints are made with classes of transformers 5.23"
)
sys.path.insert(0, str(Path(__file__).parent))
from tiny_models import FAMILIES, LETTERS, save

LENGTHS = (1, 2, 9, 10, 11, 137, 1000, 2000)
PAIR = [["MKTAYIAKQR", "MVLSPADKTN"]]


def proteins(lengths):
    rng = np.random.default_rng(0)
    return ["".join(rng.choice(list(LETTERS), length)) for length in lengths]


@pytest.fixture(scope="module", params=FAMILIES)
def checkpoint(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints") / "model"
    return request.param, folder, *save(request.param, folder)


def by_transformers(name, model, tokenizer, sequence):
    """``cls`` (or None), residues and ``eos`` of one protein, written as the authors of the model write it."""
    _, write, before, has_cls = FAMILIES[name]
    if name == "Ankh":
        inputs = tokenizer(list(sequence), is_split_into_words=True, return_tensors="pt")
    else:
        inputs = tokenizer(write(sequence), return_tensors="pt")
    with torch.no_grad():
        hidden = model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        ).last_hidden_state[0]
    assert len(hidden) == before + len(sequence) + 1
    return hidden[before - 1] if has_cls else None, hidden[before:-1].numpy(), hidden[-1]


def pooled(cls, residues, eos):
    segments = [
        residues[start:stop].mean(0) if stop > start else np.zeros(residues.shape[1])
        for start, stop in segment_bounds(len(residues))
    ]
    return np.stack([*([] if cls is None else [cls]), *segments, eos, residues.mean(0)])


def test_features_are_those_of_transformers(checkpoint):
    name, folder, model, tokenizer = checkpoint
    embedder = ProteinLanguageModelEmbedder(folder, store=None, device="cpu")
    longest = embedder.language_model().longest
    sequences = proteins([length for length in LENGTHS if longest is None or length <= longest])
    one, eight = (embedder.set_params(batch_size=size).embed(sequences) for size in (1, 8))
    states = embedder.residue_states(sequences)
    for row, sequence in enumerate(sequences):
        cls, residues, eos = by_transformers(name, model, tokenizer, sequence)
        np.testing.assert_allclose(states[row], residues, rtol=0, atol=1e-5)
        np.testing.assert_allclose(one[row], pooled(cls, residues, eos), rtol=0, atol=1e-5)
    np.testing.assert_allclose(eight, one, rtol=0, atol=1e-5)


def test_tokens_and_columns_are_those_that_the_family_has(checkpoint):
    name, folder, *_ = checkpoint
    embedder = ProteinLanguageModelEmbedder(folder, store=None, device="cpu")
    features = embedder.fit_transform(PAIR)
    has_cls = FAMILIES[name][3]
    assert features.layout.tokens == PROTEIN_TOKENS[0 if has_cls else 1 :]
    assert features.shape == (1, 2 * len(features.layout.tokens) * 32)
    if not has_cls:
        with pytest.raises(ValueError, match=r"tokens \['cls'\] are not among"):
            PairConcatenator(["cls"]).fit(features)


def test_windows_of_long_proteins(checkpoint):
    _, folder, *_ = checkpoint
    sequence = proteins([50])[0]
    embedder = ProteinLanguageModelEmbedder(
        folder, store=None, device="cpu", max_length=20, long_proteins="window", window_overlap=0
    )
    windows = embedder.long_protein_rule().windows(50)
    sums, counts = np.zeros((50, 32)), np.zeros((50, 1))
    for start, stop in windows:
        sums[start:stop] += embedder.residue_states([sequence[start:stop]])[0]
        counts[start:stop] += 1
    np.testing.assert_allclose(embedder.residue_states([sequence])[0], sums / counts, atol=1e-5)
    np.testing.assert_allclose(embedder.embed([sequence])[0, -1], (sums / counts).mean(0), atol=1e-5)


def test_the_store_keeps_models_apart(tmp_path):
    found = {}
    for name in ("ProtT5", "ProstT5", "ProtBERT"):
        save(name, tmp_path / name)
        embedder = ProteinLanguageModelEmbedder(tmp_path / name, store=tmp_path / "store", device="cpu")
        found[name] = embedder.embed(PAIR[0])
        np.testing.assert_array_equal(embedder.embed(PAIR[0]), found[name])
        without = ProteinLanguageModelEmbedder(tmp_path / name, store=None, device="cpu")
        np.testing.assert_array_equal(without.embed(PAIR[0]), found[name])
    assert len({embedder.tobytes() for embedder in found.values()}) == 3


def test_a_vocabulary_without_the_residues_is_refused(tmp_path):
    save("Ankh", tmp_path)
    path = tmp_path / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"] = {
        token.lower() if token in "LAG" else token: number
        for token, number in tokenizer["model"]["vocab"].items()
    }
    path.write_text(json.dumps(tokenizer))
    with pytest.raises(ModelLoadError, match=r"the vocabulary of .* lacks \['A', 'G', 'L'\]"):
        ProteinLanguageModelEmbedder(tmp_path, store=None).fit(PAIR)


@pytest.mark.parametrize("name", ["ProtT5", "ProtBERT", "ESM C", "SaProt", "ESM-1b"])
def test_the_name_of_a_folder_says_nothing(name, tmp_path):
    """A folder called after ESM-2 that holds another architecture: the special case refuses, the general one is right."""
    folder = tmp_path / "esm2_t33_650M_UR50D"
    model, tokenizer = save(name, folder)
    with pytest.raises(ModelLoadError, match="and not ESM-2; ProteinLanguageModelEmbedder embeds with it"):
        ESM2Embedder(folder, store=None).fit(PAIR)
    found = ProteinLanguageModelEmbedder(folder, store=None, device="cpu").residue_states(PAIR[0][:1])[0]
    _, expected, _ = by_transformers(name, model, tokenizer, PAIR[0][0])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_unknown_types_are_refused_with_those_that_are_known(tmp_path):
    save("ProtBERT", tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "gpt2"}))
    with pytest.raises(ModelLoadError, match="model_type 'gpt2'") as refusal:
        ProteinLanguageModelEmbedder(tmp_path).fit(PAIR)
    assert all(repr(name) in str(refusal.value) for name in KNOWN)


def test_code_beside_a_model_is_neither_run_nor_asked_about(tmp_path, monkeypatch):
    def asked(*arguments):
        raise AssertionError("the user was asked")

    monkeypatch.setattr("builtins.input", asked)
    folder, mark = tmp_path / "model", tmp_path / "the code ran"
    save("ProtBERT", folder)
    (folder / "own.py").write_text(f"open({str(mark)!r}, 'w').close()\nclass Own: pass\n")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": {"AutoModel": "own.Own"}}))
    with pytest.raises(ModelLoadError, match="brings code of its own"):
        ProteinLanguageModelEmbedder(folder, store=None).embed(["MKT"])
    assert not mark.exists()


class Harmful:
    """Unpickled in full, it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickled_weights_are_read_as_numbers_only(tmp_path):
    folder, mark = tmp_path / "model", tmp_path / "the code ran"
    model, _ = save("ProtBERT", folder)
    expected = ProteinLanguageModelEmbedder(folder, store=None).embed(PAIR[0])
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    np.testing.assert_array_equal(ProteinLanguageModelEmbedder(folder, store=None).embed(PAIR[0]), expected)
    torch.save(model.state_dict() | {"extra": Harmful(str(mark))}, folder / "pytorch_model.bin")
    with pytest.raises(ModelLoadError):
        ProteinLanguageModelEmbedder(folder, store=None).embed(PAIR[0])
    assert not mark.exists()
    pickle.loads(pickle.dumps(Harmful(str(mark))))  # it would have
    assert mark.exists()


def test_an_adapter_without_its_base_is_refused(tmp_path):
    save("ProtBERT", tmp_path)
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": "some/other-model", "peft_type": "LORA"})
    )
    with pytest.raises(ModelLoadError, match="adapter"):
        ProteinLanguageModelEmbedder(tmp_path).fit(PAIR)


def test_more_residues_than_positions(tmp_path):
    save("ESM-1b", tmp_path)
    embedder = ProteinLanguageModelEmbedder(tmp_path, store=None, device="cpu")
    long = proteins([1023])[0]
    with pytest.raises(SequenceError, match=r"can read 1022 residues in one piece; row 0 has 1,023"):
        embedder.embed([long])
    with pytest.raises(ValueError, match="max_length=1023 is more than the 1022 residues"):
        embedder.set_params(max_length=1023).embed([long])
    assert embedder.set_params(max_length=1022, long_proteins="window").embed([long]).shape == (1, 13, 32)


def test_precision_that_is_not_safe_is_refused(tmp_path):
    save("ProtT5", tmp_path)
    with pytest.raises(ValueError, match="safe in float32 and bfloat16; got dtype='float16'"):
        ProteinLanguageModelEmbedder(tmp_path, dtype="float16", device="cpu").fit(PAIR)
    full, half = (
        ProteinLanguageModelEmbedder(tmp_path, dtype=dtype, device="cpu", store=None).embed(PAIR[0])
        for dtype in ("float32", "bfloat16")
    )
    assert 0 < np.abs(full - half).max() < 0.1 * np.abs(full).max()


def test_a_sentencepiece_vocabulary_is_read(tmp_path):
    """As ProtT5 and ProstT5 come: a file spiece.model, and no tokenizer.json."""
    folder = tmp_path / "model"
    model, _ = save("ProtT5", folder)
    for file in folder.glob("tokenizer*"):
        file.unlink()
    letters = "ACDEFGHIKLMNPQRSTVWYX"
    text = [" ".join(letters)] * 10
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_prefix=str(folder / "spiece"), vocab_size=24, model_type="word",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
    )  # fmt: skip
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    model = T5EncoderModel(T5Config(**model.config.to_dict() | {"vocab_size": len(pieces)})).eval()
    model.save_pretrained(folder)
    ids = torch.tensor([[*pieces.encode("M K X T A Y"), 1]])
    with torch.no_grad():
        expected = model(ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0, :-1].numpy()
    found = ProteinLanguageModelEmbedder(folder, store=None, device="cpu").residue_states(["MKUTAY"])[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("layer", [-1, 3, -2, 0, [-1, -2], [1, 2, 2]])
def test_layers_are_those_of_transformers(checkpoint, layer):
    name, folder, model, _ = checkpoint
    embedder = ProteinLanguageModelEmbedder(folder, store=None, device="cpu", layer=layer)
    sequence, (_, _, before, _) = proteins([40])[0], FAMILIES[name]
    with torch.no_grad():
        ids = torch.from_numpy(embedder.language_model().encode(sequence))[None]
        hidden = model(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
        ).hidden_states
    assert len(hidden) == 4
    places = [layer] if isinstance(layer, int) else [1, 2] if 1 in layer else layer
    expected = np.mean([hidden[place][0].numpy() for place in places], axis=0)[before : before + 40]
    np.testing.assert_allclose(embedder.residue_states([sequence])[0], expected, rtol=0, atol=1e-5)
    segment = expected[slice(*segment_bounds(40)[3])].mean(0)
    assert np.abs(embedder.embed([sequence])[0] - segment).max(axis=1).min() < 1e-5


def test_layers_of_the_packed_path(tiny_esm2):
    model = EsmModel.from_pretrained(tiny_esm2, add_pooling_layer=False).eval()
    sequences = proteins([1, 30, 600])
    n_layers = model.config.num_hidden_layers
    for layer in range(-n_layers - 1, n_layers + 1):
        embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu", layer=layer)
        states, ids = embedder.residue_states(sequences), embedder.language_model().encode
        for sequence, state in zip(sequences, states, strict=True):
            with torch.no_grad():
                hidden = model(torch.from_numpy(ids(sequence))[None], output_hidden_states=True).hidden_states
            np.testing.assert_allclose(state, hidden[layer][0, 1:-1], rtol=0, atol=1e-5)


def test_the_store_keeps_layers_apart(tiny_esm2, tmp_path, embedded_proteins):
    found = [
        ESM2Embedder(tiny_esm2, store=tmp_path, device="cpu", layer=layer).embed(PAIR[0])
        for layer in (-1, -2, [-1, -2], [-2, -1])
    ]
    assert embedded_proteins.count == 3 * len(PAIR[0])
    np.testing.assert_allclose(found[2], (found[0] + found[1]) / 2, atol=1e-5)
    np.testing.assert_array_equal(found[2], found[3])


@pytest.mark.parametrize("layer", [99, -99, []])
def test_layers_that_there_are_not(tiny_esm2, layer):
    with pytest.raises(ValueError, match="layer must be one or several of"):
        ESM2Embedder(tiny_esm2, store=None, layer=layer).fit(PAIR)


@pytest.mark.parametrize("layer", [-2, [-1, 1]])
def test_gradients_go_through_the_layer_of_the_embedder(tiny_esm2, layer):
    embed = ESM2Embedder(tiny_esm2, store=None, device="cpu", layer=layer)
    classifier = TokenMeanClassifier(max_epochs=1, early_stopping=False, device="cpu", random_state=0)
    X = np.array([PAIR[0], PAIR[0][::-1]] * 3, dtype=object)
    with warnings.catch_warnings(action="ignore", category=TrainingWarning):
        model = make_pipeline(embed, PairConcatenator(), classifier).fit(X, [0, 1] * 3)
    function = DifferentiablePipeline(read_model(model, X))
    with torch.no_grad():
        found = function.tokens(function.embed(PAIR[0][0])[None])[0].numpy()
    np.testing.assert_allclose(found, embed.embed(PAIR[0][:1])[0], rtol=0, atol=1e-5)
    assert (
        explain(model, X[:1], method="esm2_gradients").method == "esm2_gradients"
    )  # it refuses other features


def test_a_pipeline_on_another_language_model_is_saved_and_explained(tmp_path):
    """Down to residues where the method asks the embedder; gradients through the model are ESM-2's alone."""
    save("ProtT5", tmp_path / "model")
    embed = ProteinLanguageModelEmbedder(str(tmp_path / "model"), store=None, device="cpu")
    classifier = TokenMeanClassifier(max_epochs=1, early_stopping=False, device="cpu", random_state=0)
    X = np.array([PAIR[0], PAIR[0][::-1]] * 3, dtype=object)
    with warnings.catch_warnings(action="ignore", category=TrainingWarning):
        model = make_pipeline(embed, PairConcatenator(), classifier).fit(X, [0, 1] * 3)
    save_model(model, tmp_path / "model.zip")
    loaded = load_model(tmp_path / "model.zip")
    np.testing.assert_allclose(loaded.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-6)
    found = explain(model, X[:2], method="residue_gradients")
    assert [len(values) for values in found.residues(0)] == [10, 10]
    with pytest.raises(RefusedExplanation, match="gradients are carried through ESM-2 only"):
        explain(model, X[:1], method="esm2_gradients")
