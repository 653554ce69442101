"""Audit of all published sets: which traps each holds.

Run: python benchmarks/evaluation/audit.py
Writes benchmarks/results/audit.json and audit.md, docs/audit_results.inc and docs/_static/audit/*.png.
"""

import json
import platform
import resource
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn
from tables import list_table

import amp_sklearn
from amp_sklearn.audit import audit_pairs
from amp_sklearn.data import load_bernett, load_park_marcotte, load_yeast_ppi
from amp_sklearn.exceptions import PairTableWarning
from amp_sklearn.plotting import AuditDisplay

ROOT = Path(__file__).resolve().parents[2]
DATA, RESULTS, DOCS = ROOT / "benchmarks" / "data", ROOT / "benchmarks" / "results", ROOT / "docs"
SEED = 0
ON_TEST = ("test pairs in training", "test proteins in training", "label balance of test parts", "similar test proteins",
           "similar test pairs", "shortcut on the test pairs", "proteins only among negatives, test pairs")  # fmt: skip


def audits():
    """Name, training set and test set of each audit."""
    yield "Guo", load_yeast_ppi(), ()
    folder = DATA / "yeast_park_marcotte"
    train = load_park_marcotte(folder, "train")
    for split in ("test_CV", "test_C1", "test_C2", "test_C3"):
        with warnings.catch_warnings():  # what the loader knows of test_CV, the audit has to find
            warnings.simplefilter("ignore", PairTableWarning)
            test = load_park_marcotte(folder, split)
        yield f"Park-Marcotte, train and {split}", train, test
    folder = DATA / "human_bernett"
    train = load_bernett(folder, "train")
    for split in ("val", "test"):
        yield f"Bernett, train and {split}", train, load_bernett(folder, split)


def number(finding):
    if np.isnan(finding.number):
        return finding.severity
    text = (
        f"{finding.number:,.0f}" if finding.unit in ("rows", "ids", "proteins") else f"{finding.number:.3f}"
    )
    return f"{text} ({finding.severity})"


def matrix(found, checks):
    """Checks by sets."""
    rows = []
    for check in checks:
        findings = [audit.findings.index for audit in found.values()]
        cells = [
            number(audit[check]) if check in index else ""
            for audit, index in zip(found.values(), findings, strict=True)
        ]
        unit = next(audit[check].unit for audit in found.values() if check in audit.findings.index)
        rows.append([f"{check} ({unit})" if unit else check, *cells])
    return rows


def write_docs(found):
    alone = {name.partition(", ")[0]: audit for name, audit in found.items()}  # the training set of each
    compared = {name: audit for name, audit in found.items() if audit.n_test}
    own = [check for check in next(iter(found.values())).findings.index if check not in ON_TEST]
    text = "The sets, or their training parts:\n\n"
    text += list_table(["check", *alone], matrix(alone, own))
    text += "\nTheir published test parts against the training part:\n\n"
    header = [name.replace(", train and", "") for name in compared]
    text += list_table(["check", *header], matrix(compared, ON_TEST))
    text += "\nWhat the audit says of everything that is not clean:\n\n"
    for name, audit in found.items():
        own_shown = not audit.n_test or name in ("Park-Marcotte, train and test_CV",)
        bad = [
            f for f in audit.list_of_findings
            if f.severity in ("note", "warning", "severe") and (own_shown or f.check in ON_TEST)
        ]  # fmt: skip
        text += f"* **{name}**" + (":\n\n" if bad else ": clean.\n")
        text += "".join(f"  * {f.severity}, {f.check}: {f.verdict}\n" for f in bad)
        text += "\n"
    (DOCS / "audit_results.inc").write_text(text)


def main():
    for folder in (RESULTS, DOCS / "_static" / "audit"):
        folder.mkdir(parents=True, exist_ok=True)
    found, report = {}, {}
    for name, train, test in audits():
        started, cpu = time.perf_counter(), time.process_time()
        found[name] = audit_pairs(*train, *test, random_state=SEED)
        seconds = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
        report[name] = found[name].to_dict() | {key: round(value, 1) for key, value in seconds.items()}
        print(f"{name}: {found[name].verdict} ({seconds['cpu_seconds']:.0f} CPU seconds)", flush=True)
    for name, file in (
        ("Guo", "guo"),
        ("Park-Marcotte, train and test_CV", "park_marcotte"),
        ("Bernett, train and test", "bernett"),
    ):
        AuditDisplay.from_audit(found[name], random_state=SEED).save(
            DOCS / "_static" / "audit" / f"{file}.png", dpi=110
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    made_with = {
        "amp_sklearn": amp_sklearn.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "seed": SEED,
        "peak_memory_gib": round(peak, 2),  # of the whole run, all sets loaded one after the other
    }
    result = {"made_with": made_with, "audits": report}
    (RESULTS / "audit.json").write_text(json.dumps(result, indent=1, default=float, allow_nan=False) + "\n")
    parts = [f"## {name}\n\n{audit.verdict}\n\n{audit.to_markdown()}" for name, audit in found.items()]
    made = ", ".join(f"{key} {value}" for key, value in made_with.items())
    (RESULTS / "audit.md").write_text(f"# Audit of published sets\n\n{made}\n\n" + "\n".join(parts))
    write_docs(found)


if __name__ == "__main__":
    main()
