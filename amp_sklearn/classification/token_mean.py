"""Ablation: the classifier without an encoder."""

from ..nn import TokenMean
from ._tokens import resolve_tokens
from .base import BaseTorchClassifier


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
    >>> from amp_sklearn.classification import TokenMeanClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = TokenMeanClassifier(hidden1=8, hidden2=4, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    _published_tokens = 20

    def __init__(
        self,
        *,
        n_tokens="auto",
        hidden1=512,
        hidden2=128,
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
        self.hidden1 = hidden1
        self.hidden2 = hidden2

    def _module_spec(self, n_features, layout):
        n_tokens, width = resolve_tokens(n_features, self.n_tokens, self._published_tokens, layout)
        return TokenMean, {"n_tokens": n_tokens, "width": width, "hidden": (self.hidden1, self.hidden2)}
