"""
Probabilities that mean what they say
=====================================

Calibration on held-out pairs of new proteins, the applicability domain, and a model that may abstain.
"""

# %%
# Logistic regression on frequencies of residues, a weak model chosen on purpose: its probabilities should show how little it knows.

from amp_sklearn import load_bernett_mini
from amp_sklearn.calibration import ApplicabilityDomain, CalibratedPairClassifier
from amp_sklearn.model_selection import make_baseline

X, y = load_bernett_mini("train")
X, y = X.iloc[::2], y[::2]
X_test, y_test = load_bernett_mini("test")
fitted = make_baseline("composition_logistic").fit(X, y)
calibrated = CalibratedPairClassifier(make_baseline("composition_logistic"), method="sigmoid").fit(X, y)
probabilities = {
    "as fitted": fitted.predict_proba(X_test)[:, 1],
    "calibrated": calibrated.predict_proba(X_test)[:, 1],
}

# %%
# As fitted, the model is far too sure. Calibrated, it stays between 0.4 and 0.6.

from amp_sklearn.plotting import ReliabilityDisplay, RiskCoverageDisplay

reliability = ReliabilityDisplay.from_predictions(y_test, probabilities)
reliability

# %%
# If only the surest pairs are answered, the error should fall. Calibration keeps the order of the pairs.

risk = RiskCoverageDisplay.from_predictions(y_test, probabilities)
risk

# %%
# The share of test pairs whose proteins are as familiar as training proteins are to each other.

domain = ApplicabilityDomain().fit(X)
domain.contains(X_test).mean()
