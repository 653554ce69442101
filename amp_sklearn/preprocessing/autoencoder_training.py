"""Training and use of the token autoencoder: arrays in, arrays out."""

import copy
import math
import warnings

import numpy as np
import torch
from torch.nn import functional
from tqdm.auto import trange

from ..exceptions import TrainingWarning
from ..nn import AutoEncoder
from ..nn.random_numbers import seeded
from ..nn.state_files import not_finite

ROWS_PER_PASS = 8192

WORSE_THAN_ZEROS = 10
"""An autoencoder whose error is this many times that of an output of zeros is not worth keeping."""


def _tensor(array, device):
    if not array.flags.writeable:  # torch has no read-only tensors
        array = array.copy()
    return torch.from_numpy(array).to(device)


def train_autoencoder(
    tokens, *, n_components, max_epochs, batch_size, lr, weight_decay, seed, device, verbose
):
    """An autoencoder trained on tokens, and its loss in every epoch.

    Parameters
    ----------
    tokens : ndarray of float of shape (n, width)
        At least two.
    n_components, max_epochs, batch_size : int
    lr, weight_decay : float
        Of AdamW.
    seed : int
    device : torch.device
    verbose : bool
        Show a progress bar.

    Returns
    -------
    module : AutoEncoder
        On the CPU, in evaluation mode.
    losses : ndarray of shape (n_epochs,)
        Mean squared error over all tokens, in each epoch up to the one that the module has.
    interruption : KeyboardInterrupt or None
        What ended the training, if a user did after an epoch was complete.

    Raises
    ------
    ValueError
        If the loss or the parameters stop being numbers and there is no epoch worth keeping; else the last good
        epoch is kept, with a TrainingWarning.
    """
    data = _tensor(tokens, device)
    losses: list[float] = []
    good, interruption = None, None
    # Batches of nearly equal size: batch normalisation cannot train on a last batch of one token.
    n_batches = max(1, len(tokens) // batch_size)
    with seeded(seed, device):
        module = AutoEncoder(tokens.shape[1], n_components).to(device, data.dtype).train()
        optimizer = torch.optim.AdamW(
            module.parameters(), lr=lr, weight_decay=weight_decay, fused=device.type in ("cpu", "cuda")
        )
        order = torch.Generator().manual_seed(seed)
        try:
            with trange(max_epochs, unit="epoch", disable=not verbose) as epochs:
                for _ in epochs:
                    total = torch.zeros((), device=device)
                    for rows in torch.randperm(len(data), generator=order).tensor_split(n_batches):
                        batch = data[rows.to(device)]
                        optimizer.zero_grad()
                        loss = functional.mse_loss(module(batch)[1], batch)
                        loss.backward()
                        optimizer.step()
                        total += loss.detach() * len(batch)
                    loss = float(total) / len(data)
                    problem = _problem(loss, module, len(losses) + 1)
                    if problem:
                        break
                    good = {key: value.clone() for key, value in module.state_dict().items()}
                    losses.append(loss)
                    epochs.set_postfix(train_loss=loss, refresh=False)
        except KeyboardInterrupt as error:
            if good is None:
                raise
            interruption, problem = error, None
    if problem:
        if good is None:
            raise ValueError(problem)
        module.load_state_dict(good)
        error = reconstruction_error(module.eval().cpu(), tokens, torch.device("cpu"))
        if not error <= WORSE_THAN_ZEROS * float(np.square(tokens).mean()):
            raise ValueError(problem)
        message = f"{problem}. Training stopped; the model has the parameters of epoch {len(losses)}"
        warnings.warn(message, TrainingWarning, stacklevel=4)
    if good is not None:
        module.load_state_dict(good)
    module = module.eval().cpu()
    with torch.no_grad():  # spectral normalisation keeps the last weight: one without a graph can be copied
        module(torch.zeros(1, tokens.shape[1], dtype=data.dtype))
    return module, np.array(losses), interruption


def _problem(loss, module, epoch):
    """What is wrong with an epoch; None if nothing is."""
    if not math.isfinite(loss):
        return f"the loss of the autoencoder became {loss} in epoch {epoch}; use a smaller lr"
    bad = not_finite(module.state_dict())
    if bad:
        return f"parameters of the autoencoder became NaN or infinite ({bad[0]}) in epoch {epoch}; use a smaller lr"
    return None


def _on(module, device):
    """The module on a device; the fitted one stays on the CPU, where a pickle can be read anywhere."""
    return module if device.type == "cpu" else copy.deepcopy(module).to(device)


def encode(module, tokens, device):
    """Latent representation of tokens, ``(n, width) -> (n, n_components)``."""
    module = _on(module, device)
    with torch.no_grad():
        parts = [
            module.encode(_tensor(tokens[start : start + ROWS_PER_PASS], device)).cpu()
            for start in range(0, len(tokens), ROWS_PER_PASS)
        ]
    return torch.cat(parts).numpy()


def reconstruction_error(module, tokens, device):
    """Mean squared error of the reconstruction of tokens, ``(n, width)``."""
    module, total = _on(module, device), 0.0
    with torch.no_grad():
        for start in range(0, len(tokens), ROWS_PER_PASS):
            batch = _tensor(tokens[start : start + ROWS_PER_PASS], device)
            total += float(functional.mse_loss(module(batch)[1], batch, reduction="sum"))
    return total / tokens.size
