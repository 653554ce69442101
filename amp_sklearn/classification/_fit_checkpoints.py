"""Checkpoints of a fit on disk: the best epochs, and what is needed to go on after an interruption."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..nn.random_numbers import rng_state, set_rng_state
from ..writing import write_atomically


def fit_name(estimator, seed, *digests):
    """Name of the folder of a fit: equal for equal data, parameters and seed."""
    neutral = {"checkpoint_dir", "verbose", "device", "random_state", "top_k", "callbacks"}
    given = sorted(estimator.get_params(deep=False).items())
    # a function's representation holds its address, which another process would not find again
    parameters = [f"{k}={getattr(v, '__qualname__', repr(v))}" for k, v in given if k not in neutral]
    text = f"{parameters} {seed} {estimator.classes_.tolist()} {estimator.n_features_in_} {digests}"
    return f"{type(estimator).__name__}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


class Checkpoints:
    """A folder for one fit.

    It holds ``epoch-0007.safetensors`` (parameters) for each of the best epochs, ``history.json`` (metrics of
    every epoch) and ``last.pt`` (everything to go on). Files are complete or absent: each is written under
    another name first. A kill between two writes leaves at most one file too many, which the next epoch
    removes.

    Parameters
    ----------
    folder : path-like
    top_k : int
        Best epochs to keep.
    """

    def __init__(self, folder, top_k):
        self.folder, self.top_k = Path(folder), top_k
        self.kept: list[tuple[list[float], int]] = []
        self.folder.mkdir(parents=True, exist_ok=True)

    def _epoch_file(self, epoch):
        return f"epoch-{epoch:04d}.safetensors"

    def save(self, net, score, schedule, generator, progress):
        """Write the state after an epoch; its number is the length of the net's history.

        Parameters
        ----------
        net : PairNet
        score : tuple of float
        schedule : torch.optim.lr_scheduler.LRScheduler or None
        generator : torch.Generator
            Of the order of batches.
        progress : dict
            Plain values that the training loop wants back.
        """
        epoch, parameters = len(net.history), net.module_.state_dict()
        ranked = sorted([*self.kept, (list(score), epoch)], key=lambda entry: entry[0], reverse=True)
        self.kept = ranked[: self.top_k]
        if epoch in [kept for _, kept in self.kept]:
            contiguous = {key: value.contiguous() for key, value in parameters.items()}
            with write_atomically(self.folder / self._epoch_file(epoch)) as unfinished:
                save_file(contiguous, unfinished)
        history = net.history.to_list()
        with write_atomically(self.folder / "history.json") as unfinished:
            unfinished.write_text(json.dumps(history))
        device = torch.device(net.device)
        state = {
            "module": parameters,
            "optimizer": net.optimizer_.state_dict(),
            "schedule": None if schedule is None else schedule.state_dict(),
            "rng": rng_state(device),
            "order": generator.get_state(),
            "history": history,
            "kept": self.kept,
            "progress": progress,
        }
        with write_atomically(self.folder / "last.pt") as unfinished:
            torch.save(state, unfinished)
        keep = {self._epoch_file(kept) for _, kept in self.kept}
        for path in self.folder.glob("epoch-*.safetensors"):
            if path.name not in keep:
                path.unlink()

    def restore(self, net, schedule, generator):
        """Go back to the state after the last complete epoch.

        Returns
        -------
        dict or None
            ``progress`` as saved; None if nothing has been saved.
        """
        path = self.folder / "last.pt"
        if not path.exists():
            return None
        device = torch.device(net.device)
        state = torch.load(path, map_location=device, weights_only=True)
        net.module_.load_state_dict(state["module"])
        net.optimizer_.load_state_dict(state["optimizer"])
        if schedule is not None:
            schedule.load_state_dict(state["schedule"])
        set_rng_state(state["rng"], device)
        generator.set_state(state["order"].cpu())
        net.history.clear()
        net.history.extend(state["history"])
        self.kept = [tuple(entry) for entry in state["kept"]]
        return state["progress"]

    def parameters(self, epoch):
        """Parameters after the given epoch, which must be one of those kept."""
        return load_file(self.folder / self._epoch_file(epoch))
