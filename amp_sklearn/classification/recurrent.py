"""Recurrent classifier: ESM2_GRU."""

from ..nn import PairGRU
from ._tokens import resolve_tokens
from .base import BaseTorchClassifier


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
    >>> from amp_sklearn.classification import GRUClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = GRUClassifier(n_layers=1, hidden1=8, hidden2=4, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    _published_tokens = 20

    def __init__(
        self,
        *,
        n_tokens="auto",
        n_layers=6,
        hidden_size=None,
        dropout=0.0,
        hidden1=614,
        hidden2=299,
        max_epochs=80,
        batch_size=256,
        lr=2.6929e-5,
        weight_decay=3.8509e-5,
        lr_schedule="plateau",
        lr_factor=0.2,
        lr_patience=3,
        min_lr=1e-6,
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
        self.hidden_size = hidden_size
        self.dropout = dropout
        self.hidden1 = hidden1
        self.hidden2 = hidden2

    def _module_spec(self, n_features, layout):
        n_tokens, width = resolve_tokens(n_features, self.n_tokens, self._published_tokens, layout)
        return PairGRU, {
            "n_tokens": n_tokens,
            "width": width,
            "n_layers": self.n_layers,
            "hidden_size": self.hidden_size,
            "dropout": self.dropout,
            "hidden": (self.hidden1, self.hidden2),
        }
