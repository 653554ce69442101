"""Embedding many distinct proteins: batches, windows of long proteins, store, progress."""

import hashlib
from contextlib import closing

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

    def compute(members):
        return _embed_batch(members, model, rule, batch_tokens)

    settings = {"batch_size": batch_size, "batch_tokens": batch_tokens, "verbose": verbose}
    with closing(in_batches(compute, missing, sequences, model.forward.device, **settings)) as results:
        for batch, computed in results:
            _refuse_not_finite(computed, [sequences[row] for row in batch])
            features[batch] = computed
            if store is not None:
                store.write({keys[row]: features[row] for row in batch})
    return features


def in_batches(compute, rows, sequences, device, *, batch_size, batch_tokens, verbose=0, at_once=None):
    """``compute`` of batches of proteins, side by side where that is faster, with a progress bar.

    Parameters
    ----------
    compute : callable
        From the sequences of a batch to any result.
    rows : sequence of int
        The proteins that are wanted.
    sequences : list of str
        All proteins.
    device : torch.device
    batch_size, batch_tokens, verbose : int
        As of `embed_distinct`.
    at_once : int, default=None
        Batches whose results may be in memory at the same time; None is all.

    Yields
    ------
    rows : list of int
        Of one batch.
    result : object
        What ``compute`` gave.
    """
    # Longest first: a protein too large for the memory shows itself at once, and equal lengths are neighbours.
    rows = sorted(rows, key=lambda row: (-len(sequences[row]), sequences[row]))
    n_residues = sum(len(sequences[row]) for row in rows)
    n_workers = workers_on(device)
    share = max(n_residues // (_BATCHES_PER_WORKER * n_workers), _LEAST_TOKENS)
    limit = batch_tokens if n_workers == 1 else min(batch_tokens, share)
    batches = list(_batches(rows, sequences, batch_size, limit))
    at_once = at_once or max(len(batches), 1)
    label = f"embedding {len(rows):,} of {len(sequences):,} proteins"
    hidden = not verbose or not rows
    with tqdm(total=n_residues, desc=label, unit="residue", unit_scale=True, disable=hidden) as progress:
        for first in range(0, len(batches), at_once):
            group = batches[first : first + at_once]
            work = [[sequences[row] for row in batch] for batch in group]
            sizes = [sum(map(len, members)) for members in work]
            for batch, size, result in zip(
                group, sizes, side_by_side(compute, work, sizes, n_workers), strict=True
            ):
                yield batch, result
                progress.update(size)


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
