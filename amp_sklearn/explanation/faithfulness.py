"""Does removing what an explanation calls important change the prediction? Deletion and insertion curves."""

from dataclasses import replace

import numpy as np
import torch
from sklearn.utils import check_random_state

from .attribution_baselines import of_rows
from .base import aggregate_tokens


def ranking(explanation, outputs=None, base=0.0):
    """Tokens of each pair from the most to the least important for what the model predicted.

    Parameters
    ----------
    explanation : Explanation
    outputs : ndarray of shape (n_pairs,), default=None
        Model outputs. Signed values count towards the side that the output is on: where it is below
        ``base``, the most negative value comes first. None ranks by magnitude.
    base : float, default=0
        Output without a decision: 0 for logits, 0.5 for probabilities.

    Returns
    -------
    ndarray of int of shape (n_pairs, n_tokens)
        Ties go to the earlier token.
    """
    if outputs is None or not explanation.signed:
        return np.argsort(-np.abs(explanation.values), axis=1, kind="stable")
    side = np.where(np.asarray(outputs) >= base, 1.0, -1.0)
    return np.argsort(-explanation.values * side[:, None], axis=1, kind="stable")


def random_rankings(n_pairs, n_tokens, n_random, random_state):
    """Random orders of the tokens, shape (n_random, n_pairs, n_tokens)."""
    random = check_random_state(random_state)
    return random.uniform(size=(n_random, n_pairs, n_tokens)).argsort(axis=-1)


def deletion_curve(model, order, baseline, batch_size=1024):
    """Model output while tokens are replaced by the baseline, one after the other.

    Parameters
    ----------
    model : ExplainedModel
    order : ndarray of int of shape (n_pairs, n_tokens)
        Tokens of each pair, first replaced first.
    baseline : ndarray of shape (1 or n_pairs, n_features)
        What replaces them.
    batch_size : int, default=1024
        Rows at a time.

    Returns
    -------
    ndarray of shape (n_pairs, n_tokens + 1)
        Column ``k``: output with the first ``k`` tokens of the order replaced. Read from right to left it is
        the insertion curve of the reversed order.
    """
    n_tokens, width = model.layout.n_tokens, model.layout.width
    # step at which a token is replaced: place of each token in the order
    step = np.argsort(order, axis=1)
    curve = np.empty((len(model), n_tokens + 1))
    for rows in model.batches(max(1, batch_size // (n_tokens + 1))):
        x, absent = model.rows(rows), of_rows(baseline, rows)
        # all steps of some pairs at once: a call of a forest costs much and a row little
        replaced = step[rows] < np.arange(n_tokens + 1)[:, None, None]  # n_steps x n_pairs x n_tokens
        mixed = np.where(np.repeat(replaced, width, axis=2), absent, x)
        outputs = model.output(mixed.reshape(-1, x.shape[1]), batch_size)
        curve[rows] = outputs.reshape(n_tokens + 1, -1).T
    return curve


def insertion_curve(model, order, baseline, batch_size=1024):
    """Model output while tokens are put back into the baseline, first of the order first.

    Parameters
    ----------
    model, order, baseline, batch_size
        As for ``deletion_curve``.

    Returns
    -------
    ndarray of shape (n_pairs, n_tokens + 1)
        Column ``k``: output with the first ``k`` tokens present.
    """
    return deletion_curve(model, order[:, ::-1], baseline, batch_size)[:, ::-1]


def supported(curve, outputs, base=0.0):
    """Curves as support for what the model predicted: positive means that the prediction still holds.

    Parameters
    ----------
    curve : ndarray of shape (..., n_pairs, n_steps)
    outputs : ndarray of shape (n_pairs,)
    base : float, default=0
        Output without a decision.

    Returns
    -------
    ndarray of the shape of ``curve``
    """
    side = np.where(np.asarray(outputs) >= base, 1.0, -1.0)
    return (curve - base) * side[:, None]


def area(curve):
    """Area under curves over the share of tokens, by trapezoids; last axis is the step."""
    return (curve[..., 1:] + curve[..., :-1]).mean(axis=-1) / 2


def infidelity(model, explanation, baseline, n_samples=10, random_state=0):
    """How far token values are from what happens when random halves of the tokens are replaced, by captum.

    Parameters
    ----------
    model : ExplainedModel
    explanation : Explanation
    baseline : ndarray of shape (1 or n_pairs, n_features)
        What replaces tokens.
    n_samples : int, default=10
        Random halves of each pair.
    random_state : int, RandomState or None, default=0

    Returns
    -------
    ndarray of shape (n_pairs,)
        Mean squared difference between the fall of the output and the sum of the replaced tokens' values, which are
        scaled to fit best first; 0 for values that are additive. NaN where all values are 0.

    References
    ----------
    Yeh et al., On the (in)fidelity and sensitivity of explanations, NeurIPS 2019, arXiv:1901.09392.
    """
    from captum.metrics import infidelity as of_captum  # slow to import

    random, width, values = check_random_state(random_state), model.layout.width, explanation.values
    if explanation.feature_values is not None:
        values = model.layout.by_token(explanation.feature_values).sum(axis=-1)

    def output(present, x, absent):
        chosen = np.repeat(present.numpy() > 0.5, width, axis=1)
        return torch.from_numpy(
            np.asarray(model.output(np.where(chosen, x.numpy(), absent.numpy())), dtype=float)
        )

    def replace_half(present):
        gone = torch.from_numpy((random.uniform(size=present.shape) < 0.5).astype(float))
        return gone, present - gone

    found = []
    for rows in model.batches(64):
        x = np.array(model.rows(rows))
        absent = np.array(np.broadcast_to(of_rows(baseline, rows), x.shape))
        of_rows_found = of_captum(
            output,
            replace_half,
            torch.ones(len(x), model.layout.n_tokens, dtype=torch.float64),
            torch.from_numpy(np.array(values[rows], dtype=float)),
            additional_forward_args=(torch.from_numpy(x), torch.from_numpy(absent)),
            n_perturb_samples=n_samples,
            normalize=True,
        )
        found.append(of_rows_found.numpy())
    return np.concatenate(found)


def sensitivity(model, explainer, explanation, n_samples=3, radius=0.02, random_state=0):
    """How far an explanation turns when the features change a little, by captum (``sensitivity_max``).

    Parameters
    ----------
    model : ExplainedModel
    explainer : Explainer
        What made the explanation.
    explanation : Explanation
    n_samples : int, default=3
        Changed copies of each pair; each costs an explanation.
    radius : float, default=0.02
        Largest change of a column, in standard deviations of the column over the pairs.
    random_state : int, RandomState or None, default=0

    Returns
    -------
    ndarray of shape (n_pairs,)
        Largest distance, over the copies, of the token values from those of the pair itself, as a share of their length.
        NaN where all values are 0, and for methods that read residues, which do not follow from the features.

    References
    ----------
    Yeh et al., On the (in)fidelity and sensitivity of explanations, NeurIPS 2019, arXiv:1901.09392.
    """
    from captum.metrics import sensitivity_max as of_captum  # slow to import

    known = np.abs(explanation.values).max(axis=1) > 0
    if explanation.residue_values is not None or not known.any():
        return np.full(len(model), np.nan)
    random, x = check_random_state(random_state), np.array(model.rows(slice(None)))
    largest = radius * x.std(axis=0)
    reference = model.features if model.given_background is None else model.given_background

    def values(inputs):
        rows = (inputs[0] if isinstance(inputs, tuple) else inputs).numpy()
        found = explainer.attribute(replace(model, features=rows, given_background=reference))
        tokens = (
            aggregate_tokens(found.feature_values, model.layout) if found.values is None else found.values
        )
        return (
            torch.from_numpy(np.array(tokens, dtype=float)),
        )  # of anything but a tuple captum takes the rows for parts

    def change(inputs):
        rows = inputs[0] if isinstance(inputs, tuple) else inputs
        return rows + torch.from_numpy((largest * random.uniform(-1, 1, rows.shape)).astype(x.dtype))

    # one copy of all pairs at a time: what an explainer draws for each pair is then the same for each copy
    found = of_captum(
        values, torch.from_numpy(x), change, n_perturb_samples=n_samples, max_examples_per_batch=len(x)
    )
    return np.where(known, found.numpy(), np.nan)
