"""Late interaction: one similarity matrix per pair, and every protein read by itself."""

from ..nn import LateInteraction
from ._tokens import resolve_tokens
from .base import BaseTorchClassifier


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
    d_model : int, default=64
        Numbers of a projected token.
    n_channels : int, default=1
        Projections, each with a matrix of its own.
    protein_width : int, default=32
        Units that read the mean of a protein's tokens.
    dropout : float, default=0.2
        Probability of dropping a hidden activation while training.
    <training parameters>

    Attributes
    ----------
    <fitted attributes>

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

    _published_tokens = 20  # as many as the published Transformer reads

    def __init__(
        self,
        *,
        n_tokens="auto",
        hidden1=128,
        d_model=64,
        n_channels=1,
        protein_width=32,
        dropout=0.2,
        max_epochs=8,
        batch_size=256,
        lr=1e-3,
        weight_decay=1e-2,
        lr_schedule=None,
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
        self.d_model = d_model
        self.n_channels = n_channels
        self.protein_width = protein_width
        self.dropout = dropout

    def _module_spec(self, n_features, layout):
        n_tokens, width = resolve_tokens(n_features, self.n_tokens, self._published_tokens, layout)
        return LateInteraction, {
            "n_tokens": n_tokens,
            "width": width,
            "hidden": self.hidden1,
            "d_model": self.d_model,
            "n_channels": self.n_channels,
            "protein_width": self.protein_width,
            "dropout": self.dropout,
        }
