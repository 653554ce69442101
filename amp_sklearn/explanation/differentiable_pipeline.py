"""A fitted pipeline as one differentiable function of the residues' input embeddings in ESM-2."""

import copy

import numpy as np
import torch

from ..data.layout import combine_proteins
from ..data.segments import PROTEIN_TOKENS
from ..data.sequences import STANDARD_RESIDUES
from ..embedding import ProteinLanguageModelEmbedder
from ..embedding.packed_esm2 import PackedESM2
from ..embedding.pooling import merge_windows, pool_packed
from ..preprocessing import AutoencoderReducer, PairConcatenator, ProteinScaler

BASELINES = ("mean", "mask", "zero")


def reason_against(model):
    """Why gradients cannot be carried from a model's output to the residues' embeddings, or None.

    Parameters
    ----------
    model : ExplainedModel
        With a network.

    Returns
    -------
    str or None
    """
    if model.sequences is None or not isinstance(model.embedder, ProteinLanguageModelEmbedder):
        return "it needs a pipeline that begins with an ESM2Embedder, and a table of sequences"
    if not isinstance(model.embedder.language_model().forward, PackedESM2):
        return f"gradients are carried through ESM-2 only, and {model.embedder.model!r} is another language model"
    foreign = [
        type(step).__name__
        for step in model.steps
        if not isinstance(step, AutoencoderReducer | PairConcatenator | ProteinScaler)
    ]
    if foreign:
        return (
            f"the derivative of {', '.join(foreign)} is unknown; it knows AutoencoderReducer, PairConcatenator and "
            "ProteinScaler between ESM2Embedder and a network"
        )
    with torch.no_grad():
        function = DifferentiablePipeline(model)
        found = function.features(
            *(function.embed(s)[None] for s in model.embedder.residues_embedded(model.sequences[0]))
        )
    expected = model.rows([0])
    # half precision is what it is; anything else that differs is a step with another meaning
    near = 1e-3 if function.loaded.forward.dtype == torch.float32 else 5e-2
    if found.shape != expected.shape or not np.allclose(
        found.cpu().numpy(), expected, rtol=near, atol=near * np.abs(expected).max()
    ):
        return "its steps do not give the features that the classifier reads when they are followed by hand"
    return None


class DifferentiablePipeline:
    """Residues' input embeddings of a pair in, logit out; every step is one that autograd follows.

    Parameters
    ----------
    model : ExplainedModel
        A pipeline for which ``reason_against`` finds nothing.
    loaded : LanguageModel, default=None
        The language model; by default that of the pipeline's embedder.
    """

    def __init__(self, model, loaded=None):
        self.model = model
        self.loaded = loaded or model.embedder.language_model()
        # a copy: weights under spectral normalisation are made anew, with a graph, whenever gradients are on
        self.steps = [
            copy.deepcopy(step.module_).eval().requires_grad_(False)
            if isinstance(step, AutoencoderReducer)
            else step
            for step in model.steps
        ]

    def embed(self, sequence):
        """Input embedding of each residue, with the scale that ESM-2 gives to sequences without a mask, ``L x d``."""
        ids = torch.from_numpy(self.loaded.encode(sequence)[1:-1]).to(self.loaded.forward.device)
        return self.loaded.forward.embedding[ids].to(self._exact)

    def absent(self, baseline):
        """Input embedding that stands for "no particular residue".

        Parameters
        ----------
        baseline : {"mean", "mask", "zero"}
            Mean of the twenty standard residues; what ESM-2 reads at ``<mask>`` (zero for a model with
            ``token_dropout``, as all published ones, else the embedding of ``<mask>``); or zero.

        Returns
        -------
        Tensor of shape (d,)
        """
        forward = self.loaded.forward
        if baseline == "mean":
            return self.embed("".join(STANDARD_RESIDUES)).mean(dim=0)
        if baseline == "mask" and not forward.token_dropout:
            return forward.embedding[forward.mask_token].to(self._exact)
        if baseline in BASELINES:
            return torch.zeros(forward.width, dtype=self._exact, device=forward.device)
        raise ValueError(f"baseline must be one of {BASELINES}, got {baseline!r}")

    @property
    def _exact(self):
        """Type in which residues' embeddings are handed in: at least single precision."""
        return torch.promote_types(self.loaded.forward.dtype, torch.float32)

    def tokens(self, embedded):
        """The thirteen tokens of a protein from its residues' embeddings.

        Parameters
        ----------
        embedded : Tensor of shape (n, L, d)
            The same protein ``n`` times, each time with other embeddings.

        Returns
        -------
        Tensor of shape (n, 13, d)
        """
        forward, (n, length, _) = self.loaded.forward, embedded.shape
        embedded = embedded.to(forward.dtype)
        cls, eos = (forward.embedding[tokens] for tokens in (self.loaded.before, self.loaded.after))
        stretches = self.model.embedder.long_protein_rule().windows(length)
        parts = [[cls, point[start:stop], eos] for point in embedded for start, stop in stretches]
        hidden = forward.hidden_states(
            torch.cat([part for parts_of_one in parts for part in parts_of_one]),
            [stop - start + 2 for _ in range(n) for start, stop in stretches],
            self.loaded.layers,
        ).to(self._exact)
        if len(stretches) > 1:
            windows = [(point, start, stop) for point in range(n) for start, stop in stretches]
            hidden = merge_windows(hidden, [length] * n, windows)
        return pool_packed(hidden, [length] * n)

    def features(self, a, b):
        """What the classifier reads, from the residues' embeddings of both proteins.

        Parameters
        ----------
        a, b : Tensor of shape (n, L_a, d) and (n, L_b, d)

        Returns
        -------
        Tensor of shape (n, n_features)
        """
        parameter = next(self.model.module.parameters())
        a, b = self.tokens(a), self.tokens(b)
        names = PROTEIN_TOKENS
        for step in self.steps:
            if isinstance(step, PairConcatenator):
                chosen = [names.index(token) for token in step.layout_.tokens]
                names, a, b = step.layout_.tokens, a[:, chosen], b[:, chosen]
            elif isinstance(step, ProteinScaler):
                a, b = (step.scale_columns(x.flatten(1)).reshape(x.shape) for x in (a, b))
            else:
                weight = next(step.parameters())
                a, b = (
                    step.encode(x.reshape(-1, x.shape[-1]).to(weight)).reshape(*x.shape[:2], -1)
                    for x in (a, b)
                )
        blocks = combine_proteins(a, b, self.model.layout.blocks)
        return torch.cat([block.flatten(1) for block in blocks], dim=1).to(parameter)

    def logit(self, a, b):
        """Logit of the explained class, from the residues' embeddings of both proteins; see ``features``.

        Returns
        -------
        Tensor of shape (n,)
        """
        return self.model.logit(self.features(a, b))
