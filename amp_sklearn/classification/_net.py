"""The skorch net inside the torch estimators: built from classes and numbers, lean in its pass over the data."""

import copy

import torch
from sklearn.base import ClassifierMixin
from skorch import NeuralNet
from skorch.callbacks import Callback, GradientNormClipping, LRScheduler
from skorch.dataset import Dataset
from torch import nn

from ..nn.device import autocast
from ..nn.state_files import module_from_state
from ._prediction import predict_logits
from ._rows import Rows

FUSED_ON = ("cpu", "cuda")


def build_module(kind, dtype, **sizes):
    """The module, made by the net: a net that is handed a ready one cannot move it off a GPU when it is pickled."""
    return kind(**sizes).to(getattr(torch, dtype))


class PairNet(ClassifierMixin, NeuralNet):
    """A net whose batches are ``(X, (y, weight))``, and whose loss is the weighted mean of per-pair losses.

    With callbacks of a user (`watch`) it tells them what skorch's own loop tells: batches, their losses and
    predictions, data sets with labels; and it predicts as a skorch classifier, for their scorers.

    Parameters
    ----------
    precision : str, default=None
        Precision of the forward pass under autocast; None is that of the weights.
    **settings
        As of `skorch.NeuralNet`.
    """

    def __init__(self, *args, precision=None, **settings):
        self.precision = precision
        self._state = self._pairs = None
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

    def train_step_single(self, batch, **fit_params):
        """Loss and gradient of a batch, in parts where the module wants them; the gradient is that of the whole batch."""
        X, (y, weight) = batch
        parts = self.module_.batch_parts(X)
        if parts is None:
            return super().train_step_single(batch, **fit_params)
        self._set_training(True)
        total, found = torch.zeros((), device=self.device), []
        for rows in parts:
            found.append(self.infer(X[rows], **fit_params))
            loss = self.get_loss(found[-1], (y[rows], weight[rows]), training=True) * (len(rows) / len(X))
            loss.backward()
            total += loss.detach()
            found[-1] = found[-1].detach()
        return {"loss": total, "y_pred": torch.cat(found)[torch.cat(parts).argsort()]}

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass; the loss stays on the device until its end, so that no batch waits for the host.

        Users' callbacks are told of every batch.
        """
        total, n_rows = torch.zeros((), device=self.device), 0
        for batch in iterator:
            n_batch = len(batch[0])
            if self.is_watched:
                shown = batch[0], self._labels(batch[1][0])
                self.notify("on_batch_begin", batch=shown, training=training)
            step = step_fn(batch, **fit_params)
            total += step["loss"].detach() * n_batch
            n_rows += n_batch
            if self.is_watched:
                self._end_of_batch(shown, step["loss"].detach(), step["y_pred"].detach(), training, prefix)
        loss = float(total) / n_rows
        best = min((row[f"{prefix}_loss"] for row in self.history[:-1]), default=float("inf"))
        self.history.record(f"{prefix}_loss", loss)
        if self.is_watched:
            self.history.record(f"{prefix}_loss_best", loss < best)

    def _end_of_batch(self, shown, loss, logits, training, prefix):
        self.history.record_batch(f"{prefix}_loss", float(loss))
        self.history.record_batch(f"{prefix}_batch_size", len(shown[0]))
        self.notify("on_batch_end", batch=shown, training=training, loss=loss, y_pred=logits)

    @property
    def is_watched(self):
        """Whether callbacks of a user are among those of the net."""
        return self._pairs is not None

    def watch(self, classes, layout, symmetric, batch_size):
        """Tell users' callbacks, from now on, what happens.

        Parameters
        ----------
        classes : ndarray
            Labels, by number.
        layout : FeatureLayout or None
            Meaning of the columns.
        symmetric : bool
            Predict the mean over both orders of the proteins.
        batch_size : int
        """
        self._pairs = {"classes": classes, "layout": layout, "symmetric": symmetric}
        self.batch_size = batch_size

    @property
    def classes_(self):
        if not self.is_watched:
            raise AttributeError("the labels are in classes_ of the estimator that holds this net")
        assert self._pairs is not None  # is_watched
        return self._pairs["classes"]

    def _labels(self, y):
        numbers = y.cpu().numpy() if isinstance(y, torch.Tensor) else y
        return self.classes_[numbers.astype(int)]

    def shown(self, names, *values):
        """Arguments of an event: as users' callbacks expect them, or None for each where there are none.

        Parameters
        ----------
        names : tuple of str
            ``("X", "y")`` for pairs and numbers of their classes, else names of data sets.
        *values
            X and y, or for each data set None or a tuple of them.
        """
        if not self.is_watched:
            return dict.fromkeys(names)
        if names == ("X", "y"):
            return {"X": values[0], "y": self._labels(values[1])}
        sets = [v and Dataset(v[0], self._labels(v[1]), length=len(v[1])) for v in values]
        return dict(zip(names, sets, strict=True))

    def show_validation(self, pairs, logits):
        """Tell users' callbacks of the predictions for validation pairs, all in one batch."""
        if not self.is_watched:
            return
        loss = self.history[-1, "valid_loss"]
        best = min((row.get("valid_loss", float("inf")) for row in self.history[:-1]), default=float("inf"))
        self.history.record("valid_loss_best", loss < best)
        shown = pairs[0], self._labels(pairs[1])
        self.notify("on_batch_begin", batch=shown, training=False)
        self._end_of_batch(
            shown, torch.tensor(loss, dtype=torch.float64), torch.from_numpy(logits), False, "valid"
        )

    def epoch_of_callbacks(self):
        """Number of the epoch that a callback with ``load_best=True`` has loaded; None if there is none."""
        for _, callback in self.callbacks_ if self.is_watched else ():
            if not getattr(callback, "load_best", False):
                continue
            event = getattr(callback, "event_name", None) or "event_cp"
            saved = [row["epoch"] for row in self.history if row.get(event)]
            epoch = getattr(callback, "best_epoch_", None) or (saved[-1] if saved else None)
            if epoch is not None:
                return int(epoch)
        return None

    def forward_iter(self, X, training=False, device="cpu"):
        """Logits of pairs as the estimator predicts them, in one part."""
        rows = X.X if isinstance(X, Dataset) else X
        dtype = next(self.module_.parameters()).dtype
        assert self._pairs is not None  # skorch asks for batches of a watched net only
        rows = Rows(rows, dtype, torch.device(self.device), self._pairs["layout"])
        yield torch.from_numpy(predict_logits(self, rows, self.batch_size, self._pairs["symmetric"])).to(
            device
        )

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def check_callbacks(estimator):
    """Raise a ValueError unless the callbacks of an estimator are some of skorch, and can be used."""
    callbacks = estimator.callbacks or ()
    for item in callbacks:
        name, callback = item if isinstance(item, tuple) and len(item) == 2 else ("", item)
        if not (isinstance(name, str) and isinstance(callback, Callback)):
            raise ValueError(
                f"callbacks of {type(estimator).__name__} must be None or a list of skorch callbacks, or of tuples (name, "
                f"callback), got {item!r} in it"
            )
    if callbacks and estimator.checkpoint_dir is not None:
        raise ValueError(
            "checkpoint_dir goes on with a fit that was killed, and callbacks cannot go on: give either of them (skorch's "
            "Checkpoint callback writes files, too)"
        )


def has_schedule(callbacks):
    """Whether a learning-rate schedule is among callbacks."""
    return any(isinstance(_callback(item), LRScheduler) for item in callbacks or ())


def _callback(item):
    return item[1] if isinstance(item, tuple) else item


def make_net(
    kind,
    sizes,
    n_outputs,
    *,
    dtype,
    device,
    lr,
    weight_decay,
    grad_clip,
    precision,
    callbacks=None,
    state_dict=None,
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
    callbacks : list, default=None
        Of skorch; copies are used, so that a fit changes nothing in those of the caller.
    state_dict : dict, default=None
        Parameters to start from.

    Returns
    -------
    PairNet
    """
    own = [] if grad_clip is None else [GradientNormClipping(grad_clip)]
    given = [
        (item[0], copy.copy(item[1])) if isinstance(item, tuple) else copy.copy(item)
        for item in callbacks or ()
    ]
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
        callbacks=own + given or None,
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


def make_schedule(name, optimizer, *, lr, factor, patience, min_lr, n_epochs, validated):
    """Learning-rate schedule of skorch, started afresh from ``lr``; None for a constant rate.

    Parameters
    ----------
    name : {"plateau", "cosine"} or None
    optimizer : torch.optim.Optimizer
        Its rate is set to ``lr``.
    lr, factor, min_lr : float
    patience, n_epochs : int
    validated : bool
        Whether there is a validation loss for a plateau schedule to follow; else it is the training loss.

    Returns
    -------
    skorch.callbacks.LRScheduler or None
    """
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] = lr
    settings = {
        "plateau": {
            "policy": torch.optim.lr_scheduler.ReduceLROnPlateau,
            "monitor": "valid_loss" if validated else "train_loss",
            "mode": "min",
            "factor": factor,
            "patience": patience,
            "min_lr": min_lr,
        },
        "cosine": {
            "policy": torch.optim.lr_scheduler.CosineAnnealingLR,
            "T_max": n_epochs,
            "eta_min": min_lr,
            "last_epoch": -1,
        },
    }
    return None if name is None else LRScheduler(**settings[name], event_name=None).initialize()
