"""All pairs of a set of proteins."""

import numpy as np
from baselines.modules import PublishedDPM, seeded
from baselines.training import DensePairs, predict
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline

from amp_sklearn.classification import DPMClassifier
from amp_sklearn.data import FeatureLayout, PairMatrix
from amp_sklearn.screening import PairScreen

from .inputs import WIDTH, plain_state, yeast
from .paired import Case, Variant, compare, growth
from .registry import entry

N_PROTEINS = {"smoke": 8, "small": 60, "full": 150}
GROWTH = {"smoke": [8, 16], "small": [100, 200, 400], "full": [100, 200, 400, 800]}


class RandomFeatures(TransformerMixin, BaseEstimator):
    """Stands for an embedder whose work is done: random features of yeast proteins.

    Parameters
    ----------
    n_proteins : int
        The first so many proteins have features.
    layout : FeatureLayout
    """

    def __init__(self, n_proteins, layout):
        self.n_proteins = n_proteins
        self.layout = layout

    def fit(self, X=None, y=None):
        shape = (self.n_proteins, len(self.layout.tokens) * self.layout.width)
        self.features_ = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        self.rows_ = {sequence: row for row, sequence in enumerate(self.sequences())}
        return self

    def sequences(self):
        return list(yeast()[: self.n_proteins])

    def transform(self, X):
        index = [[self.rows_[sequence] for sequence in pair] for pair in np.asarray(X)]
        return PairMatrix(self.features_, index, self.layout)


def ready_screen(classifier, n_proteins, layout):
    """A screen of proteins among themselves whose features are computed.

    Parameters
    ----------
    classifier : estimator
        Fitted on features of this layout.
    n_proteins : int
    layout : FeatureLayout
    """
    features = RandomFeatures(n_proteins, layout).fit()
    return PairScreen(make_pipeline(features, classifier), features.sequences())


def scores(screen):
    """All scores, block after block."""
    return [(block.pairs, block.scores) for block in screen]


def in_order(blocks):
    """Scores in the order of the pairs."""
    pairs, found = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return found[np.lexsort((pairs[:, 1], pairs[:, 0]))]


@entry("dpm_all_vs_all", "All against all, DPM")
def dpm_all_vs_all(context):
    n_proteins = N_PROTEINS[context.size]
    layout = FeatureLayout(("mean",), 64 if context.size == "smoke" else WIDTH)
    module = seeded(PublishedDPM, width=layout.width)
    model = DPMClassifier().initialize(layout.n_features, layout=layout, state_dict=plain_state(module))
    screen = ready_screen(model, n_proteins, layout)
    features = RandomFeatures(n_proteins, layout).fit().features_
    every_pair = np.column_stack(np.triu_indices(n_proteins, k=1))
    dense = DensePairs(np.asarray(PairMatrix(features, every_pair, layout)), np.zeros(len(every_pair)))
    case = Case(
        work={"proteins": n_proteins, "pairs": len(every_pair), "width": layout.width},
        published=lambda: predict(module, dense),
        variants={"float32": Variant(lambda: scores(screen), 1e-5, None)},
        read_published=lambda table: table["Probability"].to_numpy(),
        read_ours=in_order,
        notes=("features are computed already; the published way starts from dense pairs in memory",),
    )
    result = compare(case, context.rounds, context.gemm)

    def all_pairs(n):
        larger = ready_screen(model, n, layout)
        return lambda: scores(larger)

    repeats = 1 if context.size == "smoke" else 2
    result["growth"] = [growth("proteins", GROWTH[context.size], all_pairs, repeats=repeats)]
    return result
