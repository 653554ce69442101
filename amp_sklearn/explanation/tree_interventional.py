"""Exact interventional TreeSHAP: absent features take the values of a background row.

For one row, one background row and one leaf, let n_own features on the path be satisfied by the row alone,
n_other by the background row alone; if neither satisfies some feature, the leaf is never reached. Of all
orders in which features can be switched from the background row to the row, the share in which a feature
decides about the leaf is

    (n_own - 1)! n_other! / (n_own + n_other)!   for a feature satisfied by the row alone, and
    n_own! (n_other - 1)! / (n_own + n_other)!   with negative sign for one satisfied by the background row
    alone.

Only nodes that one of the mixtures can reach are visited.
"""

import numpy as np

from ..cpu.compilation import compiled


def decision_weights(longest):
    """Share of orders, by the number of features satisfied by the row and by the background row alone.

    Parameters
    ----------
    longest : int
        Features on the longest path.

    Returns
    -------
    own, other : ndarray of shape (longest + 1, longest + 1)
    """
    own = np.zeros((longest + 1, longest + 1))
    other = np.zeros_like(own)
    for n_own in range(longest + 1):
        for n_other in range(longest + 1 - n_own):
            # binomial coefficients by their ratio, factorials of long paths would overflow
            ways = 1.0
            for i in range(1, n_other + 1):
                ways *= (n_own + i) / i
            if n_own:
                own[n_own, n_other] = 1 / (n_own * ways)
            if n_other:
                other[n_own, n_other] = 1 / (n_other * ways)
    return own, other


@compiled()
def add_interventional_values(
    X,
    background,
    found,
    left,
    right,
    feature,
    threshold,
    missing_left,
    above,
    value,
    own_weights,
    other_weights,
):
    """Add the Shapley values of one tree, averaged over the background, to ``found``.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows in the precision in which the tree compares them (float32 for scikit-learn).
    background : ndarray of shape (n_background, n_features)
    found : ndarray of shape (n_rows, n_features), float64
        Changed in place.
    left, right : ndarray of int
        Children of each node, -1 at leaves.
    feature, threshold, missing_left, above, value : see ``PreparedTree``
    own_weights, other_weights : see ``decision_weights``
    """
    n_nodes = left.shape[0]
    queue = np.empty(n_nodes, dtype=np.int64)
    own = np.empty(n_nodes, dtype=np.bool_)
    other = np.empty(n_nodes, dtype=np.bool_)
    n_own = np.empty(n_nodes, dtype=np.int64)
    n_other = np.empty(n_nodes, dtype=np.int64)
    gain = np.empty(n_nodes)
    loss = np.empty(n_nodes)
    parent = np.empty(n_nodes, dtype=np.int64)
    for row in range(X.shape[0]):
        for reference in range(background.shape[0]):
            queue[0], parent[0] = 0, -1
            own[0] = other[0] = True
            n_own[0] = n_other[0] = 0
            done, n_queued = 0, 1
            while done < n_queued:
                node = queue[done]
                done += 1
                gain[node] = loss[node] = 0.0
                if left[node] < 0:
                    gain[node] = value[node] * own_weights[n_own[node], n_other[node]]
                    loss[node] = value[node] * other_weights[n_own[node], n_other[node]]
                    continue
                for side in range(2):
                    child = left[node] if side == 0 else right[node]
                    q = above[child]
                    here, there = X[row, feature[child]], background[reference, feature[child]]
                    own_left = here <= threshold[child] or (missing_left[child] and here != here)
                    other_left = there <= threshold[child] or (missing_left[child] and there != there)
                    by_own = own_left == (side == 0)
                    by_other = other_left == (side == 0)
                    n_own[child], n_other[child] = n_own[node], n_other[node]
                    if q >= 0:  # asked about before: the feature counts once, by all its questions
                        by_own = by_own and own[q]
                        by_other = by_other and other[q]
                        if own[q] and not other[q]:
                            n_own[child] -= 1
                        if other[q] and not own[q]:
                            n_other[child] -= 1
                    if not by_own and not by_other:
                        continue
                    own[child], other[child] = by_own, by_other
                    if by_own and not by_other:
                        n_own[child] += 1
                    if by_other and not by_own:
                        n_other[child] += 1
                    parent[child] = node
                    queue[n_queued] = child
                    n_queued += 1
            for position in range(n_queued - 1, 0, -1):
                node = queue[position]
                q, column = above[node], feature[node]
                gain[parent[node]] += gain[node]
                loss[parent[node]] += loss[node]
                if own[node] and not other[node]:
                    found[row, column] += gain[node] / background.shape[0]
                if other[node] and not own[node]:
                    found[row, column] -= loss[node] / background.shape[0]
                if q >= 0:  # leaves down here belong to the later question
                    if own[q] and not other[q]:
                        found[row, column] -= gain[node] / background.shape[0]
                    if other[q] and not own[q]:
                        found[row, column] += loss[node] / background.shape[0]
