"""Traps of published sets, and of sets into which they are planted: what the audit finds, and a count by brute force.

Run: python benchmarks/evaluation/benchmark_sets.py [--bernett FOLDER] [--park-marcotte FOLDER]
Writes benchmarks/results/benchmark_sets.json and docs/benchmark_sets.inc. A folder holds pairs.tsv.gz and
sequences.fasta.gz, as the loaders of amp_sklearn.data describe.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from planted_traps import planted
from sklearn.metrics import average_precision_score
from tables import list_table

from amp_sklearn.audit import audit_pairs
from amp_sklearn.data import load_bernett, load_park_marcotte, load_yeast_ppi
from amp_sklearn.exceptions import PairTableWarning

ROOT = Path(__file__).resolve().parents[2]
ONLY = "proteins only among negatives"


def rows_of(X):
    return [tuple(pair) for pair in X.to_numpy(dtype=object).tolist()]


def repeated(X, y, *test):
    seen, n = set(), 0
    for pair in rows_of(X):
        n += pair in seen
        seen.add(pair)
    return n


def swapped(X, y, *test):
    seen, n = set(), 0
    for a, b in rows_of(X):
        n += (b, a) in seen and (a, b) not in seen
        seen.add((a, b))
    return n


def conflicting(X, y, *test):
    labels = {}
    for pair, label in zip(rows_of(X), y, strict=True):
        labels.setdefault(frozenset(pair), set()).add(label)
    return sum(len(of_pair) > 1 for of_pair in labels.values())


def with_itself(X, y, *test):
    return sum(a == b for a, b in rows_of(X))


def shared_ids(X, y, *test):
    ids = {}
    for names, pair in zip(X.index.tolist(), rows_of(X), strict=True):
        for name, sequence in zip(names, pair, strict=True):
            ids.setdefault(sequence, set()).add(name)
    return sum(len(of_one) for of_one in ids.values() if len(of_one) > 1)


def test_pairs_in_training(X, y, X_test, y_test):
    known = {frozenset(pair) for pair in rows_of(X)}
    return sum(frozenset(pair) in known for pair in rows_of(X_test))


def test_proteins_in_training(X, y, X_test, y_test):
    known = {protein for pair in rows_of(X) for protein in pair}
    tested = {protein for pair in rows_of(X_test) for protein in pair}
    return len(tested & known) / len(tested)


def _in_positives(X, y):
    return {protein for pair, label in zip(rows_of(X), y, strict=True) if label for protein in pair}


def only_negative_proteins(X, y, *test):
    return len({protein for pair in rows_of(X) for protein in pair} - _in_positives(X, y))


def negatives_told(X, y, *test):
    """Share of the distinct negative pairs of which a protein occurs in no positive pair."""
    positive = _in_positives(X, y)
    negatives = {frozenset(pair) for pair, label in zip(rows_of(X), y, strict=True) if not label}
    return sum(not pair <= positive for pair in negatives) / len(negatives)


def rule_average_precision(X, y):
    """Average precision of "both proteins occur in some positive pair", rows as they are."""
    positive = _in_positives(X, y)
    return average_precision_score(y, [a in positive and b in positive for a, b in rows_of(X)])


def nonstandard(X, y, *test):
    return len({s for pair in rows_of(X) for s in pair if set(s) - set("ACDEFGHIKLMNPQRSTVWY")})


def within_one_kind(X, y, *test):
    """Share of the negatives of known proteins whose proteins are both viral or both human, by their ids."""
    known = _in_positives(X, y)
    same = [
        names[0][0] == names[1][0]
        for names, pair, label in zip(X.index.tolist(), rows_of(X), y, strict=True)
        if not label and set(pair) <= known
    ]
    return float(np.mean(same))


def largest_difference_of_shares(X, y, X_test, y_test):
    known = {protein for pair in rows_of(X) for protein in pair}
    seen = np.array([sum(protein in known for protein in pair) for pair in rows_of(X_test)])
    y_test = np.asarray(y_test)
    shares = [y_test.mean(), *(y_test[seen == n].mean() for n in np.unique(seen))]
    return float(max(shares) - min(shares))


COUNTS = {
    "repeated pairs": repeated,
    "swapped pairs": swapped,
    "conflicting labels": conflicting,
    "self pairs": with_itself,
    "one sequence, several ids": shared_ids,
    "non-standard residues": nonstandard,
    ONLY: negatives_told,
    "two kinds of protein": within_one_kind,
    "label balance of test parts": largest_difference_of_shares,
    "test pairs in training": test_pairs_in_training,
    "test proteins in training": test_proteins_in_training,
}
SCORED = ("shortcut in random folds", "shortcut on the test pairs", "id form", "similar test proteins",
          "similar test proteins of side A")  # fmt: skip


def published(bernett, park_marcotte):
    """Name of the set, its training and test part, and the traps to look at."""
    yield "Guo", load_yeast_ppi(), ("repeated pairs", "one sequence, several ids", ONLY, SCORED[0])
    train = load_park_marcotte(park_marcotte, "train")
    with warnings.catch_warnings():  # what the loader knows of test_CV, the audit has to find
        warnings.simplefilter("ignore", PairTableWarning)
        test = load_park_marcotte(park_marcotte, "test_CV")
    yield (
        "Park-Marcotte, test_CV",
        (*train, *test),
        ("test pairs in training", "test proteins in training", SCORED[1]),
    )
    for part in ("test_C1", "test_C2", "test_C3"):
        test = load_park_marcotte(park_marcotte, part)
        yield f"Park-Marcotte, {part}", (*train, *test), ("test proteins in training", SCORED[1])
    yield (
        "Bernett, test",
        load_bernett(bernett, "test"),
        (ONLY, "repeated pairs", "non-standard residues", SCORED[0]),
    )
    yield "Bernett, validation", load_bernett(bernett, "val"), (ONLY, SCORED[0])


def lines_of(name, data, traps, found):
    """One line for each trap: set, trap, severity, number, count by brute force."""
    for trap in traps:
        finding = found[trap]
        by_hand = COUNTS[trap](*data) if trap in COUNTS else None
        yield {
            "set": name,
            "trap": trap,
            "found": finding.severity,
            "number": finding.number,
            "unit": finding.unit,
            "by_brute_force": by_hand,
            "equal": None if by_hand is None else bool(np.isclose(finding.number, by_hand)),
            "verdict": finding.verdict,
        }
        if trap == ONLY:
            table, of_all = found.tables["proteins"], only_negative_proteins(*data)
            number = int((table["n_positive"] == 0).sum())
            yield {
                "set": name,
                "trap": trap,
                "found": finding.severity,
                "number": number,
                "unit": f"of {len(table):,} proteins",
                "by_brute_force": of_all,
                "equal": number == of_all,
                "verdict": finding.verdict,
            }


def shown(value):
    if value is None or pd.isna(value):
        return "not countable"
    return f"{value:,.0f}" if float(value).is_integer() and value not in (0, 1) else f"{value:.4g}"


def write(lines, rules, folder):
    (folder / "benchmarks" / "results" / "benchmark_sets.json").write_text(
        json.dumps({"traps": lines, "rule": rules}, indent=1, default=float) + "\n"
    )
    text = "Published sets:\n\n"
    for title, wanted in (("", False), ("\nSets with planted traps:\n\n", True)):
        rows = [
            [
                line["set"],
                line["trap"],
                line["found"],
                f"{shown(line['number'])} {line['unit']}",
                shown(line["by_brute_force"]),
            ]
            for line in lines
            if line["set"].startswith("planted") is wanted
        ]
        text += title + list_table(["set", "trap", "found", "number", "by brute force"], rows)
    text += '\nThe rule "both proteins occur in some positive pair", which reads no sequence:\n\n'
    rows = [[r["set"], f"{r['positive_share']:.3f}", f"{r['average_precision']:.3f}"] for r in rules]
    text += list_table(["set", "share of positive pairs (chance)", "average precision of the rule"], rows)
    text += "\nWhat the audit says:\n\n"
    for name in dict.fromkeys(line["set"] for line in lines):
        text += f"* **{name}**\n\n"
        said = dict.fromkeys(
            (line["found"], line["trap"], line["verdict"]) for line in lines if line["set"] == name
        )
        text += "".join(f"  * {found}, {trap}: {verdict}\n" for found, trap, verdict in said) + "\n"
    (folder / "docs" / "benchmark_sets.inc").write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    data = ROOT / "benchmarks" / "data"
    parser.add_argument("--bernett", type=Path, default=data / "human_bernett")
    parser.add_argument("--park-marcotte", type=Path, default=data / "yeast_park_marcotte")
    parser.add_argument("--only", choices=["planted", "published"])
    choices = parser.parse_args()
    lines, rules = [], []
    sources = {"planted": planted, "published": lambda: published(choices.bernett, choices.park_marcotte)}
    for kind, sets in sources.items():
        if choices.only in (None, kind):
            for name, data, traps in sets():
                found = audit_pairs(*data, random_state=0)
                lines += lines_of(name, data, traps, found)
                if ONLY in traps:
                    X, y = data[:2]
                    score = rule_average_precision(X, y)
                    rules.append(
                        {"set": name, "positive_share": float(np.mean(y)), "average_precision": float(score)}
                    )
                print(name, "done", flush=True)
                write(lines, rules, ROOT)
    differ = [line for line in lines if line["equal"] is False]
    if differ:
        raise SystemExit(f"the audit and brute force differ: {differ}")


if __name__ == "__main__":
    main()
