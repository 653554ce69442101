"""Every attribution class of captum and every explainer of shap on four models: works, or refused with the reason.

python benchmarks/explain/library_methods.py       # writes docs/library_methods.inc and benchmarks/results/library_methods.md
"""

import inspect
import warnings
from pathlib import Path

import captum.attr
import numpy as np
import shap
import torch
from sklearn.ensemble import RandomForestClassifier

from amp_sklearn.data import FeatureLayout
from amp_sklearn.explanation import RefusedExplanation, explain
from amp_sklearn.nn import MLPHead, PairGRU, PairTransformer

ROOT = Path(__file__).resolve().parents[2]
FEW = {"captum:KernelShap": {"n_samples": 60}, "captum:ShapleyValueSampling": {"n_samples": 10}}


def classes():
    """All classes of the two libraries that attribute, by name of the method."""
    for name in sorted(vars(captum.attr)):
        found = getattr(captum.attr, name)
        if inspect.isclass(found) and hasattr(found, "attribute"):
            yield f"captum:{name}"
    for name in sorted(vars(shap)):
        if name.endswith("Explainer") and inspect.isclass(getattr(shap, name)):
            yield f"shap:{name}"


def answer(method, model, X, layout):
    """``works`` with the largest error in adding up, or the reason why not."""
    try:
        found = explain(model, X[:4], method, layout=layout, background=X, **FEW.get(method, {}))
    except RefusedExplanation as reason:
        return "refused: " + str(reason).partition("refuses this model: ")[2]
    except ValueError as reason:
        return "refused: " + str(reason).partition(": ")[2].partition("there are ")[0].strip()
    if found.error is None:
        return "works"
    return f"works; adds up to within {np.abs(found.error).max():.1g}"


def main():
    warnings.filterwarnings("ignore")
    layout = FeatureLayout(("segment0", "segment1"), 8)
    X = np.random.RandomState(0).normal(size=(40, 32)).astype(np.float32)
    torch.manual_seed(0)
    models = {
        "chain of linear layers": MLPHead(4, 8, hidden=(8, 4)).eval(),
        "GRU": PairGRU(4, 8, n_layers=1, hidden=(8, 4)).eval(),
        "Transformer": PairTransformer(4, 8, n_layers=1, n_heads=2, dim_feedforward=16, hidden=(8, 4)).eval(),
        "forest": RandomForestClassifier(5, random_state=0).fit(X, X[:, 0] > 0),
    }
    lines = []
    for method in classes():
        answers = {name: answer(method, model, X, layout) for name, model in models.items()}
        works = [name for name, said in answers.items() if said.startswith("works")]
        refusals = dict.fromkeys(said for said in answers.values() if said.startswith("refused"))
        errors = [said.partition("within ")[2] for said in answers.values() if "within" in said]
        lines.append(
            [
                f"``{method}``",
                ", ".join(works) or "none",
                max(errors, key=float) if errors else "",
                "; ".join(said.removeprefix("refused: ") for said in refusals),
            ]
        )
    header = ["method", "works for", "largest error in adding up", "refused elsewhere, because"]
    listed = [".. list-table::", "   :header-rows: 1", "   :widths: 24 20 10 46", ""]
    for line in [header, *lines]:
        listed += [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(line)]
    (ROOT / "docs" / "library_methods.inc").write_text("\n".join(listed) + "\n")
    rows = [header, ["---"] * 4, *lines]
    text = "\n".join("| " + " | ".join(row).replace("``", "`") + " |" for row in rows)
    versions = f"captum {captum.__version__}, shap {shap.__version__}"
    (ROOT / "benchmarks" / "results" / "library_methods.md").write_text(
        f"Made by `python benchmarks/explain/library_methods.py` with {versions}.\n\n{text}\n"
    )


if __name__ == "__main__":
    main()
