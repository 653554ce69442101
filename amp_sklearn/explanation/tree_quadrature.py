"""Exact path-dependent TreeSHAP as an integral, many rows at a time.

Averaged over all orders of the features, the Shapley value of feature i in one leaf is

    value * (o_i - z_i) * integral over t in 0..1 of the product over j != i of (z_j + t * (o_j - z_j))

where, for the features on the path to the leaf, o_j is 1 if the row satisfies all its splits on j and 0
otherwise, and z_j is the share of training rows that do. The integrand is a polynomial in t, so
Gauss-Legendre quadrature with half as many nodes as there are features on the longest path is exact.
Products over a path are built downwards and sums over leaves upwards, so that a tree costs (splits x
quadrature points) per row.

Both branches of a split are done together. What they contribute to the split's feature is S_l (o_l - z_l) +
S_r (o_r - z_r), S being the sums over the leaves below without the factor of that feature. Either branch has what
the other one lacks, o_l + o_r = o_q and z_l + z_r = z_q (q: the feature's earlier questions on the path, 1 if there
are none), so that one sum per split is enough where a feature is asked about once, and two where it comes again.
Leaves need no division: without its own factor a leaf's product is that of the split above it.
"""

import functools
from dataclasses import dataclass

import numpy as np

from ..cpu.compilation import compiled

_LANES = 16
"""Rows swept together; the inner loops over them become vector instructions."""


@dataclass(frozen=True)
class PreparedTree:
    """One tree as arrays over its nodes and over its splits.

    Parameters
    ----------
    left, right : ndarray of int of shape (n_nodes,)
        Children, -1 at leaves.
    parent, feature : ndarray of int of shape (n_nodes,)
        Parent node, and the feature that the edge from it asks about.
    threshold : ndarray of float of shape (n_nodes,)
        Bound of that question.
    above : ndarray of int of shape (n_nodes,)
        Nearest node further up whose edge asks about the same feature, or -1.
    missing_left : ndarray of bool of shape (n_nodes,)
        Whether rows without a value of the feature satisfy the question of the left child.
    share : ndarray of float of shape (n_nodes,)
        Share of training rows that satisfy all questions about the feature down to here.
    value : ndarray of float of shape (n_nodes,)
        Contribution of a leaf to the output that is explained; 0 for inner nodes.
    longest : int
        Features on the longest path.
    splits : tuple of ndarray
        What ``add_shap_values`` takes after ``found``, in its order.
    """

    left: np.ndarray
    right: np.ndarray
    parent: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    above: np.ndarray
    missing_left: np.ndarray
    share: np.ndarray
    value: np.ndarray
    longest: int
    splits: tuple


def prepare_tree(tree, column, weight):
    """Arrays of one fitted scikit-learn tree that votes with the probability of a class.

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
    counts = tree.value[:, 0, :]
    return _prepare(tree, weight * counts[:, column] / counts.sum(axis=1))


def prepare_regression_tree(tree, weight):
    """Arrays of one scikit-learn tree of ``GradientBoostingClassifier``, whose leaves hold numbers to be added up.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    weight : float
        Learning rate, negative to explain the other class.

    Returns
    -------
    PreparedTree
    """
    return _prepare(tree, weight * tree.value[:, 0, 0])


def _prepare(tree, value):
    missing_left = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return prepare_nodes(
        tree.children_left,
        tree.children_right,
        tree.feature,
        tree.threshold,
        missing_left,
        tree.weighted_n_node_samples,
        value,
    )


def prepare_nodes(left, right, asked, bounds, missing_left, rows, value):
    """Arrays of one tree from what is known of its nodes, parents before children.

    Parameters
    ----------
    left, right : array-like of int of shape (n_nodes,)
        Children, -1 at leaves.
    asked, bounds : array-like of shape (n_nodes,)
        Feature and bound of each split; values up to the bound go left.
    missing_left : array-like of bool of shape (n_nodes,)
        Whether rows without a value of the feature go left.
    rows : array-like of shape (n_nodes,)
        Training rows, or their weight, that reached each node.
    value : array-like of float of shape (n_nodes,)
        What each leaf adds to the output.

    Returns
    -------
    PreparedTree
    """
    left, right = np.asarray(left, np.int64), np.asarray(right, np.int64)
    asked, bounds = np.asarray(asked, np.int64), np.asarray(bounds, np.float64)
    missing = np.asarray(missing_left, bool)
    parent, feature, threshold, above, share, longest = _follow_paths(
        left, right, asked, bounds, np.asarray(rows, np.float64)
    )
    n = len(left)
    value = np.where(left < 0, value, 0.0)
    inner = np.flatnonzero(left >= 0)
    number = np.full(n, -1, dtype=np.int64)
    number[inner] = np.arange(len(inner))
    a, b = left[inner], right[inner]
    earlier = above[a]
    repeated = earlier >= 0
    splits = (
        feature[a],
        threshold[a],
        missing[inner],
        number[a],
        number[b],
        value[a],
        value[b],
        share[a],
        share[b],
        np.where(repeated, number[parent[earlier]], -1),
        repeated & (left[parent[earlier]] == earlier),
        np.where(repeated, share[earlier], 1.0),
        *_quadrature((longest + 1) // 2),
    )
    of_parent = missing[np.maximum(parent, 0)]
    return PreparedTree(
        left, right, parent, feature, threshold, above, of_parent, share, value, longest, splits
    )


@compiled()
def _follow_paths(left, right, asked, bounds, rows):
    """What a tree's nodes need to know about the path to them; parents come before children.

    Returns
    -------
    tuple
        ``parent``, ``feature``, ``threshold``, ``above``, ``share`` and ``longest`` of `PreparedTree`.
    """
    n = len(left)
    parent, above, feature = np.full(n, -1), np.full(n, -1), np.zeros(n, np.int64)
    threshold, share, n_features, longest = np.zeros(n), np.ones(n), np.zeros(n, np.int64), 1
    for node in range(n):
        if left[node] < 0:
            longest = max(longest, n_features[node])
            continue
        earlier = node  # up to the nearest edge that asks about the same feature
        while parent[earlier] >= 0 and feature[earlier] != asked[node]:
            earlier = parent[earlier]
        if parent[earlier] < 0:
            earlier = -1
        for child in (left[node], right[node]):
            parent[child], above[child] = node, earlier
            feature[child], threshold[child] = asked[node], bounds[node]
            share[child] = rows[child] / rows[node] * (share[earlier] if earlier >= 0 else 1.0)
            n_features[child] = n_features[node] + (1 if earlier < 0 else 0)
    return parent, feature, threshold, above, share, longest


@functools.cache
def _quadrature(n_points):
    """Gauss-Legendre points and weights on 0..1."""
    points, weights = np.polynomial.legendre.leggauss(n_points)
    return (points + 1) / 2, weights / 2


def expected_value(tree):
    """Prediction of a tree averaged over its training rows."""
    return _mean_value(tree.parent, tree.above, tree.share, tree.value)


@compiled()
def _mean_value(parent, above, share, value):
    reach, total = np.ones(len(parent)), 0.0
    for node in range(len(parent)):
        if node > 0:
            step = share[node] / (share[above[node]] if above[node] >= 0 else 1.0)
            reach[node] = reach[parent[node]] * step
        total += reach[node] * value[node]  # 0 but at leaves
    return total


# all liberties of "fast" arithmetic but for those that would make NaN, a missing value, unrecognisable
@compiled(fastmath={"nsz", "arcp", "contract", "afn", "reassoc"})
def add_shap_values(
    X,
    found,
    feature,
    threshold,
    missing_left,
    left,
    right,
    left_value,
    right_value,
    left_share,
    right_share,
    earlier,
    earlier_is_left,
    earlier_share,
    points,
    weights,
):
    """Add the Shapley values of one tree to ``found``.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows in the precision in which the tree compares them (float32 for scikit-learn); fastest in Fortran order.
    found : ndarray of shape (n_rows, n_features), float64
        Changed in place; fastest in Fortran order.
    feature, threshold : ndarray of shape (n_splits,)
        Question of each split; values up to the threshold go left. Parents come before children.
    missing_left : ndarray of bool of shape (n_splits,)
        Whether missing values (NaN) go left.
    left, right : ndarray of int of shape (n_splits,)
        Number of the split that follows, -1 for a leaf.
    left_value, right_value : ndarray of float of shape (n_splits,)
        Value of the leaf that follows, if one does.
    left_share, right_share : ndarray of float of shape (n_splits,)
        Share of training rows that satisfy all questions about the feature down to there.
    earlier : ndarray of int of shape (n_splits,)
        Nearest split further up that asks about the same feature, or -1.
    earlier_is_left : ndarray of bool of shape (n_splits,)
        Which branch of it leads here.
    earlier_share : ndarray of float of shape (n_splits,)
        Share of training rows of that branch, 1 where there is none.
    points, weights : ndarray of float of shape (n_points,)
        Quadrature on 0..1.
    """
    n_splits = feature.shape[0]
    if n_splits == 0:
        return
    before = np.empty((n_splits, _LANES))  # o_q: the row satisfies the earlier questions about the feature
    to_left = np.empty((n_splits, _LANES))  # o_l: and this one
    product = np.empty((n_splits, _LANES))
    below = np.empty((n_splits, _LANES))
    difference = np.empty((n_splits, _LANES))  # S_l - S_r
    renewed = np.empty(
        (n_splits, _LANES)
    )  # S_r without the feature's later factor, minus the sum without q's
    bare = np.empty(_LANES)  # product without the factor of the split's own feature
    left_0, left_1 = _inverse_factors(left_share, points)
    right_0, right_1 = _inverse_factors(right_share, points)
    earlier_0, earlier_1 = _inverse_factors(earlier_share, points)
    for first in range(0, X.shape[0], _LANES):
        n_lanes = min(_LANES, X.shape[0] - first)
        for split in range(n_splits):
            q = earlier[split]
            for lane in range(_LANES):
                if q < 0:
                    before[split, lane] = 1.0
                else:
                    taken = to_left[q, lane]
                    before[split, lane] = taken if earlier_is_left[split] else before[q, lane] - taken
                to_left[split, lane] = 0.0
                difference[split, lane] = 0.0
                renewed[split, lane] = 0.0
            for lane in range(n_lanes):
                asked = X[first + lane, feature[split]]
                if asked <= threshold[split] or (missing_left[split] and asked != asked):
                    to_left[split, lane] = before[split, lane]
        for step in range(points.shape[0]):
            t = points[step]
            s = 1.0 - t
            for lane in range(_LANES):
                product[0, lane] = weights[step]
            # downwards: products of the factors of all features asked about so far; leaves are summed at once
            for split in range(n_splits):
                a, b = left[split], right[split]
                left_absent, right_absent = left_share[split] * s, right_share[split] * s
                if earlier[split] >= 0:  # the feature was asked about before: its factor is replaced
                    when_0, when_1 = earlier_0[step, split], earlier_1[step, split]
                    for lane in range(_LANES):
                        undo = when_1 if before[split, lane] > 0.5 else when_0
                        bare[lane] = product[split, lane] * undo
                else:
                    for lane in range(_LANES):
                        bare[lane] = product[split, lane]
                if a >= 0:
                    for lane in range(_LANES):
                        product[a, lane] = bare[lane] * (left_absent + to_left[split, lane] * t)
                        below[split, lane] = 0.0
                else:
                    leaf = left_value[split]
                    for lane in range(_LANES):
                        below[split, lane] = leaf * bare[lane] * (left_absent + to_left[split, lane] * t)
                        difference[split, lane] += leaf * bare[lane]
                if b >= 0:
                    for lane in range(_LANES):
                        to_right = before[split, lane] - to_left[split, lane]
                        product[b, lane] = bare[lane] * (right_absent + to_right * t)
                else:
                    leaf = right_value[split]
                    for lane in range(_LANES):
                        to_right = before[split, lane] - to_left[split, lane]
                        below[split, lane] += leaf * bare[lane] * (right_absent + to_right * t)
                        difference[split, lane] -= leaf * bare[lane]
                    if earlier[split] >= 0:
                        for lane in range(_LANES):
                            renewed[split, lane] += leaf * bare[lane]
            # upwards: sums over the leaves below, without the factor of the feature in question
            for split in range(n_splits - 1, -1, -1):
                a, b = left[split], right[split]
                if a >= 0:
                    when_0, when_1 = left_0[step, split], left_1[step, split]
                    for lane in range(_LANES):
                        undo = when_1 if to_left[split, lane] > 0.5 else when_0
                        difference[split, lane] += below[a, lane] * undo
                        below[split, lane] += below[a, lane]
                if b >= 0:
                    when_0, when_1 = right_0[step, split], right_1[step, split]
                    for lane in range(_LANES):
                        to_right = before[split, lane] - to_left[split, lane]
                        without = below[b, lane] * (when_1 if to_right > 0.5 else when_0)
                        difference[split, lane] -= without
                        renewed[split, lane] += without
                        below[split, lane] += below[b, lane]
                if (
                    earlier[split] >= 0
                ):  # leaves down here carry the later factor, not that of the earlier question
                    when_0, when_1 = earlier_0[step, split], earlier_1[step, split]
                    for lane in range(_LANES):
                        undo = when_1 if before[split, lane] > 0.5 else when_0
                        renewed[split, lane] -= below[split, lane] * undo
        for split in range(n_splits):
            column, share, share_before = feature[split], left_share[split], earlier_share[split]
            for lane in range(n_lanes):
                total = difference[split, lane] * (to_left[split, lane] - share)
                if earlier[split] >= 0:
                    total += renewed[split, lane] * (before[split, lane] - share_before)
                found[first + lane, column] += total


@compiled(fastmath=True)
def _inverse_factors(share, points):
    """One over the factor of a feature whose questions a row does not or does satisfy, at each point and split."""
    absent, present = np.empty((len(points), len(share))), np.empty((len(points), len(share)))
    for step in range(len(points)):
        for split in range(len(share)):
            factor = share[split] * (1.0 - points[step])
            absent[step, split], present[step, split] = 1.0 / factor, 1.0 / (factor + points[step])
    return absent, present
