"""Embedding of proteins on Dask: each block of proteins becomes a shard, and one process merges shards into the store."""

import os
import platform
import shutil
from pathlib import Path

from sklearn.base import clone

from ..data import read_fasta
from ..embedding import EmbeddingStore
from ..embedding.store import open_store
from .client import check_client, shared_file

PROTEINS_OF_SHARD = 256


def embed_on_dask(client, embedder, proteins, shards, *, block_size=PROTEINS_OF_SHARD):
    """Embed all proteins of a FASTA file on Dask's workers, into the embedder's store.

    Proteins are taken in numbered blocks. A worker reads its block from the file and writes its embeddings as a shard, a
    small store of its own, which gets its name when it is complete and is never changed. The calling process merges
    shards into the store as they come, so that one process alone writes there. A worker that is killed costs the block
    that it had; a call that is interrupted finds its finished shards when it is repeated.

    Parameters
    ----------
    client : dask.distributed.Client
    embedder : ESM2Embedder or ProteinLanguageModelEmbedder
        Its ``model`` must be found by the workers. Its ``store`` is that of the calling process, and not None.
    proteins : path-like
        FASTA file that workers can open under the same path.
    shards : path-like
        Folder that workers and the calling process share; shards are removed when they are merged.
    block_size : int, default=256
        Proteins of a shard.

    Returns
    -------
    int
        Number of shards that were merged.

    Raises
    ------
    TypeError
        If ``client`` is no client, or ``proteins`` no path.
    FileNotFoundError
        If the file is not there.
    ValueError
        If the embedder keeps no store, or ``block_size`` is less than 1.

    Examples
    --------
    >>> from dask.distributed import Client, LocalCluster  # doctest: +SKIP
    >>> client = Client(LocalCluster(n_workers=2, threads_per_worker=1))  # doctest: +SKIP
    >>> embed_on_dask(client, ESM2Embedder("esm2-mini"), "proteome.fasta", "shards")  # doctest: +SKIP
    18
    """
    check_client(client)
    path, folder = shared_file(proteins, "proteins"), Path(shards).absolute()
    if block_size < 1:
        raise ValueError(f"block_size must be at least 1, got {block_size!r}")
    store = open_store(embedder.store)
    if store is None:
        raise ValueError("the embedder has store=None and keeps nothing; give it a store")
    folder.mkdir(parents=True, exist_ok=True)
    n_blocks = -(-len(read_fasta(path)) // block_size)
    settings = clone(embedder).set_params(store=None)
    from dask.distributed import as_completed

    tasks = [
        client.submit(_embed_block, settings, str(path), number, block_size, str(folder), pure=False)
        for number in range(n_blocks)
    ]
    try:
        for task in as_completed(tasks):
            shard = EmbeddingStore(task.result())
            store.write(shard.read(shard.keys()))
            shard.close()
            shutil.rmtree(shard.path)
    finally:
        client.cancel(tasks)
    return n_blocks


def _embed_block(embedder, proteins, number, block_size, folder):
    """Write the shard of a block, unless it is there; its path."""
    shard = Path(folder) / f"shard-{number:06d}"
    if not shard.exists():
        some = dict(list(read_fasta(proteins).items())[number * block_size : (number + 1) * block_size])
        partial = shard.with_name(f".{shard.name}.{platform.node()}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        own = EmbeddingStore(partial)
        embedder.set_params(store=partial).embed(some)
        own.close()
        try:
            os.replace(partial, shard)
        except OSError:  # another worker was faster
            shutil.rmtree(partial, ignore_errors=True)
            if not shard.exists():
                raise
    return str(shard)
