"""What each column of a pair's feature matrix means."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_FORMULAS = {
    "A": lambda a, b: a,
    "B": lambda a, b: b,
    "|A-B|": lambda a, b: abs(a - b),
    "A*B": lambda a, b: a * b,
    "A+B": lambda a, b: a + b,
}

BLOCKS = tuple(_FORMULAS)
"""Blocks a pair row may be made of: a protein's own features, or a combination of both proteins' features."""


def combine_proteins(a, b, blocks):
    """Blocks of pairs, from the features of both proteins; the one place that knows the formulas.

    Parameters
    ----------
    a, b : ndarray or Tensor of shape (n_pairs, ...)
        Features of protein A and of protein B of each pair; numpy and torch alike.
    blocks : sequence of str
        Members of ``BLOCKS``.

    Returns
    -------
    list of ndarray or Tensor
        One for each block, of the shape of ``a``; ready to be concatenated.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data.layout import combine_proteins
    >>> combine_proteins(np.array([1, 5]), np.array([3, 3]), ("A+B", "|A-B|"))
    [array([4, 8]), array([2, 2])]
    """
    return [_FORMULAS[block](a, b) for block in blocks]


@dataclass(frozen=True)
class FeatureLayout:
    """Names every column of a pair matrix: block (protein A, protein B, or a combination), token, dimension.

    Columns are ordered by block, then token, then dimension. The layout travels with the matrix: selection of
    tokens, grouping of attributions and plots ask it, and nobody parses column names.

    Parameters
    ----------
    tokens : tuple of str
        Tokens of one protein, such as ``("segment0", ..., "segment9")``.
    width : int
        Dimensions of one token (the width of the embedding model).
    blocks : tuple of str, default=("A", "B")
        What a row is made of, in order; see ``amp_sklearn.data.BLOCKS``.

    Attributes
    ----------
    n_tokens : int
        Tokens of a pair: ``len(blocks) * len(tokens)``.
    n_features : int
        Columns of a pair: ``n_tokens * width``.
    token_labels : tuple of str
        One label per token of a pair, such as ``"A_segment0"``.

    Raises
    ------
    ValueError
        If tokens repeat, the width is not positive or a block is unknown.

    Examples
    --------
    >>> from amp_sklearn.data import FeatureLayout
    >>> layout = FeatureLayout(tokens=("cls", "mean"), width=3)
    >>> layout.token_labels
    ('A_cls', 'A_mean', 'B_cls', 'B_mean')
    >>> layout.columns("B_cls")
    slice(6, 9, None)
    """

    tokens: tuple[str, ...]
    width: int
    blocks: tuple[str, ...] = ("A", "B")

    def __post_init__(self):
        object.__setattr__(self, "tokens", tuple(self.tokens))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if not self.tokens or len(set(self.tokens)) != len(self.tokens):
            raise ValueError(f"tokens must be distinct and at least one, got {self.tokens}")
        if self.width < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")
        unknown = [block for block in self.blocks if block not in BLOCKS]
        if not self.blocks or unknown or len(set(self.blocks)) != len(self.blocks):
            raise ValueError(f"blocks must be distinct members of {BLOCKS}, got {self.blocks}")

    @property
    def n_tokens(self):
        return len(self.blocks) * len(self.tokens)

    @property
    def n_features(self):
        return self.n_tokens * self.width

    @cached_property
    def token_labels(self):
        return tuple(f"{block}_{token}" for block in self.blocks for token in self.tokens)

    def feature_names(self):
        """Name of each column, such as ``"A_segment0_17"``.

        Returns
        -------
        ndarray of shape (n_features,), dtype object
        """
        return np.array([f"{t}_{d}" for t in self.token_labels for d in range(self.width)], dtype=object)

    def columns(self, token_label):
        """Columns of one token of a pair.

        Parameters
        ----------
        token_label : str
            A member of ``token_labels``.

        Returns
        -------
        slice

        Raises
        ------
        KeyError
            If there is no such token; the message lists those that exist.
        """
        if token_label not in self.token_labels:
            raise KeyError(f"no token {token_label!r}; this layout has {', '.join(self.token_labels)}")
        start = self.token_labels.index(token_label) * self.width
        return slice(start, start + self.width)

    def select(self, tokens):
        """Layout with the given tokens only, and the columns of *one protein* that hold them.

        Parameters
        ----------
        tokens : sequence of str
            Tokens to keep, in the order wanted.

        Returns
        -------
        layout : FeatureLayout
        columns : ndarray of int
            Columns within the features of one protein.

        Raises
        ------
        ValueError
            If a token is not part of this layout.
        """
        missing = [token for token in tokens if token not in self.tokens]
        if missing:
            raise ValueError(f"tokens {missing} are not among the features' tokens {list(self.tokens)}")
        first = np.array([self.tokens.index(token) for token in tokens]) * self.width
        columns = (first[:, None] + np.arange(self.width)).ravel()
        return FeatureLayout(tuple(tokens), self.width, self.blocks), columns

    def by_token(self, values):
        """View of feature-wise values as tokens by dimensions.

        Parameters
        ----------
        values : array-like of shape (..., n_features)

        Returns
        -------
        ndarray of shape (..., n_tokens, width)

        Raises
        ------
        ValueError
            If the last axis does not have ``n_features`` entries.
        """
        values = np.asarray(values)
        if values.shape[-1] != self.n_features:
            raise ValueError(
                f"expected {self.n_features} features ({self.n_tokens} tokens x {self.width} dimensions), "
                f"got {values.shape[-1]}"
            )
        return values.reshape(*values.shape[:-1], self.n_tokens, self.width)

    @classmethod
    def from_feature_names(cls, names):
        """The layout whose ``feature_names`` are the given names: the way back from a data frame.

        Parameters
        ----------
        names : sequence
            Column names.

        Returns
        -------
        FeatureLayout or None
            None when the names are not those of a layout.
        """
        names = list(names)
        if not names or not all(isinstance(name, str) and name.count("_") >= 2 for name in names):
            return None
        tokens = list(dict.fromkeys(name.rsplit("_", 1)[0] for name in names))
        blocks = tuple(dict.fromkeys(token.split("_", 1)[0] for token in tokens))
        of_protein = tuple(dict.fromkeys(token.split("_", 1)[1] for token in tokens))
        try:
            layout = cls(of_protein, len(names) // len(tokens), blocks)
        except ValueError:
            return None
        return layout if layout.feature_names().tolist() == names else None

    def to_dict(self):
        """Plain dictionary, for files; ``FeatureLayout(**d)`` is the way back."""
        return {"tokens": list(self.tokens), "width": self.width, "blocks": list(self.blocks)}
