"""PairAudit: findings as table, text, HTML, Markdown, JSON."""

import json

import pytest

from amp_sklearn.audit import audit_pairs
from amp_sklearn.audit.finding import SEVERITIES, grade, percent
from amp_sklearn.data import load_bernett_mini


@pytest.fixture(scope="module")
def audit():
    return audit_pairs(*load_bernett_mini("val"), *load_bernett_mini("test"))


def test_every_check_has_number_severity_and_words(audit):
    findings = audit.findings
    assert list(findings.columns) == ["severity", "number", "unit", "verdict"]
    assert findings.index.is_unique and set(findings["severity"]) <= set(SEVERITIES)
    assert findings["number"].notna().all() and findings["verdict"].str.contains(r"\d").all()
    assert audit.severity == max(findings["severity"], key=SEVERITIES.index)


def test_text_html_and_markdown_name_every_check(audit):
    assert "1,000 pairs (500 positive)" in str(audit)
    for text in (str(audit), audit._repr_html_(), audit.to_markdown()):
        assert all(check in text for check in audit.findings.index)
    assert max(map(len, str(audit).splitlines())) <= 110
    assert audit.verdict.startswith(audit.severity)
    assert repr(audit).endswith(f"{audit.severity}>")


def test_html_escapes(audit):
    assert "<script" not in audit._repr_html_().replace("<b>", "")
    assert audit._repr_html_().count("<tr>") == len(audit.findings) + 1


def test_json_holds_the_findings(audit):
    back = json.loads(json.dumps(audit.to_dict(), default=float, allow_nan=False))
    assert [finding["check"] for finding in back["findings"]] == audit.findings.index.tolist()
    assert back["n_test"] == 1000 and len(back["baselines"]) == len(audit.tables["baselines"])


def test_unknown_checks_are_named(audit):
    with pytest.raises(KeyError, match="there are 'class balance'"):
        audit["nothing"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "clean"), (0.05, "clean"), (0.051, "note"), (0.2, "warning"), (0.9, "severe")],
)
def test_grades_rise_with_the_value(value, expected):
    assert grade(value, 0.05, 0.1, 0.5) == expected
    assert grade(value, None, None, None) == "clean"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (1, "100.0 %"), (0.25, "25.0 %"), (0.0002, "0.02 %"), (0.9996, "99.96 %")],
)
def test_percentages_do_not_hide_rare_cases(share, text):
    assert percent(share) == text
