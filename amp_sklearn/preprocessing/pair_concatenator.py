"""PairConcatenator: which tokens of both proteins make a pair's features, and how they are put together."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ..data.pair_matrix import PairMatrix, as_configured_output, layout_of
from ..data.segments import SEGMENT_TOKENS, TOKEN_SETS

COMBINATIONS = {
    "concat": ("A", "B"),
    "absdiff": ("|A-B|",),
    "product": ("A*B",),
    "sum": ("A+B",),
    "sum+absdiff": ("A+B", "|A-B|"),
    "product+absdiff": ("A*B", "|A-B|"),
}


class PairConcatenator(TransformerMixin, BaseEstimator):
    """Choose tokens of the embedded proteins and combine protein A with protein B.

    Nothing is learned and nothing is copied per pair: rows are made when an estimator asks for them.

    Parameters
    ----------
    tokens : str or sequence of str, default="auto"
        ``"segments"`` (20 tokens a pair, as ESM2_AMPS), ``"cls+segments+eos"`` (24, as ESM2_AMP_CSE), ``"mean"`` (2, as
        ESM2_DPM), ``"all"``, or a list of tokens such as ``["cls", "mean"]``. ``"auto"`` is ``"segments"`` where the
        input has segments, else all tokens.
    combine : str or sequence of str, default="concat"
        ``"concat"`` (A, then B), or what does not depend on the order of the proteins: ``"absdiff"``, ``"product"``,
        ``"sum"``, ``"sum+absdiff"``, ``"product+absdiff"``; or a list of blocks of ``amp_sklearn.data.BLOCKS``.

    Attributes
    ----------
    layout_ : FeatureLayout
        Meaning of the columns that come out.
    n_features_in_ : int
        Columns that came in.
    feature_names_in_ : ndarray of str
        Their names, when the input was a data frame.

    Notes
    -----
    A data frame made by ``ESM2Embedder().set_output(transform="pandas")`` is understood by its column names. A plain
    numeric array says nothing about tokens: its columns are passed on, and for ``combine`` other than ``"concat"`` the
    first half is taken for protein A and the second for protein B.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> from amp_sklearn import ESM2Embedder, PairConcatenator
    >>> X = [["MKTAYIAKQRQISF", "MVLSPADKTNVKAA"]]
    >>> features = ESM2Embedder(store=None).fit_transform(X)
    >>> PairConcatenator("segments").fit_transform(features).shape
    (1, 3840)
    >>> PairConcatenator("mean", combine="sum+absdiff").fit(features).layout_.token_labels
    ('A+B_mean', '|A-B|_mean')
    """

    _parameter_constraints: ClassVar[dict] = {
        "tokens": [StrOptions({"auto", "all", *TOKEN_SETS}), "array-like"],
        "combine": [StrOptions(set(COMBINATIONS)), "array-like"],
    }

    def __init__(self, tokens="auto", combine="concat"):
        self.tokens = tokens
        self.combine = combine

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X, y=None):
        """Work out which columns to keep.

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
            If a token or combination is unknown, or tokens are asked of an array that has none.
        """
        self._validate_params()
        X = self._pairs(X, reset=True)
        if isinstance(X, PairMatrix):
            self.layout_ = X.select(self._tokens(X.layout), self._blocks()).layout
        elif self.tokens not in ("auto", "all"):
            raise ValueError(
                f"tokens={self.tokens!r} needs an input that names its tokens (the output of ESM2Embedder or "
                f"AutoencoderReducer); got a plain array of {X.shape[1]} columns. Use tokens='all' to take its columns "
                "as they are"
            )
        elif self._blocks() == ("A", "B"):
            self.layout_ = None
        else:
            self.layout_ = self._halves(X).select(blocks=self._blocks()).layout
        return self

    def transform(self, X):
        """Select and combine.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n_pairs, n_features)

        Returns
        -------
        PairMatrix, or ndarray for a plain array; a DataFrame after ``set_output(transform="pandas")``

        Raises
        ------
        ValueError
            If the columns are not those of ``fit``.
        """
        check_is_fitted(self)
        X = self._pairs(X, reset=False)
        if isinstance(X, PairMatrix):
            return as_configured_output(self, X.select(self._tokens(X.layout), self._blocks()))
        if self.layout_ is None:
            return X
        return np.asarray(self._halves(X).select(blocks=self._blocks()))

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that come out.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns that came in; passed on where a plain array was passed on.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return names if self.layout_ is None else self.layout_.feature_names()

    def _tokens(self, layout):
        if isinstance(self.tokens, str):
            if self.tokens == "auto":
                return SEGMENT_TOKENS if set(SEGMENT_TOKENS) <= set(layout.tokens) else layout.tokens
            if self.tokens == "all":
                return layout.tokens
            return TOKEN_SETS[self.tokens]
        return tuple(self.tokens)

    def _blocks(self):
        if isinstance(self.combine, str):
            return COMBINATIONS[self.combine]
        return tuple(self.combine)

    def _pairs(self, X, reset):
        """The input as a pair matrix where it names its tokens, else as a checked array."""
        if isinstance(X, PairMatrix):
            validate_data(self, X, skip_check_array=True, reset=reset)
            return X
        layout = layout_of(X)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=reset)
        if layout is None or layout.blocks != ("A", "B"):
            return X
        return self._halves(X, layout)

    def _halves(self, X, layout=None):
        """Dense rows of [A, B] as a pair matrix."""
        if X.shape[1] % 2:
            raise ValueError(
                f"combine={self.combine!r} needs as many columns for protein A as for protein B; X has {X.shape[1]}"
            )
        return PairMatrix.from_halves(X, layout)
