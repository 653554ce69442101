"""
All pairs of a set of proteins
==============================

A screen scores each pair once and keeps the best partners of each protein.
"""

# %%
# Sixty yeast proteins, and the interactions among them that are known.

from amp_sklearn import load_yeast_ppi
from amp_sklearn.persistence import load_model, ready_models
from amp_sklearn.screening import screen_pairs

X, y = load_yeast_ppi()
short = X[(X["sequence_a"].str.len() < 300) & (X["sequence_b"].str.len() < 300)].iloc[:40]
proteins = dict(zip(short.index.to_frame().to_numpy().ravel(), short.to_numpy().ravel(), strict=True))
proteins = dict(list(proteins.items())[:60])
model = load_model(ready_models()["yeast-mini"]).estimator_.estimator_
best = screen_pairs(model, proteins, top_k=3)
best.head(6)

# %%
# The scores of all pairs, and of the pairs that are labelled as interacting. ``yeast-mini`` has seen these labels in training, so
# that the difference flatters; on new proteins it is far smaller (its card says how small).

import matplotlib.pyplot as plt
import numpy as np

scores = screen_pairs(model, proteins)
known = {frozenset(pair) for pair, label in zip(X.index, y, strict=True) if label == 1}
labelled = np.array(
    [frozenset(pair) in known for pair in zip(scores["protein_a"], scores["protein_b"], strict=True)]
)
figure, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
bins = np.linspace(0, 1, 11)
ax.hist(scores["score"], bins, density=True, color="#BBBBBB", label=f"all {len(scores):,} pairs")
ax.hist(
    scores["score"][labelled],
    bins,
    density=True,
    histtype="step",
    linewidth=2,
    label=f"{labelled.sum()} labelled as interacting",
)
ax.set(xlabel="score", ylabel="density")
ax.legend(frameon=False, loc="upper left")
plt.show()
