"""Parts of scikit-learn's models that its compiled code follows without looking, and numbers that must be numbers."""

import numpy as np
import scipy.sparse
from sklearn.svm._base import BaseLibSVM
from sklearn.tree._tree import Tree

from ..exceptions import ModelLoadError
from .trusted import walk

_NUMBERS = (
    "coef_",
    "intercept_",
    "coefs_",
    "intercepts_",
    "dual_coef_",
    "support_vectors_",
    "cluster_centers_",
    "components_",
)


def check_compiled_parts(model, path):
    """Raise unless decision trees, support vectors, centres and sparse matrices are consistent, and weights finite.

    Parameters
    ----------
    model : object
    path : path-like
        For the message.

    Raises
    ------
    ModelLoadError
    """
    for item in walk(model):
        if scipy.sparse.issparse(item) and hasattr(item, "check_format"):
            try:
                item.check_format(full_check=True)
            except (ValueError, TypeError) as error:
                raise ModelLoadError(
                    f"{path} holds a damaged sparse matrix ({error}) and is not loaded"
                ) from error
        if not hasattr(item, "__dict__") or isinstance(item, type):
            continue
        for tree in [value for value in vars(item).values() if isinstance(value, Tree)]:
            _check_tree(tree, getattr(item, "n_features_in_", None), path)
        _check_forest(item, path)
        if isinstance(item, BaseLibSVM) and "dual_coef_" in vars(item):
            _check_support_vectors(item, path)
        centres = vars(item).get("cluster_centers_")
        if isinstance(centres, np.ndarray) and (centres.ndim != 2 or centres.shape[1] != item.n_features_in_):
            raise ModelLoadError(f"{path} holds cluster centres of shape {centres.shape} and is not loaded")
        for name in _NUMBERS:
            _check_numbers(vars(item).get(name), f"{type(item).__name__}.{name}", path)


def _check_tree(tree, n_features, path):
    nodes = np.arange(tree.node_count)
    left, right = tree.children_left, tree.children_right
    leaf = (left == -1) & (right == -1)
    inside = (left > nodes) & (right > nodes) & (left < tree.node_count) & (right < tree.node_count)
    used = tree.feature[~leaf]
    whole = (leaf | inside).all() and ((used >= 0) & (used < tree.n_features)).all()
    if not (tree.node_count and whole and tree.n_features == n_features and np.isfinite(tree.value).all()):
        raise ModelLoadError(f"{path} holds a damaged decision tree and is not loaded")


def _check_forest(owner, path):
    """An ensemble hands its rows to its trees unchecked."""
    members = vars(owner).get("estimators_")
    if not isinstance(members, list | np.ndarray):
        return
    subsets = vars(owner).get("estimators_features_")
    trees = [tree for tree in np.ravel(np.array(members, dtype=object)) if hasattr(tree, "tree_")]
    for number, tree in enumerate(trees):
        n_given = getattr(owner, "n_features_in_", None) if subsets is None else len(subsets[number])
        if tree.n_features_in_ != n_given:
            raise ModelLoadError(
                f"{path} holds a damaged decision tree, of {tree.n_features_in_} features in an ensemble that gives it "
                f"{n_given}, and is not loaded"
            )


def _check_support_vectors(machine, path):
    vectors, dual = machine.support_vectors_, machine._dual_coef_
    counts = np.asarray(machine._n_support)
    classes = len(machine.classes_) if hasattr(machine, "classes_") else 2
    pairs = classes * (classes - 1) // 2
    n_vectors = len(machine.support_)
    whole = (
        vectors.ndim == 2
        and vectors.shape[1]
        == (machine.shape_fit_[0] if machine.kernel == "precomputed" else machine.n_features_in_)
        and (len(vectors) == n_vectors or machine.kernel == "precomputed")
        and dual.shape == (classes - 1, n_vectors)
        and machine.dual_coef_.shape == dual.shape
        and counts.ndim == 1
        and len(counts) == (classes if hasattr(machine, "classes_") else len(counts))
        and (counts >= 0).all()
        and (counts.sum() == n_vectors or not hasattr(machine, "classes_"))
        and len(np.ravel(machine._intercept_)) == pairs
        and all(len(np.ravel(p)) in (0, pairs) for p in (machine._probA, machine._probB))
    )
    if not whole:
        raise ModelLoadError(
            f"{path} holds support vectors, counts and coefficients that do not fit each other ({vectors.shape}, "
            f"{counts.tolist()}, {dual.shape}); not loaded"
        )
    _check_numbers(dual, f"{type(machine).__name__}._dual_coef_", path)


def _check_numbers(value, name, path):
    arrays = value if isinstance(value, list) else [value]
    for array in arrays:
        array = array.data if scipy.sparse.issparse(array) else array
        if isinstance(array, np.ndarray) and array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelLoadError(
                f"{path} holds NaN or infinity in {name}: every prediction would be NaN; not loaded"
            )
