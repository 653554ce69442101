"""Repeated, swapped, contradictory and self pairs; balance of the classes."""

import numpy as np
import pandas as pd

from .finding import Finding, grade, percent


def check_balance(pairs):
    """Share of positive pairs.

    Parameters
    ----------
    pairs : EncodedPairs

    Returns
    -------
    list of Finding
    """
    share = pairs.positive.mean()
    severity = grade(abs(share - 0.5), 0.1, None, None)
    text = f"{pairs.positive.sum():,} of {len(pairs):,} pairs are positive ({percent(share)})"
    if severity != "clean":
        text += f"; always answering the larger class is right in {percent(max(share, 1 - share))}"
    return [Finding("class balance", severity, share, "share of positive pairs", text)]


def check_repeats(pairs):
    """Pairs that occur more than once, and pairs of a protein with itself.

    Parameters
    ----------
    pairs : EncodedPairs

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``repeated_pairs`` (each row that repeats an earlier one, and which), ``conflicting_pairs``, ``self_pairs``.
    """
    ordered, unordered = pd.Series(pairs.ordered()), pd.Series(pairs.unordered())
    exact = ordered.duplicated().to_numpy()
    swapped = unordered.duplicated().to_numpy() & ~exact
    _, at, of_row = np.unique(unordered, return_index=True, return_inverse=True)
    first = at[of_row]
    table = pairs.listed(np.flatnonzero(exact | swapped))
    table["first_row"] = first[table["row"]]
    table["swapped"] = swapped[table["row"]]
    findings = [
        _of_rows(pairs, "repeated pairs", exact, "repeat an earlier pair", (0.0, 0.01)),
        _of_rows(
            pairs, "swapped pairs", swapped, "repeat an earlier pair with the proteins swapped", (0.0, 0.01)
        ),
    ]
    labels = pd.Series(pairs.positive).groupby(unordered.to_numpy()).transform("nunique").to_numpy()
    rows = np.flatnonzero(labels > 1)
    n_conflicts = len(np.unique(unordered[rows]))
    text = f"{n_conflicts:,} pair(s) in {len(rows):,} rows have both labels"
    severity = grade(len(rows) / len(pairs), None, 0.0, 0.01)
    findings.append(Finding("conflicting labels", severity, n_conflicts, "pairs with both labels", text))
    conflicts = pairs.listed(rows[np.argsort(first[rows], kind="stable")])
    conflicts["first_row"] = first[conflicts["row"]]
    itself = pairs.proteins[:, 0] == pairs.proteins[:, 1]
    findings.append(_check_self(pairs, itself))
    tables = {
        "repeated_pairs": table,
        "conflicting_pairs": conflicts,
        "self_pairs": pairs.listed(np.flatnonzero(itself)),
    }
    return findings, tables


def _of_rows(pairs, check, mask, what, bounds):
    number, positives = int(mask.sum()), int((mask & pairs.positive).sum())
    text = f"{number:,} row(s) {what}"
    if number:
        text += (
            f" ({percent(number / len(pairs))}; {positives:,} positive, {number - positives:,} negative): "
            "they stand on both sides of a random split"
        )
    return Finding(check, grade(number / len(pairs), None, *bounds), number, "rows", text)


def _check_self(pairs, itself):
    number, positives = int(itself.sum()), int((itself & pairs.positive).sum())
    text = f"{number:,} pair(s) of a protein with itself"
    severity = "clean"
    if number:
        tilt = abs(positives / number - pairs.positive.mean())
        text += f", {percent(positives / number)} of them positive"
        severity = "warning" if tilt > 0.2 and number > 0.001 * len(pairs) else "note"
        if severity == "warning":
            text += ": equal sequences betray the label"
    return Finding("self pairs", severity, number, "rows", text)
