"""AutoencoderReducer: each token of a protein in fewer dimensions."""

import warnings
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _generate_get_feature_names_out, check_is_fitted, validate_data

from ..data.layout import FeatureLayout
from ..data.pair_matrix import PairMatrix, as_configured_output, check_pair_matrix, layout_of
from ..exceptions import TrainingWarning
from ..nn.device import resolve_device
from .autoencoder_training import encode, reconstruction_error, train_autoencoder


class AutoencoderReducer(TransformerMixin, BaseEstimator):
    """Reduce every token with one residual autoencoder, trained on the tokens of the proteins given
    (published as AE).

    A PairMatrix is reduced protein by protein: each protein that occurs is used once, however many pairs it
    is in, and a PairMatrix comes out. It may come before `PairConcatenator` (all tokens of a protein) or
    after it. A DataFrame with the column names of a PairMatrix, and an ordinary array with ``n_tokens``, are
    cut into tokens; of an array with an even number of tokens both halves of a row are proteins, and equal
    ones are used once.

    Parameters
    ----------
    n_components : int, default=150
        Dimensions of a reduced token.
    n_tokens : int or "auto", default="auto"
        Tokens of a row of an ordinary array. ``"auto"`` takes a row for one token. A PairMatrix knows its
        tokens.
    max_epochs : int, default=50
        Passes over the tokens.
    batch_size : int, default=256
        Tokens per training step, at least 2 (batch normalisation needs them).
    lr : float, default=1e-3
        Learning rate of AdamW.
    weight_decay : float, default=0.0
        Weight decay of AdamW.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the parameters and of what comes out.
    device : str, default="auto"
        Torch device; ``"auto"`` is a CUDA device where there is one.
    random_state : int, RandomState instance or None, default=None
        Start values and order of batches.
    verbose : int, default=0
        1 shows a progress bar over epochs.

    Attributes
    ----------
    module_ : AutoEncoder
        The autoencoder, on the CPU, in evaluation mode.
    layout_ : FeatureLayout or None
        Meaning of the columns that come out; None for an ordinary array.
    token_shape_ : tuple of int
        Tokens of a row that comes in and dimensions of one.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame.
    history_ : DataFrame
        Mean squared error of the reconstruction in every epoch.
    n_iter_ : int
        Epochs run.
    reconstruction_error_ : float
        Mean squared error of the trained autoencoder on the tokens it was trained on.

    Notes
    -----
    Spectral normalisation bounds every linear layer, so that large inputs cannot be reproduced; features of
    ESM-2 are of a size that it can. Training settings of the autoencoder are not published; those here are
    ours.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import FeatureLayout, PairMatrix
    >>> from amp_sklearn.preprocessing import AutoencoderReducer
    >>> features = np.random.default_rng(0).normal(size=(5, 16))
    >>> X = PairMatrix(features, [[0, 1], [2, 3], [1, 4]], FeatureLayout(("cls", "mean"), width=8))
    >>> AutoencoderReducer(n_components=3, max_epochs=2, random_state=0).fit_transform(X)
    PairMatrix(shape=(3, 12), dtype=float32, n_proteins=5)
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_tokens": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64"})],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_components=150,
        *,
        n_tokens="auto",
        max_epochs=50,
        batch_size=256,
        lr=1e-3,
        weight_decay=0.0,
        dtype="float32",
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.n_tokens = n_tokens
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [self.dtype]
        return tags

    def fit(self, X, y=None):
        """Train the autoencoder.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n, n_features)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter cannot be used, the tokens do not divide the columns, there is only one token, or the
            loss or the parameters became NaN before there was an epoch worth keeping.
        KeyboardInterrupt
            If a user interrupts (Ctrl-C). If an epoch was complete, the estimator is fitted with the last one,
            and a TrainingWarning says so; the interruption goes on.

        Warns
        -----
        TrainingWarning
            If the loss or the parameters became NaN later; the model has the epoch before.
        """
        self._validate_params()
        layout = layout_of(X)
        X = self._check(X, reset=True)
        self.token_shape_ = self._tokens_of(X.shape[1], layout)
        self.layout_ = (
            None if layout is None else FeatureLayout(layout.tokens, self.n_components, layout.blocks)
        )
        tokens = self._training_tokens(X)
        if len(tokens) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 different tokens to train on; n_samples={len(X)} rows of X "
                f"hold {len(tokens)}"
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        self.module_, losses, interruption = train_autoencoder(
            tokens,
            n_components=self.n_components,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            weight_decay=self.weight_decay,
            seed=seed,
            device=resolve_device(self.device),
            verbose=bool(self.verbose),
        )
        self.n_iter_ = len(losses)
        self.history_ = pd.DataFrame({"epoch": np.arange(1, self.n_iter_ + 1), "train_loss": losses})
        self.reconstruction_error_ = reconstruction_error(self.module_, tokens, resolve_device(self.device))
        if interruption is not None:
            warnings.warn(
                f"{type(self).__name__} was interrupted; it is fitted, with the parameters of epoch {self.n_iter_}",
                TrainingWarning,
                stacklevel=2,
            )
            raise interruption
        return self

    def transform(self, X):
        """Reduced tokens.

        Parameters
        ----------
        X : PairMatrix, DataFrame or array-like of shape (n, n_features)

        Returns
        -------
        PairMatrix, or ndarray of shape (n, n_tokens * n_components) for an array; a DataFrame after
        ``set_output(transform="pandas")``

        Raises
        ------
        ValueError
            If the columns are not those of `fit`.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        if not isinstance(X, PairMatrix):
            return self._encode(X)
        X = X.without_unused_proteins()
        layout = FeatureLayout(X.layout.tokens, self.n_components, X.layout.blocks)
        return as_configured_output(self, PairMatrix(self._encode(X.features), X.index, layout))

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that come out.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        if self.layout_ is not None:
            return self.layout_.feature_names()
        n_out = self.token_shape_[0] * self.n_components
        return _generate_get_feature_names_out(self, n_out, input_features)

    def _check(self, X, reset):
        if not isinstance(X, PairMatrix):
            return validate_data(self, X, dtype=np.dtype(self.dtype), reset=reset)
        return check_pair_matrix(self, X, reset=reset)

    def _tokens_of(self, n_features, layout):
        if layout is not None:
            if self.n_tokens not in ("auto", layout.n_tokens):
                raise ValueError(f"n_tokens={self.n_tokens!r}, but X has {layout.n_tokens} tokens per pair")
            return layout.n_tokens, layout.width
        n_tokens = 1 if self.n_tokens == "auto" else self.n_tokens
        if n_features % n_tokens:
            raise ValueError(f"X has n_features={n_features}, which is not a multiple of n_tokens={n_tokens}")
        return n_tokens, n_features // n_tokens

    def _training_tokens(self, X):
        """Tokens of each protein once, in the order in which proteins occur, ``(n, width)``."""
        n_tokens, width = self.token_shape_
        if isinstance(X, PairMatrix):
            rows = pd.unique(X.index.ravel())
            proteins = X.features[rows]
        else:
            proteins = X.reshape(-1, n_tokens // 2 * width) if n_tokens % 2 == 0 else X
            proteins = np.ascontiguousarray(proteins)
            whole = proteins.view(np.dtype((np.void, proteins.strides[0]))).ravel()
            first = np.unique(whole, return_index=True)[1]
            proteins = proteins[np.sort(first)]
        return np.ascontiguousarray(proteins, dtype=self.dtype).reshape(-1, width)

    def _encode(self, features):
        """Features of rows, or of proteins, with every token reduced."""
        width = self.token_shape_[1]
        tokens = np.asarray(features, dtype=self.dtype).reshape(-1, width)
        reduced = encode(self.module_, tokens, resolve_device(self.device))
        return reduced.reshape(len(features), -1)
