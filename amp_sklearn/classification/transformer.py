"""Transformer classifiers: ESM2_AMPS and ESM2_AMP_CSE."""

from typing import ClassVar

from ..nn import PairTransformer
from ._parameters import COUNT, DROPOUT, N_TOKENS, torch_classifier
from .base import BaseTorchClassifier


@torch_classifier
class AMPSClassifier(BaseTorchClassifier):
    """Transformer over the segments of both proteins (published as ESM2_AMPS).

    Twenty tokens, segment 0 to 9 of protein A and of protein B, pass a pre-norm Transformer encoder; their
    mean goes through a head with two hidden layers to one logit. As published nothing tells the encoder where
    a token came from, so the prediction does not change when the proteins are swapped or segments permuted;
    ``chain_embedding`` and ``position_embedding`` let it see that.

    Parameters
    ----------
    n_tokens : int or "auto", default="auto"
        Tokens of a pair. ``"auto"``: those of the PairMatrix; for an ordinary array 20 if the columns can be
        divided so, else the largest smaller number that divides them.
    n_layers : int, default=6
        Encoder layers.
    n_heads : int, default=8
        Attention heads; must divide the width of a token, or ``d_model``.
    dim_feedforward : int, default=2048
        Hidden units of the feed-forward part of a layer.
    dropout : float, default=0.3
        Dropout within the encoder while training.
    hidden1, hidden2 : int, default=640, 240
        Units of the head's hidden layers.
    d_model : int, default=None
        Width inside the encoder, reached by a linear projection; None keeps the width of the tokens.
    chain_embedding : bool, default=False
        Add a learned vector per protein: in an ordinary array the first half of the tokens is protein A. An
        odd number of tokens counts as one chain.
    position_embedding : bool, default=False
        Add a learned vector per token of a protein.
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
    >>> from amp_sklearn.classification import AMPSClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> X[y == 1] += 0.5
    >>> model = AMPSClassifier(n_layers=1, n_heads=2, dim_feedforward=16, hidden1=8, hidden2=4, random_state=0)
    >>> model = model.set_params(lr=1e-2, max_epochs=10).fit(X, y)
    >>> model.token_shape_, model.predict_proba(X).shape
    ((20, 8), (60, 2))
    """

    n_tokens: int | str = "auto"
    n_layers: int = 6
    n_heads: int = 8
    dim_feedforward: int = 2048
    dropout: float = 0.3
    hidden1: int = 640
    hidden2: int = 240
    d_model: int | None = None
    chain_embedding: bool = False
    position_embedding: bool = False
    lr: float = 1.2188e-4
    weight_decay: float = 2.9516e-4

    _default_tokens = 20
    _parameter_constraints: ClassVar[dict] = {
        "n_tokens": N_TOKENS,
        "n_layers": [COUNT],
        "n_heads": [COUNT],
        "dim_feedforward": [COUNT],
        "dropout": [DROPOUT],
        "hidden1": [COUNT],
        "hidden2": [COUNT],
        "d_model": [COUNT, None],
        "chain_embedding": ["boolean"],
        "position_embedding": ["boolean"],
    }

    def _module_spec(self, n_features, layout):
        return PairTransformer, {
            "n_layers": self.n_layers,
            "n_heads": self.n_heads,
            "dim_feedforward": self.dim_feedforward,
            "dropout": self.dropout,
            "hidden": (self.hidden1, self.hidden2),
            "d_model": self.d_model,
            "chain_embedding": self.chain_embedding,
            "position_embedding": self.position_embedding,
            "n_blocks": len(layout.blocks) if layout is not None else 2 - self.token_shape_[0] % 2,
        }


@torch_classifier
class AMPCSEClassifier(AMPSClassifier):
    """Transformer over cls, segments and eos of both proteins (published as ESM2_AMP_CSE).

    `AMPSClassifier` with the published settings for 24 tokens: cls, segment 0 to 9, eos of protein A, then of
    protein B. The tokens come in this order, and are labelled so.

    Parameters
    ----------
    n_tokens : int or "auto", default="auto"
        Tokens of a pair. ``"auto"``: those of the PairMatrix; for an ordinary array 24 if the columns can be
        divided so, else the largest smaller number that divides them.
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
    >>> from amp_sklearn.classification import AMPCSEClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 192)), np.repeat([0, 1], 30)
    >>> model = AMPCSEClassifier(n_layers=1, n_heads=2, dim_feedforward=16, hidden1=8, hidden2=4, max_epochs=2)
    >>> model.fit(X, y).token_shape_
    (24, 8)
    """

    hidden1: int = 480
    lr: float = 9.589e-5
    weight_decay: float = 1.9146e-2

    _default_tokens = 24
