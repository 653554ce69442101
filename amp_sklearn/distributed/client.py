"""What embedding and screening on Dask share: the client, and how many tasks a job is cut into."""

from pathlib import Path

TASKS_PER_WORKER = 4
"""Tasks are several for each worker, so that fast workers take more of them."""


def check_client(client):
    """Refuse what is no client of Dask.

    Raises
    ------
    TypeError
        If ``client`` cannot submit tasks.
    """
    if not (hasattr(client, "submit") and hasattr(client, "nthreads")):
        raise TypeError(
            f"client must be a dask.distributed.Client, got {type(client).__name__}; pip install 'amp-sklearn[dask]' and "
            "give Client('tcp://host:8786') or Client(LocalCluster())"
        )


def shared_file(path, name):
    """Absolute path of a file that workers shall open.

    Raises
    ------
    TypeError
        If it is no path.
    FileNotFoundError
        If there is no such file.
    """
    if not (isinstance(path, str) or hasattr(path, "__fspath__")):
        raise TypeError(
            f"{name} must be the path of a file that all workers can open, got {type(path).__name__}; Dask's workers get "
            "paths, so save it first"
        )
    path = Path(path).absolute()
    if not path.is_file():
        raise FileNotFoundError(f"{name}: there is no file {path}")
    return path


def n_tasks(client, n_pieces):
    """Tasks for a number of pieces of work: `TASKS_PER_WORKER` for each worker that is there, no more than pieces."""
    n_workers = max(len(client.nthreads()), 1)
    return max(min(TASKS_PER_WORKER * n_workers, n_pieces), 1)
