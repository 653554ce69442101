"""Checkpoints of a fit on disk: the best epochs, and what is needed to go on after an interruption."""

import hashlib
import io
import json
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save

from ..exceptions import TrainingWarning
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
    removes. ``last.pt`` holds the name of the fit and digests of itself and of the epochs' files: where a file is
    missing, damaged or of another fit, the fit starts afresh, with a ``TrainingWarning`` that names it.

    Parameters
    ----------
    folder : path-like
    top_k : int
        Best epochs to keep.
    """

    def __init__(self, folder, top_k):
        self.folder, self.top_k = Path(folder), top_k
        self.kept: list[tuple[list[float], int]] = []
        self.digests: dict[str, str] = {}  # of the epochs' files
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
        with self._named_errors():
            self._write(net, epoch, parameters, schedule, generator, progress)

    def _write(self, net, epoch, parameters, schedule, generator, progress):
        if epoch in [kept for _, kept in self.kept]:
            content = save({key: value.contiguous() for key, value in parameters.items()})
            self.digests[self._epoch_file(epoch)] = _digest(content)
            with write_atomically(self.folder / self._epoch_file(epoch)) as unfinished:
                unfinished.write_bytes(content)
        keep = {self._epoch_file(kept) for _, kept in self.kept}
        self.digests = {name: digest for name, digest in self.digests.items() if name in keep}
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
            "fit": self.folder.name,
            "digests": self.digests,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = np.frombuffer(buffer.getbuffer(), dtype=np.uint8)
        with write_atomically(self.folder / "last.pt") as unfinished:
            torch.save({"state": torch.from_numpy(content.copy()), "digest": _digest(content)}, unfinished)
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
        try:
            state = self._read(path, device)
        except Exception as error:  # a damaged file fails in any way
            warnings.warn(
                f"the checkpoints in {self.folder} cannot be used, and this fit starts afresh and replaces them: {error}. "
                "Have the disk checked if nobody changed the files",
                TrainingWarning,
                stacklevel=2,
            )
            return None
        net.module_.load_state_dict(state["module"])
        net.optimizer_.load_state_dict(state["optimizer"])
        if schedule is not None:
            schedule.load_state_dict(state["schedule"])
        set_rng_state(state["rng"], device)
        generator.set_state(state["order"].cpu())
        net.history.clear()
        net.history.extend(state["history"])
        self.kept = [tuple(entry) for entry in state["kept"]]
        self.digests = state["digests"]
        return state["progress"]

    def _read(self, path, device):
        """The last state, after everything that it needs has been found to be as it was written."""
        outer = torch.load(path, map_location="cpu", weights_only=True)
        if set(outer) != {"state", "digest"}:
            raise ValueError(f"{path.name} was written by another version")
        content = outer["state"].numpy()
        if _digest(content) != outer["digest"]:
            raise ValueError(f"{path.name} is not as it was written")
        state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        if state["fit"] != self.folder.name:
            raise ValueError(f"{path.name} belongs to another fit, {state['fit']}")
        for name, digest in state["digests"].items():
            if _digest((self.folder / name).read_bytes()) != digest:
                raise ValueError(f"{name} is not as it was written")
        return state

    def parameters(self, epoch):
        """Parameters after the given epoch, which must be one of those kept."""
        return load((self.folder / self._epoch_file(epoch)).read_bytes())

    @contextmanager
    def _named_errors(self):
        """Where a checkpoint cannot be written, the error says where, and what is still there."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            raise OSError(
                f"checkpoints of this fit cannot be written to {self.folder}: {error}. Free some space there, or give "
                "another checkpoint_dir; the same fit goes on after the last complete epoch in that folder"
            ) from error


def _digest(content):
    return hashlib.blake2b(content, digest_size=16).hexdigest()
