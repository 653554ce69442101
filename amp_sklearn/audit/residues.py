"""Letters of the sequences: such that are no residues, and residues other than the twenty standard ones."""

import numpy as np
import pandas as pd

from ..data.sequences import RESIDUES, STANDARD_RESIDUES
from .finding import Finding, grade, percent

_TILT, _STANDARD_ERRORS = 0.1, 3  # from which a difference of positive shares is a warning


def check_letters(pairs):
    """Proteins with letters that are no residues.

    Parameters
    ----------
    pairs : EncodedPairs

    Returns
    -------
    Finding
    """
    odd, found = _with_others(pairs, RESIDUES)
    text = f"{len(odd):,} protein(s) hold letters that are no residues"
    if found:
        text += f" ({' '.join(map(repr, found[:10]))}): no embedding model can read them"
    return Finding("letters", grade(len(odd), None, 0, None), len(odd), "proteins", text)


def check_nonstandard(pairs):
    """Proteins with residues other than the twenty standard ones, such as X and U, and the labels of their pairs.

    Parameters
    ----------
    pairs : EncodedPairs

    Returns
    -------
    findings : list of Finding
    tables : dict of str to DataFrame
        ``nonstandard_residues``: protein, its residues of this kind, how many of them.
    """
    odd, found = _with_others(pairs, STANDARD_RESIDUES)
    standard = set(STANDARD_RESIDUES)
    table = pd.DataFrame(
        {
            "protein": odd,
            "residues": ["".join(sorted(set(pairs.sequences[number]) - standard)) for number in odd],
            "n": [sum(letter not in standard for letter in pairs.sequences[number]) for number in odd],
        }
    )
    text = f"{len(odd):,} of {len(pairs.used()):,} proteins hold other residues than the twenty standard ones"
    severity = grade(len(odd), 0, None, None)
    if found:
        text += f" ({' '.join(found[:10])}), which models and baselines read differently"
        with_them = np.isin(pairs.proteins, odd).any(axis=1)
        n_with = int(with_them.sum())
        text += f"; {n_with:,} pairs have one, {percent(pairs.positive[with_them].mean())} of them positive"
        if n_with < len(pairs):
            shares = [pairs.positive[mask].mean() for mask in (with_them, ~with_them)]
            text += f" against {percent(shares[1])} of the others"
            share = pairs.positive.mean()
            error = np.sqrt(share * (1 - share) * (1 / n_with + 1 / (len(pairs) - n_with)))
            if abs(shares[0] - shares[1]) > max(_TILT, _STANDARD_ERRORS * error):
                severity = "warning"
                text += ": they tell of the label"
    return [Finding("non-standard residues", severity, len(odd), "proteins", text)], {
        "nonstandard_residues": table
    }


def _with_others(pairs, allowed):
    """Proteins with other letters than these, and the letters."""
    allowed = set(allowed)
    odd = [number for number in pairs.used() if not set(pairs.sequences[number]) <= allowed]
    return odd, sorted({letter for number in odd for letter in pairs.sequences[number]} - allowed)
