"""The report: one page, nothing from elsewhere, every warning on top, ids shown as text, numbers that are right."""

import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import matthews_corrcoef, roc_auc_score
from typer.testing import CliRunner

from amp_sklearn import cli
from amp_sklearn.calibration import ApplicabilityDomain, SelectiveClassifier
from amp_sklearn.data import load_bernett_mini
from amp_sklearn.model_selection import ProteinDisjointKFold
from amp_sklearn.persistence import save_model
from amp_sklearn.presets import make_preset
from amp_sklearn.regions import annotation_table
from amp_sklearn.report import Report
from amp_sklearn.report.intervals import metrics_with_intervals

HOSTILE = "<script>alert('x')</script>"


class Page(HTMLParser):
    """Tags, addresses, ids and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.ids, self.texts = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "action", "data"):
                self.addresses.append(value)
            if name == "id":
                self.ids.append(value)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def pairs():
    X, y = load_bernett_mini("val")
    rows = np.arange(len(X))[::10]
    X = X.iloc[rows].copy()
    ids = [tuple(pair) for pair in X.index]
    ids[0] = (HOSTILE, "</script><b>&amp;")
    X.index = pd.MultiIndex.from_tuples(ids, names=X.index.names)
    return X, y[rows]


@pytest.fixture(scope="module")
def late(pairs, tiny_esm2):
    X, y = pairs
    model = make_preset("late-interaction", str(tiny_esm2), random_state=0, max_epochs=3)
    return SelectiveClassifier(model, domain=ApplicabilityDomain()).fit(X, y)


def rows_of(page):
    return json.loads(re.search(r"const rows = (.*?);\n", page)[1])


def test_the_page_is_self_contained_and_says_everything(pairs, late):
    X, y = pairs
    report = Report(late, X, y, X_train=X, n_pairs_explained=2, audit=False, title="Mine & <yours>")
    page = Page(report.html)
    assert all(address.startswith(("#", "data:image/")) for address in page.addresses)
    assert len(set(page.ids)) == len(page.ids)  # pictures share no ids
    assert page.tags.count("script") == 1 and "Mine &amp; &lt;yours&gt;" in report.html
    text = " ".join(page.texts)
    for title in (
        "Before you trust this page",
        "How good it is",
        "Learning curve",
        "Single pairs",
        "How it was made",
    ):
        assert title in text
    assert text.index("Before you trust this page") < text.index("How good it is")
    assert page.tags.count("svg") >= 2 + 1 + 1 + 4  # curves, learning, segments, two pictures of either pair
    rows = rows_of(report.html)
    assert len(rows) == len(X) and rows[0][:2] == [HOSTILE, "</script><b>&amp;"]
    best = np.array([row[report.table.columns.get_loc("probability")] for row in rows])
    np.testing.assert_allclose(best, late.predict_proba(X)[:, 1], atol=1e-4)


def test_metrics_are_those_of_scikit_learn_and_lie_in_their_intervals(pairs, late):
    X, y = pairs
    probability = late.predict_proba(X)[:, 1]
    table = metrics_with_intervals(y, probability, np.array(["C1", "C3"])[np.arange(len(y)) % 2])
    assert table["pairs"].tolist() == ["all", "C1", "C3"] and table["n_pairs"].tolist() == [100, 50, 50]
    for metric, expected in {
        "roc_auc": roc_auc_score(y, probability),
        "mcc": matthews_corrcoef(y, probability > 0.5),
        "accuracy": np.mean(y == (probability > 0.5)),
    }.items():
        value, low, high = map(float, re.findall(r"-?\d+\.\d+", table[metric][0]))
        assert value == pytest.approx(expected, abs=6e-4) and low <= value <= high
    one_class = metrics_with_intervals(np.ones(5, dtype=int), np.full(5, 0.4), None)
    assert one_class["roc_auc"].tolist() == ["–"]


def test_five_pairs_without_labels_and_what_is_warned_of(pairs, late):
    X, y = pairs
    strange = X.iloc[:5].copy()
    strange["sequence_a"] = "WCWCWHWCWMWCWWHC" * 3
    report = Report(late, strange, n_pairs_explained=0)
    assert report.metrics is None and "How good it is" not in report.html
    assert any("unlike the training proteins" in text for text in report.warnings)
    assert any("not calibrated" in text for text in report.warnings)
    assert all(text.split("<")[0] in report.html for text in report.warnings)
    few = Report(late, X.iloc[:5], y[:5], n_pairs_explained=0, audit=False)
    assert any("say little" in text for text in few.warnings)


def test_annotated_regions_and_residues_along_a_pair(pairs, late):
    X, y = pairs
    best = late.predict_proba(X)[:, 1].argmax()
    protein = X.index[best][0]
    regions = annotation_table([(protein, "Domain", 3, 20, "PROBE DOMAIN"), ("unknown", "Domain", 1, 2, "")])
    plain = Report(late, X, y, n_pairs_explained=1, audit=False)
    drawn = Report(late, X, y, n_pairs_explained=1, audit=False, annotations=regions)
    assert "per residue" in svg_text(plain.html) and "Domain" not in svg_text(plain.html)
    assert "per residue" in svg_text(drawn.html) and "Domain" in svg_text(drawn.html)


def svg_text(page):
    """Comments of the pictures: matplotlib draws letters as shapes, and writes each text in a comment beside them."""
    return " ".join(re.findall(r"<!-- (.*?) -->", page))


def test_the_bridge_to_skore(pairs, monkeypatch):
    X, y = pairs
    model = make_preset("composition").fit(X, y)
    report = Report(model, X, y, n_pairs_explained=0, audit=False)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "skore", None)
        with pytest.raises(ImportError, match=r"pip install 'amp-sklearn\[skore\]'"):
            report.to_skore()
    skore = pytest.importorskip("skore", reason="an extra of this package: pip install 'amp-sklearn[skore]'")
    bridged = report.to_skore()
    assert bridged.metrics.roc_auc() == pytest.approx(roc_auc_score(y, model.predict_proba(X)[:, 1]))
    folds = ProteinDisjointKFold(3, random_state=0)
    crossed = skore.CrossValidationReport(make_preset("composition"), X, y, splitter=folds, pos_label=1)
    assert crossed.metrics.roc_auc(aggregate=None).shape[1] == 3
    with pytest.raises(ValueError, match="needs labels"):
        Report(model, X, n_pairs_explained=0).to_skore()


def test_a_model_without_segments_and_constant_predictions(pairs):
    X, y = pairs
    model = make_preset("composition").fit(X, y)
    report = Report(model, X, y)
    assert any("reads no segments" in text for text in report.warnings)
    assert "Audit: what would let a model look good" in report.html
    twins = pd.concat([X.iloc[[1]]] * 6)
    assert any("nearly constant" in text for text in Report(model, twins, n_pairs_explained=0).warnings)
    assert Report(model, X.iloc[:3], audit=False)._repr_html_().startswith("<iframe srcdoc=")


def test_fifty_thousand_pairs_are_paged(pairs):
    X, y = pairs
    model = make_preset("composition").fit(X, y)
    many = X.iloc[np.arange(50_000) % len(X)]
    report = Report(model, many, n_pairs_explained=0)
    assert len(rows_of(report.html)) == 50_000 and len(report.html) < 10e6
    assert report.html.count("<tr>") < 50  # rows are drawn by the page, 25 at a time


def test_the_command(pairs, tmp_path):
    X, y = load_bernett_mini("val")
    X, y = X.iloc[::20], y[::20]
    save_model(make_preset("composition").fit(X, y), tmp_path / "model.amp")
    X.index.to_frame(index=False).assign(label=y).to_csv(tmp_path / "pairs.tsv", sep="\t", index=False)
    proteins = dict(zip(X.index.to_frame().to_numpy().ravel(), X.to_numpy().ravel(), strict=True))
    (tmp_path / "p.fasta").write_text("".join(f">{name}\n{text}\n" for name, text in proteins.items()))
    arguments = ["report", *(str(tmp_path / name) for name in ("model.amp", "pairs.tsv", "p.fasta"))]
    arguments += ["--out", str(tmp_path / "r.html"), "--no-audit"]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0 and "warning: the probabilities are not calibrated" in result.stderr
    assert "50 pairs" in result.stdout and len(rows_of((tmp_path / "r.html").read_text())) == 50
