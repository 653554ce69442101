"""The picture of the home page: one prediction of the bundled model on a bundled pair, explained.

python docs/home_picture.py
"""

from pathlib import Path

from matplotlib.figure import Figure

from amp_sklearn import explain, load_yeast_ppi
from amp_sklearn.persistence import load_model, ready_models
from amp_sklearn.plotting import AttributionDisplay, InteractionMapDisplay

PICTURE = Path(__file__).parent / "_static" / "home.png"


def main():
    X, y = load_yeast_ppi()
    model = load_model(ready_models()["yeast-mini"])
    pairs = X[y == 1].iloc[:20]  # the surest of the first twenty known interactions
    surest = model.predict_proba(pairs)[:, 1].argmax()
    pipeline = (
        model.estimator_.estimator_
    )  # without calibration and abstention, which do not change the order of pairs
    explanation = explain(pipeline, pairs.iloc[[surest]], "interaction_map")
    figure = Figure(figsize=(13, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.4))
    InteractionMapDisplay.from_explanation(explanation, pair=0, ax=left.subplots())
    AttributionDisplay.from_explanation(
        explanation, kind="track", pair=0, ax=right.subplots(2, 1, sharex=True, sharey=True)
    )
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
