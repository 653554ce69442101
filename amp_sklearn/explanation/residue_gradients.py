"""Integrated gradients carried on to single residues through the segment means."""

from dataclasses import dataclass

import numpy as np

from ..data.pair_matrix import PairMatrix
from ..data.segments import token_bounds
from ..preprocessing import PairConcatenator, ProteinScaler
from .attribution_baselines import of_rows
from .base import Attribution, aggregate_tokens
from .gradients import IntegratedGradients
from .registry import register_explainer

_INSTEAD = "use 'integrated_gradients', whose segments Explanation.residues carries back evenly"


@register_explainer("residue_gradients")
@dataclass
class ResidueGradients(IntegratedGradients):
    """Integrated gradients with one value per residue.

    A segment's vector is the mean of its residues' vectors in the last hidden state of ESM-2, so the
    attribution of a segment is exactly the sum over its residues of ``gradient * (residue - baseline) /
    n_residues``: residues that pull the mean towards what the classifier looks for get the credit. Nothing
    is approximated in this step, and the residues of a segment add up to the segment. Each vector has seen
    the whole protein through ESM-2's own attention, so a value tells which *position's* vector mattered, not
    which residue would have to be mutated.

    Needs a pipeline from sequences through an ``ESM2Embedder`` to a network that reads the embedder's tokens
    as they are or scaled by a ``ProteinScaler`` (no autoencoder between).

    Parameters
    ----------
    aggregate : {"mean_abs", "sum", "sum_abs"}, default="sum"
        How columns are put together to one value per token; ``"sum"`` is what residues add up to.
    keep_features : bool, default=False
        Whether the ``Explanation`` holds the value of each column.
    n_steps, baseline, n_background, random_state, batch_size, share_first_layer
        As for ``IntegratedGradients``.

    References
    ----------
    Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017, arXiv:1703.01365.
    """

    aggregate: str = "sum"
    keep_features: bool = False

    def reason_unsuitable(self, model):
        if model.sequences is None or not hasattr(model.embedder, "residue_states"):
            return (
                f"it needs a pipeline that begins with an ESM2Embedder, and a table of sequences; {_INSTEAD}"
            )
        if model.layout.blocks != ("A", "B"):
            return f"blocks {model.layout.blocks} are not the two proteins one after the other; {_INSTEAD}"
        reason = super().reason_unsuitable(model)
        if reason is None and not self._reads_segment_means(model):
            return f"a step between embedder and classifier changes the means over residues; {_INSTEAD}"
        return reason

    @staticmethod
    def _reads_segment_means(model):
        """Whether the features of the first pair are what its residues' vectors give."""
        state = model.embedder.residue_states(model.sequences[:1, 0])[0]
        if state.shape[1] != model.layout.width:
            return False
        scale = _scales(model)
        row = model.layout.by_token(model.rows([0]))[0]
        means = token_bounds(len(state))
        return all(
            np.allclose(
                scale(state[slice(*means[token])].mean(axis=0), token), row[position], rtol=1e-3, atol=1e-3
            )
            for position, token in enumerate(model.layout.tokens)
            if token in means and means[token][1] > means[token][0]
        )

    def attribute(self, model):
        shared = self.prepare(model)
        parts, residues, scale = [], [], _scales(model)
        for rows in model.batches(self.pairs_at_once):
            x = model.tensor(model.rows(rows))
            start = of_rows(shared[0], rows)
            gradient, base, rise = self.along_path(model, x, model.tensor(start), shared)
            found = gradient * (x - model.tensor(start))
            parts.append([part.cpu().numpy() for part in (found, base, found.sum(dim=1) - rise)])
            by_token = model.layout.by_token(gradient.cpu().numpy())
            absent = np.broadcast_to(model.layout.by_token(start), by_token.shape)
            for pair, sequences in enumerate(model.sequences[rows]):
                states = model.embedder.residue_states(sequences)
                residues.append(
                    tuple(
                        _carry(state, block, by_token[pair], absent[pair], model.layout, scale)
                        for state, block in zip(states, "AB", strict=True)
                    )
                )
        features, base, error = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Attribution(
            values=aggregate_tokens(features, model.layout, self.aggregate),
            feature_values=features if self.keep_features else None,
            base_values=base,
            error=error,
            residue_values=tuple(residues),
        )


def _scales(model):
    """A function that scales vectors of one token, ``(n, d)``, as the steps before the classifier scale its mean."""
    if not any(isinstance(step, ProteinScaler) for step in model.steps):
        return lambda state, token: state
    if not all(isinstance(step, PairConcatenator | ProteinScaler) for step in model.steps):
        return lambda state, token: np.full_like(state, np.nan)
    # selection and scaling are affine in each column: two proteins, all zeros and all ones, tell what they do
    layout = model.embedder.layout_
    ends = PairMatrix(np.repeat([[0.0], [1.0]], layout.width * len(layout.tokens), axis=1), [[0, 1]], layout)
    for step in model.steps:
        ends = step.transform(ends)
    zero, one = ends.features[ends.index[0]].reshape(2, -1, layout.width)
    places = {token: place for place, token in enumerate(ends.layout.tokens)}
    return lambda state, token: state * (one - zero)[places[token]] + zero[places[token]]


def _carry(state, block, gradient, absent, layout, scale):
    """Values of one protein's residues: what each adds to the means that the classifier reads."""
    length = len(state)
    found = np.zeros(length)
    bounds = token_bounds(length)
    for token in layout.tokens:
        begin, end = bounds.get(token, (0, 0))
        if end > begin:
            position = layout.token_labels.index(f"{block}_{token}")
            vectors = scale(state[begin:end], token)
            found[begin:end] += (vectors - absent[position]) @ gradient[position] / (end - begin)
    return found
