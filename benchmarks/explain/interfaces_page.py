"""The page and picture of interfaces.py, from its results; every sentence is made from the numbers.

python benchmarks/explain/interfaces_page.py benchmarks/results/interfaces_8m.tsv
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

SHOWN = 30  # rankings by methods on the page


def interval(row, measure, digits=3):
    low, high = row[f"{measure}_low"], row[f"{measure}_high"]
    return f"{row[measure]:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def lines_of(table):
    """One line of text cells per ranking, best first within its kind."""
    lines = []
    for kind in ("method", "rule", "chance"):
        for name, row in table[table["kind"] == kind].sort_values("roc_auc", ascending=False).iterrows():
            parts = name.split(" | ")
            weights, *sign = parts[3].split(", ") if kind == "method" else ("",)
            what = ", ".join([parts[0], *sign]) if kind == "method" else f"{name} ({kind})"
            lines.append(
                [
                    what,
                    *(parts[1:3] if kind == "method" else ("", "")),
                    weights,
                    interval(row, "roc_auc"),
                    interval(row, "average_precision"),
                    interval(row, "precision_at_l10"),
                    f"{row['enrichment']:.2f}",
                    "" if np.isnan(row["above_chance"]) else f"{row['above_chance']:.2g}",
                    "" if np.isnan(row["above_best_rule"]) else f"{row['above_best_rule']:.2g}",
                ]
            )
    return lines


HEADER = [
    "residues ranked by", "model", "encoder", "weights", "ROC AUC [95 %]", "average precision", "precision at L/10",
    "enrichment", "p, above chance", "p, above the best rule",
]  # fmt: skip


def answer(table, facts):
    """The plain answer, in sentences."""
    methods = table[table["kind"] == "method"]
    best_rule = table.loc[table["kind"] == "rule", "roc_auc"].idxmax()
    found = methods.index[(methods["above_chance"] < 0.05) & (methods["above_best_rule"] < 0.05)]
    trained = methods[[" | trained" in name for name in methods.index]]
    shuffled = methods.drop(trained.index)
    rule = table.loc[best_rule]
    winners = [name for name in found if name in trained.index]
    better = trained[(trained["above_chance"] < 0.05)]
    best = trained["roc_auc"].idxmax()
    n_proteins = int(table["n_proteins"].iloc[0])
    text = [
        f"**{'Yes' if winners else 'No'}.** "
        f"Of {len(trained)} rankings of the residues of {n_proteins} proteins by explanations of trained models, "
        f"{len(better)} are better than chance; {len(winners)} are better than chance and the best simple rule "
        f"(p < 0.05, corrected for all {len(methods)} rankings). The best is {best.replace(' | ', ', ')}, with a mean ROC AUC "
        f'of {interval(trained.loc[best], "roc_auc")}; the best rule, "{best_rule}", has {interval(rule, "roc_auc")} without any '
        "model."
    ]
    if len(shuffled):
        text.append(
            f"Explanations of models with shuffled weights, which have learned nothing, lie between "
            f"{shuffled['roc_auc'].min():.3f} and {shuffled['roc_auc'].max():.3f}, those of trained models between "
            f"{trained['roc_auc'].min():.3f} and {trained['roc_auc'].max():.3f}."
        )
    if winners:
        shown = "; ".join(name.replace(" | ", ", ") for name in winners)
        text.append(f"Better than chance and the best rule: {shown}.")
    else:
        text.append(
            "Do not read the values of these methods as a prediction of the interface: they say what the model reads."
        )
    if facts:
        fact = next(iter(facts.values()))
        text.append(
            f"All were trained on {fact['training_pairs']:,} yeast pairs, without the {fact['similar_proteins']} proteins that "
            "resemble a chain of the complexes. Mean probability of the complexes: "
            + "; ".join(
                f"{name.replace('+', ', ')} {fact['mean_probability']:.2f}" for name, fact in facts.items()
            )
            + "."
        )
    return " ".join(text)


def shortened(table):
    """What the page shows: rules, chance, and of the methods the best of trained models."""
    methods = table[(table["kind"] == "method") & ~table.index.str.contains("shuffled")]
    return pd.concat([methods.nlargest(SHOWN, "roc_auc"), table[table["kind"] != "method"]])


def draw(table, path):
    shown = table.sort_values("roc_auc")
    figure, axes = plt.subplots(figsize=(8, 0.22 * len(shown) + 1), layout="constrained")
    colours = {"method": "#1f6f8b", "rule": "#c8553d", "chance": "#888888"}
    for place, (_, row) in enumerate(shown.iterrows()):
        axes.plot([row["roc_auc_low"], row["roc_auc_high"]], [place, place], color=colours[row["kind"]])
        axes.plot(row["roc_auc"], place, "o", ms=4, color=colours[row["kind"]])
    axes.axvline(0.5, color="black", lw=0.8, ls=":")
    axes.set_yticks(range(len(shown)))
    labels = [name.replace(" | trained", "").replace(" | ", ", ") for name in shown.index]
    axes.set_yticklabels(labels, fontsize=7)
    axes.set_xlabel("mean ROC AUC of interface residues, 95 % interval")
    for kind, colour in colours.items():
        axes.plot([], [], "o-", color=colour, label=kind)
    axes.legend(frameon=False, fontsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def write_page(results, docs):
    """A page of the documentation and its picture, named as the results, and the whole table in Markdown.

    Parameters
    ----------
    results : Path
        Table of rankings, ``.tsv``; beside it the facts about the models, ``.json``.
    docs : Path
    """
    table = pd.read_csv(results, sep="\t", index_col="ranking")
    facts = json.loads(results.with_suffix(".json").read_text())
    markdown = results.with_suffix(".md")
    text, lines = answer(table, facts), lines_of(table)
    short = shortened(table)
    rows = "\n".join("| " + " | ".join(line) + " |" for line in [HEADER, ["---"] * len(HEADER), *lines])
    markdown.write_text(f"{text}\n\n{rows}\n")
    picture = docs / "_static" / "explanations" / f"{markdown.stem}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(short, picture)
    listed = [".. list-table::", "   :header-rows: 1", ""]
    for line in [HEADER, *lines_of(short)]:
        listed += [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(line)]
    image = [
        f".. image:: _static/explanations/{markdown.stem}.png",
        "   :alt: ROC AUC with interval of the best methods of trained models, of the simple rules and of chance",
    ]
    whole = (
        f"The table shows the best {min(SHOWN, int((short['kind'] == 'method').sum()))} rankings by trained models, the rules and "
        f"chance; all of them, those of shuffled weights too, are in ``benchmarks/results/{markdown.name}``."
    )
    parts = [text, "\n".join(image), whole, "\n".join(listed)]
    (docs / f"{markdown.stem}.inc").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--docs", type=Path, default=Path(__file__).resolve().parents[2] / "docs")
    arguments = parser.parse_args()
    write_page(arguments.results, arguments.docs)
