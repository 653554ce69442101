"""docs/explanations_yeast.inc, every sentence of it built from the numbers that guo_yeast.py wrote."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

TITLES = {
    "AMPS": "Transformer (AMPS)",
    "AE_DNN": "network on autoencoder features (AE_DNN)",
    "AE_RF": "forest on autoencoder features (AE_RF)",
}
SIGNED = {"AMPS": "integrated gradients", "AE_DNN": "integrated gradients", "AE_RF": "TreeSHAP"}
PICTURES = (
    (
        "AMPS_deletion",
        640,
        "Support for the prediction of the Transformer while tokens are deleted, by method",
    ),
    ("AE_RF_deletion", 640, "Support for the prediction of the forest while tokens are deleted, by method"),
    ("AMPS_agreement", 560, "Rank correlation between methods for the Transformer"),
    ("AMPS_attention_maps", 760, "Attention of each layer averaged over pairs, tokens by tokens"),
    ("AMPS_integrated_gradients_signed_beeswarm", 520, "Signed integrated gradients, one dot per pair"),
    (
        "AMPS_integrated_gradients_signed_track",
        680,
        "Signed integrated gradients of one pair along both sequences",
    ),
    ("AMPS_esm2_gradients_track", 680, "Gradients through ESM-2 of one pair, residue by residue"),
)


def write_page(folder, path):
    """Write the page from the tables and facts in a folder.

    Parameters
    ----------
    folder : path-like
        Where ``guo_yeast.py`` wrote ``facts.json`` and the tables; below the folder of the documentation.
    path : path-like
        File to write.
    """
    folder, path = Path(folder), Path(path)
    facts = json.loads((folder / "facts.json").read_text())
    summaries = {name: pd.read_csv(folder / f"{name}_summary.csv", index_col=0) for name in facts["models"]}
    agreement = {name: pd.read_csv(folder / f"{name}_agreement.csv", index_col=0) for name in facts["models"]}
    place = folder.resolve().relative_to(path.resolve().parent).as_posix()
    place = "" if place == "." else f"{place}/"
    parts = [
        "Guo's yeast pairs\n~~~~~~~~~~~~~~~~~",
        introduction(facts),
        *(table(name, facts, place) for name in summaries),
        bullets(findings(summaries, agreement, facts)),
        refusals(facts),
        *(picture(folder, place, *entry) for entry in PICTURES),
    ]
    path.write_text("\n\n".join(part for part in parts if part) + "\n")


def introduction(facts):
    scores = ", ".join(
        f"{TITLES[name]} AUROC {found['auroc']:.2f} and MCC {found['mcc']:.2f}"
        for name, found in facts["models"].items()
    )
    best = max(found["auroc"] for found in facts["models"].values())
    if best < 0.7:
        verdict = (
            "These models predict little on proteins that they have not seen: the numbers below say which methods are "
            "faithful to a model, not what makes proteins interact."
        )
    else:
        verdict = "The numbers below say which methods are faithful to these models."
    settings = ", ".join(f"{value} {what}" for what, value in facts["settings"].items())
    return (
        "One command trains the three published model families and writes this section, sentences included, with all "
        f"its tables and pictures: ``{facts['command']}``. It was made with {facts['pairs']:,} of 11,188 pairs, the "
        f"embedding ``{facts['embedding']['model']}`` (fingerprint ``{facts['embedding']['fingerprint']}``) and networks "
        f"smaller than the published ones ({settings}). {facts['explained']} pairs are explained; they and the other "
        f"held-out pairs ({facts['test']:,}) share no protein with the {facts['train']:,} training pairs. On the "
        f"held-out pairs: {scores}. {verdict}"
    )


def table(name, facts, place):
    unit = facts["models"][name]["output"]
    caption = (
        f"{TITLES[name][0].upper()}{TITLES[name][1:]}, {facts['explained']} held-out pairs. Gains in {unit} with 95 % "
        "intervals over pairs; the last three columns are rank correlations."
    )
    return f".. csv-table:: {caption}\n   :header-rows: 1\n   :file: {place}{name}_table.csv"


def bullets(sentences):
    return "What the numbers say:\n\n" + "\n".join(f"* {sentence}" for sentence in sentences if sentence)


def gain(row):
    return (
        f"{row['deletion_gain']:+.2f} ({row['deletion_gain_low']:+.2f} to {row['deletion_gain_high']:+.2f})"
    )


def beats(row):
    """Whether the interval of the gain lies above zero."""
    return row["deletion_gain_low"] > 0


def findings(summaries, agreement, facts):
    """Sentences, each of which says what its numbers say and nothing else."""
    return [
        faithful(summaries),
        signs(summaries),
        attention(summaries.get("AMPS")),
        randomised(summaries),
        baselines(summaries),
        agreeing(agreement),
        residues(facts.get("residues")),
    ]


def faithful(summaries):
    parts = []
    for name, summary in summaries.items():
        better = [method for method, row in summary.iterrows() if beats(row)]
        best = summary["deletion_gain"].idxmax()
        parts.append(
            f"{len(better)} of {len(summary)} methods for the {TITLES[name]} (largest gain: {best}, "
            f"{gain(summary.loc[best])})"
        )
    return "**Better than random rankings**, with the whole interval above zero: " + "; ".join(parts) + "."


def signs(summaries):
    parts, raised = [], 0
    for name, summary in summaries.items():
        plain, signed = SIGNED[name], f"{SIGNED[name]}, signed"
        if not {plain, signed} <= set(summary.index):
            continue
        a, b = summary.loc[plain], summary.loc[signed]
        raised += int(b["deletion_gain_low"] > a["deletion_gain_high"])
        parts.append(
            f"{TITLES[name]}: {plain} gains {gain(a)} and helps {a['better_than_random']:.0%} of the pairs, with its sign "
            f"{gain(b)} and {b['better_than_random']:.0%}"
        )
    if not parts:
        return None
    verdict = {
        len(
            parts
        ): "Keeping the sign of an attribution raises the gain beyond both intervals for every model",
        0: "Keeping the sign of an attribution raises the gain beyond both intervals for no model",
    }.get(
        raised,
        f"Keeping the sign of an attribution raises the gain beyond both intervals for {raised} of {len(parts)} models",
    )
    return f"**Signs.** {verdict}; published figures average magnitudes. " + "; ".join(parts) + "."


def attention(summary):
    if summary is None or "attention" not in summary.index:
        return None
    row, best = summary.loc["attention"], summary["deletion_gain"].idxmax()
    share = row["deletion_gain"] / summary.loc[best, "deletion_gain"]
    if not beats(row):
        verdict = (
            "cannot be told from random rankings" if row["deletion_gain_high"] > 0 else "is worse than chance"
        )
    else:
        verdict = f"has {share:.0%} of the gain of the best method ({best})"
    text = (
        f"**Attention** {verdict}: {gain(row)}; it helps {row['better_than_random']:.0%} of the pairs. Explanations "
        f"of randomised networks correlate with it at {row['randomised_model']:.2f}."
    )
    if "attention rollout" in summary.index:
        text += f" Rollout: {gain(summary.loc['attention rollout'])}."
    return text


def randomised(summaries):
    found = pd.concat(
        {TITLES[name]: summary["randomised_model"] for name, summary in summaries.items()}
    ).dropna()
    if not len(found):
        return None
    low, high = found.idxmin(), found.idxmax()
    return (
        "**Dependence on what was learned.** The rank correlation with explanations of randomised models runs from "
        f"{found[low]:.2f} ({low[1]}, {low[0]}) to {found[high]:.2f} ({high[1]}, {high[0]}); the nearer to 1, the less a "
        "method looks at the weights."
    )


def baselines(summaries):
    both = pd.concat([summary[["other_seeds", "other_baselines"]] for summary in summaries.values()]).dropna()
    if not len(both):
        return None
    seeds, others = both.mean()
    lower = int((both["other_baselines"] < both["other_seeds"]).sum())
    return (
        f"**The baseline is a choice.** Over {len(both)} explanations with both settings the rank correlation is "
        f"{others:.2f} with other baselines and {seeds:.2f} with other seeds; for {lower} of them the baseline matters more."
    )


def agreeing(agreement):
    parts = []
    for name, matrix in agreement.items():
        values = matrix.to_numpy().astype(float)
        rows, columns = np.tril_indices(len(values), -1)
        pairs = values[rows, columns]
        if not np.isfinite(pairs).any():
            continue
        low, high = np.nanargmin(pairs), np.nanargmax(pairs)
        said = [
            f"{matrix.index[rows[k]]} and {matrix.index[columns[k]]} ({pairs[k]:+.2f})" for k in (high, low)
        ]
        parts.append(
            f"{TITLES[name]}: most alike {said[0]}, least {said[1]}, median {np.nanmedian(pairs):+.2f}"
        )
    return "**Agreement** of token magnitudes between methods. " + "; ".join(parts) + "." if parts else None


def residues(found):
    if not found:
        return None
    return (
        f"**Residues.** For {found['pairs']} of the shortest pairs ({found['residues']:,} residues) gradients carried through ESM-2 "
        "(``esm2_gradients``) and gradients that stop at its last hidden state (``residue_gradients``) rank residues with a "
        f"mean correlation of {found['correlation']:.2f}; {found['overlap']:.0%} of the tenth of residues with the "
        f"largest values are common to both. The largest error of the sums is {found['error']:.2f} logits, where logits "
        f"rise by {found['rise']:.2f} on average."
    )


def refusals(facts):
    by_reason = {}
    for name, model in facts["models"].items():
        for method, reason in model["refused"].items():
            by_reason.setdefault(reason.split(": ", 1)[-1], []).append(f"``{method}`` for {name}")
    lines = [f"* {', '.join(who)}: {reason}." for reason, who in by_reason.items()]
    return "Refused:\n\n" + "\n".join(lines) if lines else None


def picture(folder, place, stem, width, description):
    if not (folder / f"{stem}.png").exists():
        return None
    return f".. image:: {place}{stem}.png\n   :width: {width}\n   :alt: {description}"
