"""Hit rates against chance."""

import numpy as np
import pandas as pd

from .coverage import annotated_residues, percent_covered
from .hit_rates import ANY_RANK, smallest_rounding_to
from .ranking import ENDS, rank_pairs
from .resampling import adjust_p_values, check_resampling, generator, interval
from .table import UNIPROT_TYPES


def hit_rate_by_chance(
    explanation,
    annotations,
    sequences,
    k=3,
    which=ENDS,
    types=UNIPROT_TYPES,
    thresholds=(25, 50, 75),
    by=None,
    decimals=1,
    n_resamples=999,
    confidence_level=0.95,
    fuzzy="use",
    outside="raise",
    random_state=None,
):
    """Compare hit rates with those of segments placed at random in the same proteins.

    All selection of a protein, in all pairs, are moved together by a random number of segments along it, around
    its end (the rotation null of ``enrichment``); the hit rates are then counted again, also that of any
    rank.

    Parameters
    ----------
    explanation, annotations, sequences, k, types, fuzzy, outside
        As in ``coverage``, by segment.
    which : sequence of {"top", "low"}, default=("top", "low")
    thresholds, by, decimals
        As in ``hit_rate``.
    n_resamples : int, default=999
        Draws; each counts all pairs again.
    confidence_level : float, default=0.95
        Share of the draws between ``expected_low`` and ``expected_high``.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    DataFrame
        One row per group, ``which``, threshold, rank and type: ``n_pairs``, ``hit_rate`` (percent),
        ``expected`` (mean of the draws), ``expected_low``, ``expected_high``, ``p_value`` (two-sided) and
        ``p_adjusted`` (Benjamini-Hochberg over all rows). The p-value is missing where no draw differs.

    Raises
    ------
    ValueError
        If an option is unknown or out of range.
    KeyError
        If a protein has no sequence.

    Notes
    -----
    Proteins shorter than ten residues keep their selection: some of their segments are empty.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.regions import annotation_table, explanation_from_ranked_segments, hit_rate_by_chance
    >>> ids = [(f"A{i}", f"B{i}") for i in range(9)]
    >>> explanation = explanation_from_ranked_segments(ids, [["B_segment9"]] * 9, [["A_segment0"]] * 9)
    >>> regions = annotation_table((b, "Domain", 81, 100) for _, b in ids)
    >>> lengths = {protein: 100 for pair in ids for protein in pair}
    >>> table = hit_rate_by_chance(explanation, regions, lengths, k=1, which=["top"], types=["Domain"],
    ...                            thresholds=[50], random_state=0)
    >>> row = table.iloc[0]
    >>> row["hit_rate"].item(), row["expected"].round().item(), row["p_value"].item()
    (100.0, 20.0, 0.001)
    """
    check_resampling(n_resamples, 1, confidence_level)
    which = (which,) if isinstance(which, str) else tuple(which)
    annotated = annotated_residues(annotations, sequences, types, fuzzy, outside)
    rows = annotated.rows(explanation.pair_ids)
    by = np.full(len(explanation), "all") if by is None else np.asarray(by)
    if by.shape != (len(explanation),):
        raise ValueError(f"by must have one entry per pair ({len(explanation)}), got shape {by.shape}")
    codes, groups = pd.factorize(by, sort=True)
    order = np.argsort(codes, kind="stable")
    first = np.searchsorted(codes[order], np.arange(len(groups)))
    sizes = np.bincount(codes)
    lengths, counts = annotated.segment_counts()
    percent = percent_covered(counts, lengths[..., None])
    cuts = [t if decimals is None else smallest_rounding_to(t, decimals) for t in thresholds]
    is_hit = np.stack([percent >= cut for cut in cuts], axis=-1)  # protein, segment, type, threshold
    n_segments = lengths.shape[1]
    movable = (lengths > 0).all(axis=1)
    rng = generator(random_state)
    tables = []
    for end in which:
        selection = rank_pairs(explanation, k, end, "segment", rows, annotated.lengths)
        proteins, numbers = selection.proteins(rows)[order], selection.number[order].astype(np.int64)

        def rates(shift, proteins=proteins, numbers=numbers):
            hits = is_hit[proteins, (numbers + shift[proteins]) % n_segments]
            hits = np.concatenate([hits, hits.any(axis=1, keepdims=True)], axis=1)
            totals = np.add.reduceat(hits.astype(np.int32), first, axis=0)
            return 100.0 * totals / sizes[:, None, None, None]

        observed = rates(np.zeros(len(lengths), dtype=np.int64))
        draws = np.stack(
            [rates(rng.integers(0, n_segments, len(lengths)) * movable) for _ in range(n_resamples)]
        )
        expected = draws.mean(axis=0)
        low, high = interval(draws, confidence_level)
        extreme = (np.abs(draws - expected) >= np.abs(observed - expected) - 1e-9).sum(axis=0)
        varying = np.ptp(draws, axis=0) > 0
        index = pd.MultiIndex.from_product(
            [groups, [*map(str, range(1, k + 1)), ANY_RANK], annotated.types, thresholds],
            names=["group", "rank", "type", "threshold"],
        )
        columns = {
            "n_pairs": np.broadcast_to(sizes[:, None, None, None], observed.shape),
            "hit_rate": observed,
            "expected": expected,
            "expected_low": low,
            "expected_high": high,
            "p_value": np.where(varying, (1 + extreme) / (1 + n_resamples), np.nan),
        }
        frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=index)
        tables.append(frame.reset_index().assign(which=end))
    table = pd.concat(tables, ignore_index=True)
    table["p_adjusted"] = adjust_p_values(table["p_value"])
    keys = ["group", "which", "threshold", "rank", "type"]
    return table[[*keys, *(name for name in table if name not in keys)]]
