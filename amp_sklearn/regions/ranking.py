"""Which segments or residues of each pair an explanation puts first and last."""

from dataclasses import dataclass

import numpy as np

from ..data.segments import N_SEGMENTS, SEGMENT_TOKENS, segment_bounds

ENDS = ("top", "low")
"""Ends of a ranking."""

_CHUNK = 200_000  # pairs ranked at a time: bounds the temporary arrays to tens of megabytes


@dataclass(frozen=True)
class Selection:
    """The ``k`` segments or residues selected in each pair, in order of rank.

    Parameters
    ----------
    side : ndarray of int of shape (n_pairs, k)
        0 for protein A, 1 for protein B.
    number : ndarray of int of shape (n_pairs, k)
        Number of the segment or residue within its protein, from 0.
    unit : {"segment", "residue"}
    """

    side: np.ndarray
    number: np.ndarray
    unit: str

    def proteins(self, pair_rows):
        """Protein row of each pick.

        Parameters
        ----------
        pair_rows : ndarray of int of shape (n_pairs, 2)

        Returns
        -------
        ndarray of int of shape (n_pairs, k)
        """
        return np.take_along_axis(pair_rows, self.side, axis=1)

    def bounds(self, pair_rows, lengths):
        """Stretch of each pick, half-open and 0-based.

        Parameters
        ----------
        pair_rows : ndarray of int of shape (n_pairs, 2)
        lengths : ndarray of int of shape (n_proteins,)

        Returns
        -------
        starts, ends : ndarray of int of shape (n_pairs, k)
        """
        if self.unit == "residue":
            return self.number, self.number + 1
        bounds = segment_bounds(lengths).astype(np.int32)
        rows = self.proteins(pair_rows)
        return bounds[rows, self.number, 0], bounds[rows, self.number, 1]


def _segment_columns(layout):
    """Columns of the explanation's values that are segments of protein A and of protein B."""
    missing = [token for token in SEGMENT_TOKENS if token not in layout.tokens]
    if missing or not {"A", "B"} <= set(layout.blocks):
        raise ValueError(
            f"region analysis by segment needs the tokens segment0..segment{N_SEGMENTS - 1} of A and B; "
            f"this explanation "
            f"has {', '.join(layout.token_labels)}"
        )
    return [layout.token_labels.index(f"{block}_{token}") for block in "AB" for token in SEGMENT_TOKENS]


def rank_pairs(explanation, k, which, unit, pair_rows, lengths):
    """Select the ``k`` segments or residues of each pair with the largest or smallest values.

    Tokens that are no stretch of sequence (cls, eos, mean) are passed over. Ties go to protein A, then to
    the earlier segment or residue, as in ``Explanation.top``.

    Parameters
    ----------
    explanation : Explanation
    k : int
    which : {"top", "low"}
    unit : {"segment", "residue"}
    pair_rows : ndarray of int of shape (n_pairs, 2)
        Rows of the two proteins in ``lengths``.
    lengths : ndarray of int of shape (n_proteins,)

    Returns
    -------
    Selection

    Raises
    ------
    ValueError
        If an option is unknown, ``k`` is too large, the explanation lacks segments or residue values, or
        residue values do not match the sequences.
    """
    if which not in ENDS:
        raise ValueError(f"which must be 'top' or 'low', got {which!r}")
    if unit not in ("segment", "residue"):
        raise ValueError(f"unit must be 'segment' or 'residue', got {unit!r}")
    sign = -1.0 if which == "top" else 1.0
    if unit == "residue":
        return _rank_residues(explanation, k, sign, pair_rows, lengths)
    columns = _segment_columns(explanation.layout)
    if not 1 <= k <= len(columns):
        raise ValueError(f"k must lie in 1..{len(columns)} (segments of a pair), got {k}")
    values = explanation.values
    order = np.empty((len(values), k), dtype=np.int8)
    for start in range(0, len(values), _CHUNK):
        keys = sign * values[start : start + _CHUNK, columns]
        order[start : start + _CHUNK] = np.argsort(keys, axis=1, kind="stable")[:, :k]
    return Selection(order // N_SEGMENTS, order % N_SEGMENTS, unit)


def _rank_residues(explanation, k, sign, pair_rows, lengths):
    if explanation.residue_values is None:
        raise ValueError(
            f"unit='residue' needs residue_values, which the explanation by {explanation.method!r} does not "
            f"have"
        )
    shortest = int(lengths[pair_rows].sum(axis=1).min(initial=np.iinfo(np.int64).max))
    if not 1 <= k <= shortest:
        raise ValueError(f"k must lie in 1..{shortest} (residues of the shortest pair), got {k}")
    order = np.empty((len(explanation), k), dtype=np.int64)
    for pair, (a, b) in enumerate(explanation.residue_values):
        expected, got = tuple(lengths[pair_rows[pair]]), (len(a), len(b))
        if expected != got:
            raise ValueError(
                f"pair {pair} ({', '.join(map(str, explanation.pair_ids[pair]))}): residue_values have "
                f"{got} entries, "
                f"the sequences {tuple(map(int, expected))} residues"
            )
        order[pair] = np.argsort(sign * np.concatenate([a, b]), kind="stable")[:k]
    first = lengths[pair_rows[:, :1]]
    side = (order >= first).astype(np.int8)
    return Selection(side, order - side * first, "residue")
