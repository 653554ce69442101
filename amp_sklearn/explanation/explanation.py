"""The one result type of every explainer."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..data.layout import FeatureLayout
from .files import read_explanation, write_explanation
from .residues import spread_over_residues

_NUMBERS = (
    "values",
    "predictions",
    "base_values",
    "feature_values",
    "lengths",
    "token_maps",
    "pair_values",
    "error",
)


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
        For each pair, one value per residue of protein A and of protein B, where the method looked that
        closely; see ``residues`` for values carried over from segments.
    lengths : array-like of int of shape (n_pairs, 2), default=None
        Residues of protein A and protein B of each pair, where known.
    token_maps : array-like of shape (n_pairs, n_maps, n_tokens, n_tokens), default=None
        Token-to-token weights, such as attention: row = token that looks, column = token looked at.
    map_names : tuple of str, default=()
        One name per map, such as ``"layer 1"``.
    pair_values : array-like of shape (n_pairs, n_tokens_a, n_tokens_b), default=None
        Signed share of each pair of a token of protein A (row) and a token of protein B (column) in the model's output,
        where the method has one. They add up to the output without ``base_values``. Only for blocks A and B.
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
    >>> from amp_sklearn.explanation import Explanation
    >>> layout = FeatureLayout(("segment0", "segment1"), width=4)
    >>> explanation = Explanation([[0.1, 0.4, 0.2, 0.3]], layout, "attention", pair_ids=[["P1", "P2"]])
    >>> explanation.top(1)[["protein_a", "protein_b", "rank", "token"]].to_dict("records")
    [{'protein_a': 'P1', 'protein_b': 'P2', 'rank': 1, 'token': 'A_segment1'}]
    """

    values: np.ndarray
    layout: FeatureLayout
    method: str
    pair_ids: Any = None
    predictions: np.ndarray | None = None
    base_values: np.ndarray | None = None
    feature_values: np.ndarray | None = None
    residue_values: tuple | None = None
    lengths: np.ndarray | None = None
    token_maps: np.ndarray | None = None
    map_names: tuple[str, ...] = ()
    pair_values: np.ndarray | None = None
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
        n_tokens = self.layout.n_tokens
        maps = self._checked("token_maps", (n_pairs, None, n_tokens, n_tokens))
        object.__setattr__(self, "map_names", tuple(self.map_names))
        n_maps = 0 if maps is None else maps.shape[1]
        if len(self.map_names) != n_maps:
            raise ValueError(f"map_names must have {n_maps} entries (one per map), got {len(self.map_names)}")
        if self.pair_values is not None and self.layout.blocks != ("A", "B"):
            raise ValueError(
                f"pair_values are about a token of protein A and one of protein B; the blocks are {self.layout.blocks}"
            )
        of_protein = len(self.layout.tokens)
        self._checked("pair_values", (n_pairs, of_protein, of_protein))
        if self.lengths is not None:
            lengths = np.array(self.lengths)
            if lengths.shape != (n_pairs, 2) or lengths.dtype.kind not in "iu" or (lengths < 0).any():
                raise ValueError(
                    f"lengths must be {n_pairs} x 2 residue counts >= 0, got {lengths.dtype} of shape "
                    f"{lengths.shape}"
                )
            lengths.flags.writeable = False
            object.__setattr__(self, "lengths", lengths)
        if self.residue_values is not None:
            if len(self.residue_values) != n_pairs:
                raise ValueError(
                    f"residue_values must have {n_pairs} entries, got {len(self.residue_values)}"
                )
            pairs = tuple(
                (np.array(a, dtype=float), np.array(b, dtype=float)) for a, b in self.residue_values
            )
            if self.lengths is not None:
                for row, pair in enumerate(pairs):
                    found, expected = tuple(map(len, pair)), tuple(map(int, self.lengths[row]))
                    if found != expected:
                        raise ValueError(
                            f"residue_values of row {row} hold {found} residues, lengths say {expected}"
                        )
            for row, pair in enumerate(pairs):
                if not all(np.isfinite(side).all() for side in pair):
                    raise ValueError(f"residue_values must be finite; row {row} holds NaN or infinity")
            object.__setattr__(self, "residue_values", pairs)

    def _checked(self, name, shape):
        """Set ``name`` to a read-only float array of the given shape, or leave it None."""
        value = getattr(self, name)
        if value is None:
            return None
        # single precision stays single: attributions of every column and maps of every head are large
        single = getattr(value, "dtype", None) == np.float32 and name in ("feature_values", "token_maps")
        array = np.array(value, dtype=np.float32 if single else float)
        expected = tuple(n if n is not None else got for n, got in zip(shape, array.shape, strict=False))
        if array.ndim != len(shape) or array.shape != expected:
            free = "n_maps" if name == "token_maps" else "n_pairs"
            wanted = " x ".join(free if n is None else str(n) for n in shape)
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

    @property
    def signed(self):
        """Whether values tell direction (towards or against the positive class) and not only magnitude."""
        return bool((self.values < 0).any())

    def to_frame(self):
        """Tidy table, one row per pair and token.

        Returns
        -------
        DataFrame
            Columns ``pair`` (row number), ``protein_a``, ``protein_b``, ``token``, ``value``.
        """
        n_pairs, n_tokens = self.values.shape
        protein_a, protein_b = np.repeat(self.pair_ids, n_tokens, axis=0).T
        return pd.DataFrame(
            {
                "pair": np.repeat(np.arange(n_pairs), n_tokens),
                "protein_a": protein_a,
                "protein_b": protein_b,
                "token": np.tile(self.layout.token_labels, n_pairs),
                "value": self.values.ravel(),
            }
        )

    def mean(self, magnitude=False):
        """Mean value of each token over the pairs.

        Parameters
        ----------
        magnitude : bool, default=False
            Average magnitudes; signed values of different pairs cancel otherwise.

        Returns
        -------
        Series
            Indexed by token label.
        """
        values = np.abs(self.values) if magnitude else self.values
        return pd.Series(values.mean(axis=0), index=list(self.layout.token_labels), name=self.method)

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

    def select(self, pairs):
        """The explanation of some of the pairs.

        Parameters
        ----------
        pairs : array-like of int or bool, or slice
            Rows to keep.

        Returns
        -------
        Explanation
        """
        rows = np.arange(len(self))[pairs].reshape(-1)
        changes = {name: getattr(self, name)[rows] for name in _NUMBERS if getattr(self, name) is not None}
        changes["pair_ids"] = self.pair_ids[rows]
        if self.residue_values is not None:
            changes["residue_values"] = tuple(self.residue_values[row] for row in rows)
        return replace(self, **changes)

    def residues(self, pair, spread="share"):
        """One value per residue of both proteins of a pair.

        Residue-resolved values are returned where the method made them. Otherwise each segment's value is
        carried back to its residues by the segment rule (see ``amp_sklearn.explanation.spread_over_residues``).

        Parameters
        ----------
        pair : int
            Row number.
        spread : {"share", "value"}, default="share"
            A residue gets its share of the segment's value (shares add up to it), or the value itself.

        Returns
        -------
        protein_a, protein_b : ndarray of shape (n_residues,)

        Raises
        ------
        ValueError
            If there are neither residue values nor protein lengths.
        """
        if self.residue_values is not None:
            return self.residue_values[pair]
        if self.lengths is None:
            raise ValueError(
                "this explanation has no residue values and does not know the proteins' lengths; explain a "
                "table of sequences, or pass lengths (n_pairs x 2 residues) to Explanation"
            )
        return spread_over_residues(self.values[pair], self.layout, self.lengths[pair], spread=spread)

    def to_shap(self, level="token"):
        """The same values as a ``shap.Explanation``, for shap's own plots.

        Parameters
        ----------
        level : {"token", "feature"}, default="token"
            One column per token (signed sums over the token's dimensions where the method has them, so that
            they stay additive) or one per input column.

        Returns
        -------
        shap.Explanation

        Raises
        ------
        ValueError
            If feature-wise values are asked for and there are none.
        """
        import shap

        if level not in ("token", "feature"):
            raise ValueError(f"level must be 'token' or 'feature', got {level!r}")
        if level == "feature" and self.feature_values is None:
            raise ValueError(f"{self.method} made no feature-wise values; use level='token'")
        names, values = self.layout.token_labels, self.values
        if level == "feature":
            names, values = self.layout.feature_names(), self.feature_values
        elif self.feature_values is not None:
            values = self.layout.by_token(self.feature_values).sum(axis=-1)
        base = np.zeros(len(self)) if self.base_values is None else self.base_values
        return shap.Explanation(np.array(values), base_values=np.array(base), feature_names=list(names))

    def save(self, path):
        """Write to one file (compressed arrays and a JSON header, no pickle); ``load`` is the way back.

        Parameters
        ----------
        path : str or path-like
            File to write, ``.npz`` by custom. It is replaced as a whole or not at all.

        Raises
        ------
        TypeError
            If a parameter or a protein id has no JSON form.
        """
        write_explanation(self, path)

    @classmethod
    def load(cls, path):
        """Read an explanation that ``save`` wrote.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If the file is no explanation, or was written by a newer format.
        """
        return cls(**read_explanation(path))
