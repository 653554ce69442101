"""The page about a screen: one page, nothing from elsewhere, numbers that are right, ids shown as text."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn import ApplicabilityDomain, CompositionEncoder, ScreenReport, SelectiveClassifier, screen

RANDOM = np.random.default_rng(2)
SEQUENCES = ["".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), RANDOM.integers(8, 40))) for _ in range(24)]
PROTEOME = {f"P{n}": sequence for n, sequence in enumerate(SEQUENCES)} | {"</script><b>": "MKVLAAGIVGLLLA"}
TABLE = pd.DataFrame({"sequence_a": SEQUENCES[:10], "sequence_b": SEQUENCES[10:20]})
MODEL = make_pipeline(CompositionEncoder(), LogisticRegression(C=1e3)).fit(TABLE, [0, 1] * 5)


def test_the_page_says_what_the_screen_found(tmp_path):
    model = SelectiveClassifier(MODEL, domain=ApplicabilityDomain(threshold=0.5)).fit(TABLE, [0, 1] * 5)
    result = screen(model, PROTEOME, out=tmp_path / "screen", top_k=3, block_size=6)
    table = result.pairs()
    report = ScreenReport(result, 0.1, title="Mine & <yours>", n_best=7)
    page = report.save(tmp_path / "page.html").read_text()
    assert "Mine &amp; &lt;yours&gt;" in page and page.count("<svg") == 3 and page.count("<script") == 1
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    rows = json.loads(re.search(r"const rows = (.*?);\n", page)[1])
    best = table.sort_values("probability", ascending=False).head(7)
    assert [row[:2] for row in rows] == best[["protein_a", "protein_b"]].to_numpy().tolist()
    n_outside = int(table["outside_domain"].sum())
    assert 0 < n_outside < len(table) and any(
        f"{n_outside:,} of {len(table):,} kept" in w for w in report.warnings
    )
    for number in (25, 300, len(table), n_outside):
        assert f"<b>{number:,}</b>" in page
    reached = [row for row in report.thresholds if row["threshold"] is not None]
    assert reached
    for row in reached:
        assert row["expected_true"] / row["pairs"] >= row["precision"]
        assert f"{row['threshold']:.6g}" in page
    with pytest.raises(ValueError, match="prevalence is a share of true pairs"):
        ScreenReport(result, 0)


def test_what_a_first_stage_lost_is_told(tmp_path, tiny_esm2):
    from amp_sklearn import ESM2Embedder, PairConcatenator

    embedder = ESM2Embedder(tiny_esm2, store=None, device="cpu")
    model = make_pipeline(embedder, PairConcatenator("mean"), LogisticRegression(C=1e3)).fit(
        TABLE, [0, 1] * 5
    )
    proteins = {f"P{n}": "".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), 20)) for n in range(120)}
    report = ScreenReport(screen(model, proteins, out=tmp_path, prefilter=0.3))
    assert "A first stage chose" in report.html
    assert any("a first stage left them out" in warning for warning in report.warnings)
