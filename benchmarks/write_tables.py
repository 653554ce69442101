"""Put measured results into README and documentation, so that no figure there is typed by hand.

amp-sklearn demo
python benchmarks/esm2_mini/evaluate.py --model amp_sklearn/embedding/esm2_mini --out benchmarks/results/esm2_mini.json
python benchmarks/write_tables.py --demo amp_results
"""

import argparse
import json
import shutil
from pathlib import Path

import pandas as pd
from evaluation.tables import list_table, markdown_table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
MARKER = "<!-- results -->"

# Logistic regression (C = 0.01) on amino-acid and dipeptide frequencies, and logistic regression on how often a protein
# occurs with either label; run apart from this package, on folds of their own, with random protein groups.
REFERENCE = [
    ("random", "composition, reference", "", "0.280", "0.690 ± 0.015", "0.676"),
    ("random", "protein frequency, no sequence, reference", "", "0.690", "0.914 ± 0.006", "0.925"),
    ("protein-disjoint", "composition, reference", "", "0.098", "0.571 ± 0.025", "0.555"),
    ("protein-disjoint", "protein frequency, no sequence, reference", "", "0.000", "0.500 ± 0.000", "0.492"),
]
COLUMNS = ["folds", "model", "accuracy", "MCC", "ROC AUC", "average precision"]
MEASURED = ["scheme", "model", "accuracy", "mcc", "roc_auc", "average_precision"]

EXPLANATION = (
    "The two kinds of folds differ because in random folds every test protein also occurs in training, where its "
    "habit of interacting can be learned by heart; only protein-disjoint folds ask about proteins never seen. A network's "
    "figures are those of one machine: another kind of processor rounds differently, and training ends elsewhere within "
    "the spread."
)


def write_yeast(demo):
    measured = pd.read_csv(demo / "results.tsv", sep="\t", dtype=str)
    rows = []
    for scheme in ("random", "protein-disjoint"):
        rows += measured.loc[measured["scheme"] == scheme, MEASURED].to_numpy().tolist()
        rows += [list(row) for row in REFERENCE if row[0] == scheme]
    (ROOT / "docs" / "yeast_results.inc").write_text(list_table(COLUMNS, rows))
    shutil.copy(demo / "folds.tsv", RESULTS / "yeast_folds.tsv")
    readme = (ROOT / "README.md").read_text()
    before, _, rest = readme.partition(MARKER)
    after = rest.split(MARKER)[-1] if MARKER in rest else rest
    text = (
        f"{MARKER}\n## What to expect\n\nGuo's yeast pairs (11,188), `amp-sklearn demo`, seed 0, mean ± standard deviation over "
        f"five folds:\n\n{markdown_table(COLUMNS, rows)}\n{EXPLANATION} Reference rows come from separate runs on folds of their own; their last column is the area by the trapezoidal rule.\n{MARKER}"
    )
    (ROOT / "README.md").write_text(before + text + after)


def write_esm2_mini():
    report = json.loads((RESULTS / "esm2_mini.json").read_text())
    training = report["training"]
    rows = [
        [name, str(found["proteins"]), f"{found['masked_residues']:,}"]
        + [f"{found[model]:.2f}" for model in ("unigram", "bigram", "esm2-mini")]
        for name, found in report["perplexity"].items()
    ]
    header = ["proteins", "number", "masked residues", "unigram", "bigram", "esm2-mini"]
    (ROOT / "docs" / "esm2_mini_results.inc").write_text(
        f"The bundled weights saw {training['tokens_seen'] / 1e6:.1f} million tokens in {training['steps']:,} steps "
        f"({training['tokens_per_step']:,} tokens a step, learning rate falling from step {training['decay_start']:,}), out "
        f"of a corpus of {training['corpus_proteins']:,} proteins and {training['corpus_residues'] / 1e6:.2f} million residues, "
        f"in {training['hours']:.2f} hours of the training loop on a machine with two CPU cores, most of it on both and part of it beside other work.\n\n"
        "Perplexity of masked residues (20 would be a guess among twenty; lower is better). 15 % of the residues of each "
        "protein are masked, and all models predict the same ones; the bigram model is shown the true residue to the left:\n\n"
        + list_table(header, rows)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--demo", type=Path, required=True, help="folder that 'amp-sklearn demo' wrote")
    write_yeast(parser.parse_args().demo)
    write_esm2_mini()


if __name__ == "__main__":
    main()
