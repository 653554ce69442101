"""All pairs of a set of proteins."""

import numpy as np
from baselines.modules import PublishedDPM, seeded
from baselines.training import DensePairs, predict

from amp_sklearn.classification import DPMClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix

from .inputs import WIDTH, plain_state
from .paired import Case, Variant, compare, growth
from .registry import entry

N_PROTEINS = {"smoke": 8, "small": 60, "full": 150}
GROWTH = {"smoke": [8, 16], "small": [100, 200, 400], "full": [100, 200, 400, 800]}


def all_pairs(features, tokens, width):
    """Every unordered pair of different proteins."""
    index = np.column_stack(np.triu_indices(len(features), k=1))
    return PairMatrix(features, index, FeatureLayout(tokens, width))


@entry("dpm_all_vs_all", "All against all, DPM")
def dpm_all_vs_all(context):
    n_proteins, width = N_PROTEINS[context.size], 64 if context.size == "smoke" else WIDTH
    most = max(n_proteins, *GROWTH[context.size])
    features = np.random.default_rng(0).standard_normal((most, width), dtype=np.float32)
    module = seeded(PublishedDPM, width=width)
    X = all_pairs(features[:n_proteins], ("mean",), width)
    model = DPMClassifier().initialize(X.shape[1], layout=X.layout, state_dict=plain_state(module))
    dense = DensePairs(np.asarray(X), np.zeros(len(X)))
    case = Case(
        work={"proteins": n_proteins, "pairs": len(X), "width": width},
        published=lambda: predict(module, dense),
        variants={"float32": Variant(lambda: model.predict_proba(X)[:, 1], 1e-5, None)},
        read_published=lambda table: table["Probability"].to_numpy(),
    )
    result = compare(case, context.rounds, context.gemm)

    def screen(n):
        return lambda: model.predict_proba(all_pairs(features[:n], ("mean",), width))

    repeats = 1 if context.size == "smoke" else 2
    result["growth"] = [growth("proteins", GROWTH[context.size], screen, repeats=repeats)]
    return result
