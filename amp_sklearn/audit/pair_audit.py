"""PairAudit: the findings of an audit as tables, text and HTML."""

import html
import textwrap
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from .finding import SEVERITIES, SEVERITY_COLORS, Finding

_ADVICE = {
    "severe": "scores on random splits of these data, or on this test set, say little about sequences",
    "warning": "answer the warnings before you trust a score",
    "note": "nothing that makes scores untrustworthy",
    "clean": "no trap was found",
}


@dataclass(frozen=True, repr=False)
class PairAudit:
    """What ``audit_pairs`` found.

    Parameters
    ----------
    list_of_findings : tuple of Finding
        One per check.
    tables : dict of str to DataFrame
        The rows, proteins and scores behind the findings; see ``audit_pairs``.
    n_pairs, n_proteins, n_positive : int
        Sizes of the audited set.
    n_test : int, default=0
        Test pairs it was compared with.

    Attributes
    ----------
    findings : DataFrame
        One row per check: ``severity``, ``number``, ``unit``, ``verdict``; indexed by ``check``.
    severity : str
        That of the worst finding: ``"clean"``, ``"note"``, ``"warning"`` or ``"severe"``.
    verdict : str
        One sentence.

    See Also
    --------
    amp_sklearn.plotting.AuditDisplay : The picture.
    """

    list_of_findings: tuple[Finding, ...]
    tables: dict[str, pd.DataFrame] = field(repr=False)
    n_pairs: int
    n_proteins: int
    n_positive: int
    n_test: int = 0

    @property
    def findings(self):
        return pd.DataFrame([asdict(finding) for finding in self.list_of_findings]).set_index("check")

    @property
    def severity(self):
        return max((finding.severity for finding in self.list_of_findings), key=SEVERITIES.index)

    @property
    def verdict(self):
        bad = {
            name: [finding.check for finding in self.list_of_findings if finding.severity == name]
            for name in ("severe", "warning")
        }
        text = f"{self.severity}: {_ADVICE.get(self.severity, 'nothing could be checked')}"
        listed = "; ".join(f"{name}: {', '.join(checks)}" for name, checks in bad.items() if checks)
        return f"{text} ({listed})" if listed else text

    def __getitem__(self, check):
        """The finding of a check, by name."""
        for finding in self.list_of_findings:
            if finding.check == check:
                return finding
        names = ", ".join(repr(finding.check) for finding in self.list_of_findings)
        raise KeyError(f"no check {check!r}; there are {names}")

    def _title(self):
        title = (
            f"{self.n_pairs:,} pairs ({self.n_positive:,} positive) of {self.n_proteins:,} distinct sequences"
        )
        return f"{title}, against {self.n_test:,} test pairs" if self.n_test else title

    def __str__(self):
        width = max(len(finding.check) for finding in self.list_of_findings)
        lines = [f"Audit of {self._title()}", *textwrap.wrap(self.verdict, 110), ""]
        for finding in self._by_severity():
            indent = " " * (width + 15)
            wrapped = textwrap.wrap(finding.verdict, 110 - len(indent))
            lines.append(f"{finding.severity:<12} {finding.check:<{width}}  {wrapped[0]}")
            lines.extend(indent + line for line in wrapped[1:])
        return "\n".join(lines)

    def __repr__(self):
        return f"<PairAudit of {self._title()}: {self.severity}>"

    def _repr_html_(self):
        cells = ("check", "verdict")
        rows = "".join(
            f'<tr><td style="color:white;background:{SEVERITY_COLORS[f.severity]};text-align:center">{f.severity}</td>'
            + "".join(f'<td style="text-align:left">{html.escape(getattr(f, name))}</td>' for name in cells)
            + "</tr>"
            for f in self._by_severity()
        )
        return (
            f"<p><b>Audit of {html.escape(self._title())}</b><br>{html.escape(self.verdict)}</p>"
            f"<table><thead><tr><th>severity</th><th>check</th><th>verdict</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def _by_severity(self):
        """Worst first, otherwise as checked; what could not be checked comes last."""
        return sorted(self.list_of_findings, key=lambda finding: -SEVERITIES.index(finding.severity))

    def to_markdown(self):
        """The findings as a Markdown table, worst first.

        Returns
        -------
        str
        """
        lines = ["| severity | check | number | verdict |", "|---|---|---|---|"]
        for finding in self._by_severity():
            number = "" if np.isnan(finding.number) else f"{finding.number:,.4g}"
            verdict = finding.verdict.replace("|", "\\|")
            lines.append(f"| {finding.severity} | {finding.check} | {number} | {verdict} |")
        return "\n".join(lines) + "\n"

    def to_dict(self):
        """Findings, sizes and scores of the baselines as plain numbers and text, for JSON; no long tables.

        Returns
        -------
        dict
        """
        findings = [asdict(finding) for finding in self.list_of_findings]
        for finding in findings:
            finding["number"] = None if np.isnan(finding["number"]) else float(finding["number"])
        result = {
            "severity": self.severity,
            "verdict": self.verdict,
            "n_pairs": self.n_pairs,
            "n_positive": self.n_positive,
            "n_proteins": self.n_proteins,
            "n_test": self.n_test,
            "findings": findings,
        }
        for name in ("baselines", "test_classes", "lengths"):
            if name in self.tables:
                result[name] = self.tables[name].to_dict("records")
        return result
