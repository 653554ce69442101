"""Screening on Dask: workers compute shares of a screen's numbered blocks in one shared folder."""

import os
from pathlib import Path

from ..persistence import load_model
from ..screening import merge_screen, screen
from ..screening.disk_screen import encode_screen
from ..screening.journal import ScreenJournal
from ..screening.screen_result import SUMMARY, ScreenResult
from .client import check_client, n_tasks, shared_file


def screen_on_dask(client, model, proteins, partners=None, out="screen", *, n_parts=None, **options):
    """Score all pairs of a proteome on Dask's workers; the result is that of `screen`, byte for byte on equal processors.

    A worker embeds the proteins first (fastest after `embed_on_dask`, where the store is shared). Then each task computes
    a share of the numbered blocks. Finished blocks are files in the shared folder: a worker that is killed costs the
    block that it had, because the task that is started again goes on there; so does a call that is repeated.

    Parameters
    ----------
    client : dask.distributed.Client
    model : path-like
        File of a fitted model, from `save_model`.
    proteins, partners : path-like
        FASTA files. As ``model``, workers must find them under the same path.
    out : path-like, default="screen"
        Folder that workers and the calling process share.
    n_parts : int, default=None
        Tasks; None is four for each worker. A call that goes on with a screen may use another number.
    **options
        ``threshold``, ``top_k``, ``prefilter``, ``include_self``, ``label``, ``block_size`` and ``random_state`` of `screen`.

    Returns
    -------
    ScreenResult

    Raises
    ------
    TypeError
        If ``client`` is no client, or a file is given as something else than its path.
    FileNotFoundError
        If a file is not there.
    ScreenError, SequenceError, ValueError
        As of `screen`.

    Examples
    --------
    >>> from dask.distributed import Client, LocalCluster  # doctest: +SKIP
    >>> client = Client(LocalCluster(n_workers=2, threads_per_worker=1))  # doctest: +SKIP
    >>> screen_on_dask(client, "model.amp", "proteome.fasta", out="screen", top_k=100)  # doctest: +SKIP
    ScreenResult(folder=PosixPath('screen'))
    """
    check_client(client)
    paths: list[str | None] = [str(shared_file(model, "model")), str(shared_file(proteins, "proteins"))]
    paths.append(None if partners is None else str(shared_file(partners, "partners")))
    folder = Path(out).absolute()
    tasks = [client.submit(_encode, *paths, str(folder), options, pure=False)]
    try:
        tasks[0].result()
        if (folder / SUMMARY).exists():
            return ScreenResult(folder)
        parts = n_parts or n_tasks(client, ScreenJournal(folder).manifest()["n_blocks"])
        tasks += [
            client.submit(_compute, *paths, str(folder), options, (number + 1, parts), pure=False)
            for number in range(parts)
        ]
        client.gather(tasks)
    finally:
        client.cancel(tasks)
    return merge_screen(folder)


def _encode(model, proteins, partners, out, options):
    encode_screen(load_model(model), proteins, partners, out, **options)


def _compute(model, proteins, partners, out, options, part):
    screen(load_model(model), proteins, partners, out, part=part, **options)
    return os.getpid()
