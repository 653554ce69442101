"""The baselines that every model of pairs has to beat, by name."""

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..classification import NearestPairsClassifier, ProteinFrequencyClassifier
from ..embedding import ESM2Embedder
from ..preprocessing import CompositionEncoder, PairConcatenator

BASELINES = ("protein_share", "protein_counts", "composition_logistic", "composition_forest", "nearest_pairs")
"""Names that ``make_baseline`` takes."""


def make_baseline(name, *, esm2="esm2-mini", random_state=None, n_jobs=None):
    """A baseline from pairs of sequences to probabilities, by name.

    Parameters
    ----------
    name : {"protein_share", "protein_counts", "composition_logistic", "composition_forest", "nearest_pairs"}
        - ``"protein_share"``: share of interactions among each protein's training pairs; reads no sequence.
        - ``"protein_counts"``: learned from each protein's number of training pairs of either label; reads no sequence.
        - ``"composition_logistic"``: logistic regression on residue and dipeptide frequencies.
        - ``"composition_forest"``: random forest on the same.
        - ``"nearest_pairs"``: the five nearest training pairs by mean-pooled embeddings.
    esm2 : str or path-like, default="esm2-mini"
        Embedding model of ``"nearest_pairs"``; see ``ESM2Embedder``.
    random_state : int, default=None
        Seed of the forest; the others have no randomness.
    n_jobs : int, default=None
        Threads of the forest and of the nearest pairs.

    Returns
    -------
    classifier or Pipeline

    Raises
    ------
    ValueError
        If there is no baseline of that name.

    Examples
    --------
    >>> from amp_sklearn.model_selection import make_baseline
    >>> make_baseline("protein_share")
    ProteinFrequencyClassifier()
    >>> list(make_baseline("composition_forest").named_steps)
    ['compositionencoder', 'randomforestclassifier']
    """
    if name == "protein_share":
        return ProteinFrequencyClassifier()
    if name == "protein_counts":
        return ProteinFrequencyClassifier("counts")
    if name == "composition_logistic":
        return make_pipeline(
            CompositionEncoder(), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
        )
    if name == "composition_forest":
        forest = RandomForestClassifier(300, min_samples_leaf=3, random_state=random_state, n_jobs=n_jobs)
        return make_pipeline(CompositionEncoder(), forest)
    if name == "nearest_pairs":
        return make_pipeline(
            ESM2Embedder(esm2), PairConcatenator("mean"), NearestPairsClassifier(n_jobs=n_jobs)
        )
    raise ValueError(f"there is no baseline {name!r}; there are {', '.join(BASELINES)}")
