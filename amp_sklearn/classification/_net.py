"""The skorch net inside the torch estimators: built from classes and numbers, lean in its pass over the data."""

import torch
from skorch import NeuralNet
from skorch.callbacks import GradientNormClipping
from torch import nn

from ..nn.device import autocast
from ..nn.state_files import module_from_state

FUSED_ON = ("cpu", "cuda")


def build_module(kind, dtype, **sizes):
    """The module, made by the net: a net that is handed a ready one cannot move it off a GPU when it is pickled."""
    return kind(**sizes).to(getattr(torch, dtype))


class PairNet(NeuralNet):
    """A net whose batches are ``(X, (y, weight))``, and whose loss is the weighted mean of per-pair losses.

    Parameters
    ----------
    precision : str, default=None
        Precision of the forward pass under autocast; None is that of the weights.
    **settings
        As of `skorch.NeuralNet`.
    """

    def __init__(self, *args, precision=None, **settings):
        self.precision = precision
        self._state = None
        super().__init__(*args, **settings)

    def initialize_from(self, state):
        """As ``initialize``, with given parameters of the module: none are drawn."""
        self._state = state
        try:
            return self.initialize()
        finally:
            self._state = None

    def initialize_module(self):
        if self._state is None:
            return super().initialize_module()
        sizes = self.get_params_for("module")
        kind, dtype = sizes.pop("kind"), getattr(torch, sizes.pop("dtype"))
        self.module_ = module_from_state(kind, sizes, self._state, dtype)
        return self

    @property
    def _default_callbacks(self):
        return []

    def infer(self, x, **fit_params):
        with autocast(self.precision, self.device):
            return super().infer(x, **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        y, weight = y_true
        return (self.criterion_(y_pred.to(weight.dtype), y) * weight).mean()

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass; the loss stays on the device until its end, so that no batch waits for the host."""
        total, n_rows = torch.zeros((), device=self.device), 0
        for batch in iterator:
            n_batch = len(batch[0])
            total += step_fn(batch, **fit_params)["loss"].detach() * n_batch
            n_rows += n_batch
        self.history.record(f"{prefix}_loss", float(total) / n_rows)


def make_net(
    kind, sizes, n_outputs, *, dtype, device, lr, weight_decay, grad_clip, precision, state_dict=None
):
    """An initialised net.

    Parameters
    ----------
    kind : type
        Class of the module.
    sizes : dict
        Its arguments, without ``n_outputs``.
    n_outputs : int
        1 for two classes, else one per class.
    dtype : str
        Of the parameters.
    device : torch.device
    lr, weight_decay : float
        Of AdamW.
    grad_clip : float or None
        Largest norm of the gradient of all parameters together.
    precision : str or None
        Autocast precision.
    state_dict : dict, default=None
        Parameters to start from.

    Returns
    -------
    PairNet
    """
    net = PairNet(
        build_module,
        nn.BCEWithLogitsLoss if n_outputs == 1 else nn.CrossEntropyLoss,
        criterion__reduction="none",
        module__kind=kind,
        module__dtype=dtype,
        **{f"module__{name}": value for name, value in {**sizes, "n_outputs": n_outputs}.items()},
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=weight_decay,
        optimizer__fused=device.type in FUSED_ON,
        lr=lr,
        train_split=None,
        callbacks=None if grad_clip is None else [GradientNormClipping(grad_clip)],
        device=str(device),
        verbose=0,
        precision=precision,
    )
    if state_dict is None:
        net.initialize()
    else:
        net.initialize_from(state_dict)
    net.module_.eval()
    return net


def make_schedule(name, optimizer, *, lr, factor, patience, min_lr, n_epochs):
    """Learning-rate schedule, started afresh from ``lr``; None for a constant rate.

    Parameters
    ----------
    name : {"plateau", "cosine"} or None
    optimizer : torch.optim.Optimizer
    lr, factor, min_lr : float
    patience, n_epochs : int

    Returns
    -------
    torch.optim.lr_scheduler.LRScheduler or None
    """
    for group in optimizer.param_groups:
        group["lr"] = lr
        group.pop("initial_lr", None)
    if name == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="min", factor=factor, patience=patience, min_lr=min_lr
        )
    if name == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=n_epochs, eta_min=min_lr)
    return None
