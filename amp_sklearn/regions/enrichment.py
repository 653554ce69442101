"""Enrichment of annotated regions in selected segments against chance: effect sizes, intervals, p-values."""

import numpy as np
import pandas as pd

from .null_models import NULL_MODELS
from .resampling import (
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


def enrichment(
    explanation,
    annotations,
    sequences,
    k=3,
    which=("top", "low"),
    types=UNIPROT_TYPES,
    unit="segment",
    by=None,
    null="rotation",
    threshold=None,
    n_resamples=9999,
    n_bootstrap=2000,
    confidence_level=0.95,
    fuzzy="use",
    outside="raise",
    random_state=None,
):
    """Compare the coverage of a model's selection with what chance would give in the same proteins.

    The statistic is the mean coverage of everything selected in a group of pairs. The null model keeps in which proteins
    something was selected, how often, and their regions; see ``RotationNull`` and ``PositionNull``. Proteins, not pairs,
    are the independent units of both the null and the bootstrap, since one protein occurs in many pairs.

    Parameters
    ----------
    explanation, annotations, sequences, k, types, unit, fuzzy, outside
        As in ``coverage``.
    which : sequence of {"top", "low"}, default=("top", "low")
        Ends of the ranking to test.
    by : array-like of shape (n_pairs,), default=None
        Group of each pair, such as ``outcomes(y_true, y_pred)``; each group is tested by itself.
    null : {"rotation", "position"}, default="rotation"
        ``"rotation"``: the selection of a protein at random places of the same protein. ``"position"``: the
        selection of another protein, which also asks whether a preference for some positions (the ends, say)
        explains the result; segments only.
    threshold : float, default=None
        Percent. With it the statistic is the share of selection that are covered to so much or more (the hit
        rate of single selection, in percent) instead of their mean coverage.
    n_resamples : int, default=9999
        Draws from the null; the smallest possible p-value is ``1 / (n_resamples + 1)``.
    n_bootstrap : int, default=2000
        Bootstrap samples of proteins.
    confidence_level : float, default=0.95
    random_state : int, RandomState or None, default=None

    Returns
    -------
    DataFrame
        One row per group, ``which`` and type:

        - ``n_pairs``, ``n_proteins``: pairs of the group; proteins that hold selection (a protein with
          fewer than ten residues has empty segments and is left out).
        - ``n_informative``: proteins with selection where coverage differs between segments, so that a choice
          matters.
        - ``observed``, ``expected``: mean coverage of the selection, and its mean under the null, in percent.
        - ``difference`` (percentage points), ``fold`` (observed / expected), and their bootstrap intervals
          ``difference_low``, ``difference_high``, ``fold_low``, ``fold_high``.
        - ``z``: difference in standard deviations of the null (exact).
        - ``p_value``: two-sided; ``p_adjusted``: Benjamini-Hochberg over all rows of this table. Missing
          where there is nothing to test (no region of the type).

    Raises
    ------
    ValueError
        If an option is unknown or out of range.
    KeyError
        If a protein has no sequence.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434` (coverage of top and low
    segments); the null models are not part of it.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import SEGMENT_TOKENS, FeatureLayout
    >>> from amp_sklearn.explanation import Explanation
    >>> from amp_sklearn.regions import annotation_table, enrichment
    >>> values = np.tile(np.arange(20.0), (8, 1))  # each model looks at the end of protein B
    >>> ids = [(f"A{i}", f"B{i}") for i in range(8)]
    >>> explanation = Explanation(values, FeatureLayout(SEGMENT_TOKENS, 4), "attention", pair_ids=ids)
    >>> regions = annotation_table((b, "Domain", 71, 100) for _, b in ids)
    >>> lengths = {protein: 100 for pair in ids for protein in pair}
    >>> table = enrichment(explanation, regions, lengths, which=["top"], types=["Domain"], random_state=0)
    >>> table.loc[0, ["observed", "expected", "p_value"]].astype(float).round(4).tolist()
    [100.0, 30.0, 0.0001]
    """
    check_resampling(n_resamples, n_bootstrap, confidence_level)
    if null not in NULL_MODELS:
        raise ValueError(f"null must be one of {', '.join(NULL_MODELS)}, got {null!r}")
    if threshold is not None and not 0 < threshold <= 100:
        raise ValueError(f"threshold must be a percentage above 0 and up to 100, got {threshold}")
    which = (which,) if isinstance(which, str) else tuple(which)
    analysis = RankedSelection(explanation, annotations, sequences, k, types, unit, by, fuzzy, outside)
    rng = generator(random_state)
    tables = []
    for code, group in enumerate(analysis.groups):
        for end in which:
            proteins, selection, values = analysis.by_protein(end, code)
            if not len(proteins):
                continue
            if threshold is not None:
                values = [100.0 * (value >= threshold) for value in values]
            model = NULL_MODELS[null](selection, values)
            n_selected = np.array([p.sum() for p in selection], dtype=float)
            difference = (model.observed - model.expected).sum(axis=0)
            p_values = two_sided(difference, model.draw(n_resamples, rng))
            sums = np.concatenate([model.observed, model.expected, n_selected[:, None]], axis=1)
            n_types = model.observed.shape[1]
            boot = bootstrap(sums, n_bootstrap, rng)
            observed, expected, total = boot[:, :n_types], boot[:, n_types:-1], boot[:, -1:]
            difference_ci = interval((observed - expected) / total, confidence_level)
            ratios = ratio(observed, expected)
            fold_ci = np.full((2, n_types), np.nan)
            tested = ~np.isnan(ratios).all(axis=0)
            fold_ci[:, tested] = interval(ratios[:, tested], confidence_level)
            varying = np.stack([np.ptp(v, axis=0) > 1e-9 for v in values])
            tables.append(
                pd.DataFrame(
                    {
                        "group": group,
                        "which": end,
                        "type": analysis.annotated.types,
                        "n_pairs": int((analysis.group_of_pair == code).sum()),
                        "n_proteins": len(proteins),
                        "n_informative": varying.sum(axis=0),
                        "observed": model.observed.sum(axis=0) / n_selected.sum(),
                        "expected": model.expected.sum(axis=0) / n_selected.sum(),
                        "difference": difference / n_selected.sum(),
                        "difference_low": difference_ci[0],
                        "difference_high": difference_ci[1],
                        "fold": ratio(model.observed.sum(axis=0), model.expected.sum(axis=0)),
                        "fold_low": fold_ci[0],
                        "fold_high": fold_ci[1],
                        "z": ratio(difference, np.sqrt(model.variance)),
                        "p_value": p_values,
                    }
                )
            )
    if not tables:
        raise ValueError("no pick lies in a protein of ten residues or more: there is nothing to test")
    table = pd.concat(tables, ignore_index=True)
    table["p_adjusted"] = adjust_p_values(table["p_value"])
    return table
