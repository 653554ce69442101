"""Forward pass of any encoder of transformers, on padded batches."""

import numpy as np
import torch


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
        self.width = model.config.hidden_size
        self._padding = model.config.pad_token_id or 0

    @torch.inference_mode()
    def __call__(self, tokens):
        """Hidden states after the last layer.

        Parameters
        ----------
        tokens : list of ndarray of int
            Token ids of each protein, special ones included.

        Returns
        -------
        Tensor of shape (T, d), float32
            Packed: the proteins one after another, without padding and without the tokens skipped.
        """
        lengths = np.array([len(sequence) for sequence in tokens])
        there = np.arange(lengths.max()) < lengths[:, None]
        ids = np.full(there.shape, self._padding)
        ids[there] = np.concatenate(tokens)
        mask = torch.from_numpy(there).to(self.device)
        states = self.model(
            input_ids=torch.from_numpy(ids).to(self.device), attention_mask=mask.long()
        ).last_hidden_state
        mask[:, : self.skipped] = False
        return states[mask].float()
