"""Top against low within the same proteins."""

import numpy as np
import pandas as pd

from .resampling import (
    CHUNK,
    RankedSelection,
    adjust_p_values,
    bootstrap,
    check_resampling,
    generator,
    interval,
    ratio,
    two_sided,
)
from .table import UNIPROT_TYPES


def top_vs_low(
    explanation,
    annotations,
    sequences,
    k=3,
    types=UNIPROT_TYPES,
    unit="segment",
    by=None,
    n_resamples=9999,
    n_bootstrap=2000,
    confidence_level=0.95,
    fuzzy="use",
    outside="raise",
    random_state=None,
):
    """Compare the coverage of top and low selection of the same proteins.

    For each protein that holds both, the mean coverage of its low selection is taken from that of its top selection.
    Under the null, "top" and "low" are exchangeable within a protein: the signs of the differences are drawn
    at random.

    Parameters
    ----------
    explanation, annotations, sequences, k, types, unit, fuzzy, outside
        As in ``coverage``.
    by, n_resamples, n_bootstrap, confidence_level, random_state
        As in ``enrichment``.

    Returns
    -------
    DataFrame
        One row per group and type: ``n_proteins`` (with top and low selection), ``top``, ``low`` (mean coverage
        over proteins, percent), ``difference`` (percentage points) with ``difference_low`` and
        ``difference_high``, ``effect_size`` (mean over standard deviation of the differences), ``p_value``
        (two-sided) and ``p_adjusted`` (Benjamini-Hochberg over all rows).

    Raises
    ------
    ValueError
        If an option is out of range.
    KeyError
        If a protein has no sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout
    >>> from amp_sklearn.explanation import Explanation
    >>> from amp_sklearn.regions import annotation_table, top_vs_low
    >>> values = np.tile(np.arange(20.0) % 10, (9, 1))  # the end of both proteins
    >>> ids = [(f"A{i}", f"B{i}") for i in range(9)]
    >>> explanation = Explanation(values, FeatureLayout(SEGMENT_TOKENS, 4), "attention", pair_ids=ids)
    >>> regions = annotation_table((protein, "Motif", 91, 95) for pair in ids for protein in pair)
    >>> lengths = {protein: 100 for pair in ids for protein in pair}
    >>> table = top_vs_low(explanation, regions, lengths, k=2, types=["Motif"], random_state=0)
    >>> table.loc[0, ["top", "low", "difference", "p_value"]].astype(float).round(4).tolist()
    [50.0, 0.0, 50.0, 0.0001]
    """
    check_resampling(n_resamples, n_bootstrap, confidence_level)
    analysis = RankedSelection(explanation, annotations, sequences, k, types, unit, by, fuzzy, outside)
    rng = generator(random_state)
    tables = []
    for code, group in enumerate(analysis.groups):
        means = {}
        for end in ("top", "low"):
            proteins, selection, values = analysis.by_protein(end, code)
            mean = [p @ v / p.sum() for p, v in zip(selection, values, strict=True)]
            means[end] = pd.DataFrame(mean, index=proteins, columns=list(analysis.annotated.types))
        both = means["top"].index.intersection(means["low"].index)
        if not len(both):
            continue
        top, low = (means[end].loc[both].to_numpy(float) for end in ("top", "low"))
        difference = top - low
        draws = []
        step = max(1, CHUNK // len(both))
        for start in range(0, n_resamples, step):
            signs = rng.integers(0, 2, size=(min(step, n_resamples - start), len(both)), dtype=np.int8)
            draws.append((2.0 * signs - 1.0) @ difference)
        low_end, high_end = interval(bootstrap(difference, n_bootstrap, rng) / len(both), confidence_level)
        spread = difference.std(axis=0, ddof=1) if len(both) > 1 else np.zeros(difference.shape[1])
        tables.append(
            pd.DataFrame(
                {
                    "group": group,
                    "type": analysis.annotated.types,
                    "n_proteins": len(both),
                    "top": top.mean(axis=0),
                    "low": low.mean(axis=0),
                    "difference": difference.mean(axis=0),
                    "difference_low": low_end,
                    "difference_high": high_end,
                    "effect_size": ratio(difference.mean(axis=0), spread),
                    "p_value": two_sided(difference.sum(axis=0), np.concatenate(draws)),
                }
            )
        )
    if not tables:
        raise ValueError("no protein holds both top and low selection: there is nothing to compare")
    table = pd.concat(tables, ignore_index=True)
    table["p_adjusted"] = adjust_p_values(table["p_value"])
    return table
