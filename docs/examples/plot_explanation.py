"""
Which segments speak for an interaction?
========================================

Integrated gradients of a small Transformer: bars over many pairs, and one pair along both sequences.
"""

# %%
# A Transformer of the published kind, small, on 500 human pairs. ``aggregate="sum"`` keeps the sign of the values; as published, they
# would be magnitudes.

from amp_sklearn import explain, load_bernett_mini, make_preset

X, y = load_bernett_mini("val")
X, y = X.iloc[::2], y[::2]
model = make_preset("amps-small", random_state=0, max_epochs=4).fit(X, y)
explanation = explain(model, X.iloc[::8], "integrated_gradients", aggregate="sum", random_state=0)
explanation.top(3).head(6)

# %%
# Mean magnitude over the pairs, with intervals. Before any bar is read as biology: :doc:`/explanations` compares such values with
# known interfaces.

from amp_sklearn.plotting import AttributionDisplay

bars = AttributionDisplay.from_explanation(explanation, k=10)
bars

# %%
# One pair. Values above zero speak for an interaction.

track = AttributionDisplay.from_explanation(explanation, kind="track", pair=0)
track

# %%
# All pairs at once, the most probable first.

heatmap = AttributionDisplay.from_explanation(explanation, kind="heatmap", k=20)
heatmap
