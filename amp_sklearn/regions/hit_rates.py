"""Hit rates and ten-bin counts of coverage, as the published analysis reports them."""

import numpy as np
import pandas as pd

ANY_RANK = "any"
"""Row of a hit-rate table: at least one of the ranks is a hit."""


def outcomes(y_true, y_pred):
    """Name the outcome of each prediction.

    Parameters
    ----------
    y_true, y_pred : array-like of {0, 1} of shape (n_pairs,)

    Returns
    -------
    ndarray of str of shape (n_pairs,)
        ``"TP"``, ``"FP"``, ``"FN"`` or ``"TN"``.

    Raises
    ------
    ValueError
        If the shapes differ or a label is neither 0 nor 1.

    Examples
    --------
    >>> from amp_sklearn.regions import outcomes
    >>> outcomes([1, 0, 1, 0], [1, 1, 0, 0]).tolist()
    ['TP', 'FP', 'FN', 'TN']
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.shape != y_pred.shape or y_true.ndim != 1:
        raise ValueError(
            f"y_true and y_pred must have one entry per pair, got {y_true.shape} and {y_pred.shape}"
        )
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"{name} must hold 0 and 1 only, got {np.unique(y)[:5].tolist()}")
    return np.array([["TN", "FP"], ["FN", "TP"]])[y_true.astype(int), y_pred.astype(int)]


def smallest_rounding_to(threshold, decimals):
    """Smallest number that rounds to the threshold; rounding is monotone, so comparing with it is exact."""
    low = threshold - 2 * 10.0**-decimals
    high = float(threshold)
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (low, middle) if round(middle, decimals) >= threshold else (middle, high)
    return high


def _groups(coverage, by):
    """Names of the groups, and the group of each row."""
    if by is None:
        return ["all"], np.zeros(len(coverage), dtype=np.int64)
    names = np.asarray(by)
    n_pairs = int(coverage["pair"].max()) + 1 if len(coverage) else 0
    if names.ndim != 1 or len(names) < n_pairs:
        raise ValueError(f"by must have one entry per pair ({n_pairs} or more), got shape {names.shape}")
    codes, unique = pd.factorize(names, sort=True)
    return list(unique), codes[coverage["pair"].to_numpy()]


def hit_rate(coverage, thresholds=(25, 50, 75), by=None, decimals=1):
    """Share of pairs whose segments are covered to a threshold or more.

    Parameters
    ----------
    coverage : DataFrame
        From ``coverage``.
    thresholds : sequence of float, default=(25, 50, 75)
        Percent.
    by : array-like of shape (n_pairs,), default=None
        Group of each pair, such as ``outcomes(y_true, y_pred)``.
    decimals : int or None, default=1
        Coverage is rounded to so many decimals before it is compared, as in the published analysis; None
        compares it as it is.

    Returns
    -------
    DataFrame
        One row per group, ``which``, threshold, rank (``"1"``, ``"2"``, ..., and ``"any"``: at least one of
        them) and type: ``group``, ``which``, ``threshold``, ``rank``, ``type``, ``n_pairs``, ``hits``,
        ``hit_rate`` (percent).

    Raises
    ------
    ValueError
        If ``by`` is too short.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.regions import hit_rate
    >>> table = pd.DataFrame({"pair": [0, 0, 1, 1], "which": "top", "rank": [1, 2, 1, 2], "type": "Domain",
    ...                       "coverage": [80.0, 0.0, 30.0, 10.0]})
    >>> hit_rate(table, thresholds=[50])[["rank", "hit_rate"]].to_dict("list")
    {'rank': ['1', '2', 'any'], 'hit_rate': [50.0, 0.0, 50.0]}
    """
    groups, group = _groups(coverage, by)
    keys = [pd.Categorical(coverage[name]) for name in ("which", "rank", "type")]
    (whiches, ranks, types), (which, rank, type_) = zip(
        *[(list(k.categories), k.codes) for k in keys], strict=True
    )
    n_pairs = int(coverage["pair"].max()) + 1 if len(coverage) else 0
    percent = coverage["coverage"].to_numpy()
    shape = (len(groups), len(whiches), len(types))
    cell = np.ravel_multi_index((group, which, type_), shape)
    row = cell * len(ranks) + rank
    n_cells = int(np.prod(shape))
    present = np.bincount(row, minlength=n_cells * len(ranks)).reshape(*shape, len(ranks))
    # one number per pair, which and type: it tells in which pairs any rank is a hit
    pick = (coverage["pair"].to_numpy(np.int64) * len(whiches) + which) * len(types) + type_
    cell_of_pick = np.full(n_pairs * len(whiches) * len(types), -1, dtype=np.int32)
    cell_of_pick[pick] = cell
    any_present = np.bincount(cell_of_pick[cell_of_pick >= 0], minlength=n_cells).reshape(shape)
    tables = []
    index = pd.MultiIndex.from_product(
        [groups, whiches, types, [*map(str, ranks), ANY_RANK]], names=["group", "which", "type", "rank"]
    )
    for threshold in thresholds:
        cut = threshold if decimals is None else smallest_rounding_to(threshold, decimals)
        is_hit = percent >= cut
        hits = np.bincount(row[is_hit], minlength=n_cells * len(ranks)).reshape(*shape, len(ranks))
        any_hit = np.zeros(len(cell_of_pick), dtype=bool)
        any_hit[pick[is_hit]] = True
        any_hits = np.bincount(cell_of_pick[any_hit], minlength=n_cells).reshape(shape)
        hits = np.concatenate([hits, any_hits[..., None]], axis=-1).ravel()
        total = np.concatenate([present, any_present[..., None]], axis=-1).ravel()
        tables.append(pd.DataFrame({"threshold": threshold, "n_pairs": total, "hits": hits}, index=index))
    table = pd.concat(tables).reset_index()
    table = table[table["n_pairs"] > 0].reset_index(drop=True)
    table["hit_rate"] = 100.0 * table["hits"] / table["n_pairs"]
    return table[["group", "which", "threshold", "rank", "type", "n_pairs", "hits", "hit_rate"]]


COVERAGE_BINS = tuple(f"{low}-{low + 10}" for low in range(0, 100, 10))
NO_ANNOTATION = "no annotation"
"""Labels of the ten bins; a bin holds its upper bound, the first one also 0."""


def coverage_bins(coverage, by=None, decimals=1, annotated=None):
    """Count segments by coverage in ten bins.

    Parameters
    ----------
    coverage : DataFrame
        From ``coverage``.
    by : array-like of shape (n_pairs,), default=None
        Group of each pair.
    decimals : int or None, default=1
        As in ``hit_rate``.
    annotated : collection of str, default=None
        Ids of the proteins of which regions are known. Segments of the others are counted in a last column,
        ``"no annotation"``, and in no bin: nothing is known of them, which is not a coverage of 0.

    Returns
    -------
    DataFrame
        One row per group, ``which``, rank and type; one column per bin (``"0-10"`` holds 0 to 10 %,
        ``"10-20"`` more than 10 to 20 %).

    Raises
    ------
    ValueError
        If ``by`` is too short.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.regions import coverage_bins
    >>> table = pd.DataFrame({"pair": [0, 1, 2], "which": "top", "rank": 1, "type": "Domain",
    ...                       "coverage": [0.0, 10.0, 10.1]})
    >>> coverage_bins(table)[["0-10", "10-20", "90-100"]].to_dict("list")
    {'0-10': [2], '10-20': [1], '90-100': [0]}
    """
    groups, group = _groups(coverage, by)
    edges = np.arange(10, 100, 10)
    percent = coverage["coverage"].to_numpy()
    if decimals is None:
        bins = np.searchsorted(edges, percent, side="left")
    else:  # a number is above an edge if it rounds to more than the edge
        above = [
            smallest_rounding_to(round(edge + 10.0**-decimals, decimals), decimals)
            for edge in edges.astype(float)
        ]
        bins = np.searchsorted(above, percent, side="right")
    columns = list(COVERAGE_BINS)
    if annotated is not None:
        bins = np.where(coverage["protein"].isin(set(annotated)).to_numpy(), bins, len(columns))
        columns.append(NO_ANNOTATION)
    names = ["group", "which", "rank", "type"]
    frame = pd.DataFrame({"group": np.asarray(groups)[group], "bin": bins})
    for name in names[1:]:
        frame[name] = coverage[name].to_numpy()
    counts = frame.groupby([*names, "bin"], observed=True).size().unstack("bin", fill_value=0)  # noqa: PD010
    counts = counts.reindex(columns=range(len(columns)), fill_value=0)
    counts.columns = columns
    return counts.reset_index()
