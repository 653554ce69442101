"""Annotated residues of many proteins; here, and only here, 1-based regions become half-open intervals."""

import warnings

import numpy as np
import pandas as pd

from ..data.segments import N_SEGMENTS, segment_bounds
from ..exceptions import AnnotationError
from .feature_names import BOND_TYPES
from .table import check_annotations

ALL_TYPES = "all types"
"""Label of the union of all types asked for."""


def protein_lengths(sequences):
    """Residues of each protein.

    Parameters
    ----------
    sequences : mapping, Series or DataFrame
        From protein id to sequence or to length; or the table of pairs that the estimators take (columns
        ``sequence_a`` and ``sequence_b``, an index of two levels with the ids).

    Returns
    -------
    Series of int
        Indexed by protein id.

    Raises
    ------
    ValueError
        If one id stands for sequences of different lengths, or a length is not positive.

    Examples
    --------
    >>> from amp_sklearn.regions import protein_lengths
    >>> protein_lengths({"P1": "MKV", "P2": 120}).to_dict()
    {'P1': 3, 'P2': 120}
    """
    if isinstance(sequences, pd.DataFrame):
        if not {"sequence_a", "sequence_b"} <= set(sequences.columns) or sequences.index.nlevels != 2:
            raise ValueError(
                "expected a table with columns sequence_a, sequence_b and an index (protein_a, protein_b), "
                "got "
                f"columns {list(sequences.columns)} and {sequences.index.nlevels} index level(s)"
            )
        sequences = pd.concat(
            [
                pd.Series(sequences[column].to_numpy(), index=sequences.index.get_level_values(level))
                for level, column in enumerate(("sequence_a", "sequence_b"))
            ]
        )
    series = sequences if isinstance(sequences, pd.Series) else pd.Series(dict(sequences), dtype=object)
    values = [len(v) if isinstance(v, str) else int(v) for v in series]
    lengths = pd.Series(values, index=series.index, dtype=np.int64, name="length")
    if lengths.index.has_duplicates:
        spread = lengths.groupby(level=0).agg(["min", "max"])
        conflicts = spread.index[spread["min"] != spread["max"]]
        if len(conflicts):
            low, high = spread.loc[conflicts[0]]
            raise ValueError(f"protein {conflicts[0]!r} stands for sequences of {low} and of {high} residues")
        lengths = lengths[~lengths.index.duplicated()]
    if (lengths < 1).any():
        raise ValueError(f"protein {lengths.index[lengths < 1][0]!r} has no residue")
    return lengths


def _merge(starts, ends):
    """Union of half-open intervals: disjoint, sorted."""
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], ends[order]
    reach = np.maximum.accumulate(ends) if len(ends) else ends
    first = np.ones(len(starts), dtype=bool)
    first[1:] = starts[1:] > reach[:-1]
    groups = np.flatnonzero(first)
    return starts[groups], np.maximum.reduceat(ends, groups) if len(groups) else ends


class AnnotatedResidues:
    """Which residues of a set of proteins lie in an annotated region, by type.

    All proteins are laid end to end on one axis. For each type, and for the union of all types, the regions
    are merged into disjoint intervals with running totals, so that the annotated residues of any stretch
    come from two binary searches and overlapping regions are never counted twice.

    Parameters
    ----------
    annotations : DataFrame
        Annotation table (1-based, inclusive), see ``annotation_table``.
    sequences : mapping, Series or DataFrame
        Sequence or length of each protein, see ``protein_lengths``. Annotations of other proteins are not
        used.
    types : sequence of str or "any", default="any"
        Types wanted, in this order; ``"any"`` takes all that occur.
    fuzzy : {"use", "drop"}, default="use"
        Regions with a position that is not exact (``<1``, ``>100``, ``?5``): take the number, or leave the
        region out. A region with an unknown position (``?``) has no place on the sequence and is left out in
        any case.
    outside : {"raise", "clip"}, default="raise"
        Regions that pass the end of the sequence, a sign of another isoform or release: refuse, or cut them
        off.

    Attributes
    ----------
    types : tuple of str
        Types, and last ``"all types"``, their union.
    proteins : Index
        Protein ids; a protein's row in all methods is its place here.
    lengths : ndarray of int of shape (n_proteins,)
    n_unknown, n_fuzzy, n_clipped : int
        Regions left out for an unknown position; with a position that is not exact (used, or left out if
        ``fuzzy="drop"``); cut at the end of the sequence.
    n_unannotated : int
        Proteins without any region of the types wanted.

    Raises
    ------
    AnnotationError
        If the table is malformed, or a region passes the end of its sequence and ``outside="raise"``.
    ValueError
        If an option is unknown or no type is given.

    Warns
    -----
    UserWarning
        If regions are left out or cut off; tells how many.

    Notes
    -----
    A disulfide bond or cross-link joins two residues: those two are annotated, not the stretch between them.

    Examples
    --------
    >>> from amp_sklearn.regions import AnnotatedResidues, annotation_table
    >>> regions = annotation_table([("P1", "Domain", 3, 9), ("P1", "Domain", 5, 12), ("P1", "Motif", 12, 12)])
    >>> annotated = AnnotatedResidues(regions, {"P1": 20})
    >>> annotated.types
    ('Domain', 'Motif', 'all types')
    >>> annotated.count([0], [0], [20])
    array([[10,  1, 10]])
    """

    def __init__(self, annotations, sequences, types="any", fuzzy="use", outside="raise"):
        if fuzzy not in ("use", "drop") or outside not in ("raise", "clip"):
            raise ValueError(
                f"fuzzy must be 'use' or 'drop' and outside 'raise' or 'clip', got {fuzzy!r}, {outside!r}"
            )
        lengths = protein_lengths(sequences)
        self.proteins, self.lengths = lengths.index, lengths.to_numpy()
        self._offsets = np.concatenate([[0], np.cumsum(self.lengths)])
        table = check_annotations(annotations)
        if isinstance(types, str):
            if types != "any":
                raise ValueError(f"types must be 'any' or a sequence of type names, got {types!r}")
            types = tuple(sorted(table["type"].unique()))
        types = tuple(types)
        if not types or len(set(types)) != len(types):
            raise ValueError(f"types must be distinct and at least one, got {list(types)}")
        self.types = (*types, ALL_TYPES)
        row, type_, start, end = self._half_open(table, types, fuzzy, outside)
        self.n_unannotated = len(self.proteins) - len(np.unique(row))
        start, end = start + self._offsets[row], end + self._offsets[row]
        chosen = [type_ == t for t in range(len(types))] + [np.ones(len(type_), dtype=bool)]
        self._intervals = [_merge(start[rows], end[rows]) for rows in chosen]
        self._totals = [np.concatenate([[0], np.cumsum(ends - starts)]) for starts, ends in self._intervals]

    def _half_open(self, table, types, fuzzy, outside):
        """Usable regions as (protein row, type number, start, end), 0-based and half-open."""
        row = self.proteins.get_indexer(table["protein"])
        type_ = pd.Index(types).get_indexer(table["type"])
        wanted = (row >= 0) & (type_ >= 0)
        table, row, type_ = table[wanted], row[wanted], type_[wanted]
        modifiers = table[["start_modifier", "end_modifier"]]
        unknown = table[["start", "end"]].isna().any(axis=1).to_numpy()
        inexact = modifiers.isin(["outside", "unsure"]).any(axis=1).to_numpy() & ~unknown
        self.n_unknown, self.n_fuzzy = int(unknown.sum()), int(inexact.sum())
        use = ~unknown & ~(inexact & (fuzzy == "drop"))
        if not use.all():
            dropped = f", {self.n_fuzzy} for a position that is not exact" if fuzzy == "drop" else ""
            warnings.warn(
                f"{int((~use).sum())} of {len(use)} regions left out: {self.n_unknown} for an unknown "
                f"position (?){dropped}",
                stacklevel=4,
            )
        table, row, type_ = table[use], row[use], type_[use]
        start = table["start"].to_numpy(np.int64) - 1
        end = table["end"].to_numpy(np.int64)
        beyond = end > self.lengths[row]
        self.n_clipped = int(beyond.sum())
        if self.n_clipped:
            first = int(np.flatnonzero(beyond)[0])
            message = (
                f"{table['type'].iloc[first]} {start[first] + 1}..{end[first]} passes the end of protein "
                f"{self.proteins[row[first]]} ({self.lengths[row[first]]} residues)"
            )
            if outside == "raise":
                raise AnnotationError(
                    f"{message}, as do {self.n_clipped - 1} other regions: are sequence and annotation of "
                    f"the same "
                    "isoform and release? outside='clip' cuts them off"
                )
            warnings.warn(
                f"{self.n_clipped} regions cut at the end of their protein: {message}", stacklevel=4
            )
        bond = np.isin(table["type"], BOND_TYPES) & (end - start > 1)
        row, type_ = np.concatenate([row, row[bond]]), np.concatenate([type_, type_[bond]])
        start, end = (
            np.concatenate([start, end[bond] - 1]),
            np.concatenate([np.where(bond, start + 1, end), end[bond]]),
        )
        end = np.minimum(end, self.lengths[row])
        inside = start < end
        return row[inside], type_[inside], start[inside], end[inside]

    def rows(self, protein_ids):
        """Rows of proteins.

        Parameters
        ----------
        protein_ids : array-like of shape (...)

        Returns
        -------
        ndarray of int of shape (...)

        Raises
        ------
        KeyError
            If a protein has no sequence here; names the first and counts the others.
        """
        ids = np.asarray(protein_ids, dtype=object)
        codes, unique = pd.factorize(ids.ravel())
        rows = self.proteins.get_indexer(pd.Index(unique))
        if (rows < 0).any():
            absent = list(unique[rows < 0])
            raise KeyError(
                f"no sequence for protein {absent[0]!r}"
                + (f" and {len(absent) - 1} others" if len(absent) > 1 else "")
                + "; coverage needs the sequence or length of every protein of the explanation"
            )
        return rows[codes].reshape(ids.shape)

    def count(self, rows, starts, ends):
        """Annotated residues of stretches, by type.

        Parameters
        ----------
        rows, starts, ends : array-like of int of shape (n,)
            Protein row, and 0-based half-open stretch within the protein.

        Returns
        -------
        ndarray of int of shape (n, n_types)
        """
        offsets = self._offsets[np.asarray(rows)]
        points = np.stack([offsets + np.asarray(starts), offsets + np.asarray(ends)])
        counts = np.empty((len(offsets), len(self.types)), dtype=np.int64)
        for t, (starts_, ends_) in enumerate(self._intervals):
            if not len(starts_):
                counts[:, t] = 0
                continue
            i = np.searchsorted(starts_, points, side="right") - 1
            last = np.maximum(i, 0)
            inside = np.minimum(points, ends_[last]) - starts_[last]
            below = np.where(i >= 0, self._totals[t][last] + inside, 0)
            counts[:, t] = below[1] - below[0]
        return counts

    def segment_counts(self, n_segments=N_SEGMENTS):
        """Length of every segment of every protein, and its annotated residues by type.

        Parameters
        ----------
        n_segments : int, default=10

        Returns
        -------
        lengths : ndarray of int of shape (n_proteins, n_segments)
        counts : ndarray of int of shape (n_proteins, n_segments, n_types)
        """
        bounds = segment_bounds(self.lengths, n_segments)
        rows = np.repeat(np.arange(len(self.lengths)), n_segments)
        counts = self.count(rows, bounds[..., 0].ravel(), bounds[..., 1].ravel())
        return bounds[..., 1] - bounds[..., 0], counts.reshape(len(self.lengths), n_segments, -1)

    def mask(self, row):
        """Annotated residues of one protein.

        Parameters
        ----------
        row : int

        Returns
        -------
        ndarray of bool of shape (length, n_types)
        """
        positions = np.arange(self.lengths[row])
        return self.count(np.full(len(positions), row), positions, positions + 1).astype(bool)
