"""The one result type of every explainer."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..data.layout import FeatureLayout


@dataclass(frozen=True, eq=False)
class Explanation:
    """How much each token of each pair mattered to a fitted model. Frozen, and checked when it is made.

    Parameters
    ----------
    values : array-like of shape (n_pairs, n_tokens)
        Importance of each token of each pair.
    layout : FeatureLayout
        Meaning of the tokens.
    method : str
        Name of the explainer, such as ``"attention"``.
    pair_ids : array-like of shape (n_pairs, 2), default=None
        Protein ids of each pair; by default ``"A<row>"`` and ``"B<row>"``.
    predictions : array-like of shape (n_pairs,), default=None
        What the model predicted for each pair (probability of the positive class).
    base_values : array-like of shape (n_pairs,), default=None
        Model output at the explainer's baseline.
    feature_values : array-like of shape (n_pairs, n_features), default=None
        Signed attribution of each input column, where the method has one.
    residue_values : sequence of (ndarray, ndarray), default=None
        For each pair, one value per residue of protein A and of protein B.
    error : array-like of shape (n_pairs,), default=None
        Convergence or additivity error that the explainer reports about itself.
    notes : tuple of str, default=()
        What a reader must know, such as "the model cannot tell protein A from protein B".
    model : str, default=""
        Fingerprint of the explained model.
    parameters : dict, default={}
        Settings of the explainer.

    Raises
    ------
    ValueError
        If shapes do not fit together or a value is not finite.

    Examples
    --------
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explain import Explanation
    >>> layout = FeatureLayout(("segment0", "segment1"), width=4)
    >>> explanation = Explanation([[0.1, 0.4, 0.2, 0.3]], layout, "attention", pair_ids=[["P1", "P2"]])
    >>> explanation.top(1)[["protein_a", "protein_b", "rank", "token"]].to_dict("records")
    [{'protein_a': 'P1', 'protein_b': 'P2', 'rank': 1, 'token': 'A_segment1'}]
    """

    values: np.ndarray
    layout: FeatureLayout
    method: str
    pair_ids: np.ndarray | None = None
    predictions: np.ndarray | None = None
    base_values: np.ndarray | None = None
    feature_values: np.ndarray | None = None
    residue_values: tuple | None = None
    error: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    model: str = ""
    parameters: dict = field(default_factory=dict)

    def __post_init__(self):
        values = self._checked("values", (None, self.layout.n_tokens))
        n_pairs = len(values)
        for name in ("predictions", "base_values", "error"):
            self._checked(name, (n_pairs,))
        self._checked("feature_values", (n_pairs, self.layout.n_features))
        ids = self.pair_ids
        if ids is None:
            ids = [[f"A{row}", f"B{row}"] for row in range(n_pairs)]
        ids = np.array(ids, dtype=object).reshape(-1, 2)
        if len(ids) != n_pairs:
            raise ValueError(f"pair_ids must have {n_pairs} rows (one per pair), got {len(ids)}")
        ids.flags.writeable = False
        object.__setattr__(self, "pair_ids", ids)
        object.__setattr__(self, "notes", tuple(self.notes))
        if self.residue_values is not None:
            if len(self.residue_values) != n_pairs:
                raise ValueError(f"residue_values must have {n_pairs} entries, got {len(self.residue_values)}")
            pairs = tuple((np.array(a, dtype=float), np.array(b, dtype=float)) for a, b in self.residue_values)
            object.__setattr__(self, "residue_values", pairs)

    def _checked(self, name, shape):
        """Set ``name`` to a read-only float array of the given shape, or leave it None."""
        value = getattr(self, name)
        if value is None:
            return None
        array = np.array(value, dtype=float)
        expected = tuple(n if n is not None else got for n, got in zip(shape, array.shape, strict=False))
        if array.ndim != len(shape) or array.shape != expected:
            wanted = " x ".join("n_pairs" if n is None else str(n) for n in shape)
            raise ValueError(f"{name} must have shape {wanted}, got {' x '.join(map(str, array.shape))}")
        if not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0][0])
            raise ValueError(f"{name} must be finite; row {row} holds NaN or infinity")
        array.flags.writeable = False
        object.__setattr__(self, name, array)
        return array

    def __len__(self):
        return len(self.values)

    def __repr__(self):
        return f"Explanation(method={self.method!r}, n_pairs={len(self)}, n_tokens={self.layout.n_tokens})"

    def to_frame(self):
        """Tidy table, one row per pair and token.

        Returns
        -------
        DataFrame
            Columns ``pair`` (row number), ``protein_a``, ``protein_b``, ``token``, ``value``.
        """
        n_pairs, n_tokens = self.values.shape
        return pd.DataFrame(
            {
                "pair": np.repeat(np.arange(n_pairs), n_tokens),
                "protein_a": np.repeat(self.pair_ids[:, 0], n_tokens),
                "protein_b": np.repeat(self.pair_ids[:, 1], n_tokens),
                "token": np.tile(self.layout.token_labels, n_pairs),
                "value": self.values.ravel(),
            }
        )

    def mean(self):
        """Mean value of each token over the pairs.

        Returns
        -------
        Series
            Indexed by token label.
        """
        return pd.Series(self.values.mean(axis=0), index=list(self.layout.token_labels), name=self.method)

    def top(self, k):
        """The ``k`` tokens with the largest values of each pair; ties go to the earlier token.

        Parameters
        ----------
        k : int
            Tokens per pair.

        Returns
        -------
        DataFrame
            As ``to_frame``, with the column ``rank`` (1 is the largest).
        """
        return self._ranked(-self.values, k)

    def low(self, k):
        """The ``k`` tokens with the smallest values of each pair; ties go to the earlier token.

        Parameters
        ----------
        k : int
            Tokens per pair.

        Returns
        -------
        DataFrame
            As ``to_frame``, with the column ``rank`` (1 is the smallest).
        """
        return self._ranked(self.values, k)

    def _ranked(self, keys, k):
        if not 1 <= k <= self.layout.n_tokens:
            raise ValueError(f"k must lie in 1..{self.layout.n_tokens} (tokens of a pair), got {k}")
        order = np.argsort(keys, axis=1, kind="stable")[:, :k]
        rows = (np.arange(len(self))[:, None] * self.layout.n_tokens + order).ravel()
        frame = self.to_frame().iloc[rows].reset_index(drop=True)
        frame.insert(3, "rank", np.tile(np.arange(1, k + 1), len(self)))
        return frame
