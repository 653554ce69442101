"""The speed suite runs, its two sides agree, and its results and tables are written. No time is asserted."""

from pathlib import Path

import numpy as np
import pytest
import torch

from amp_sklearn.nn.device import has_instructions

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def suite(monkeypatch):
    """The suite's modules, importable as when its script runs."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import speed.paired
    import speed.registry
    import speed.results
    import speed.run

    assert Path(speed.__file__).parent == BENCHMARKS / "speed"
    return speed


def test_entries_run_and_agree_with_the_published_way(suite, tmp_path):
    out, docs = tmp_path / "speed", tmp_path / "tables.inc"
    names = ["amps_training", "autoencoder_pairs", "gpu_amps_bernett"]
    arguments = ["--size", "smoke", "--only", *names, "--out", str(out), "--docs", str(docs)]
    assert suite.run.main(arguments) == 0
    (results,) = suite.results.read_all(out)
    assert sorted(results) == sorted(names)
    training = results["amps_training"]["smoke"]
    assert training["work"] == {"pairs": 16, "steps": 2, "width": 64}
    assert training["ours"]["float32"]["difference"] < 1e-4
    if has_instructions(torch.bfloat16, "cpu"):
        assert 0 < training["ours"]["bfloat16"]["difference"] < 0.05
    else:
        assert list(training["ours"]) == ["float32"]
        assert "bfloat16: not measured, this processor has no instructions for it" in training["notes"]
    tables = results["autoencoder_pairs"]["smoke"]
    assert tables["ours"]["float32"]["difference"] == 0
    assert tables["largest_value"] > 1
    assert {found["side"] for found in tables["growth"]} == {"ours", "published"}
    for result in (training, tables):
        assert result["machine"]["versions"]["torch"]
        assert result["ours"]["float32"]["ratio"]["median"] > 0
    assert docs.read_text().startswith("Nothing has been measured yet")  # smoke is never shown


def test_a_wrong_value_is_said_and_fails_the_run(suite, tmp_path, monkeypatch, capsys):
    variant = suite.paired.Variant(lambda: np.array([1.0, 2.1]), tolerance=0.05, precision=None)
    case = suite.paired.Case({}, lambda: np.array([1.0, 2.0]), {"float32": variant})
    run = lambda context: suite.paired.compare(case, rounds=1, gemm={})  # noqa: E731
    entries = {"wrong": suite.registry.Entry("wrong", "A wrong path", run)}
    monkeypatch.setattr(suite.registry, "load_entries", lambda: entries)
    out = tmp_path / "speed"
    assert suite.run.main(["--size", "smoke", "--out", str(out), "--no-docs"]) == 1
    assert "failed: wrong" in capsys.readouterr().err
    found = suite.results.read_all(out)[0]["wrong"]["smoke"]
    assert found["unequal"] == ["float32 differs from the published way by 0.1, more than 0.05"]


def test_an_entry_that_breaks_does_not_keep_the_others_from_running(suite, tmp_path, monkeypatch, capsys):
    def broken(context):
        raise ZeroDivisionError("no luck")

    entries = {
        "broken": suite.registry.Entry("broken", "A broken path", broken),
        "absent": suite.registry.Entry("absent", "Not here", broken, needs="no_such_package"),
        "good": suite.registry.Entry("good", "A good path", lambda context: {"work": {"pairs": 1}}),
    }
    monkeypatch.setattr(suite.registry, "load_entries", lambda: entries)
    out = tmp_path / "speed"
    assert suite.run.main(["--size", "smoke", "--out", str(out), "--no-docs"]) == 1
    (found,) = suite.results.read_all(out)
    assert found["broken"]["smoke"]["error"] == "ZeroDivisionError: no luck"
    assert "no_such_package is not installed" in found["absent"]["smoke"]["obstacle"]
    assert found["good"]["smoke"]["work"] == {"pairs": 1}
    assert "failed: broken" in capsys.readouterr().err


def test_growth_finds_the_exponent_of_a_known_function(suite, monkeypatch):
    monkeypatch.setattr(suite.paired, "timed", lambda function: (function() ** 2 / 100, None))
    found = suite.paired.growth("pairs", [2, 4, 8], lambda n: lambda: n)
    assert found["exponent"] == pytest.approx(2)
    assert found["seconds"] == pytest.approx([0.04, 0.16, 0.64])


def test_results_are_merged_and_the_largest_size_is_shown(suite, tmp_path):
    out, docs = tmp_path / "speed", tmp_path / "tables.inc"

    def result(ratio, cpu="a CPU", date="2026-01-02"):
        times = {"median": 2.0, "min": 1.0, "max": 3.0}
        ours = {"seconds": times, "ratio": {"median": ratio, "min": 1.0, "max": 9.0}, "goal": 2.5}
        ours |= {
            "gemm_share": 0.5,
            "share_goal": 0.8,
            "difference": 1e-6,
            "tolerance": 1e-5,
            "extra_memory_gib": None,
        }
        machine = {
            "cpu": cpu,
            "commit": "abc",
            "cores": 2,
            "extensions": ["avx2"],
            "memory_gib": 4,
            "gpu": None,
        }
        machine |= {"python": "3.11", "versions": {"torch": "2"}}
        return {
            "title": "Some path",
            "date": date,
            "machine": machine,
            "threads": 1,
            "work": {"pairs": 5000},
            "published": {"seconds": times, "extra_memory_gib": 0.5},
            "ours": {"float32": ours},
            "notes": ["a note"],
        }

    for size, ratio in (("full", 3.25), ("small", 1.5), ("smoke", 7.75)):
        suite.results.merge(out / "a_cpu.json", "path", size, result(ratio))
    gpu = {"title": "GPU path", "obstacle": "not measured: no CUDA"}
    suite.results.merge(out / "a_cpu.json", "gpu", "full", gpu)
    suite.results.merge(out / "a.json", "path", "full", result(4.5, cpu="Another", date="2025-12-31"))
    suite.results.write_tables(suite.results.read_all(out), docs)
    text = docs.read_text()
    assert (
        text.index("rubric:: a CPU")
        < text.index("3.25 (")
        < text.index("rubric:: Another")
        < text.index("4.5 (")
    )
    assert "Day: 2026-01-02; commit: abc" in text
    assert "3.25 (1–9)" in text
    assert "1.5 (" not in text and "7.75" not in text
    assert "≥ 2.5: met; 80% of GEMM rate: missed" in text
    assert "* GPU path: not measured: no CUDA" in text
    assert "* Some path: a note" in text


def test_an_unknown_entry_is_named(suite, tmp_path):
    with pytest.raises(SystemExit, match=r"no entries nonsense; there are embedding_8M"):
        suite.run.main(["--size", "smoke", "--only", "nonsense", "--out", str(tmp_path / "speed")])


def test_the_history_tracks_every_paired_entry(suite, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "asv"))
    import speed_suite

    entries = set(suite.registry.load_entries())
    alone = {"memory", "attention_stream"}  # no published way runs at their size
    assert set(speed_suite.Paths.params) == {e for e in entries - alone if not e.startswith("gpu_")}


def test_files_are_named_after_the_processor(suite):
    assert suite.results.file_name("Intel(R) Xeon(R) Processor") == "intel_r_xeon_r_processor"


def test_kernels_are_compared_with_the_libraries(suite):
    import speed.kernels

    found = speed.kernels.main(["--smoke", "--seconds", "0.01", "--threads", "1"])
    kinds = {line["what"]: line for line in found["rows"]}
    assert set(kinds["attention"]["milliseconds"]) == {"ours", "torch"}
    assert kinds["attention"]["best_library"] == "torch" and kinds["TreeSHAP"]["best_library"] == "shap"
    assert "linear layer, forward" in kinds and "dropout, forward and backward" in kinds
    assert found["machine"]["cpu"] in speed.kernels.table(found)
