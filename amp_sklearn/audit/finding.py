"""One finding of an audit: what was checked, a number, a verdict in words, and how bad it is."""

from dataclasses import dataclass

SEVERITIES = ("not checked", "clean", "note", "warning", "severe")
"""From harmless to harmful: a note is worth knowing, a warning needs an answer, severe makes scores worthless."""


# Of Okabe and Ito's palette: distinguishable with any common colour blindness
SEVERITY_COLORS = {
    "not checked": "#999999",
    "clean": "#009E73",
    "note": "#56B4E9",
    "warning": "#E69F00",
    "severe": "#D55E00",
}


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Parameters
    ----------
    check : str
        Name of the check.
    severity : str
        One of ``SEVERITIES``.
    number : float
        What was measured; NaN where nothing could be.
    unit : str
        What the number counts.
    verdict : str
        The finding in words.
    """

    check: str
    severity: str
    number: float
    unit: str
    verdict: str

    def __post_init__(self):
        object.__setattr__(self, "number", float(self.number))  # numpy's numbers print otherwise


def grade(value, note, warning, severe):
    """Severity of a value that is worse the larger it is; a bound of None is never reached.

    Parameters
    ----------
    value : float
    note, warning, severe : float or None
        A value above it has at least this severity.

    Returns
    -------
    str
    """
    for name, bound in (("severe", severe), ("warning", warning), ("note", note)):
        if bound is not None and value > bound:
            return name
    return "clean"


def percent(share):
    """A share as text, with enough digits to differ from 0 and from 100 %."""
    if 0 < share < 0.001 or 0.999 < share < 1:
        return f"{100 * share:.2g} %" if share < 0.5 else f"{100 * share:.2f} %"
    return f"{100 * share:.1f} %"


def auroc_severity(auroc):
    """Severity of what a baseline that should know nothing reaches, in either direction."""
    return grade(abs(auroc - 0.5), 0.05, 0.1, 0.3)
