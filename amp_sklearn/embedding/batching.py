"""Embedding many distinct proteins: batches, windows of long proteins, store, progress."""

import hashlib

import numpy as np
import torch
from tqdm.auto import tqdm

from ..nn.parallel import side_by_side, workers_on
from .long_proteins import LongProteinRule
from .pooling import merge_windows, pool_packed

_BATCHES_PER_WORKER = 4  # at least, so that all end at about the same time
_LEAST_TOKENS = 512  # of a batch that is made small for this; weights are read from memory for each batch

POOLING_VERSION = 1  # part of every store key: a change of pooling must not meet old values


WHOLE = LongProteinRule()


def store_keys(sequences, model, rule):
    """Key of each protein's embedding: digest of everything the values depend on, and of the sequence."""
    whole = f"{model.fingerprint} {model.forward.dtype} {POOLING_VERSION}"
    whole += "" if model.layers is None else f" layers {model.layers}"
    rules = {False: whole, True: f"{whole} windows {rule.max_length} {rule.overlap}"}
    prefixes = {parts: hashlib.sha256(text.encode()).digest()[:16] for parts, text in rules.items()}
    return [
        prefixes[len(rule.windows(len(sequence))) > 1] + hashlib.sha256(sequence.encode()).digest()
        for sequence in sequences
    ]


def embed_distinct(sequences, model, *, rule=WHOLE, batch_size=32, batch_tokens=4096, store=None, verbose=0):
    """Token vectors of each protein; what the store holds is read, what it lacks is computed and stored.

    Parameters
    ----------
    sequences : list of str
        Distinct, checked protein sequences.
    model : LanguageModel
    rule : LongProteinRule
        Windows of long proteins; by default every protein is embedded whole.
    batch_size : int, default=32
        Proteins computed together at most.
    batch_tokens : int, default=4096
        Tokens computed together at most; a longer protein is a batch of its own.
    store : EmbeddingStore, default=None
    verbose : int, default=0
        Show a progress bar when positive.

    Returns
    -------
    ndarray of shape (n_sequences, n_tokens, d), float32
        Tokens in the order of ``model.tokens``: thirteen where the model has cls and eos.

    Raises
    ------
    ValueError
        If the model gives NaN or infinity.
    EmbeddingStoreError
        If a store that is not optional cannot be used.
    """
    features = np.empty((len(sequences), len(model.tokens), model.width), dtype=np.float32)
    keys = store_keys(sequences, model, rule)
    stored = store.read(keys) if store is not None else {}
    missing = []
    for row, key in enumerate(keys):
        if key in stored and stored[key].size == features[row].size:
            features[row] = stored[key].reshape(features.shape[1:])
        else:
            missing.append(row)
    # Longest first: a protein too large for the memory shows itself at once, and equal lengths are neighbours.
    missing.sort(key=lambda row: (-len(sequences[row]), sequences[row]))
    label = f"embedding {len(missing):,} of {len(sequences):,} proteins"
    n_residues = sum(len(sequences[row]) for row in missing)
    hidden = not verbose or not missing
    with tqdm(total=n_residues, desc=label, unit="residue", unit_scale=True, disable=hidden) as progress:
        n_workers = workers_on(model.forward.device)
        share = max(n_residues // (_BATCHES_PER_WORKER * n_workers), _LEAST_TOKENS)
        limit = batch_tokens if n_workers == 1 else min(batch_tokens, share)
        batches = list(_batches(missing, sequences, batch_size, limit))
        work = [[sequences[row] for row in batch] for batch in batches]
        results = side_by_side(
            lambda members: _embed_batch(members, model, rule, batch_tokens),
            work,
            [sum(map(len, members)) for members in work],
            n_workers,
        )
        for batch, members, computed in zip(batches, work, results, strict=True):
            _refuse_not_finite(computed, members)
            features[batch] = computed
            if store is not None:
                store.write({keys[row]: features[row] for row in batch})
            progress.update(sum(map(len, members)))
    return features


def _refuse_not_finite(features, sequences):
    """Raise if the model gave numbers that are none, which no later step could use and no store may keep."""
    bad = ~np.isfinite(features).all(axis=(1, 2))
    if bad.any():
        example = sequences[int(bad.argmax())]
        raise ValueError(
            f"the language model gave NaN or infinity for {bad.sum()} of {len(bad)} proteins of a batch, such as "
            f"{example[:20]}... of {len(example)} residues; compute with dtype='float32', and check the model's weights"
        )


def _batches(rows, sequences, batch_size, batch_tokens):
    """Consecutive rows under both limits, at least one row each."""
    batch: list[int] = []
    n_tokens = 0
    for row in rows:
        tokens = len(sequences[row]) + 2
        if batch and (len(batch) == batch_size or n_tokens + tokens > batch_tokens):
            yield batch
            batch, n_tokens = [], 0
        batch.append(row)
        n_tokens += tokens
    if batch:
        yield batch


def _embed_batch(sequences, model, rule, batch_tokens):
    hidden = hidden_states(sequences, model, rule, batch_tokens)
    return pool_packed(hidden, [len(sequence) for sequence in sequences], model.ends).cpu().numpy()


def hidden_states(sequences, model, rule, batch_tokens):
    """Hidden states of whole proteins, at the layers of the model; those of long proteins are averages over their windows.

    Parameters
    ----------
    sequences : list of str
    model : LanguageModel
    rule : LongProteinRule
    batch_tokens : int
        Tokens of windows computed together at most.

    Returns
    -------
    Tensor of shape (n_tokens, d), float32
        Packed: each protein as ``<cls>``, its residues, ``<eos>``; where the model has none, ``model.ends`` says so.
    """
    lengths = [len(sequence) for sequence in sequences]
    windows = [(protein, start, stop) for protein, n in enumerate(lengths) for start, stop in rule.windows(n)]
    if len(windows) == len(sequences):
        return model.hidden([model.encode(sequence) for sequence in sequences])
    tokens = [model.encode(sequences[protein][start:stop]) for protein, start, stop in windows]
    per_pass = max(batch_tokens // (rule.max_length + 2), 1)
    passes = [model.hidden(tokens[first : first + per_pass]) for first in range(0, len(tokens), per_pass)]
    return merge_windows(torch.cat(passes), lengths, windows, model.ends)
