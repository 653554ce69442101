"""AuditDisplay draws what the audit found."""

import pytest

from amp_sklearn.audit import audit_pairs
from amp_sklearn.data import load_bernett_mini
from amp_sklearn.plotting import AuditDisplay


@pytest.fixture(scope="module")
def audit():
    return audit_pairs(*load_bernett_mini("val"), *load_bernett_mini("test"))


def test_every_check_and_baseline_is_drawn(audit, tmp_path):
    display = AuditDisplay.from_audit(audit)
    checks = [text.get_text() for text in display.ax_[0].texts]
    assert sorted(checks) == sorted(f"{name}: {row.severity}" for name, row in audit.findings.iterrows())
    heights = sorted(round(bar.get_height() + 0.5, 9) for bar in display.ax_[1].patches)
    assert heights == sorted(round(value, 9) for value in audit.tables["baselines"]["auroc"])
    shares = [bar.get_height() for bar in display.ax_[2].patches[:21]]
    assert sum(shares) == pytest.approx(1)
    display.save(tmp_path / "audit.png")
    assert (tmp_path / "audit.png").stat().st_size > 10_000
    assert display._repr_png_().startswith(b"\x89PNG")


def test_an_audit_without_scores_has_no_empty_panel():
    audit = audit_pairs([["MA", "MC"], ["MC", "MD"], ["MD", "ME"]], [0, 1, 1])
    display = AuditDisplay.from_audit(audit)
    assert audit.tables.get("baselines") is None or audit.tables["baselines"].empty
    titles = [ax.get_title(loc="left") for ax in display.ax_]
    assert titles[0] == "Checks" and "Baselines that read no sequence" not in titles
    assert all(ax.texts or ax.patches for ax in display.ax_)
