"""
Train a model and predict new pairs
===================================

From a table of pairs to probabilities for pairs of proteins that the model has not seen.
"""

# %%
# ``X`` is a table of two columns of sequences with the ids of the proteins in its index; ``y`` holds 1 for interactions.

from amp_sklearn import load_bernett_mini, make_preset

X_train, y_train = load_bernett_mini("train")
X_test, y_test = load_bernett_mini("test")
X_train, y_train = X_train.iloc[::5], y_train[::5]  # 600 pairs
X_test, y_test = X_test.iloc[::5], y_test[::5]  # 200 pairs
X_train.head(3)

# %%
# The pipeline embeds each protein once (here by the small bundled ``esm2-mini``), puts the segments of both proteins together, and
# trains a network. The other model reads no more than how often each residue and each pair of neighbours occurs.

models = {name: make_preset(name, random_state=0) for name in ("late-interaction", "composition")}
probabilities = {
    name: model.fit(X_train, y_train).predict_proba(X_test)[:, 1] for name, model in models.items()
}

# %%
# The most probable pairs.

import pandas as pd

table = pd.DataFrame(probabilities, index=X_test.index).assign(interacts=y_test)
table.sort_values("late-interaction", ascending=False).head()

# %%
# How well the order of the pairs agrees with the labels. With 600 training pairs of other proteins and the bundled model neither
# curve is far from the diagonal, on either side of it: nothing can be told from so few pairs, and the picture says so.

from amp_sklearn.plotting import RocPrDisplay

display = RocPrDisplay.from_predictions(y_test, probabilities)
display
