"""Are the published top segments enriched in annotated regions? Tables and figures of the documentation page.

Run: python benchmarks/regions/answer.py
Writes benchmarks/results/regions_answer.json, docs/_static/regions/*.csv and docs/_static/regions/*.png.
"""

import json

import numpy as np
import pandas as pd
from published_inputs import PROTEIN_TABLE, RESULTS, ROOT, load_explanation, load_lengths, load_samples

from amp_sklearn.plotting import (
    CoverageDonutDisplay,
    EnrichmentForestDisplay,
    HitRateDisplay,
    RegionTrackDisplay,
)
from amp_sklearn.regions import (
    UNIPROT_TYPES,
    coverage,
    enrichment,
    hit_rate_by_chance,
    read_annotations,
    top_vs_low,
)

FIGURES = ROOT / "docs" / "_static" / "regions"
SEED = 0
NAMES = {"TP": "true positives", "TN": "true negatives"}


def interval(row, name, digits):
    value, low, high = (round(row[name + end], digits) + 0.0 for end in ("", "_low", "_high"))  # no -0.0
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def p_text(p):
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def readable(table, position):
    """The enrichment table as the page shows it."""
    rows = []
    for (_, row), (_, other) in zip(table.iterrows(), position.iterrows(), strict=True):
        rows.append(
            {
                "Pairs": NAMES[row["group"]],
                "Segments": row["which"].capitalize(),
                "Type": row["type"],
                "Proteins with a choice": row["n_informative"],
                "Covered (%)": f"{row['observed']:.1f}",
                "By chance (%)": f"{row['expected']:.1f}",
                "Difference (points)": interval(row, "difference", 1),
                "Fold": interval(row, "fold", 2),
                "Adjusted p": p_text(row["p_adjusted"]),
                "Adjusted p, position null": p_text(other["p_adjusted"]),
            }
        )
    return pd.DataFrame(rows).sort_values(["Pairs", "Segments"], ascending=[False, False], kind="stable")


def readable_paired(table):
    return pd.DataFrame(
        {
            "Pairs": NAMES[row["group"]],
            "Type": row["type"],
            "Proteins": row["n_proteins"],
            "Top (%)": f"{row['top']:.1f}",
            "Low (%)": f"{row['low']:.1f}",
            "Difference (points)": interval(row, "difference", 1),
            "Effect size": f"{row['effect_size']:.2f}",
            "Adjusted p": p_text(row["p_adjusted"]),
        }
        for _, row in table.iterrows()
    ).sort_values("Pairs", ascending=False, kind="stable")


def main():
    FIGURES.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(exist_ok=True)
    samples, lengths = load_samples(), load_lengths()
    explanation, annotations = load_explanation(samples), read_annotations(PROTEIN_TABLE)
    inputs = (explanation, annotations, lengths)
    outcome = samples["cls"].to_numpy()
    covered = pd.concat([coverage(*inputs, which=which) for which in ("top", "low")], ignore_index=True)
    tests = {"by": outcome, "random_state": SEED}
    rates = hit_rate_by_chance(*inputs, n_resamples=9999, **tests)
    rotation = enrichment(*inputs, **tests)
    position = enrichment(*inputs, null="position", **tests)
    hits = enrichment(*inputs, threshold=50, **tests)
    paired = top_vs_low(*inputs, **tests)

    readable(rotation, position).to_csv(FIGURES / "enrichment.csv", index=False)
    readable_paired(paired).to_csv(FIGURES / "top_vs_low.csv", index=False)
    annotated = set(annotations.loc[annotations["type"].isin(UNIPROT_TYPES), "protein"])
    for name, title in NAMES.items():
        shown = {
            "pairs": outcome == name,
            "annotated": annotated,
            "title": f"{title.capitalize()}, all types",
        }
        CoverageDonutDisplay.from_coverage(covered, **shown).save(FIGURES / f"donuts_{name}.png")
    HitRateDisplay.from_hit_rates(rates).save(FIGURES / "hit_rates.png")
    EnrichmentForestDisplay.from_enrichment(rotation).save(FIGURES / "enrichment.png")
    shown = int(np.flatnonzero(samples["pair"] == "P11940-Q86U42")[0])
    RegionTrackDisplay.from_explanation(*inputs, pair=shown).save(FIGURES / "track.png")

    result = {
        "pairs": {name: int((outcome == name).sum()) for name in NAMES},
        "proteins": len(lengths),
        "regions": len(annotations),
        "seed": SEED,
        "enrichment_rotation": rotation.to_dict("records"),
        "enrichment_position": position.to_dict("records"),
        "enrichment_of_hits_at_50_percent": hits.to_dict("records"),
        "top_vs_low": paired.to_dict("records"),
        "hit_rates": rates.to_dict("records"),
    }
    (RESULTS / "regions_answer.json").write_text(json.dumps(result, indent=1, default=float) + "\n")
    rates = rates[(rates["rank"] == "any") & (rates["threshold"] == 50)]
    print(rates.drop(columns=["threshold", "rank"]).round(3).to_string(index=False))
    print(readable(rotation, position).to_string(index=False))
    print(readable_paired(paired).to_string(index=False))
    print(
        hits[["group", "which", "type", "observed", "expected", "fold", "p_adjusted"]]
        .round(3)
        .to_string(index=False)
    )


if __name__ == "__main__":
    main()
