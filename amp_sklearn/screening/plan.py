"""Which pairs a screen is made of, and how they are cut into numbered blocks."""

from dataclasses import dataclass
from math import isqrt

import numpy as np


@dataclass(frozen=True)
class ScreeningPlan:
    """All pairs of queries and targets, or of queries among themselves, as numbered blocks.

    A block is a tile of at most ``block_size`` x ``block_size`` pairs, so that it needs few proteins for many pairs.
    Which pairs a number stands for depends on the fields of the plan and on nothing else: blocks can be computed in
    any order, on any machine, and again after an interruption.

    Parameters
    ----------
    n_queries : int
        Proteins asked about.
    n_targets : int, default=None
        Proteins they are paired with; None pairs the queries among themselves, each pair once.
    block_size : int, default=128
        Proteins on either side of a tile.
    include_self : bool, default=False
        Among themselves: also pair each protein with itself.

    Attributes
    ----------
    n_pairs, n_blocks : int

    Raises
    ------
    ValueError
        If a number is too small.

    Examples
    --------
    >>> from amp_sklearn.screening import ScreeningPlan
    >>> plan = ScreeningPlan(n_queries=5, block_size=2)
    >>> plan.n_pairs, plan.n_blocks
    (10, 6)
    >>> plan.pairs(1).tolist()
    [[0, 2], [0, 3], [1, 2], [1, 3]]
    """

    n_queries: int
    n_targets: int | None = None
    block_size: int = 128
    include_self: bool = False

    def __post_init__(self):
        for name, lowest in (("n_queries", 0), ("n_targets", 0), ("block_size", 1)):
            value = getattr(self, name)
            if value is not None and value < lowest:
                raise ValueError(f"{name} must be at least {lowest}, got {value}")
        if self.include_self and self.n_targets is not None:
            raise ValueError(
                "include_self is about a screen of proteins among themselves; leave n_targets=None"
            )

    @property
    def n_pairs(self):
        if self.n_targets is not None:
            return self.n_queries * self.n_targets
        return self.n_queries * (self.n_queries + (1 if self.include_self else -1)) // 2

    @property
    def n_blocks(self):
        rows = -(-self.n_queries // self.block_size)
        if self.n_targets is not None:
            return rows * -(-self.n_targets // self.block_size)
        return rows * (rows + 1) // 2

    def tile(self, number):
        """Where the pairs of a block lie in the matrix of queries and targets.

        Parameters
        ----------
        number : int
            0 to ``n_blocks - 1``.

        Returns
        -------
        queries, targets : range
            Rows of the queries and of the targets. Among themselves a tile on the diagonal has equal ranges, and
            only the pairs above its diagonal (with it, if proteins pair with themselves) belong to the block.

        Raises
        ------
        IndexError
            If there is no such block.
        """
        if not 0 <= number < self.n_blocks:
            raise IndexError(f"the screen has blocks 0 to {self.n_blocks - 1}, got {number}")
        n_targets, size = self.n_targets, self.block_size
        if n_targets is not None:
            row, column = divmod(number, -(-n_targets // size))
        else:
            n_targets, (row, column) = self.n_queries, self._tile_of_triangle(number)
        queries = range(row * size, min((row + 1) * size, self.n_queries))
        return queries, range(column * size, min((column + 1) * size, n_targets))

    def belongs(self, queries, targets):
        """Which pairs of a tile belong to its block.

        Parameters
        ----------
        queries, targets : range
            From ``tile``.

        Returns
        -------
        ndarray of bool of shape (n_queries, n_targets), or None if all of them do
        """
        if self.n_targets is not None or queries != targets:
            return None
        return np.triu(np.ones((len(queries), len(targets)), dtype=bool), 0 if self.include_self else 1)

    def pairs(self, number):
        """Pairs of a block.

        Parameters
        ----------
        number : int
            0 to ``n_blocks - 1``.

        Returns
        -------
        ndarray of int of shape (n, 2)
            Row of the query and row of the target. Among themselves the first is the smaller one. The very last
            block of a screen without self pairs may be empty.

        Raises
        ------
        IndexError
            If there is no such block.
        """
        queries, targets = self.tile(number)
        belongs = self.belongs(queries, targets)
        pairs = np.column_stack([np.repeat(queries, len(targets)), np.tile(targets, len(queries))])
        return pairs if belongs is None else pairs[belongs.ravel()]

    def _tile_of_triangle(self, number):
        """Row and column of a tile on or above the diagonal, counted row by row."""
        rows = -(-self.n_queries // self.block_size)
        after = rows * (rows + 1) // 2 - 1 - number  # tiles that follow; rows counted from below grow by one
        below = (isqrt(8 * after + 1) - 1) // 2
        return rows - 1 - below, rows - 1 - (after - below * (below + 1) // 2)
