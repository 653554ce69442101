"""Ablation: the classifier without an encoder."""

from typing import ClassVar

from ..nn import TokenMean
from ._parameters import COUNT, N_TOKENS, torch_classifier
from .base import BaseTorchClassifier


@torch_classifier
class TokenMeanClassifier(BaseTorchClassifier):
    """Mean over the tokens of both proteins, then a head: the published ablation without an encoder.

    What `AMPSClassifier` gains over this is what its encoder is worth. The mean knows neither protein A from
    B nor one segment from another.

    Parameters
    ----------
    n_tokens : int or "auto", default="auto"
        Tokens of a pair. ``"auto"``: those of the PairMatrix; for an ordinary array 20 if the columns can be
        divided so, else the largest smaller number that divides them.
    hidden1, hidden2 : int, default=512, 128
        Units of the head's hidden layers: those of the published class where nothing else is given.
    <inherited parameters>

    Attributes
    ----------
    <inherited attributes>

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.classification import TokenMeanClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = TokenMeanClassifier(hidden1=8, hidden2=4, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    n_tokens: int | str = "auto"
    hidden1: int = 512
    hidden2: int = 128
    lr: float = 1.2188e-4
    weight_decay: float = 2.9516e-4

    _default_tokens = 20
    _parameter_constraints: ClassVar[dict] = {
        "n_tokens": N_TOKENS,
        "hidden1": [COUNT],
        "hidden2": [COUNT],
    }

    def _module_spec(self, n_features, layout):
        return TokenMean, {"hidden": (self.hidden1, self.hidden2)}
