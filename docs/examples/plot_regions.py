"""
Do important segments lie on annotated regions?
===============================================

Coverage of the most important segments by regions, compared with segments at random places of the same proteins.
"""

# %%
# An explanation of 84 pairs.

from amp_sklearn import explain, load_bernett_mini, make_preset

X, y = load_bernett_mini("val")
X, y = X.iloc[::2], y[::2]
model = make_preset("amps-small", random_state=0, max_epochs=4).fit(X, y)
pairs = X.iloc[::6]
explanation = explain(model, pairs, "attention")

# %%
# Regions. With files of UniProt or InterProScan, ``read_annotations`` reads them; so that this example needs none, regions are found in
# the sequences themselves: stretches of 20 residues of which more than half are charged, and of which more than half are hydrophobic.

from amp_sklearn.regions import annotation_table

sequences = dict(zip(explanation.pair_ids.ravel(), pairs.to_numpy().ravel(), strict=True))


def stretches(name, letters, width=20):
    for protein, sequence in sequences.items():
        start = 0
        while start + width <= len(sequence):
            if sum(residue in letters for residue in sequence[start : start + width]) > width / 2:
                yield protein, name, start + 1, start + width
                start += width
            else:
                start += 1


types = {"charged": "DEKR", "hydrophobic": "AFILMVW"}
regions = annotation_table(row for name, letters in types.items() for row in stretches(name, letters))
regions.groupby("type").size()

# %%
# Observed over expected coverage. A filled marker has an adjusted p-value below 0.05; the proteins, not the pairs, are the units.

from amp_sklearn.plotting import EnrichmentForestDisplay, RegionTrackDisplay
from amp_sklearn.regions import enrichment

table = enrichment(
    explanation, regions, sequences, types=list(types), n_resamples=999, n_bootstrap=200, random_state=0
)
forest = EnrichmentForestDisplay.from_enrichment(table)
forest

# %%
# One pair with its regions.

track = RegionTrackDisplay.from_explanation(explanation, regions, sequences, pair=0, types=list(types))
track
