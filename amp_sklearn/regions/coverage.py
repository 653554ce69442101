"""Coverage: how much of the segments or residues that an explanation selects lies in annotated regions."""

import numpy as np
import pandas as pd

from ..data.segments import SEGMENT_TOKENS
from .intervals import AnnotatedResidues
from .ranking import ENDS, rank_pairs
from .table import UNIPROT_TYPES


def percent_covered(counts, lengths):
    """Share of residues in percent, 0 for a segment without any; operations in the published order."""
    return np.divide(counts, lengths, out=np.zeros(counts.shape), where=lengths > 0) * 100


def coverage(
    explanation,
    annotations,
    sequences,
    k=3,
    which="top",
    types=UNIPROT_TYPES,
    unit="segment",
    fuzzy="use",
    outside="raise",
):
    """Share of each pair's top (or low) segments or residues that lies in annotated regions.

    Parameters
    ----------
    explanation : Explanation
        What the model looked at.
    annotations : DataFrame
        Annotation table, see ``read_annotations``; or an ``AnnotatedResidues`` made of it, which saves the
        work when several explanations are analysed (then ``sequences``, ``types``, ``fuzzy`` and ``outside``
        are not used).
    sequences : mapping, Series or DataFrame
        Sequence or length of each protein, see ``protein_lengths``.
    k : int, default=3
        Segments or residues taken from each pair, of both proteins together.
    which : {"top", "low"}, default="top"
        The largest values, or the smallest.
    types : sequence of str or "any", default=UNIPROT_TYPES
        Types of regions.
    unit : {"segment", "residue"}, default="segment"
        Rank the ten segments of each protein by ``values``, or single residues by ``residue_values``.
    fuzzy : {"use", "drop"}, default="use"
        See ``AnnotatedResidues``.
    outside : {"raise", "clip"}, default="raise"
        See ``AnnotatedResidues``.

    Returns
    -------
    DataFrame
        One row per pair, rank and type: ``pair`` (row of the explanation), ``protein_a``, ``protein_b``,
        ``which``, ``rank``, ``token`` (``"A_segment3"``, or ``"A_residue17"`` counted from 1), ``protein``,
        ``start``, ``end`` (1-based, inclusive), ``type`` (the types, then ``"all types"``, their union) and
        ``coverage`` (percent of the residues, 0 to 100; 0 for a segment without residues, of a protein
        shorter than ten).

    Raises
    ------
    KeyError
        If a protein has no sequence.
    ValueError
        If an option is unknown or the explanation has no segments or residues to rank.
    AnnotationError
        If a region passes the end of its protein.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout
    >>> from amp_sklearn.explanation import Explanation
    >>> from amp_sklearn.regions import annotation_table, coverage
    >>> values = np.zeros((1, 20))
    >>> values[0, 12] = 1.0  # segment 2 of protein B
    >>> layout = FeatureLayout(SEGMENT_TOKENS, 4)
    >>> explanation = Explanation(values, layout, "attention", pair_ids=[("P1", "P2")])
    >>> regions = annotation_table([("P2", "Domain", 21, 27), ("P2", "Motif", 25, 40)])
    >>> table = coverage(explanation, regions, {"P1": 90, "P2": 100}, k=1, types=("Domain", "Motif"))
    >>> table[["token", "start", "end", "type", "coverage"]].to_dict("list")["coverage"]
    [70.0, 60.0, 100.0]
    """
    annotated = annotated_residues(annotations, sequences, types, fuzzy, outside)
    pair_rows = annotated.rows(explanation.pair_ids)
    selection = rank_pairs(explanation, k, which, unit, pair_rows, annotated.lengths)
    return _tidy(explanation, annotated, pair_rows, selection, which)


def annotated_residues(annotations, sequences, types, fuzzy, outside):
    """``annotations`` themselves if they have been laid on the sequences already, else that."""
    if isinstance(annotations, AnnotatedResidues):
        return annotations
    return AnnotatedResidues(annotations, sequences, types, fuzzy, outside)


def pick_percent(annotated, pair_rows, selection):
    """Coverage of each pick.

    Parameters
    ----------
    annotated : AnnotatedResidues
    pair_rows : ndarray of int of shape (n_pairs, 2)
    selection : Selection

    Returns
    -------
    ndarray of float of shape (n_pairs, k, n_types)
        Percent.
    """
    rows = selection.proteins(pair_rows)
    if (
        selection.unit == "segment"
    ):  # ten segments per protein, however many pairs: look up instead of counting again
        lengths, counts = annotated.segment_counts()
        return percent_covered(counts, lengths[..., None])[rows, selection.number]
    starts, ends = selection.bounds(pair_rows, annotated.lengths)
    counts = annotated.count(rows.ravel(), starts.ravel(), ends.ravel())
    return percent_covered(counts, np.ones_like(counts)).reshape(*rows.shape, -1)


def _tidy(explanation, annotated, pair_rows, selection, which):
    """The tidy table; compact types, since there may be tens of millions of rows."""
    percent = pick_percent(annotated, pair_rows, selection)
    n_pairs, k, n_types = percent.shape
    starts, ends = selection.bounds(pair_rows, annotated.lengths)

    def per_pair(values):
        return np.repeat(values, k * n_types)

    def per_pick(values):
        return np.repeat(values.ravel(), n_types)

    def proteins(rows):
        return pd.Categorical.from_codes(rows, dtype=protein_dtype)

    used = np.unique(pair_rows)  # a category per protein that occurs, not per protein of the proteome
    protein_dtype = pd.CategoricalDtype(annotated.proteins[used])
    place = np.zeros(len(annotated.proteins), dtype=np.int32)
    place[used] = np.arange(len(used))
    n_tokens = (
        len(SEGMENT_TOKENS) if selection.unit == "segment" else int(annotated.lengths[used].max(initial=0))
    )
    first = 0 if selection.unit == "segment" else 1
    tokens = [f"{block}_{selection.unit}{i + first}" for block in "AB" for i in range(n_tokens)]
    codes = np.min_scalar_type(-max(len(tokens), 1))
    return pd.DataFrame(
        {
            "pair": per_pair(np.arange(n_pairs, dtype=np.int32)),
            "protein_a": proteins(per_pair(place[pair_rows[:, 0]])),
            "protein_b": proteins(per_pair(place[pair_rows[:, 1]])),
            "which": pd.Categorical.from_codes(
                np.full(percent.size, ENDS.index(which), np.int8), categories=pd.Index(ENDS)
            ),
            "rank": np.tile(np.repeat(np.arange(1, k + 1, dtype=np.min_scalar_type(k)), n_types), n_pairs),
            "token": pd.Categorical.from_codes(
                per_pick((selection.side.astype(np.int64) * n_tokens + selection.number).astype(codes)),
                categories=pd.Index(tokens),
            ),
            "protein": proteins(per_pick(place[selection.proteins(pair_rows)])),
            "start": per_pick((starts + 1).astype(np.int32)),
            "end": per_pick(ends.astype(np.int32)),
            "type": pd.Categorical.from_codes(
                np.tile(np.arange(n_types, dtype=np.int8), n_pairs * k), categories=pd.Index(annotated.types)
            ),
            "coverage": percent.ravel(),
        },
        copy=False,
    )
