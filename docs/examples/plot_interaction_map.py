"""
Interaction map of one pair
===========================

What each pair of segments, one of either protein, contributes to a prediction of late interaction.
"""

# %%
# ``yeast-mini`` comes with the package: late interaction on ``esm2-mini``, trained on yeast pairs, calibrated, with an applicability
# domain. The pipeline inside of it has the map.

from amp_sklearn import explain, load_yeast_ppi
from amp_sklearn.persistence import load_model, ready_models

X, y = load_yeast_ppi()
X = X[y == 1].iloc[:12]
model = load_model(ready_models()["yeast-mini"])
pipeline = model.estimator_.estimator_
explanation = explain(pipeline, X, "interaction_map")
explanation.pair_values.shape

# %%
# The surest of these pairs. Cells and rest add up to the logit.

from amp_sklearn.plotting import InteractionMapDisplay

surest = int(explanation.predictions.argmax())
one = InteractionMapDisplay.from_explanation(explanation, pair=surest)
one

# %%
# The mean over the pairs shows what the model likes in general, which a single map should be compared with.

mean = InteractionMapDisplay.from_explanation(explanation)
mean
