"""Exact path-dependent TreeSHAP as an integral, many rows at a time.

Averaged over all orders of the features, the Shapley value of feature i in one leaf is

    value * (o_i - z_i) * integral over t in 0..1 of the product over j != i of (z_j + t * (o_j - z_j))

where, for the features on the path to the leaf, o_j is 1 if the row satisfies all its splits on j and 0
otherwise, and z_j is the share of training rows that do. The integrand is a polynomial in t, so
Gauss-Legendre quadrature with half as many nodes as there are features on the longest path is exact.
Products over a path are built downwards and sums over leaves upwards, so that a tree costs (nodes x
quadrature points) per row.
"""

from dataclasses import dataclass

import numba
import numpy as np

_LANES = 16
"""Rows swept together; the inner loops over them become vector instructions."""


@dataclass(frozen=True)
class PreparedTree:
    """One tree as arrays over its nodes; a node stands for the edge that leads to it.

    Parameters
    ----------
    parent, feature : ndarray of int
        Parent node, and the feature that the edge from it asks about.
    threshold : ndarray of float
        Bound of that question.
    goes_left : ndarray of bool
        Whether the edge is taken for values up to the bound.
    above : ndarray of int
        Nearest node further up whose edge asks about the same feature, or -1.
    share : ndarray of float
        Share of training rows that satisfy all questions about the feature down to here.
    value : ndarray of float
        Contribution of a leaf to the probability of the class; 0 for inner nodes.
    is_leaf : ndarray of bool
    points, weights : ndarray of float
        Quadrature on 0..1.
    left, right : ndarray of int
        Children, -1 at leaves.
    longest : int
        Features on the longest path.
    """

    parent: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    goes_left: np.ndarray
    above: np.ndarray
    share: np.ndarray
    value: np.ndarray
    is_leaf: np.ndarray
    points: np.ndarray
    weights: np.ndarray
    left: np.ndarray
    right: np.ndarray
    longest: int

    def arrays(self):
        """What ``add_shap_values`` takes, in its order."""
        return tuple(vars(self).values())[:10]


def prepare_tree(tree, column, weight):
    """Arrays of one fitted scikit-learn tree.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    column : int
        Class to explain.
    weight : float
        Weight of the tree in the ensemble.

    Returns
    -------
    PreparedTree
    """
    n = tree.node_count
    parent = np.full(n, -1, dtype=np.int64)
    above = np.full(n, -1, dtype=np.int64)
    feature = np.zeros(n, dtype=np.int64)
    threshold = np.zeros(n)
    goes_left = np.zeros(n, dtype=bool)
    share = np.ones(n)
    is_leaf = tree.children_left < 0
    rows = tree.weighted_n_node_samples
    latest: list[dict] = [{} for _ in range(n)]  # feature -> lowest node above that asks about it
    longest = 1
    for node in range(n):
        if is_leaf[node]:
            longest = max(longest, len(latest[node]))
            continue
        asked = int(tree.feature[node])
        for child, left in ((tree.children_left[node], True), (tree.children_right[node], False)):
            earlier = latest[node].get(asked, -1)
            parent[child], above[child] = node, earlier
            feature[child], threshold[child], goes_left[child] = asked, tree.threshold[node], left
            share[child] = rows[child] / rows[node] * (share[earlier] if earlier >= 0 else 1.0)
            latest[child] = latest[node] | {asked: child}
    counts = tree.value[:, 0, :]
    value = np.where(is_leaf, weight * counts[:, column] / counts.sum(axis=1), 0.0)
    points, weights = np.polynomial.legendre.leggauss((longest + 1) // 2 + 1)
    return PreparedTree(
        parent,
        feature,
        threshold,
        goes_left,
        above,
        share,
        value,
        is_leaf,
        (points + 1) / 2,
        weights / 2,
        tree.children_left,
        tree.children_right,
        longest,
    )


def expected_value(tree):
    """Prediction of a tree averaged over its training rows."""
    reach = np.ones(len(tree.parent))
    for node in range(1, len(reach)):
        above = tree.above[node]
        step = tree.share[node] / (tree.share[above] if above >= 0 else 1.0)
        reach[node] = reach[tree.parent[node]] * step
    return float((reach * tree.value)[tree.is_leaf].sum())


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def add_shap_values(
    X, found, parent, feature, threshold, goes_left, above, share, value, is_leaf, points, weights
):
    """Add the Shapley values of one tree to ``found``.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows in the precision in which the tree compares them (float32 for scikit-learn).
    found : ndarray of shape (n_rows, n_features), float64
        Changed in place.
    parent, feature, ... : see ``PreparedTree``
    """
    n_nodes = parent.shape[0]
    satisfied = np.empty((n_nodes, _LANES))
    product = np.empty((n_nodes, _LANES))
    below = np.empty((n_nodes, _LANES))
    own = np.empty((n_nodes, _LANES))
    replaced = np.empty((n_nodes, _LANES))
    for first in range(0, X.shape[0], _LANES):
        n_lanes = min(_LANES, X.shape[0] - first)
        satisfied[0, :] = 1.0
        for node in range(1, n_nodes):
            q = above[node]
            satisfied[node, :] = 0.0
            for lane in range(n_lanes):
                if (X[first + lane, feature[node]] <= threshold[node]) == goes_left[node]:
                    satisfied[node, lane] = 1.0
            if q >= 0:
                for lane in range(_LANES):
                    satisfied[node, lane] *= satisfied[q, lane]
        own[:, :] = 0.0
        replaced[:, :] = 0.0
        for step in range(points.shape[0]):
            t = points[step]
            # downwards: product of the factors of all features asked about so far
            for lane in range(_LANES):
                product[0, lane] = weights[step]
            for node in range(1, n_nodes):
                q, p = above[node], parent[node]
                absent = share[node] * (1.0 - t)
                if q >= 0:  # the feature was asked about before: its factor is replaced
                    was_absent = share[q] * (1.0 - t)
                    when_0, when_1 = 1.0 / was_absent, 1.0 / (was_absent + t)
                    for lane in range(_LANES):
                        undo = when_1 if satisfied[q, lane] > 0.5 else when_0
                        product[node, lane] = product[p, lane] * (absent + satisfied[node, lane] * t) * undo
                else:
                    for lane in range(_LANES):
                        product[node, lane] = product[p, lane] * (absent + satisfied[node, lane] * t)
            # upwards: sum over the leaves below, without the factor of the feature in question
            for node in range(n_nodes):
                for lane in range(_LANES):
                    below[node, lane] = value[node] * product[node, lane] if is_leaf[node] else 0.0
            for node in range(n_nodes - 1, 0, -1):
                q, p = above[node], parent[node]
                absent = share[node] * (1.0 - t)
                when_0, when_1 = 1.0 / absent, 1.0 / (absent + t)
                for lane in range(_LANES):
                    total = below[node, lane]
                    below[p, lane] += total
                    own[node, lane] += total * (when_1 if satisfied[node, lane] > 0.5 else when_0)
                if q >= 0:  # leaves down here carry the later factor, not that of the earlier question
                    was_absent = share[q] * (1.0 - t)
                    when_0, when_1 = 1.0 / was_absent, 1.0 / (was_absent + t)
                    for lane in range(_LANES):
                        replaced[node, lane] += below[node, lane] * (
                            when_1 if satisfied[q, lane] > 0.5 else when_0
                        )
        for node in range(1, n_nodes):
            q, column = above[node], feature[node]
            for lane in range(n_lanes):
                found[first + lane, column] += own[node, lane] * (satisfied[node, lane] - share[node])
                if q >= 0:
                    found[first + lane, column] -= replaced[node, lane] * (satisfied[q, lane] - share[q])
