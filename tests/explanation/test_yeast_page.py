"""The page on the yeast example says what its numbers say: other numbers, other sentences."""

import importlib.util
import json
from pathlib import Path

import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "explain" / "yeast_page.py"


@pytest.fixture(scope="module")
def page():
    spec = importlib.util.spec_from_file_location("yeast_page", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def summary(gains, **columns):
    """One row per method; intervals of 0.1 to both sides."""
    table = pd.DataFrame({"deletion_gain": gains}, dtype=float)
    table["deletion_gain_low"], table["deletion_gain_high"] = table - 0.1, table["deletion_gain"] + 0.1
    fixed = {"better_than_random": 0.6, "randomised_model": 0.2, "other_seeds": 0.9, "other_baselines": 0.5}
    return table.assign(**(fixed | columns))


def written(page, folder, table, auroc):
    facts = {
        "command": "python benchmarks/explain/guo_yeast.py",
        "pairs": 1000,
        "train": 700,
        "test": 200,
        "explained": 50,
        "settings": {"epochs": 3},
        "embedding": {"model": "esm2-mini", "fingerprint": "0123"},
        "models": {
            "AMPS": {
                "auroc": auroc,
                "mcc": 0.1,
                "output": "logit",
                "refused": {"deep_shap": "deep_shap refuses this model: wrong"},
            }
        },
        "residues": {
            "pairs": 2,
            "residues": 300,
            "correlation": 0.4,
            "overlap": 0.3,
            "error": 0.01,
            "rise": 2.0,
        },
    }
    static = folder / "_static"
    static.mkdir(exist_ok=True)
    (static / "facts.json").write_text(json.dumps(facts))
    table.to_csv(static / "AMPS_summary.csv")
    names = list(table.index)
    agreement = pd.DataFrame(0.25, index=names, columns=names)
    agreement.loc[names[1], names[0]] = -0.5
    agreement.to_csv(static / "AMPS_agreement.csv")
    (static / "AMPS_deletion.png").write_bytes(b"")
    page.write_page(static, folder / "page.inc")
    return (folder / "page.inc").read_text()


METHODS = ["attention", "integrated gradients", "integrated gradients, signed"]


def test_sentences_follow_the_numbers(page, tmp_path):
    weak = written(page, tmp_path, summary(dict(zip(METHODS, [0.02, 0.3, 1.0], strict=True))), 0.6)
    assert "These models predict little" in weak
    assert "**Attention** cannot be told from random rankings: +0.02 (-0.08 to +0.12)" in weak
    assert "2 of 3 methods for the Transformer (AMPS) (largest gain: integrated gradients, signed" in weak
    assert "raises the gain beyond both intervals for every model" in weak
    assert (
        "0.50 with other baselines and 0.90 with other seeds; for 3 of them the baseline matters more" in weak
    )
    assert "least integrated gradients and attention (-0.50)" in weak
    assert "* ``deep_shap`` for AMPS: wrong." in weak
    assert ":file: _static/AMPS_table.csv" in weak
    assert ".. image:: _static/AMPS_deletion.png" in weak and "AE_RF_deletion" not in weak

    strong = written(
        page, tmp_path, summary(dict(zip(METHODS, [2.0, 1.0, 1.05], strict=True)), other_baselines=0.95), 0.9
    )
    assert "These models predict little" not in strong
    assert "**Attention** has 100% of the gain of the best method (attention)" in strong
    assert "3 of 3 methods" in strong
    assert "raises the gain beyond both intervals for no model" in strong
    assert "for 0 of them the baseline matters more" in strong


def test_worse_than_chance_is_said(page):
    text = page.attention(summary(dict(zip(METHODS, [-0.5, 0.3, 1.0], strict=True))))
    assert "is worse than chance" in text


def test_what_was_not_measured_is_not_mentioned(page):
    table = summary({"occlusion": 1.0}, other_seeds=float("nan"), randomised_model=float("nan"))
    sentences = page.findings({"AE_RF": table}, {}, {})
    assert [sentence for sentence in sentences if sentence] == sentences[:1]
