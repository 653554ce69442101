"""ESM2Embedder against the published extraction, transformers, and its own promises."""

import itertools
import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoTokenizer, EsmConfig, EsmModel

from amp_sklearn.data import PROTEIN_TOKENS, PairMatrix, segment_bounds
from amp_sklearn.data.sequences import RESIDUES
from amp_sklearn.embedding import ESM2Embedder
from amp_sklearn.embedding.long_proteins import LongProteinRule
from amp_sklearn.exceptions import ModelLoadError, SequenceError

PAIR = [["MKTAYIAKQRQISFVKSHFSRQ", "MVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHF"]]
PUBLISHED_TOKENS = ("cls", "eos", "mean", *(f"segment{i}" for i in range(10)))


def proteins(n, seed=0, longest=60):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), rng.integers(1, longest))) for _ in range(n)]


@pytest.fixture(scope="module")
def published(tiny_esm2):
    """Sequences that our readers accept and their published features, tokens in our order."""
    entries = json.loads((tiny_esm2.parent / "sequences.json").read_text())
    features = np.load(tiny_esm2.parent / "features.npz")["features_bs1"].reshape(len(entries), 13, -1)
    rows = [row for row, entry in enumerate(entries) if set(entry["Sequence"]) <= set(RESIDUES)]
    order = [PUBLISHED_TOKENS.index(token) for token in PROTEIN_TOKENS]
    return [entries[row]["Sequence"] for row in rows], features[rows][:, order]


@pytest.mark.parametrize("batch_size", [1, 8, 32])
def test_equals_published_features(tiny_esm2, published, batch_size):
    sequences, expected = published
    assert min(map(len, sequences)) == 1 and max(map(len, sequences)) == 1203
    embedder = ESM2Embedder(tiny_esm2, batch_size=batch_size, store=None).fit(PAIR)
    np.testing.assert_allclose(embedder.embed(sequences), expected, rtol=0, atol=1e-5)  # measured: 2.9e-6


def test_equals_transformers_on_the_bundled_model():
    from amp_sklearn.embedding.language_model import _BUNDLED_FOLDER

    reference = EsmModel.from_pretrained(_BUNDLED_FOLDER, add_pooling_layer=False, dtype=torch.float32).eval()
    tokens = AutoTokenizer.from_pretrained(_BUNDLED_FOLDER)(PAIR[0][1], return_tensors="pt")
    with torch.no_grad():
        hidden = reference(**tokens).last_hidden_state[0].numpy()
    ours = ESM2Embedder(store=None).fit(PAIR).embed(PAIR[0])[1]
    np.testing.assert_allclose(ours[0], hidden[0], atol=1e-5)
    np.testing.assert_allclose(ours[1], hidden[1:6].mean(0), atol=1e-5)  # 47 residues: segment0 holds five
    np.testing.assert_allclose(ours[-1], hidden[1:-1].mean(0), atol=1e-5)


def test_a_protein_does_not_depend_on_its_batch(tiny_esm2):
    sequences = proteins(40)
    embedder = ESM2Embedder(tiny_esm2, store=None, batch_size=16).fit(PAIR)
    together = embedder.embed(sequences)
    alone = np.concatenate([embedder.embed([sequence]) for sequence in sequences])
    np.testing.assert_array_equal(together, alone)


def test_each_distinct_sequence_is_embedded_once(tiny_esm2, tmp_path, embedded_proteins):
    sequences = proteins(12)
    rng = np.random.default_rng(0)
    X = np.array(sequences, dtype=object)[rng.integers(0, 12, (50, 2))]
    embedder = ESM2Embedder(tiny_esm2, store=tmp_path).fit(X)
    first = embedder.transform(X)
    assert isinstance(first, PairMatrix) and first.shape == (50, 26 * 32)
    assert embedded_proteins.count == len(set(X.ravel()))
    np.testing.assert_array_equal(np.asarray(embedder.transform(X)), np.asarray(first))
    ESM2Embedder(tiny_esm2, store=tmp_path).fit_transform(X[::-1])
    assert embedded_proteins.count == len(set(X.ravel()))


def test_the_store_tells_weights_precisions_and_windows_apart(tiny_esm2, tmp_path, embedded_proteins):
    changed = EsmModel.from_pretrained(tiny_esm2, add_pooling_layer=False)
    with torch.no_grad():
        changed.encoder.layer[0].output.dense.bias[0] += 1
    changed.save_pretrained(tmp_path / "changed")
    AutoTokenizer.from_pretrained(tiny_esm2).save_pretrained(tmp_path / "changed")
    windows = {"max_length": 16, "long_proteins": "window"}
    variants = [
        ESM2Embedder(tiny_esm2),
        ESM2Embedder(tmp_path / "changed"),
        ESM2Embedder(tiny_esm2, dtype="bfloat16"),
        ESM2Embedder(tiny_esm2, **windows),
        ESM2Embedder(tiny_esm2, **windows, window_overlap=0),
    ]
    results = [variant.set_params(store=tmp_path / "store").fit(PAIR).embed(PAIR[0]) for variant in variants]
    assert embedded_proteins.count == 2 * len(variants)
    for i, one in enumerate(results):
        for other in results[:i]:
            assert np.abs(one - other).max() > 1e-4


def test_windows_average_each_residue(tiny_esm2):
    sequence = proteins(1, seed=3, longest=200)[0]
    length, window, overlap = len(sequence), 20, 5
    embedder = ESM2Embedder(
        tiny_esm2, max_length=window, long_proteins="window", window_overlap=overlap, store=None
    ).fit(PAIR)
    whole = ESM2Embedder(tiny_esm2, store=None).fit(PAIR)
    model = whole.language_model()
    sums, counts, ends = np.zeros((length, 32)), np.zeros(length), []
    for start, _ in LongProteinRule(window, "window", overlap).windows(length):
        hidden = model.forward([model.encode(sequence[start : start + window])]).numpy()
        sums[start : start + window] += hidden[1:-1]
        counts[start : start + window] += 1
        ends.append(hidden[[0, -1]])
    residues = sums / counts[:, None]
    ours = embedder.embed([sequence])[0]
    np.testing.assert_allclose(ours[-1], residues.mean(0), atol=1e-5)
    np.testing.assert_allclose(ours[[0, 11]], np.mean(ends, axis=0), atol=1e-5)
    short = proteins(3, longest=window)
    np.testing.assert_array_equal(embedder.embed(short), whole.embed(short))


@pytest.mark.parametrize(
    ("length", "window", "overlap"), [(5, 10, 3), (10, 10, 0), (11, 10, 9), (97, 10, 3), (100, 10, 0)]
)
def test_windows_cover_a_protein(length, window, overlap):
    windows = LongProteinRule(window, "window", overlap).windows(length)
    starts = [start for start, _ in windows]
    assert all(stop - start == min(window, length) for start, stop in windows)
    covered = np.zeros(length, dtype=int)
    for start in starts:
        covered[start : start + window] += 1
    assert covered.min() >= 1 and starts[0] == 0 and (length <= window or starts[-1] + window == length)
    assert all(later - earlier <= window - overlap for earlier, later in itertools.pairwise(starts))


def test_long_proteins_are_never_cut_in_silence(tiny_esm2):
    X = pd.DataFrame({"sequence_a": ["MKV"], "sequence_b": ["M" * 30]})
    X.index = pd.MultiIndex.from_tuples([("P1", "P2")], names=["protein_a", "protein_b"])
    with pytest.raises(SequenceError, match=r"1 of 2 proteins .* max_length=20 .*P2 \(row 0\), has 30"):
        ESM2Embedder(tiny_esm2, max_length=20).fit(X)
    cutting = ESM2Embedder(tiny_esm2, max_length=20, long_proteins="truncate", store=None)
    with pytest.warns(UserWarning, match="first 20 residues"):
        truncated = cutting.fit(X).transform(X)
    X["sequence_b"] = "M" * 20
    np.testing.assert_array_equal(truncated, ESM2Embedder(tiny_esm2, store=None).fit_transform(X))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("MJT", r"P2 \(row 0\): 'J' at 2"),
        ("", r"P2 \(row 0\): is empty"),
        (None, "is missing"),
        (3, "is not text"),
    ],
)
def test_bad_sequences_are_named(tiny_esm2, cell, message):
    X = pd.DataFrame({"sequence_a": ["MKV"], "sequence_b": [cell]}, dtype=object)
    X.index = pd.MultiIndex.from_tuples([("P1", "P2")], names=["protein_a", "protein_b"])
    with pytest.raises(SequenceError, match=message):
        ESM2Embedder(tiny_esm2).fit(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"long_proteins": "cut"}, "'long_proteins' parameter of ESM2Embedder must be a str among"),
        (
            {"batch_size": 0},
            r"'batch_size' parameter of ESM2Embedder must be an int in the range \[1, inf\). Got 0",
        ),
        ({"max_length": 10, "window_overlap": 10}, "window_overlap must lie in"),
        ({"dtype": "int8"}, "'dtype' parameter of ESM2Embedder must be"),
        ({"model": "no/such-model"}, "cannot load the protein language model 'no/such-model'"),
    ],
)
def test_bad_parameters_are_named(tiny_esm2, parameters, message):
    with pytest.raises(ValueError, match=message):
        ESM2Embedder(**{"model": tiny_esm2} | parameters).fit(PAIR)


def test_incomplete_weights_are_refused(tiny_esm2, tmp_path):
    config = EsmConfig.from_pretrained(tiny_esm2)
    weights = EsmModel(config, add_pooling_layer=False)
    state = {name: tensor for name, tensor in weights.state_dict().items() if "layer.1.output" not in name}
    weights.save_pretrained(tmp_path, state_dict=state)
    AutoTokenizer.from_pretrained(tiny_esm2).save_pretrained(tmp_path)
    with pytest.raises(ModelLoadError, match="holds no weights for 2 parameters"):
        ESM2Embedder(tmp_path).fit(PAIR)


def test_changed_weights_under_the_same_name_are_refused(tiny_esm2, tmp_path):
    model = EsmModel.from_pretrained(tiny_esm2, add_pooling_layer=False)
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_esm2).save_pretrained(tmp_path)
    embedder = ESM2Embedder(tmp_path, store=None).fit(PAIR)
    with torch.no_grad():
        model.encoder.emb_layer_norm_after.bias += 1
    model.save_pretrained(tmp_path)
    with pytest.raises(ModelLoadError, match="have changed since fit"):
        embedder.transform(PAIR)


def test_two_columns_are_expected(tiny_esm2):
    with pytest.raises(ValueError, match="two columns"):
        ESM2Embedder(tiny_esm2).fit([["MKV", "MKV", "MKV"]])


def test_pickle_holds_no_weights_and_gives_equal_features_in_a_new_process(tiny_esm2, tmp_path):
    embedder = ESM2Embedder(tiny_esm2, store=None).fit(PAIR)
    data = pickle.dumps(embedder)
    assert len(data) < 3000
    (tmp_path / "embedder.pickle").write_bytes(data)
    script = (
        "import pickle, sys, numpy as np; e = pickle.load(open(sys.argv[1], 'rb'));"
        f"np.save(sys.argv[2], e.transform({PAIR!r}))"
    )
    subprocess.run(
        [sys.executable, "-c", script, tmp_path / "embedder.pickle", tmp_path / "out.npy"], check=True
    )
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), np.asarray(embedder.transform(PAIR)))


def test_pandas_output_names_every_column(tiny_esm2):
    X = pd.DataFrame(PAIR, columns=["sequence_a", "sequence_b"])
    embedder = ESM2Embedder(tiny_esm2, store=None)
    frame = embedder.set_output(transform="pandas").fit_transform(X)
    assert frame.shape == (1, 26 * 32) and frame.columns[32] == "A_segment0_0"
    np.testing.assert_array_equal(
        frame.to_numpy(), np.asarray(embedder.set_output(transform="default").transform(X))
    )


REAL_MODEL = "facebook/esm2_t6_8M_UR50D"


def test_real_weights_give_the_values_published_for_them():
    """Mean of the mean-pooled embedding of six peptides, as the seqme project's tests state it (BSD-3)."""
    try:
        embedder = ESM2Embedder(REAL_MODEL, store=None).fit(PAIR)
    except ModelLoadError:
        pytest.skip(f"{REAL_MODEL} is not in the local Hugging Face cache and cannot be downloaded here")
    peptides = [
        "RVKRVWPLVIRTVIAGYNLYRAIKKK", "RKRIHIGPGRAFYTT", "DSHAKRHHGYKRKFHEKHHSHRGY", "ENREVPPGFTALIKTLRKCKII",
        "NLVSGLIEARKYLEQLHRKLKNCKV", "FLPKTLRKFFARIRGGRAAVLNALGKEEQIGRASNSGRKCARKKK",
    ]  # fmt: skip
    expected = [-0.01061969, -0.01052918, -0.01140676, -0.00957893, -0.00982053, -0.0104174]
    np.testing.assert_allclose(embedder.embed(peptides)[:, -1].mean(1), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{}, {"max_length": 9, "long_proteins": "window"}, {"max_length": 9, "long_proteins": "truncate"}],
)
@pytest.mark.filterwarnings("ignore:.*Only their first")
def test_single_proteins_need_no_fit_and_are_means_of_their_residues(tiny_esm2, settings):
    sequences = {"P1": "MKTAYIAKQRQISFVKSHF", "P2": "MVLSPADKTNVKAA"}
    embedder = ESM2Embedder(tiny_esm2, store=None, **settings)
    tokens = embedder.embed(sequences)
    X = embedder.fit_transform([list(sequences.values())])
    np.testing.assert_array_equal(tokens.reshape(1, -1), np.asarray(X))
    for vectors, state, kept in zip(
        tokens,
        embedder.residue_states(sequences.values()),
        embedder.residues_embedded(sequences.values()),
        strict=True,
    ):
        assert len(state) == len(kept)
        np.testing.assert_allclose(vectors[-1], state.mean(axis=0), atol=1e-5)
        for token, (start, end) in zip(vectors[1:11], segment_bounds(len(kept)), strict=True):
            expected = state[start:end].mean(axis=0) if end > start else np.zeros_like(token)
            np.testing.assert_allclose(token, expected, atol=1e-5)
