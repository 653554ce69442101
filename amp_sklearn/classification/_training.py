"""The training loop: epochs, learning-rate schedule, best epoch, early stopping, checkpoints."""

import math
from time import perf_counter

from tqdm.auto import tqdm


class Trainer:
    """Trains a net for a number of epochs.

    Parameters
    ----------
    net : PairNet
    batches : ShuffledBatches
    validator : Validator or None
        Judge of each epoch; without one the last epoch is the best.
    schedule : torch.optim.lr_scheduler.LRScheduler or None
        Stepped once per epoch, a plateau schedule with the validation loss (training loss without
        validation).
    patience : int or None
        Epochs without a better score after which training stops; None never stops.
    checkpoints : Checkpoints or None
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    best_epoch : int
        Number of the best epoch, from 1.
    """

    def __init__(self, net, batches, validator, schedule, patience, checkpoints, verbose):
        self.net, self.batches, self.validator, self.schedule = net, batches, validator, schedule
        self.patience, self.checkpoints, self.verbose = patience, checkpoints, verbose
        self.best_score, self.best_epoch, self.best_parameters = (-math.inf, -math.inf), 0, None
        self.first_epoch = len(net.history)  # a continued fit counts its own epochs

    def run(self, n_epochs):
        """Train, then give the net the parameters of the best epoch.

        Parameters
        ----------
        n_epochs : int
            Epochs to add to the net's history; those found in checkpoints count.
        """
        net, target = self.net, len(self.net.history) + n_epochs
        self._resume()
        net.notify("on_train_begin", X=None, y=None)
        with tqdm(total=target, initial=len(net.history), unit="epoch", disable=not self.verbose) as bar:
            while len(net.history) < target and not self._stale():
                self._epoch()
                row = net.history[-1]
                bar.set_postfix(
                    {k: row[k] for k in ("train_loss", "valid_loss", "valid_score") if k in row},
                    refresh=False,
                )
                bar.update()
        net.notify("on_train_end", X=None, y=None)
        if self.best_parameters is not None:
            net.module_.load_state_dict(self.best_parameters)
        net.module_.eval()

    def _stale(self):
        since = max(self.best_epoch, self.first_epoch)
        return self.patience is not None and len(self.net.history) - since >= self.patience

    def _epoch(self):
        net, start = self.net, perf_counter()
        net.notify("on_epoch_begin", dataset_train=None, dataset_valid=None)
        net.history.record("lr", float(net.optimizer_.param_groups[0]["lr"]))
        net.run_single_epoch(self.batches, training=True, prefix="train", step_fn=net.train_step)
        loss = net.history[-1]["train_loss"]
        if not math.isfinite(loss):
            raise ValueError(
                f"the training loss became {loss} in epoch {len(net.history)} of {type(net.module_).__name__}; use a "
                "smaller lr, grad_clip, or features of smaller magnitude (a StandardScaler step)"
            )
        score = (-math.inf, -loss)
        if self.validator is not None:
            metrics, score = self.validator(net)
            for name, value in metrics.items():
                net.history.record(name, value)
            loss = metrics["valid_loss"]
        if self.schedule is not None:
            self.schedule.step(*([loss] if hasattr(self.schedule, "num_bad_epochs") else []))
        net.history.record("seconds", perf_counter() - start)
        net.notify("on_epoch_end", dataset_train=None, dataset_valid=None)
        epoch = len(net.history)
        if self.validator is None:
            self.best_epoch = epoch
        elif score > self.best_score or self.best_epoch == 0:
            self.best_score, self.best_epoch = score, epoch
            self.best_parameters = {k: v.detach().clone() for k, v in net.module_.state_dict().items()}
        if self.checkpoints is not None:
            progress = {"best_score": list(self.best_score), "best_epoch": self.best_epoch}
            self.checkpoints.save(net, score, self.schedule, self.batches.generator, progress)

    def _resume(self):
        if self.checkpoints is None:
            return
        progress = self.checkpoints.restore(self.net, self.schedule, self.batches.generator)
        if progress is None:
            return
        self.best_score, self.best_epoch = tuple(progress["best_score"]), progress["best_epoch"]
        if self.validator is not None:
            self.best_parameters = self.checkpoints.parameters(self.best_epoch)
