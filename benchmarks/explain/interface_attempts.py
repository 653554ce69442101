"""Two further ways to rank residues by a model, which embed or differentiate the sequence itself, and the mean over seeds."""

import numpy as np
import torch

from amp_sklearn.data import PairMatrix
from amp_sklearn.data.sequences import STANDARD_RESIDUES
from amp_sklearn.explanation import Explanation, RefusedExplanation
from amp_sklearn.explanation.differentiable_pipeline import DifferentiablePipeline, reason_against
from amp_sklearn.explanation.gradients import NO_NETWORK, differentiating

WINDOW, STEP = 16, 8
"""Residues that are masked together, and residues from one window to the next."""


def windows_of(length):
    """First residue and end of each window; the last one ends with the protein."""
    return [(start, min(start + WINDOW, length)) for start in range(0, max(length - WINDOW, 0) + STEP, STEP)]


def masked_windows(model):
    """Fall of the output when a window of residues becomes unknown (X) and the protein is embedded anew.

    A residue's value is the mean over the windows that hold it.
    """
    sequences = [tuple(pair) for pair in model.sequences]
    variants, index, owners = dict.fromkeys(side for pair in sequences for side in pair), [], []
    for pair, sides in enumerate(sequences):
        for side, sequence in enumerate(sides):
            for start, end in windows_of(len(sequence)):
                masked = sequence[:start] + "X" * (end - start) + sequence[end:]
                variants.setdefault(masked)
                index.append((masked, sides[1]) if side == 0 else (sides[0], masked))
                owners.append((pair, side, start, end))
    number = {sequence: row for row, sequence in enumerate(variants)}
    features = model.embedder.embed(list(variants)).reshape(len(variants), -1)
    pairs = [(number[a], number[b]) for a, b in [*sequences, *index]]
    X = PairMatrix(features, pairs, model.embedder.layout_)
    for step in model.steps:
        X = step.transform(X)
    output = model.output(np.asarray(X))
    fall = output[[pair for pair, *_ in owners]] - output[len(sequences) :]
    values = [tuple(np.zeros(len(side)) for side in pair) for pair in sequences]
    counts = [tuple(np.zeros(len(side)) for side in pair) for pair in sequences]
    for (pair, side, start, end), lost in zip(owners, fall, strict=True):
        values[pair][side][start:end] += lost
        counts[pair][side][start:end] += 1
    means = [tuple(v / c for v, c in zip(*both, strict=True)) for both in zip(values, counts, strict=True)]
    return _of_residues(model, "masked_windows", means)


def substitution_gradients(model):
    """Mean fall of the logit over all substitutions of a residue, estimated from gradients by the input of ESM-2."""
    reason = NO_NETWORK if model.module is None else reason_against(model)
    if reason is not None:
        raise RefusedExplanation(reason)
    function, values = DifferentiablePipeline(model), []
    letters = function.embed(STANDARD_RESIDUES)
    for pair in model.sequences:
        sides = [function.embed(sequence)[None].requires_grad_() for sequence in pair]
        with differentiating(model.module):
            gradients = torch.autograd.grad(function.logit(*sides).sum(), sides)
        with torch.no_grad():
            # the residue itself is one of the twenty, with no change; the mean over nineteen is 20 / 19 times that of twenty
            found = [
                ((gradient[0] * (side[0] - letters.mean(dim=0))).sum(dim=1) * 20 / 19).numpy()
                for gradient, side in zip(gradients, sides, strict=True)
            ]
        values.append(tuple(found))
    return _of_residues(model, "substitution_gradients", values)


ATTEMPTS = {"masked_windows": masked_windows, "substitution_gradients": substitution_gradients}


def _of_residues(model, method, values):
    return Explanation(
        np.zeros((len(values), model.layout.n_tokens)),
        model.layout,
        method,
        pair_ids=model.pair_ids,
        residue_values=tuple(values),
        lengths=model.lengths,
    )


def averaged(explanations):
    """The mean of explanations of the same pairs by one method, of models that differ in their seed."""
    first, residues = explanations[0], None
    if first.residue_values is not None:
        residues = tuple(
            tuple(np.mean(sides, axis=0) for sides in zip(*of_pair, strict=True))
            for of_pair in zip(*(explanation.residue_values for explanation in explanations), strict=True)
        )
    return Explanation(
        np.mean([explanation.values for explanation in explanations], axis=0),
        first.layout,
        first.method,
        pair_ids=first.pair_ids,
        residue_values=residues,
        lengths=first.lengths,
    )
