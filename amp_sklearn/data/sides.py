"""Two kinds of protein in a set of pairs, such as host and virus: found in the pairs, or stated."""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, connected_components

from .pair_matrix import PairMatrix
from .sequence_pairs import pair_ids, sequence_cells

_EVIDENCE = 20  # coincidences, each of probability one half, that chance would need


def find_sides(pairs):
    """Side of each protein, where every pair joins one of either side.

    Two signs count: no protein stands in both columns, or no cycle of pairs has an odd number of them. Either is taken
    where chance would need twenty coincidences for it; small or sparse sets therefore have no sides.

    Parameters
    ----------
    pairs : ndarray of int of shape (n_pairs, 2)
        Numbers of interacting proteins, from 0 without gaps.

    Returns
    -------
    ndarray of int of shape (n_proteins,) or None
        0 or 1, side 0 that of the first column; None where the pairs do not show two kinds of protein.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import find_sides
    >>> pairs = np.array([(virus, host) for virus in range(4) for host in range(4, 14)])
    >>> find_sides(pairs).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    >>> find_sides(np.array([(0, 1), (1, 2), (0, 2)])) is None
    True
    """
    pairs = np.asarray(pairs, dtype=np.int64)
    if not len(pairs) or (pairs[:, 0] == pairs[:, 1]).any():
        return None
    n = int(pairs.max()) + 1
    distinct = np.unique(np.sort(pairs, axis=1), axis=0)
    in_column = np.array([np.bincount(pairs[:, column], minlength=n) > 0 for column in (0, 1)])
    degree = np.bincount(distinct.ravel(), minlength=n)
    if not in_column.all(axis=0).any() and (degree - 1)[degree > 0].sum() >= _EVIDENCE:
        return in_column[1].astype(int)
    ends = np.concatenate([distinct, distinct[:, ::-1]])
    graph = sparse.csr_matrix((np.ones(len(ends)), ends.T), shape=(n, n))
    n_parts, part = connected_components(graph, directed=False)
    if len(distinct) - n + n_parts < _EVIDENCE:
        return None
    side = np.full(n, -1)
    for start in np.unique(part, return_index=True)[1]:
        order, before = breadth_first_order(graph, start, directed=False)
        side[start] = 0
        for protein in order[1:]:
            side[protein] = 1 - side[before[protein]]
    if (side[distinct[:, 0]] == side[distinct[:, 1]]).any():
        return None
    # parts of the graph are turned so that most of their pairs have side 0 in the first column
    in_first = np.bincount(part[pairs[:, 0]], weights=side[pairs[:, 0]] * 2 - 1, minlength=n_parts)
    return np.where(in_first[part] > 0, 1 - side, side)


def sides_of_pairs(X, pairs, sides):
    """Side of each protein of a table of pairs, found or stated; every pair has one protein of either.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_pairs, 2), or PairMatrix
        The table.
    pairs : ndarray of int of shape (n_pairs, 2)
        Numbers of its proteins, from 0 without gaps.
    sides : "auto", None, dict or Series
        ``"auto"`` finds them, see `find_sides`; None says that there is one kind; a mapping names the side of each
        protein, by sequence or id.

    Returns
    -------
    ndarray of int of shape (n_proteins,) or None
        0 or 1, side 0 the one that most first columns hold; None for one kind of protein.

    Raises
    ------
    ValueError
        If the mapping lacks a protein, or does not have two sides, or a pair has both proteins on one.
    TypeError
        If a mapping is given for a pair matrix, which holds neither sequences nor ids.
    """
    if sides is None:
        return None
    if isinstance(sides, str):
        if sides != "auto":
            raise ValueError(f"sides must be 'auto', None or a mapping from protein to side, got {sides!r}")
        return find_sides(pairs)
    if isinstance(X, PairMatrix):
        raise TypeError(
            "a PairMatrix holds no sequences by which sides could be named; pass the table of sequences"
        )
    first = np.unique(pairs, return_index=True)[1]
    ids = pair_ids(X)
    stated = stated_sides(
        sides, sequence_cells(X).ravel()[first], None if ids is None else ids.ravel()[first]
    )
    same = np.flatnonzero(stated[pairs[:, 0]] == stated[pairs[:, 1]])
    if len(same):
        raise ValueError(
            f"{len(same):,} of {len(pairs):,} pairs have both proteins on one side, the first in row {same[0]}; leave "
            "them out, or pass sides=None"
        )
    return 1 - stated if stated[pairs[:, 0]].mean() > 0.5 else stated


def stated_sides(sides, proteins, ids):
    """Side of each protein as the user states it.

    Parameters
    ----------
    sides : mapping or Series
        Side of each protein, by cell or id; two different values.
    proteins : sequence
        Cells.
    ids : sequence or None
        Their ids.

    Returns
    -------
    ndarray of int of shape (n_proteins,)

    Raises
    ------
    ValueError
        If a protein has no side, or there are not two.
    """
    found = [sides.get(cell, None if ids is None else sides.get(ids[k])) for k, cell in enumerate(proteins)]
    without = [str(proteins[k] if ids is None else ids[k])[:20] for k, one in enumerate(found) if one is None]
    if without:
        raise ValueError(f"sides lacks {len(without):,} protein(s), such as {', '.join(without[:5])}")
    codes, values = pd.factorize(np.array(found, dtype=object))
    if len(values) != 2:
        raise ValueError(f"sides must name two kinds of protein, got {len(values)}: {list(values[:5])}")
    return codes
