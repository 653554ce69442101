"""Features of pairs without a copy per pair: every protein is stored once, a pair is two row numbers."""

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import validate_data

from .layout import FeatureLayout, combine_proteins


class PairMatrix:
    """Feature matrix of protein pairs that behaves like a 2-D array and stores each protein once.

    Row ``k`` is made on demand from ``features[index[k, 0]]`` and ``features[index[k, 1]]``, block by block,
    as the layout says. Rows are selected without copying features (``X[rows]``, masks, slices), so matrices
    flow through scikit-learn's splitters, pipelines and searches; estimators that need an ordinary array get
    one through ``numpy.asarray``.

    Parameters
    ----------
    features : ndarray of shape (n_proteins, n_protein_features)
        One row per protein.
    index : array-like of int of shape (n_pairs, 2)
        Row numbers of protein A and protein B of each pair.
    layout : FeatureLayout, default=None
        Meaning of the columns; by default one token called ``"features"``, concatenated.

    Attributes
    ----------
    shape : tuple of int
        ``(n_pairs, layout.n_features)``.
    dtype : numpy.dtype
    nbytes : int
        Bytes held, features and index.

    Raises
    ------
    ValueError
        If shapes do not fit together, or an index is no whole number.
    IndexError
        If an index points to no protein.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import PairMatrix
    >>> X = PairMatrix(np.array([[1.0, 2.0], [3.0, 4.0]]), [[0, 1], [1, 1]])
    >>> X
    PairMatrix(shape=(2, 4), dtype=float64, n_proteins=2)
    >>> np.asarray(X[:1])
    array([[1., 2., 3., 4.]])
    """

    ndim = 2
    max_dense_bytes = 4 * 2**30
    """Largest dense array that ``numpy.asarray`` makes; beyond it a MemoryError tells the size."""

    def __init__(self, features, index, layout=None):
        given = np.asarray(index)
        whole = given.dtype.kind in "iu" or (
            given.dtype.kind == "f" and np.array_equal(given, np.trunc(given))
        )
        if not whole or (given.size and np.abs(given).max() > 2**53):
            raise ValueError(
                f"index must hold whole numbers, got values of type {given.dtype}"
                f"{', some of them fractions, NaN or too large' if given.dtype.kind in 'iuf' else ''}"
            )
        index = given.astype(np.intp)
        if index.ndim != 2 or index.shape[1] != 2:
            raise ValueError(f"index must have shape (n_pairs, 2), got {index.shape}")
        if features.ndim != 2:
            raise ValueError(f"features must have shape (n_proteins, n_features), got {features.shape}")
        if len(index) and (index.min() < 0 or index.max() >= len(features)):
            raise IndexError(
                f"index must lie in 0..{len(features) - 1}, got values in {index.min()}..{index.max()}"
            )
        if layout is None:
            layout = FeatureLayout(("features",), features.shape[1])
        if len(layout.tokens) * layout.width != features.shape[1]:
            raise ValueError(
                f"layout describes {len(layout.tokens)} tokens x {layout.width} dimensions per protein, "
                f"but features have {features.shape[1]} columns"
            )
        self.features, self.index, self.layout = features, index, layout

    @property
    def shape(self):
        return (len(self.index), self.layout.n_features)

    @property
    def dtype(self):
        return self.features.dtype

    @property
    def nbytes(self):
        return self.features.nbytes + self.index.nbytes

    def __len__(self):
        return len(self.index)

    def __repr__(self):
        return f"PairMatrix(shape={self.shape}, dtype={self.dtype}, n_proteins={len(self.features)})"

    def __getitem__(self, key):
        if isinstance(key, tuple):  # X[rows, ...] as scikit-learn writes it, X[rows, :] as numpy users do
            rows, *columns = key
            if len(columns) != 1:
                raise IndexError(f"a PairMatrix has 2 dimensions, got {len(key)} indices")
            if not (columns[0] is Ellipsis or (isinstance(columns[0], slice) and columns[0] == slice(None))):
                return self._elements(rows, columns[0])
            key = rows
        if isinstance(key, int | np.integer):
            return self._dense(self.index[key])
        if isinstance(key, list) and not key:
            key = np.empty(0, dtype=np.intp)
        index = self.index[key]
        if index.ndim != 2 or index.shape[1] != 2:
            raise IndexError("rows of a PairMatrix are selected by an integer, a slice, a list or a mask")
        return self._with(index=index)

    def _elements(self, rows, columns):
        """Dense ``X[rows, columns]``; two arrays are paired element by element, as numpy does."""
        if isinstance(rows, int | np.integer | slice) or rows is Ellipsis:
            return np.asarray(self[rows])[..., columns]
        rows = np.arange(len(self))[rows]  # masks and negative numbers become row numbers
        used, place = np.unique(rows, return_inverse=True)
        return np.asarray(self[used])[place.reshape(rows.shape), columns]

    def _with(self, **changes):
        """A matrix that shares what is not changed; what is shared has been validated already."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, **changes)
        return new

    def _dense(self, index):
        """Rows of the given ``(..., 2)`` index: the one place where a row is made."""
        if self.layout.blocks == ("A", "B"):  # both proteins in one copy
            return self.features[index].reshape(*index.shape[:-1], self.layout.n_features)
        a, b = self.features[index[..., 0]], self.features[index[..., 1]]
        return np.concatenate(combine_proteins(a, b, self.layout.blocks), axis=-1)

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("a PairMatrix has no dense array to share; a copy is needed")
        size = self.shape[0] * self.shape[1] * self.dtype.itemsize
        if size > self.max_dense_bytes:
            raise MemoryError(
                f"{self!r} would take {size / 2**30:.1f} GiB as a dense array, more than "
                f"PairMatrix.max_dense_bytes ({self.max_dense_bytes / 2**30:.1f} GiB); use an estimator that "
                "takes pairs as they are (AMPSClassifier), fewer tokens, or raise PairMatrix.max_dense_bytes"
            )
        return self._dense(self.index).astype(dtype or self.dtype, copy=False)

    def select(self, tokens=None, blocks=None):
        """The same pairs with other tokens or blocks.

        Parameters
        ----------
        tokens : sequence of str, default=None
            Tokens of a protein to keep; None keeps all and copies nothing.
        blocks : sequence of str, default=None
            What a row is made of; None keeps the blocks.

        Returns
        -------
        PairMatrix

        Raises
        ------
        ValueError
            If a token or a block is unknown.
        """
        layout, features = self.layout, self.features
        if tokens is not None and tuple(tokens) != layout.tokens:
            layout, columns = layout.select(tokens)
            start, stop = columns[0], columns[-1] + 1
            adjacent = np.array_equal(columns, np.arange(start, stop))  # then a view will do
            features = features[:, start:stop] if adjacent else features[:, columns]
        if blocks is not None:
            layout = FeatureLayout(layout.tokens, layout.width, tuple(blocks))
        return self._with(features=features, layout=layout)

    @classmethod
    def from_halves(cls, X, layout=None):
        """Dense rows that hold the features of protein A, then those of protein B.

        Parameters
        ----------
        X : ndarray of shape (n_pairs, 2 * n_protein_features)
        layout : FeatureLayout, default=None
            Meaning of the columns.

        Returns
        -------
        PairMatrix
            With a protein of its own on either side of each pair.
        """
        rows = np.arange(len(X))
        features = np.concatenate(np.split(X, 2, axis=1))
        return cls(features, np.column_stack([rows, rows + len(X)]), layout)

    def swapped(self):
        """The same pairs with protein A and protein B exchanged."""
        return self._with(index=self.index[:, ::-1])

    def check_finite(self):
        """Raise a ValueError that names the first pair whose features hold NaN or infinity."""
        used = np.unique(self.index)
        for start in range(0, len(used), 1024):
            proteins = used[start : start + 1024]
            bad = ~np.isfinite(self.features[proteins]).all(axis=1)
            if bad.any():
                protein = proteins[bad][0]
                row = int(np.flatnonzero((self.index == protein).any(axis=1))[0])
                raise ValueError(
                    f"Input X contains NaN or infinity: features of protein row {protein}, first used by pair {row}"
                )

    def without_unused_proteins(self):
        """The same pairs, holding only the proteins that occur in them."""
        used, index = np.unique(self.index, return_inverse=True)
        return self._with(features=self.features[used], index=index.reshape(self.index.shape))


def check_pair_matrix(estimator, X, *, reset):
    """Validate a PairMatrix on behalf of an estimator, as ``validate_data`` does for arrays.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_``, or is checked against it; where it has a ``layout_`` (as it came in, or as it goes
        out), ``X`` must hold the same tokens and blocks.
    X : PairMatrix
    reset : bool
        True in ``fit``.

    Returns
    -------
    PairMatrix

    Raises
    ------
    ValueError
        If there is no pair, columns or tokens are not those of ``fit``, or a feature is NaN or infinite.
    """
    validate_data(estimator, X, skip_check_array=True, reset=reset)
    if not len(X):
        raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required")
    fitted = None if reset else getattr(estimator, "layout_", None)
    if fitted is not None and (X.layout.tokens, X.layout.blocks) != (fitted.tokens, fitted.blocks):
        raise ValueError(
            f"{type(estimator).__name__} was fitted on tokens {list(fitted.token_labels)}, got "
            f"{list(X.layout.token_labels)}"
        )
    X.check_finite()
    return X


def layout_of(X):
    """Meaning of the columns of features, where the features tell it.

    Parameters
    ----------
    X : PairMatrix, DataFrame or array-like

    Returns
    -------
    FeatureLayout or None
        That of a PairMatrix, or of a data frame with the names of a layout.
    """
    if isinstance(X, pd.DataFrame):
        return FeatureLayout.from_feature_names(X.columns)
    return getattr(X, "layout", None)


def as_configured_output(transformer, X):
    """A pair matrix as the configuration asks for it: lazy by default, dense for a data frame or the array API.

    Parameters
    ----------
    transformer : estimator
        Its ``set_output`` configuration decides, and scikit-learn's ``array_api_dispatch``.
    X : PairMatrix

    Returns
    -------
    PairMatrix or ndarray
    """
    wants_frame = _get_output_config("transform", transformer)["dense"] != "default"
    return np.asarray(X) if wants_frame or get_config()["array_api_dispatch"] else X
