"""
Random folds flatter
====================

A baseline that reads no sequence does well on random folds, and is at chance when the proteins of the test are new.
"""

# %%
# 1,500 of the yeast pairs of Guo et al. The first model counts how often each protein occurs with either label, the second reads
# frequencies of residues.

import numpy as np

from amp_sklearn import load_yeast_ppi
from amp_sklearn.model_selection import ProteinDisjointKFold, make_baseline
from amp_sklearn.workflows import evaluate_schemes, summarise

X, y = load_yeast_ppi()
rows = np.random.default_rng(0).choice(len(X), 1500, replace=False)
X, y = X.iloc[rows], y[rows]
models = {name: make_baseline(name) for name in ("protein_share", "composition_logistic")}
metrics, predictions = evaluate_schemes(models, X, y)
summarise(metrics)

# %%
# Each point is a fold.

from amp_sklearn.plotting import FoldsDisplay

display = FoldsDisplay.from_metrics(metrics)
display

# %%
# What the protein-disjoint folds cost: pairs with one protein on each side are left out.

ProteinDisjointKFold(5, random_state=0).summary(X, y)
