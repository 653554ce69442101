"""Recurrent classifier: ESM2_GRU."""

from typing import ClassVar

from ..nn import PairGRU
from ._parameters import COUNT, DROPOUT, N_TOKENS, torch_classifier
from .base import BaseTorchClassifier


@torch_classifier
class GRUClassifier(BaseTorchClassifier):
    """Gated recurrent units over the segments of both proteins (published as ESM2_GRU).

    The tokens of protein A, then of protein B, are read in one direction; the mean of the outputs goes
    through a head with two hidden layers to one logit. The order of proteins and segments matters.

    The defaults are the published ones for the Bernett data set. The published program made its learning-rate
    schedule but never used it; here it is used, and ``lr_schedule=None`` gives the constant rate.

    Parameters
    ----------
    n_tokens : int or "auto", default="auto"
        Tokens of a pair. ``"auto"``: those of the PairMatrix; for an ordinary array 20 if the columns can be
        divided so, else the largest smaller number that divides them.
    n_layers : int, default=6
        Recurrent layers.
    hidden_size : int, default=None
        Units of each recurrent layer; None takes the width of the tokens.
    dropout : float, default=0.0
        Dropout between recurrent layers while training.
    hidden1, hidden2 : int, default=614, 299
        Units of the head's hidden layers.
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
    >>> from amp_sklearn.classification import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = GRUClassifier(n_layers=1, hidden1=8, hidden2=4, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    n_tokens: int | str = "auto"
    n_layers: int = 6
    hidden_size: int | None = None
    dropout: float = 0.0
    hidden1: int = 614
    hidden2: int = 299
    max_epochs: int = 80
    lr: float = 2.6929e-5
    weight_decay: float = 3.8509e-5
    lr_factor: float = 0.2
    lr_patience: int = 3
    min_lr: float = 1e-6

    _default_tokens = 20
    _parameter_constraints: ClassVar[dict] = {
        "n_tokens": N_TOKENS,
        "n_layers": [COUNT],
        "hidden_size": [COUNT, None],
        "dropout": [DROPOUT],
        "hidden1": [COUNT],
        "hidden2": [COUNT],
    }

    def _module_spec(self, n_features, layout):
        return PairGRU, {
            "n_layers": self.n_layers,
            "hidden_size": self.hidden_size,
            "dropout": self.dropout,
            "hidden": (self.hidden1, self.hidden2),
        }
