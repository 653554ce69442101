"""Forward pass of any encoder of transformers, on padded batches."""

import numpy as np
import torch

from .packed_esm2 import mean_of


class PaddedModel:
    """Hidden states of many proteins, from transformers' own forward pass, concatenated along the token axis.

    Shorter proteins of a batch are padded and masked. Proteins sorted by length, as the embedder hands them over, waste
    little.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        An encoder that returns ``last_hidden_state``.
    device : str or torch.device
        Where to compute.
    dtype : torch.dtype
        Of weights and activations.
    skipped : int, default=0
        Tokens in front of each protein that are read and left out of the result, such as a prompt.
    """

    def __init__(self, model, device, dtype, skipped=0):
        self.device, self.dtype, self.skipped = torch.device(device), dtype, skipped
        self.model = model.to(device=self.device, dtype=dtype).eval().requires_grad_(False)
        self.width, self.n_layers = model.config.hidden_size, model.config.num_hidden_layers
        self._padding = model.config.pad_token_id or 0

    @torch.inference_mode()
    def __call__(self, tokens, layers=None):
        """Hidden states as of `states`, without autograd."""
        return self.states(tokens, layers)

    def states(self, tokens, layers=None):
        """Hidden states after the last layer, or of earlier ones.

        Parameters
        ----------
        tokens : list of ndarray of int
            Token ids of each protein, special ones included.
        layers : sequence of int, default=None
            Places in transformers' ``hidden_states`` whose mean is wanted; None is the last.

        Returns
        -------
        Tensor of shape (T, d), at least float32
            Packed: the proteins one after another, without padding and without the tokens skipped.
        """
        lengths = np.array([len(sequence) for sequence in tokens])
        there = np.arange(lengths.max()) < lengths[:, None]
        ids = np.full(there.shape, self._padding)
        ids[there] = np.concatenate(tokens)
        mask = torch.from_numpy(there).to(self.device)
        found = self.model(
            input_ids=torch.from_numpy(ids).to(self.device),
            attention_mask=mask.long(),
            output_hidden_states=layers is not None,
        )
        if layers is None:
            states = found.last_hidden_state
        else:
            states = mean_of([found.hidden_states[layer] for layer in layers])
        mask[:, : self.skipped] = False
        return states[mask].to(torch.promote_types(self.dtype, torch.float32))


class TrainableModel(PaddedModel):
    """The same, with what autograd needs to adapt the model; its own weights stay as they are."""

    def __call__(self, tokens, layers=None):
        """Hidden states as of `states`, differentiable where autograd is on."""
        return self.states(tokens, layers)
