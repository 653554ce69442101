"""Torch's random numbers: seeded for one block of code, saved and restored."""

import threading
from contextlib import contextmanager

import torch

_GLOBAL_RNG = threading.RLock()  # torch's generator belongs to the process: one seeded fit at a time


@contextmanager
def seeded(seed, device):
    """Within the block torch's own random numbers start from ``seed``; afterwards they go on as before.

    Other threads that enter the block wait, so that results do not depend on what they do.

    Parameters
    ----------
    seed : int
    device : torch.device
    """
    device, cuda = torch.device(device), []
    if device.type == "cuda":
        cuda = [torch.cuda.current_device() if device.index is None else device.index]
    with _GLOBAL_RNG, torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(
            seed
        )  # torch.manual_seed would reach devices that are not restored
        for index in cuda:
            with torch.cuda.device(index):
                torch.cuda.manual_seed(seed)
        yield


def rng_state(device):
    """State of torch's generators, CPU and ``device``; see `set_rng_state`."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def set_rng_state(states, device):
    """Put torch's generators back to what `rng_state` returned."""
    torch.set_rng_state(states[0].cpu())
    if device.type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1].cpu(), device)
