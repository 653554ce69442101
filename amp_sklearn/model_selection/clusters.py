"""Clusters of similar sequences: made by an external program, read from its files, or given by hand."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ..data.pair_matrix import PairMatrix
from ..data.sequence_pairs import pair_ids, protein_numbers, sequence_cells
from ..data.text_files import located, open_text, shown
from ..exceptions import PairTableError
from .cluster_programs import run_program

_CLUSTER_COLUMNS = ("cluster", "representative", "rep")
_MEMBER_COLUMNS = ("member", "protein", "sequence", "id")


def cluster_sequences(sequences, *, identity=0.4, coverage=0.8, program="auto", n_jobs=1):
    """Cluster sequences by identity with MMseqs2 or CD-HIT, whichever is installed.

    MMseqs2 aligns all similar sequences and joins every two that pass both thresholds, directly or through others
    (its connected components, in one step), so that no similar pair that it found is divided. CD-HIT compares each
    sequence to cluster representatives only: two members of different clusters can still be alike.

    Parameters
    ----------
    sequences : sequence of str
        Repeated sequences count once.
    identity : float, default=0.4
        Share of identical residues; CD-HIT needs at least 0.4.
    coverage : float, default=0.8
        Share of both sequences that the alignment must cover. Lower it to join proteins that share a domain.
    program : {"auto", "mmseqs", "cd-hit"}, default="auto"
        ``"auto"`` is MMseqs2, or else CD-HIT.
    n_jobs : int, default=1
        Threads of the program.

    Returns
    -------
    Series of int
        Number of each distinct sequence's cluster, by sequence. Sequences that the program left out, because they
        are too short for it, are clusters of one.

    Raises
    ------
    FileNotFoundError
        If the program is not installed; the message says how to get it, or to go without.
    ValueError
        If a parameter is out of range.
    RuntimeError
        If the program fails; the message ends with what it said.

    References
    ----------
    Steinegger and Söding, Nature Biotechnology 2017, :doi:`10.1038/nbt.3988`.
    Fu et al., Bioinformatics 2012, :doi:`10.1093/bioinformatics/bts565`.
    """
    distinct = list(dict.fromkeys(sequences))
    for name, value in (("identity", identity), ("coverage", coverage)):
        if not 0 < value <= 1:
            raise ValueError(f"{name} must lie above 0 and at most 1, got {value!r}")
    cluster_of = run_program(
        distinct, identity=identity, coverage=coverage, program=program, n_jobs=n_jobs, read=read_clusters
    )
    names = [cluster_of.get(str(k), f"alone {k}") for k in range(len(distinct))]
    return pd.Series(pd.factorize(np.array(names, dtype=object))[0], index=distinct, name="cluster")


def read_clusters(path):
    """Read the clusters that MMseqs2 or CD-HIT wrote.

    Parameters
    ----------
    path : str or path-like
        MMseqs2's table (``..._cluster.tsv``: representative, member) or CD-HIT's list (``.clstr``), gzipped or not.

    Returns
    -------
    Series of str
        Cluster of each member, by id. MMseqs2's clusters are named by their representative, CD-HIT's by number.

    Raises
    ------
    PairTableError
        If a line has neither form, a member stands in several clusters, or the file is damaged; the message names
        the file, and the line where one can be told.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from amp_sklearn.model_selection import read_clusters
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "human_cluster.tsv")
    ...     _ = file.write_text("P1\\tP1\\nP1\\tP2\\nP3\\tP3\\n")
    ...     read_clusters(file).to_dict()
    {'P1': 'P1', 'P2': 'P1', 'P3': 'P3'}
    """
    with open_text(path, PairTableError) as file:
        lines = [line.rstrip("\n") for line in file]
    members, clusters, current = [], [], None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if line.startswith(">Cluster"):
            current = line.removeprefix(">Cluster").strip()
            continue
        if current is not None:  # 0	146aa, >P1... *
            start, end = line.find(">"), line.rfind("...")
            fields = [current, line[start + 1 : end]] if 0 <= start < end else []
        else:
            fields = [field.strip() for field in line.split("\t")]
        if len(fields) != 2 or not all(fields):
            raise located(
                PairTableError,
                "expected 'representative<TAB>member' (MMseqs2) or a member of a '>Cluster' (CD-HIT), "
                f"got {shown(line, 60)}",
                path,
                number,
            )
        clusters.append(fields[0])
        members.append(fields[1])
    if not members:
        raise located(PairTableError, "holds no cluster", path)
    return _unique(pd.Series(clusters, index=members, name="cluster", dtype=object), f"{Path(path).name}: ")


def clusters_of_pairs(X, clusters):
    """Number of the cluster of both proteins of each pair.

    Parameters
    ----------
    X : PairMatrix, DataFrame or array-like of shape (n_pairs, 2)
        Pairs of sequences; ids in the index.
    clusters : mapping, Series, DataFrame or array-like of shape (n_pairs, 2)
        See ``ClusterDisjointKFold``.

    Returns
    -------
    units : ndarray of int of shape (n_pairs, 2)
        Clusters that share a sequence are one.
    weights : ndarray of int of shape (n_units,)
        Distinct proteins in each.

    Raises
    ------
    ValueError
        If a protein has no cluster, or the form of ``clusters`` is none of the above.
    """
    proteins = protein_numbers(X)
    names = _names_of_cells(X, clusters)
    if names.shape != proteins.shape:
        raise ValueError(
            f"clusters given as an array must hold the clusters of both proteins of each pair, shape "
            f"{proteins.shape}, got {names.shape}"
        )
    codes = pd.factorize(names.ravel())[0]
    if (codes < 0).any():
        raise ValueError(f"row {np.flatnonzero(codes < 0)[0] // 2} of X has a protein without a cluster")
    n_proteins = proteins.max(initial=-1) + 1
    n_nodes = n_proteins + codes.max(initial=-1) + 1
    ends = (proteins.ravel(), n_proteins + codes)
    graph = sparse.csr_matrix((np.ones(len(codes)), ends), shape=(n_nodes, n_nodes))
    of_node = connected_components(graph, directed=False)[1]
    units = pd.factorize(of_node[proteins.ravel()])[0].reshape(-1, 2)
    of_protein = np.empty(n_proteins, dtype=int)
    of_protein[proteins.ravel()] = units.ravel()
    return units, np.bincount(of_protein)


def _names_of_cells(X, clusters):
    if isinstance(clusters, pd.DataFrame):
        clusters = _table(clusters)
    elif isinstance(clusters, Mapping):
        clusters = pd.Series(dict(clusters), dtype=object)
    if not isinstance(clusters, pd.Series):
        return np.asarray(clusters, dtype=object)
    if isinstance(X, PairMatrix):
        raise ValueError(
            "a PairMatrix holds no sequences to look up clusters by: split the table of sequences, or pass "
            "clusters as an array of shape (n_pairs, 2)"
        )
    known = _unique(clusters)
    cells = sequence_cells(X)
    ids = pair_ids(X)
    found = pd.Series(cells.ravel()).isin(known.index)
    if not found.all() and ids is not None:
        by_id = pd.Series(ids.ravel()).isin(known.index)
        if by_id.sum() > found.sum():
            cells, found = ids, by_id
    if not found.all():
        missing = list(dict.fromkeys(cells.ravel()[~found.to_numpy()]))
        listed = ", ".join(
            repr(name if len(name) < 24 else name[:20] + "...") for name in map(str, missing[:5])
        )
        raise ValueError(
            f"{len(missing)} of the proteins have no cluster ({listed}{', ...' if len(missing) > 5 else ''}); "
            "clusters must name every sequence of X, or every protein id in its index"
        )
    return known.reindex(cells.ravel()).to_numpy(dtype=object).reshape(cells.shape)


def _table(table):
    """Member to cluster, from named columns or from the two columns as MMseqs2 writes them."""
    lower = {str(name).lower(): name for name in table.columns}
    cluster = next((lower[name] for name in _CLUSTER_COLUMNS if name in lower), None)
    member = next((lower[name] for name in _MEMBER_COLUMNS if name in lower), None)
    if cluster is None or member is None:
        if table.shape[1] != 2:
            raise ValueError(
                "a table of clusters needs the columns 'cluster' and 'member', or two columns in this order, "
                f"got {list(table.columns)}"
            )
        cluster, member = table.columns
    return pd.Series(table[cluster].to_numpy(dtype=object), index=table[member].to_numpy(dtype=object))


def _unique(clusters, where=""):
    """One cluster per member, or an error."""
    repeated = clusters.index.duplicated(keep=False)
    if not repeated.any():
        return clusters
    several = clusters[repeated].groupby(level=0).nunique(dropna=False)
    if (several > 1).any():
        raise PairTableError(
            f"{where}{shown(several.index[several > 1][0])} stands in several clusters; give it one"
        )
    return clusters[~clusters.index.duplicated()]
