"""Random forests that the published programs saved by joblib, read without running what they hold."""

import gzip
import io
import os
import zlib

import joblib
import numpy as np
from joblib.numpy_pickle import NumpyUnpickler
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.tree._tree import Tree

from ..data.feature_tables import pair_tokens
from ..data.layout import FeatureLayout
from ..data.segments import SEGMENT_TOKENS
from ..data.text_files import unpacked_limit
from ..exceptions import ModelLoadError
from .compiled_parts import check_compiled_parts

_HARMLESS = {
    ("sklearn.ensemble._forest", "RandomForestClassifier"),
    ("sklearn.ensemble._forest", "ExtraTreesClassifier"),
    ("sklearn.tree._classes", "DecisionTreeClassifier"),
    ("sklearn.tree._classes", "ExtraTreeClassifier"),
    ("sklearn.tree._tree", "Tree"),
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *(
        (f"numpy.{core}.multiarray", name)
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    ),
    ("_codecs", "encode"),
    ("copyreg", "_reconstructor"),
    ("builtins", "object"),
}
_TOKENS = {20: SEGMENT_TOKENS, 24: ("cls", *SEGMENT_TOKENS, "eos")}
_PUBLISHED_ORDER = {20: SEGMENT_TOKENS, 24: ("cls", "eos", *SEGMENT_TOKENS)}
_WIDTH = 150


class _OnlyForests(NumpyUnpickler):
    """Reads scikit-learn's forests, their trees and numpy arrays, and nothing else."""

    def find_class(self, module, name):
        if (module, name) not in _HARMLESS:
            raise ModelLoadError(f"it holds {module}.{name}, which no forest needs and which could run code")
        return super().find_class(module, name)


def load_forest(path, *, n_tokens=None, token_order="published"):
    """Random forest of the published AE_RF models, from the file that ``joblib.dump`` wrote.

    The forest gets a ``layout_``, so that all named analyses of trees run on it, and takes pairs in the order of this
    package.

    Parameters
    ----------
    path : path-like
        File by joblib, plain or compressed by zlib or gzip. Nothing in it is executed: anything but forests, trees and
        arrays is refused.
    n_tokens : int, default=None
        Tokens of a pair, 20 (segments) or 24 (cls, segments, eos). By default 20 or 24 for 3,000 or 3,600 columns, of
        150 dimensions each.
    token_order : {"published", "ours"}, default="published"
        Order of the 24 tokens' columns that the forest was trained with: cls, eos, segments as the published programs
        made them (whatever their labels say), or cls, segments, eos. Where the forest knows the names of its columns
        (``1_cls_0``), their order is read off the names, which ``token_order`` interprets as `read_features` does. The
        trees are rewritten to the order of this package.

    Returns
    -------
    RandomForestClassifier or ExtraTreesClassifier
        Fitted, with ``layout_``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelLoadError
        If the file is no such forest, is damaged, holds anything that could run code, or was written by a version of
        scikit-learn whose trees this one cannot read.
    ValueError
        If the columns are not those tokens.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import joblib, numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from amp_sklearn.persistence import load_forest
    >>> X = np.random.RandomState(0).normal(size=(30, 40))
    >>> path = pathlib.Path(tempfile.mkdtemp(), "rf.pkl")
    >>> _ = joblib.dump(RandomForestClassifier(3, random_state=0).fit(X, X[:, 0] > 0), path)
    >>> load_forest(path, n_tokens=20).layout_.token_labels[:2]
    ('A_segment0', 'A_segment1')
    """
    if token_order not in ("published", "ours"):
        raise ValueError(f"token_order must be 'published' or 'ours', got {token_order!r}")
    forest = _read(path)
    n_features = forest.n_features_in_
    if n_tokens is None:
        n_tokens = next((n for n in _TOKENS if n_features == n * _WIDTH), None)
    if n_tokens not in _TOKENS or n_features % n_tokens:
        raise ValueError(
            f"the forest in {path} takes {n_features} columns, which are not 20 or 24 tokens of {_WIDTH} dimensions; give "
            "n_tokens=20 or n_tokens=24"
        )
    layout = FeatureLayout(_TOKENS[n_tokens], n_features // n_tokens)
    given = _given_columns(forest, n_tokens, layout.width, token_order, path)
    if given != (names := _names(_TOKENS[n_tokens], layout.width)):
        place = {column: i for i, column in enumerate(names)}
        _renumber(forest, np.array([place[column] for column in given]))
    if hasattr(forest, "feature_names_in_"):
        del forest.feature_names_in_  # its order is that of the layout now
    forest.layout_ = layout
    return forest


def _names(tokens, width):
    return [(side, token, d) for side in "12" for token in tokens for d in range(width)]


def _given_columns(forest, n_tokens, width, token_order, path):
    """Side, token and dimension of each column that the forest was trained with."""
    order = _PUBLISHED_ORDER if token_order == "published" else _TOKENS
    labels = getattr(forest, "feature_names_in_", None)
    if labels is None:
        return _names(order[n_tokens], width)
    meaning = pair_tokens([str(label) for label in labels], ("1", "2"), token_order)
    column_of = {label: (*of, d) for of, labelled in meaning.items() for d, label in labelled.items()}
    given = [column_of[str(label)] for label in labels if str(label) in column_of]
    if len(given) < len(labels) or sorted(given) != sorted(_names(_TOKENS[n_tokens], width)):
        raise ValueError(
            f"the columns of the forest in {path} are not named as those of {n_tokens} tokens, such as "
            f"1_segment0_0; it has {', '.join(map(repr, list(map(str, labels))[:4]))}, ..."
        )
    return given


def _renumber(forest, place):
    """Let the trees read column ``place[i]`` where they read column ``i``."""
    for tree in forest.estimators_:
        state = tree.tree_.__getstate__()
        nodes = state["nodes"].copy()
        split = nodes["feature"] >= 0
        nodes["feature"][split] = place[nodes["feature"][split]]
        renumbered = Tree(tree.tree_.n_features, np.atleast_1d(tree.tree_.n_classes), tree.tree_.n_outputs)
        renumbered.__setstate__({**state, "nodes": nodes})
        tree.tree_ = renumbered


def _read(path):
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no forest {os.fspath(path)!r}")
    try:
        with open(path, "rb") as file:
            forest = _OnlyForests(
                os.fspath(path), _unpacked(file, path), ensure_native_byte_order=True
            ).load()
        if isinstance(forest, RandomForestClassifier | ExtraTreesClassifier):
            check_compiled_parts(forest, path)
    except ModelLoadError as error:
        raise ModelLoadError(f"{path} is not loaded: {error}") from error
    except Exception as error:  # a damaged pickle fails in any way
        raise ModelLoadError(
            f"{path} holds no forest that this version of scikit-learn reads ({type(error).__name__}: {error}); it was "
            f"written by joblib, of which this is {joblib.__version__}, or is damaged"
        ) from error
    if not isinstance(forest, RandomForestClassifier | ExtraTreesClassifier) or not hasattr(
        forest, "estimators_"
    ):
        raise ModelLoadError(f"{path} holds a {type(forest).__name__}, expected a fitted random forest")
    return forest


def _unpacked(file, path):
    """The file, or its unpacked bytes where joblib compressed it."""
    first = file.read(2)
    file.seek(0)
    limit = unpacked_limit(os.path.getsize(path))
    if first == b"\x1f\x8b":
        data = gzip.GzipFile(fileobj=file).read(limit + 1)
    elif first[:1] == b"\x78":
        data = zlib.decompressobj().decompress(file.read(), limit + 1)
    else:
        return file
    if len(data) > limit:
        raise ModelLoadError(f"it unpacks to more than {limit:,} bytes")
    return io.BytesIO(data)
