"""Late interaction: one similarity matrix per pair, and every protein read by itself."""

from typing import ClassVar

from ..nn import LateInteraction
from ._parameters import COUNT, DROPOUT, N_TOKENS, torch_classifier
from .base import BaseTorchClassifier


@torch_classifier
class LateInteractionClassifier(BaseTorchClassifier):
    """Similarities between the tokens of both proteins, read as one matrix per pair.

    Every token (segment) is projected by itself; the dot products of the tokens of protein A with those of protein B are
    a matrix. The logit is a sum over its cells (see `amp_sklearn.nn.LateInteraction`), of a term of each protein and of a
    product of both proteins' means. Swapping the proteins changes nothing. A protein's part is computed once however many
    pairs it is in, so that all pairs of a proteome are matrix products, and the matrix explains the prediction:
    ``explain(model, X, "interaction_map")`` tells how much each pair of segments contributed.

    Give it scaled features: `amp_sklearn.preprocessing.ProteinScaler` before it.

    Parameters
    ----------
    n_tokens : int or "auto", default="auto"
        Tokens of a pair. ``"auto"``: those of the PairMatrix; for an ordinary array 20 if the columns can be divided so,
        else the largest smaller number that divides them. An odd number of tokens counts as one protein, which is paired
        with itself.
    hidden1 : int, default=128
        Units of the hidden layer of the projection.
    d_model : int, default=16
        Numbers of a projected token in each channel.
    n_channels : int, default=4
        Projections, each with a matrix of its own.
    protein_width : int, default=32
        Units that read the mean of a protein's tokens.
    dropout : float, default=0.2
        Probability of dropping a hidden activation while training.
    <inherited parameters>

    Attributes
    ----------
    <inherited attributes>

    References
    ----------
    Khattab and Zaharia, ColBERT, SIGIR 2020, :doi:`10.1145/3397271.3401075` (late interaction).

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.classification import LateInteractionClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = LateInteractionClassifier(hidden1=16, d_model=8, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    n_tokens: int | str = "auto"
    hidden1: int = 128
    d_model: int = 16
    n_channels: int = 4
    protein_width: int = 32
    dropout: float = 0.2
    max_epochs: int = 8
    lr: float = 2e-3
    lr_schedule: str | None = "cosine"

    _default_tokens = 20  # as many as the published Transformer reads
    _parameter_constraints: ClassVar[dict] = {
        "n_tokens": N_TOKENS,
        "hidden1": [COUNT],
        "d_model": [COUNT],
        "n_channels": [COUNT],
        "protein_width": [COUNT],
        "dropout": [DROPOUT],
    }

    def _module_spec(self, n_features, layout):
        return LateInteraction, {
            "hidden": self.hidden1,
            "d_model": self.d_model,
            "n_channels": self.n_channels,
            "protein_width": self.protein_width,
            "dropout": self.dropout,
        }
