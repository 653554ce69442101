"""Fully connected classifiers: ESM2_DPM and AE_DNN."""

from ..nn import DeepPairNetwork, MLPHead
from .base import BaseTorchClassifier


def _flat_shape(n_features, layout):
    """Tokens and width of columns that the module does not divide into tokens itself."""
    return (1, n_features) if layout is None else (layout.n_tokens, layout.width)


class DPMClassifier(BaseTorchClassifier):
    """Fully connected layers with layer normalisation on the mean vectors of both proteins (published as
    ESM2_DPM).

    Parameters
    ----------
    hidden1, hidden2, hidden3 : int, default=1280, 480, 100
        Units of the hidden layers.
    dropout : float, default=0.0
        Probability of dropping a hidden activation while training.
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
    >>> from amp_sklearn.classification import DPMClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = DPMClassifier(hidden1=16, hidden2=8, hidden3=4, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    def __init__(
        self,
        *,
        hidden1=1280,
        hidden2=480,
        hidden3=100,
        dropout=0.0,
        max_epochs=35,
        batch_size=64,
        lr=9.8765e-6,
        weight_decay=1.5248e-2,
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
        self.hidden1 = hidden1
        self.hidden2 = hidden2
        self.hidden3 = hidden3
        self.dropout = dropout

    def _module_spec(self, n_features, layout):
        n_tokens, width = _flat_shape(n_features, layout)
        hidden = (self.hidden1, self.hidden2, self.hidden3)
        return DeepPairNetwork, {
            "n_tokens": n_tokens,
            "width": width,
            "hidden": hidden,
            "dropout": self.dropout,
        }


class AEDNNClassifier(BaseTorchClassifier):
    """Plain ReLU network on autoencoder features of both proteins (published as AE_DNN).

    The network to use where DeepSHAP must be right: nothing in it but linear layers and ReLU. It takes any
    features; published are 20 or 24 tokens of 150 dimensions from `AutoencoderReducer`.

    The published sizes are 1796 and 382 for segments, 1564 and 445 for cls, segments and eos. A learning rate
    is not published; the default here is AdamW's.

    Parameters
    ----------
    hidden1, hidden2 : int, default=1500, 500
        Units of the hidden layers.
    dropout : float, default=0.0
        Probability of dropping a hidden activation while training.
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
    >>> from amp_sklearn.classification import AEDNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = AEDNNClassifier(hidden1=16, hidden2=8, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    def __init__(
        self,
        *,
        hidden1=1500,
        hidden2=500,
        dropout=0.0,
        max_epochs=35,
        batch_size=256,
        lr=1e-3,
        weight_decay=1e-2,
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
        self.hidden1 = hidden1
        self.hidden2 = hidden2
        self.dropout = dropout

    def _module_spec(self, n_features, layout):
        n_tokens, width = _flat_shape(n_features, layout)
        hidden = (self.hidden1, self.hidden2)
        return MLPHead, {"n_tokens": n_tokens, "width": width, "hidden": hidden, "dropout": self.dropout}
