"""
Several models, and how far they disagree
=========================================

The mean of several networks is better than one of them, and their spread says how sure a prediction is.
"""

# %%
# Three late interactions that differ by their seed only.

from amp_sklearn import load_bernett_mini, make_preset

X, y = load_bernett_mini("train")
X, y = X.iloc[::4], y[::4]
X_test, y_test = load_bernett_mini("test")
X_test, y_test = X_test.iloc[::3], y_test[::3]
model = make_preset("late-interaction-ensemble", random_state=0).fit(X, y)
probability = model.predict_proba(X_test)[:, 1]
features = model[:-1].transform(X_test)
uncertainty = model[-1].predict_uncertainty(features)

# %%
# Probability and uncertainty of the test pairs. A prediction near one half is unsure in any case; far from one half, a large
# uncertainty tells that one member alone would have said otherwise.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for label, color, name in ((1, "#D55E00", "interacts"), (0, "#0072B2", "does not")):
    ax.scatter(
        probability[y_test == label], uncertainty[y_test == label], s=14, color=color, alpha=0.7, label=name
    )
ax.set(xlabel="probability (mean of three)", ylabel="uncertainty (standard deviation)", xlim=(0, 1))
ax.legend(frameon=False, title="label")
plt.show()

# %%
# ROC AUC of the members, and of their mean.

from sklearn.metrics import roc_auc_score

members = [roc_auc_score(y_test, member.predict_proba(features)[:, 1]) for member in model[-1].estimators_]
print("members: " + ", ".join(f"{area:.3f}" for area in members))
print(f"mean:    {roc_auc_score(y_test, probability):.3f}")
