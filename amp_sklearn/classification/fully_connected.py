"""Fully connected classifiers: ESM2_DPM and AE_DNN."""

from typing import ClassVar

from ..nn import DeepPairNetwork, MLPHead
from ._parameters import COUNT, DROPOUT, torch_classifier
from .base import BaseTorchClassifier


@torch_classifier
class DPMClassifier(BaseTorchClassifier):
    """Fully connected layers with layer normalisation on the mean vectors of both proteins (published as
    ESM2_DPM).

    Parameters
    ----------
    hidden1, hidden2, hidden3 : int, default=1280, 480, 100
        Units of the hidden layers.
    dropout : float, default=0.0
        Probability of dropping a hidden activation while training.
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
    >>> from amp_sklearn.classification import DPMClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = DPMClassifier(hidden1=16, hidden2=8, hidden3=4, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    hidden1: int = 1280
    hidden2: int = 480
    hidden3: int = 100
    dropout: float = 0.0
    batch_size: int = 64
    lr: float = 9.8765e-6
    weight_decay: float = 1.5248e-2

    _parameter_constraints: ClassVar[dict] = {
        "hidden1": [COUNT],
        "hidden2": [COUNT],
        "hidden3": [COUNT],
        "dropout": [DROPOUT],
    }

    def _module_spec(self, n_features, layout):
        hidden = (self.hidden1, self.hidden2, self.hidden3)
        return DeepPairNetwork, {"hidden": hidden, "dropout": self.dropout}


@torch_classifier
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
    >>> from amp_sklearn.classification import AEDNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(60, 160)), np.repeat([0, 1], 30)
    >>> model = AEDNNClassifier(hidden1=16, hidden2=8, max_epochs=2, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (60, 2)
    """

    hidden1: int = 1500
    hidden2: int = 500
    dropout: float = 0.0
    lr: float = 1e-3

    _parameter_constraints: ClassVar[dict] = {
        "hidden1": [COUNT],
        "hidden2": [COUNT],
        "dropout": [DROPOUT],
    }

    def _module_spec(self, n_features, layout):
        hidden = (self.hidden1, self.hidden2)
        return MLPHead, {"hidden": hidden, "dropout": self.dropout}
