"""The training loop: epochs, best epoch, early stopping, checkpoints, and what happens when training goes wrong."""

import dis
import math
import warnings
from time import perf_counter

import numpy as np
import torch
from tqdm.auto import tqdm

from ..exceptions import TrainingWarning
from ..nn.state_files import not_finite

WORSE_THAN_GUESSING = 10
"""Parameters whose loss is this many times that of equal probabilities are not worth keeping."""

PAIRS_TO_JUDGE = 256
"""Training pairs that this loss is computed on."""

ADVICE = "use a smaller lr, grad_clip, or features of smaller magnitude (a StandardScaler step)"


class Diverged(ValueError):
    """Loss, parameters or predictions have become NaN or infinite."""


class Trainer:
    """Trains a net for a number of epochs.

    Parameters
    ----------
    net : PairNet
    batches : ShuffledBatches
    validator : Validator or None
        Judge of each epoch; without one the last epoch is the best.
    schedule : skorch.callbacks.LRScheduler or None
        Stepped once per epoch, before the callbacks of the net.
    patience : int or None
        Epochs without a better score after which training stops; None never stops.
    checkpoints : Checkpoints or None
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    best_epoch : int
        Number of the best epoch, from 1.
    best_logits : ndarray or None
        Logits of the validation pairs in that epoch.
    interruption : KeyboardInterrupt or None
        What ended the training, if a user did; the net has the best epoch before it.
    """

    def __init__(self, net, batches, validator, schedule, patience, checkpoints, verbose):
        self.net, self.batches, self.validator, self.schedule = net, batches, validator, schedule
        self.patience, self.checkpoints, self.verbose = patience, checkpoints, verbose
        self.best_score, self.best_epoch, self.best_parameters = (-math.inf, -math.inf), 0, None
        self.best_logits, self.interruption = None, None
        self.first_epoch = len(net.history)  # a continued fit counts its own epochs
        self.complete = self.first_epoch
        self.start = _copy(net.module_) if self.first_epoch else None

    def run(self, n_epochs):
        """Train, then give the net the parameters of the best epoch.

        Parameters
        ----------
        n_epochs : int
            Epochs to add to the net's history; those found in checkpoints count.

        Raises
        ------
        Diverged
            If the loss or the parameters stop being numbers before there is an epoch worth keeping. Later the
            best epoch so far is kept, with a TrainingWarning.
        KeyboardInterrupt
            If a user interrupts before an epoch is complete; later it is left in ``interruption``.
        """
        net, target = self.net, len(self.net.history) + n_epochs
        net.notify("on_train_begin", **net.shown(("X", "y"), self.batches.rows.X, self.batches.y))
        if self.schedule is not None:
            self.schedule.on_train_begin(net)
        self._resume()
        try:
            with tqdm(total=target, initial=len(net.history), unit="epoch", disable=not self.verbose) as bar:
                while len(net.history) < target and not self._stale():
                    self._epoch()
                    row = net.history[-1]
                    bar.set_postfix(
                        {k: row[k] for k in ("train_loss", "valid_loss", "valid_score") if k in row},
                        refresh=False,
                    )
                    bar.update()
        except KeyboardInterrupt as interruption:
            if not (net.is_watched and _raised_by_code(interruption)):  # else a callback stops the training
                if self.best_parameters is None and self.start is None:
                    raise
                self.interruption = interruption
            del net.history[self.complete :]
        except Diverged as problem:
            self._give_up(problem)
        net.notify("on_train_end", **net.shown(("X", "y"), self.batches.rows.X, self.batches.y))
        self._take_best()

    def _take_best(self):
        net = self.net
        chosen = net.epoch_of_callbacks()
        if chosen is not None:  # a callback with load_best=True has loaded it
            self.best_epoch, self.best_logits = chosen, None
        elif self.best_parameters is not None:
            net.module_.load_state_dict(self.best_parameters)
        elif self.start is not None:
            net.module_.load_state_dict(self.start)
            self.best_epoch = self.first_epoch
        net.module_.eval()

    def _give_up(self, problem):
        """Go back to an epoch worth keeping, or raise."""
        kept = self.best_epoch if self.best_parameters is not None else self.first_epoch
        parameters = self.start if self.best_parameters is None else self.best_parameters
        if parameters is None:
            raise problem
        self.net.module_.load_state_dict(parameters)
        guessing = math.log(max(self.net.get_params_for("module")["n_outputs"], 2))
        if not self._loss_of_some() <= WORSE_THAN_GUESSING * guessing:
            raise problem
        self.net.optimizer_.state.clear()  # its moments are no numbers either
        warnings.warn(
            f"{problem}. Training stopped; the model has the parameters of epoch {kept}",
            TrainingWarning,
            stacklevel=5,
        )

    def _loss_of_some(self):
        """Loss of the present parameters on some training pairs: that of an epoch was that of other parameters."""
        net, rows = self.net, self.batches.rows
        some = torch.linspace(0, len(rows) - 1, min(len(rows), PAIRS_TO_JUDGE)).long()
        net.module_.eval()
        with torch.inference_mode():
            logits = net.module_(rows.batch(some))
            return float(net.criterion_(logits, self.batches.y[some.to(rows.device)]).mean())

    def _stale(self):
        since = max(self.best_epoch, self.first_epoch)
        return self.patience is not None and len(self.net.history) - since >= self.patience

    def _epoch(self):
        net, start = self.net, perf_counter()
        data = net.shown(
            ("dataset_train", "dataset_valid"), self._data(self.batches), self._data(self.validator)
        )
        net.notify("on_epoch_begin", **data)
        net.history.record("lr", float(net.optimizer_.param_groups[0]["lr"]))
        net.run_single_epoch(self.batches, training=True, prefix="train", step_fn=net.train_step)
        loss = net.history[-1]["train_loss"]
        self._check(loss)
        score = (-math.inf, -loss)
        if self.validator is not None:
            metrics, score = self.validator()
            for name, value in metrics.items():
                net.history.record(name, value)
            net.show_validation(self._data(self.validator), self.validator.logits)
        if self.schedule is not None:
            self.schedule.on_epoch_end(net)
        net.history.record("seconds", perf_counter() - start)
        self._remember(score)
        net.notify("on_epoch_end", **data)
        if self.checkpoints is not None:
            progress = {"best_score": list(self.best_score), "best_epoch": self.best_epoch}
            schedule = None if self.schedule is None else self.schedule.lr_scheduler_
            self.checkpoints.save(net, score, schedule, self.batches.generator, progress)

    def _check(self, loss):
        net = self.net
        place = f"in epoch {len(net.history)} of {type(net.module_).__name__}; {ADVICE}"
        if not math.isfinite(loss):
            raise Diverged(f"the training loss became {loss} {place}")
        bad = not_finite(net.module_.state_dict())
        if bad:
            raise Diverged(f"parameters became NaN or infinite ({bad[0]} first) {place}")
        if self.validator is not None:
            self.validator.predict(net)
            if not np.isfinite(self.validator.logits).all():
                raise Diverged(f"predictions for validation pairs became NaN or infinite {place}")

    def _remember(self, score):
        """Keep the epoch if it is the best; only complete ones count."""
        epoch = self.complete = len(self.net.history)
        if self.validator is None or score > self.best_score or self.best_epoch == 0:
            self.best_epoch, self.best_parameters = epoch, _copy(self.net.module_)
            if self.validator is not None:
                self.best_score, self.best_logits = score, self.validator.logits

    def _data(self, part):
        return None if part is None else (part.rows.X, part.y)

    def _resume(self):
        if self.checkpoints is None:
            return
        schedule = None if self.schedule is None else self.schedule.lr_scheduler_
        progress = self.checkpoints.restore(self.net, schedule, self.batches.generator)
        if progress is None:
            return
        self.complete = len(self.net.history)
        self.best_score, self.best_epoch = tuple(progress["best_score"]), progress["best_epoch"]
        if self.validator is None:
            self.best_parameters = _copy(self.net.module_)
        else:
            self.best_parameters = self.checkpoints.parameters(self.best_epoch)


def _copy(module):
    return {key: value.detach().clone() for key, value in module.state_dict().items()}


def _raised_by_code(error):
    """Whether a ``raise`` statement raised the error, as against a signal that arrived."""
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]
