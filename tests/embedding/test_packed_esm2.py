"""The packed forward pass: its shortcuts against the plain way, workers, precision of the hardware."""

import contextlib
import itertools
import threading

import numpy as np
import pytest
import torch
from torch.nn import functional

from amp_sklearn.embedding import ESM2Embedder, batching, dtypes
from amp_sklearn.embedding.dtypes import resolve_dtype
from amp_sklearn.embedding.language_model import load_language_model
from amp_sklearn.nn import parallel

RNG = np.random.default_rng(0)
SEQUENCES = ["".join(RNG.choice(list("ACDEFGHIKLMNPQRSTVWY"), RNG.integers(1, 120))) for _ in range(30)]


@pytest.fixture
def model(tiny_esm2):
    return load_language_model(tiny_esm2, device="cpu")


def tokens(model, n=12):
    return [model.encode(sequence) for sequence in sorted(SEQUENCES[:n], key=len)]


def attention_by_the_textbook(query, key, value, ends_q, ends_k, longest_q, longest_k, num_splits):
    """What ``torch.nn.attention.varlen.varlen_attn`` computes, sequence by sequence."""
    assert ends_q.dtype == torch.int32 and ends_q is ends_k and longest_q == longest_k and num_splits == 1
    out = torch.empty_like(value)
    for start, stop in itertools.pairwise(ends_q):
        assert stop - start <= longest_q
        q, k, v = (x[start:stop].transpose(0, 1) for x in (query, key, value))
        weights = functional.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1)
        out[start:stop] = (weights @ v).transpose(0, 1)
    return out


def test_attention_in_groups_equals_attention_of_sequences_of_any_length(model, monkeypatch):
    expected = model.forward(tokens(model))
    monkeypatch.setattr(model.forward, "varlen_attention", attention_by_the_textbook)
    torch.testing.assert_close(model.forward(tokens(model)), expected, rtol=0, atol=1e-5)


def test_rotary_positions_equal_their_definition(model):
    """Half of a head's dimensions turns against the other half, dimension i by ``position / 10000^(2i/D)``."""
    forward = model.forward
    heads, half = forward.n_heads, forward.head_width // 2
    pairs = torch.randn(7, 3, heads, half, 2, generator=torch.Generator().manual_seed(0))
    first, second = pairs.unbind(-1)
    angle = torch.arange(7.0)[:, None] / 10000 ** (torch.arange(half) / half)
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    expected = torch.stack([first * cos - second * sin, second * cos + first * sin], dim=-1)
    expected[:, 2] = pairs[:, 2]  # values have no position
    turns = torch.polar(torch.ones_like(angle), angle)[:, None, None]
    found = forward._turned(pairs.reshape(7, -1).clone(), turns)
    torch.testing.assert_close(found, expected.flatten(-2), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_close_and_pooled_in_single(tiny_esm2, dtype):
    pair = [SEQUENCES[:2]]
    full = ESM2Embedder(tiny_esm2, store=None, device="cpu").fit(pair).embed(SEQUENCES)
    half = ESM2Embedder(tiny_esm2, store=None, device="cpu", dtype=dtype).fit(pair).embed(SEQUENCES)
    assert half.dtype == np.float32
    assert 0 < np.abs(half - full).max() < 0.05 * np.abs(full).max()
    assert len(np.unique(half[:, -1])) > 0.9 * half[:, -1].size  # means are not rounded to half precision


def test_workers_change_no_bit_and_leave_the_number_of_threads(model, monkeypatch):
    settings = {"batch_size": 4, "batch_tokens": 200}
    expected = batching.embed_distinct(SEQUENCES, model, **settings)
    before, names, compute = torch.get_num_threads(), set(), batching._embed_batch

    def watched(*arguments):
        names.add((threading.current_thread().name, torch.get_num_threads()))
        return compute(*arguments)

    monkeypatch.setattr(batching, "_embed_batch", watched)
    try:
        torch.set_num_threads(3)
        found = batching.embed_distinct(SEQUENCES, model, **settings)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found, expected)
    assert names and all(name.startswith("ThreadPool") and n_threads == 1 for name, n_threads in names)


def test_batches_of_workers_are_small_and_end_together(model, monkeypatch):
    seen, compute = [], batching._embed_batch
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(parallel, "threads_per_worker", lambda n: contextlib.nullcontext())
    monkeypatch.setattr(batching, "_embed_batch", lambda *a: seen.append(a[0]) or compute(*a))
    sequences = [sequence * 10 for sequence in SEQUENCES]
    n_residues = sum(map(len, sequences))
    batching.embed_distinct(sequences, model, batch_tokens=10**6)
    assert len(seen) >= 8
    assert all(len(batch) == 1 or sum(map(len, batch)) <= max(512, n_residues / 8) for batch in seen)


def test_a_long_protein_is_not_left_to_one_worker(model, monkeypatch):
    monkeypatch.setattr(parallel, "ThreadPoolExecutor", None)  # would fail if it were called
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(batching, "_embed_batch", lambda *a: np.zeros((len(a[0]), 13, model.width)))
    batching.embed_distinct(["A" * 900, "C" * 30], model)


def test_an_error_in_a_worker_is_raised(model, monkeypatch):
    def broken(*arguments):
        raise MemoryError("no room")

    monkeypatch.setattr(batching, "_embed_batch", broken)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    with pytest.raises(MemoryError, match="no room"):
        batching.embed_distinct(SEQUENCES, model, batch_size=2)


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": True}, torch.bfloat16),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": False}, torch.float32),
        ({"cpu_name": "AMD Zen5", "avx512_bf16": True}, torch.bfloat16),
        ({"cpu_name": "AMD Zen2", "avx2": True}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_auto_takes_bfloat16_where_the_cpu_gains_from_it(cpu, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: cpu, raising=False)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    assert resolve_dtype("auto", torch.device("cpu")) is expected
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    assert resolve_dtype("auto", torch.device("cpu")) is torch.float32
    assert not dtypes._cpu_gains_from_bfloat16()


def test_flash_attention_needs_a_gpu_and_half_precision():
    from amp_sklearn.embedding.packed_esm2 import _find_varlen_attention

    assert _find_varlen_attention(torch.device("cpu"), torch.bfloat16, 4, 8) is None
    assert _find_varlen_attention(torch.device("cuda"), torch.float32, 4, 8) is None
