"""ProteinScaler: every feature with mean 0 and variance 1 over the proteins, not over the pairs."""

from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from ..data.layout import FeatureLayout
from ..data.pair_matrix import PairMatrix, as_configured_output

_ROWS = 1024  # proteins whose features are held in double precision at a time


class ProteinScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale each feature to mean 0 and variance 1 over the distinct proteins of the training pairs.

    The features of a language model differ in size by orders of magnitude from one dimension to the next; networks
    learn faster and better from scaled ones. A protein counts once, however many pairs it is in, so that a few
    proteins with hundreds of partners do not decide what is usual.

    A ``PairMatrix`` is scaled protein by protein and stays one: each of a protein's columns gets one mean and one
    scale, whether the protein stands first or second in a pair, and blocks such as ``"|A-B|"`` are made of the scaled
    features. Every other input (an array, a data frame) is scaled as ``sklearn.preprocessing.StandardScaler`` does it,
    column by column over its rows. A column that is constant is centred and left at its scale.

    Parameters
    ----------
    with_mean : bool, default=True
        Subtract the mean.
    with_std : bool, default=True
        Divide by the standard deviation.

    Attributes
    ----------
    mean_, var_, scale_ : ndarray of shape (n_protein_features,) or (n_features,), or None
        Mean, variance and divisor of each column of a protein (``PairMatrix``) or of each column (otherwise).
        ``mean_`` is None if nothing is subtracted or divided, ``var_`` and ``scale_`` are None if nothing is divided.
    n_samples_seen_ : int
        Proteins, or rows, that the statistics were taken over.
    layout_ : FeatureLayout or None
        Meaning of the columns; None for an array without names.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame.

    See Also
    --------
    amp_sklearn.preprocessing.PairConcatenator : Choose tokens first, so that only those are scaled.

    Notes
    -----
    An attribution of a scaled feature is one of the feature before scaling: both have the same share of the model's
    output, because scaling moves and stretches each column by itself. A baseline of zero is then the mean protein of
    the training pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import PairMatrix
    >>> from amp_sklearn.preprocessing import ProteinScaler
    >>> X = PairMatrix(np.array([[1.0, 10.0], [3.0, 30.0], [8.0, 80.0]]), [[0, 1], [0, 0], [0, 1]])
    >>> scaler = ProteinScaler().fit(X)
    >>> scaler.mean_, scaler.n_samples_seen_
    (array([ 2., 20.]), 2)
    >>> np.asarray(scaler.transform(X[:1]))
    array([[-1., -1.,  1.,  1.]])
    """

    _parameter_constraints: ClassVar[dict] = {"with_mean": ["boolean"], "with_std": ["boolean"]}

    def __init__(self, *, with_mean=True, with_std=True):
        self.with_mean = with_mean
        self.with_std = with_std

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None):
        """Take the statistics.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a value is missing or infinite, or X has no rows.
        """
        self._validate_params()
        columns = getattr(X, "columns", None)
        X = self._check(X, reset=True)
        self._per_protein = isinstance(X, PairMatrix)
        self.layout_ = X.layout if self._per_protein else None
        if columns is not None:
            self.layout_ = FeatureLayout.from_feature_names(columns)
        scaler = StandardScaler(with_mean=self.with_mean, with_std=self.with_std)
        if self._per_protein:
            used = pd.unique(X.index.ravel())
            for start in range(
                0, len(used), _ROWS
            ):  # in parts, so that no second matrix is held in double precision
                scaler.partial_fit(self._finite(X, used[start : start + _ROWS]).astype(np.float64))
        else:
            scaler.fit(X)
        self.mean_, self.var_, self.scale_ = scaler.mean_, scaler.var_, scaler.scale_
        self.n_samples_seen_ = int(scaler.n_samples_seen_)
        return self

    def transform(self, X):
        """Scale.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        PairMatrix, or ndarray for an array; a DataFrame after ``set_output(transform="pandas")``

        Raises
        ------
        ValueError
            If the columns are not those of ``fit``.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        if not isinstance(X, PairMatrix):
            return self.scale_columns(X, X.dtype)
        used, index = np.unique(X.index, return_inverse=True)
        scaled = np.empty((len(used), X.features.shape[1]), X.dtype if X.dtype.kind == "f" else np.float64)
        for start in range(0, len(used), _ROWS):  # in parts, as in fit
            some = slice(start, start + _ROWS)
            scaled[some] = self.scale_columns(self._finite(X, used[some]), scaled.dtype)
        scaled = PairMatrix(scaled, index.reshape(X.index.shape), X.layout)
        return as_configured_output(self, scaled)

    def inverse_transform(self, X):
        """Undo the scaling.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)
            What ``transform`` gave.

        Returns
        -------
        PairMatrix, or ndarray for an array

        Raises
        ------
        ValueError
            If the columns are not those of ``fit``.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False, names=False)
        if not isinstance(X, PairMatrix):
            return self.scale_columns(X, X.dtype, back=True)
        return PairMatrix(self.scale_columns(X.features, X.dtype, back=True), X.index, X.layout)

    def scale_columns(self, features, dtype=None, back=False):
        """Scale rows of numbers, of proteins or of pairs according to what was fitted; also tensors of torch.

        Parameters
        ----------
        features : ndarray or Tensor of shape (..., n)
            Columns as ``mean_`` and ``scale_`` have them, or as many times as a pair has proteins.
        dtype : numpy.dtype, default=None
            Type of the result; None is that of the computation.
        back : bool, default=False
            Undo the scaling instead.

        Returns
        -------
        ndarray or Tensor of shape (..., n)
        """
        for statistic, used in ((self.mean_, self.with_mean), (self.scale_, self.with_std))[
            :: -1 if back else 1
        ]:
            if not used:
                continue
            repeats = features.shape[-1] // len(statistic)
            number = np.tile(statistic, repeats) if repeats > 1 else statistic
            if hasattr(features, "new_tensor"):
                number = features.new_tensor(number)
            if statistic is self.mean_:
                features = features + number if back else features - number
            else:
                features = features * number if back else features / number
        return features if dtype is None else np.asarray(features, dtype=dtype)

    def _check(self, X, reset, names=True):
        """The input as a PairMatrix with the columns of ``fit``, or as an array."""
        if not isinstance(X, PairMatrix):
            X = (
                validate_data(self, X, dtype=(np.float64, np.float32), reset=reset)
                if names
                else np.asarray(X)
            )
            if (
                not reset
                and self._per_protein
                and self.layout_ is not None
                and self.layout_.blocks != ("A", "B")
            ):
                raise ValueError(
                    f"{type(self).__name__} was fitted on a PairMatrix with blocks {list(self.layout_.blocks)}, whose "
                    "rows cannot be scaled after they were made; give it a PairMatrix"
                )
            return X
        validate_data(self, X, skip_check_array=True, reset=reset)
        if not len(X):
            raise ValueError(
                f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required"
            )
        if not reset and X.layout != self.layout_:
            fitted = "an array" if self.layout_ is None else f"tokens {list(self.layout_.token_labels)}"
            raise ValueError(
                f"{type(self).__name__} was fitted on {fitted}, got tokens {list(X.layout.token_labels)}"
            )
        if not reset and not self._per_protein:
            raise ValueError(
                f"{type(self).__name__} was fitted on rows of pairs, got a PairMatrix; fit it on one, so that it is "
                "scaled per protein"
            )
        return X

    @staticmethod
    def _finite(X, proteins):
        """Features of some proteins, or a ValueError that names the first one with a value that is no number."""
        features = X.features[proteins]
        bad = ~np.isfinite(features).all(axis=1)
        if bad.any():
            protein = proteins[bad][0]
            pair = int(np.flatnonzero((X.index == protein).any(axis=1))[0])
            raise ValueError(
                f"Input X contains NaN or infinity: features of protein row {protein}, first used by pair {pair}"
            )
        return features
