"""Dividing proteins, or clusters of them, into groups such that few pairs fall between two groups."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import check_random_state


def divide(pairs, y, n_groups, *, weights=None, kind=None, n_passes=30, random_state=None):
    """Divide units into groups of about the same weight that keep many pairs of every label inside one group.

    Groups start at random and are then improved by moving one unit at a time where that keeps more pairs of the label
    that is scarcer in a group than among all pairs: the groups grow in the proportion that the labels have as a whole.

    Parameters
    ----------
    pairs : ndarray of int of shape (n_pairs, 2)
        Units (proteins, or clusters of proteins) of each pair, numbered from 0.
    y : array-like of shape (n_pairs,) or None
        Labels.
    n_groups : int
    weights : ndarray of int of shape (n_units,), default=None
        Proteins in each unit; by default one.
    kind : ndarray of int of shape (n_units,), default=None
        Kind of each unit, numbered from 0; the units of each kind are divided into groups of about the same weight.
    n_passes : int, default=30
        Passes over all units; they end early where nothing moves.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    ndarray of int of shape (n_units,)
        Group of each unit.
    """
    n_units = pairs.max() + 1 if len(pairs) else 0
    weights = np.ones(n_units, dtype=int) if weights is None else weights
    kind = np.zeros(n_units, dtype=int) if kind is None else kind
    rng = check_random_state(random_state)
    group, size = _at_random(weights, kind, n_groups, rng)
    largest = [
        max(int(np.ceil(1.05 * of_kind.sum() / n_groups)), of_kind.max(initial=0))
        for of_kind in (weights[kind == k] for k in range(len(size)))
    ]
    labels = np.zeros(len(pairs), dtype=int) if y is None else pd.factorize(np.asarray(y))[0]
    of_label = [pairs[labels == label] for label in np.unique(labels)]
    graphs = [_graph(of_one, n_units) for of_one in of_label]
    inside = np.array([_pairs_within_units(of_one, n_units) for of_one in of_label])
    usual = np.array([[len(of_one) * len(of_label) / len(pairs)] for of_one in of_label])
    for _ in range(n_passes):
        if not _improve(group, size, largest, weights, kind, graphs, inside, usual, rng):
            break
    return group


def _at_random(weights, kind, n_groups, rng):
    """Units in random order, each into the group that has least of its kind so far."""
    group, size = np.empty(len(weights), dtype=int), np.zeros((kind.max(initial=0) + 1, n_groups), dtype=int)
    for unit in rng.permutation(len(weights)):
        group[unit] = size[kind[unit]].argmin()
        size[kind[unit], group[unit]] += weights[unit]
    return group, size


def _improve(group, sizes, largest, weights, kind, graphs, inside, usual, rng):
    """One pass of single moves; returns whether any unit moved."""
    moved, n_groups = False, sizes.shape[1]
    between = np.array([_pairs_within_groups(graph, group, n_groups) for graph in graphs])
    kept = between + [np.bincount(group, weights=own, minlength=n_groups) for own in inside]  # label x group
    worth = _worth(kept, usual)
    links_of = sparse.hstack(graphs, format="csr")
    label, other = np.divmod(links_of.indices, len(group))
    for unit in rng.permutation(len(group)):
        own, size = group[unit], sizes[kind[unit]]
        near = slice(links_of.indptr[unit], links_of.indptr[unit + 1])
        cells = label[near] * n_groups + group[other[near]]
        links = np.bincount(cells, weights=links_of.data[near], minlength=kept.size).reshape(kept.shape)
        links = links + inside[:, [unit]]
        without = kept[:, own] - links[:, own]
        lost = worth[own] - _worth(without[:, None], usual)[0]
        gain = _worth(kept + links, usual) - worth - lost
        gain[(size + weights[unit] > largest[kind[unit]]) | (np.arange(n_groups) == own)] = -np.inf
        target = int(gain.argmax())
        if gain[target] > 1e-9 and size[own] > weights[unit]:
            kept[:, own], kept[:, target] = without, kept[:, target] + links[:, target]
            worth = _worth(kept, usual)
            size[own], size[target] = size[own] - weights[unit], size[target] + weights[unit]
            group[unit], moved = target, True
    return moved


def _worth(kept, usual):
    """Worth of groups that keep so many pairs of each label (labels x groups).

    ``usual`` is the share of each label among all pairs, 1 where all labels are as frequent. The label that is scarcer
    than usual counts, because more of the others would only tilt the class balance of the test; the root makes a pair
    worth more to a small group; all pairs count a little, so that moves do not stop where one label is absent.
    """
    return np.sqrt((kept / usual).min(axis=0)) + 0.01 * np.sqrt(kept.sum(axis=0))


def _graph(pairs, n_units):
    """Symmetric count of pairs between different units."""
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    return sparse.csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_units, n_units))


def _pairs_within_units(pairs, n_units):
    """Pairs of a unit with itself, which go wherever it goes."""
    return np.bincount(pairs[pairs[:, 0] == pairs[:, 1], 0], minlength=n_units).astype(float)


def _pairs_within_groups(graph, group, n_groups):
    """Pairs of different units of one group."""
    edges = graph.tocoo()
    same = group[edges.row] == group[edges.col]
    return np.bincount(group[edges.row[same]], weights=edges.data[same] / 2, minlength=n_groups)
