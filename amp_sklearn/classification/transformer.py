"""Transformer classifiers: ESM2_AMPS and ESM2_AMP_CSE."""

from ..nn import PairTransformer
from ._tokens import resolve_tokens
from .base import BaseTorchClassifier


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
        Add a learned vector per segment.
    <training parameters>

    Attributes
    ----------
    <fitted attributes>

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

    _published_tokens = 20

    def __init__(
        self,
        *,
        n_tokens="auto",
        n_layers=6,
        n_heads=8,
        dim_feedforward=2048,
        dropout=0.3,
        hidden1=640,
        hidden2=240,
        d_model=None,
        chain_embedding=False,
        position_embedding=False,
        max_epochs=35,
        batch_size=256,
        lr=1.2188e-4,
        weight_decay=2.9516e-4,
        lr_schedule="plateau",
        lr_factor=0.1,
        lr_patience=5,
        min_lr=1e-8,
        grad_clip=None,
        class_weight=None,
        validation=None,
        validation_fraction=0.1,
        early_stopping=False,
        patience=10,
        monitor="matthews_corrcoef",
        checkpoint_dir=None,
        top_k=3,
        symmetric=False,
        warm_start=False,
        dtype="float32",
        precision=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            lr_schedule=lr_schedule,
            lr_factor=lr_factor,
            lr_patience=lr_patience,
            min_lr=min_lr,
            grad_clip=grad_clip,
            class_weight=class_weight,
            validation=validation,
            validation_fraction=validation_fraction,
            early_stopping=early_stopping,
            patience=patience,
            monitor=monitor,
            checkpoint_dir=checkpoint_dir,
            top_k=top_k,
            symmetric=symmetric,
            warm_start=warm_start,
            dtype=dtype,
            precision=precision,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.n_tokens = n_tokens
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.dim_feedforward = dim_feedforward
        self.dropout = dropout
        self.hidden1 = hidden1
        self.hidden2 = hidden2
        self.d_model = d_model
        self.chain_embedding = chain_embedding
        self.position_embedding = position_embedding

    def _module_spec(self, n_features, layout):
        n_tokens, width = resolve_tokens(n_features, self.n_tokens, self._published_tokens, layout)
        return PairTransformer, {
            "n_tokens": n_tokens,
            "width": width,
            "n_layers": self.n_layers,
            "n_heads": self.n_heads,
            "dim_feedforward": self.dim_feedforward,
            "dropout": self.dropout,
            "hidden": (self.hidden1, self.hidden2),
            "d_model": self.d_model,
            "chain_embedding": self.chain_embedding,
            "position_embedding": self.position_embedding,
            "n_blocks": len(layout.blocks) if layout is not None else 2 - n_tokens % 2,
        }


class AMPCSEClassifier(AMPSClassifier):
    """Transformer over cls, segments and eos of both proteins (published as ESM2_AMP_CSE).

    `AMPSClassifier` with the published settings for 24 tokens: cls, segment 0 to 9, eos of protein A, then of
    protein B. The tokens come in this order, and are labelled so.

    Parameters
    ----------
    n_tokens : int or "auto", default="auto"
        Tokens of a pair. ``"auto"``: those of the PairMatrix; for an ordinary array 24 if the columns can be
        divided so, else the largest smaller number that divides them.
    n_layers : int, default=6
        Encoder layers.
    n_heads : int, default=8
        Attention heads; must divide the width of a token, or ``d_model``.
    dim_feedforward : int, default=2048
        Hidden units of the feed-forward part of a layer.
    dropout : float, default=0.3
        Dropout within the encoder while training.
    hidden1, hidden2 : int, default=480, 240
        Units of the head's hidden layers.
    d_model : int, default=None
        Width inside the encoder, reached by a linear projection; None keeps the width of the tokens.
    chain_embedding : bool, default=False
        Add a learned vector per protein: in an ordinary array the first half of the tokens is protein A. An
        odd number of tokens counts as one chain.
    position_embedding : bool, default=False
        Add a learned vector per token of a protein.
    <training parameters>

    Attributes
    ----------
    <fitted attributes>

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

    _published_tokens = 24

    def __init__(
        self,
        *,
        n_tokens="auto",
        n_layers=6,
        n_heads=8,
        dim_feedforward=2048,
        dropout=0.3,
        hidden1=480,
        hidden2=240,
        d_model=None,
        chain_embedding=False,
        position_embedding=False,
        max_epochs=35,
        batch_size=256,
        lr=9.589e-5,
        weight_decay=1.9146e-2,
        lr_schedule="plateau",
        lr_factor=0.1,
        lr_patience=5,
        min_lr=1e-8,
        grad_clip=None,
        class_weight=None,
        validation=None,
        validation_fraction=0.1,
        early_stopping=False,
        patience=10,
        monitor="matthews_corrcoef",
        checkpoint_dir=None,
        top_k=3,
        symmetric=False,
        warm_start=False,
        dtype="float32",
        precision=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            n_tokens=n_tokens,
            n_layers=n_layers,
            n_heads=n_heads,
            dim_feedforward=dim_feedforward,
            dropout=dropout,
            hidden1=hidden1,
            hidden2=hidden2,
            d_model=d_model,
            chain_embedding=chain_embedding,
            position_embedding=position_embedding,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            lr_schedule=lr_schedule,
            lr_factor=lr_factor,
            lr_patience=lr_patience,
            min_lr=min_lr,
            grad_clip=grad_clip,
            class_weight=class_weight,
            validation=validation,
            validation_fraction=validation_fraction,
            early_stopping=early_stopping,
            patience=patience,
            monitor=monitor,
            checkpoint_dir=checkpoint_dir,
            top_k=top_k,
            symmetric=symmetric,
            warm_start=warm_start,
            dtype=dtype,
            precision=precision,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
