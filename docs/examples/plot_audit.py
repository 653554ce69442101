"""
Is a data set treacherous?
==========================

``audit_pairs`` looks for what would let a model score well without learning anything about sequences.
"""

# %%
# Human pairs that come with the package, first as they are.

import numpy as np

from amp_sklearn import load_bernett_mini
from amp_sklearn.audit import audit_pairs

X, y = load_bernett_mini("val")
X, y = X.iloc[::2], y[::2]
audit = audit_pairs(X, y)
audit.findings[["number", "unit", "severity"]]

# %%
# Now with a trap: the first protein of half of the negative pairs is one of ten proteins, as if these had been drawn carelessly. The
# audit warns of a shortcut in random folds, of pairs that repeat each other and of a protein paired with itself.

rng = np.random.default_rng(0)
trap = X.reset_index()
negative = np.flatnonzero(y == 0)[::2]
few = trap.iloc[rng.choice(negative[:10], len(negative))]
for column in ("protein_a", "sequence_a"):
    trap.loc[negative, column] = few[column].to_numpy()
trap = trap.set_index(["protein_a", "protein_b"])
trapped = audit_pairs(trap, y)
trapped.findings[["number", "unit", "severity"]]

# %%
# The share of positive pairs of each protein, and how far baselines get that read no sequence.

from amp_sklearn.plotting import AuditDisplay

display = AuditDisplay.from_audit(trapped)
display
