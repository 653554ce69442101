"""First stage of a screen in two stages: a fast model of the full model's own scores, and how much it loses."""

import json

import numpy as np
import torch
from scipy.special import logit
from scipy.stats import beta
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from ..nn.random_numbers import seeded
from ..writing import write_atomically

SAMPLE, COMPONENTS, WIDTH, EPOCHS, BATCH = 60_000, 128, 64, 20, 512
JUDGED = 20_000
PARTNERS = 1_000
"""Partners on which a protein's threshold is found."""

SHARES = np.geomspace(0.002, 0.98, 80)
"""Shares of a protein's partners that are tried, so that all pairs kept are the share that was asked for."""

TOP = 0.01
"""Share of all pairs that count as the full model's best when the first stage is judged."""


class _Factors(nn.Module):
    """``f(a)·f(b) + g(a) + g(b)``: a score that is a matrix product over all pairs."""

    def __init__(self, width, different_sides):
        super().__init__()
        self.sides = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH + 1))
            for _ in range(2 if different_sides else 1)
        )
        self.offset = nn.Parameter(torch.zeros(()))

    def vectors(self, X, side):
        """Vector of each protein, and its own term."""
        found = self.sides[side % len(self.sides)](X)
        return found[:, :-1] / WIDTH**0.5, found[:, -1]

    def forward(self, a, b):
        (u, own_u), (v, own_v) = self.vectors(a, 0), self.vectors(b, 1)
        return (u * v).sum(dim=1) + own_u + own_v + self.offset


class Prefilter:
    """Which pairs of a tile are worth the full model: those among the best of one of their proteins.

    Parameters
    ----------
    vectors : list of ndarray of float32
        For each side, vector and own term of every protein.
    lowest : list of ndarray
        For each side, the score from which a pair counts as one of the best of a protein. There is only one for a
        screen of two sets, where the first set asks.
    """

    def __init__(self, vectors, lowest):
        self.vectors, self.lowest = vectors, lowest

    def keeps(self, queries, targets):
        """Which pairs of a tile are kept.

        Parameters
        ----------
        queries, targets : range

        Returns
        -------
        ndarray of bool of shape (n_queries, n_targets)
        """
        q, t = slice(queries.start, queries.stop), slice(targets.start, targets.stop)
        scores = _all_scores(self.vectors[0][q], self.vectors[1][t])
        keep = scores >= self.lowest[0][q, None]
        if len(self.lowest) == 2:
            keep |= scores >= self.lowest[1][t]
        return keep


def _all_scores(first, second):
    """Scores of all pairs of two sets of proteins, up to a constant."""
    return first[:, :-1] @ second[:, :-1].T + first[:, -1:] + second[:, -1]


def _pair_scores(first, second):
    """Scores of pairs, row by row, up to a constant."""
    return (first[:, :-1] * second[:, :-1]).sum(axis=1) + first[:, -1] + second[:, -1]


def fit_prefilter(scorer, plan, share, random_state, report):
    """Fit the first stage to the full model's scores of sampled pairs, and measure what it loses on others.

    Parameters
    ----------
    scorer : TileScorer
    plan : ScreeningPlan
    share : float
        Share of all pairs to keep.
    random_state : int
    report : Path
        JSON file for the measured recall.

    Returns
    -------
    Prefilter

    Raises
    ------
    ValueError
        If the model has no features of single proteins.

    Notes
    -----
    The recall of the full model's best 1 % of pairs is estimated on pairs that the first stage was not fitted to, with the exact
    (Clopper-Pearson) interval of 95 %.
    """
    if scorer.query_features is None:
        raise ValueError(
            "prefilter needs a model whose features are those of single proteins; this model is asked about whole "
            "pairs: leave prefilter=None"
        )
    random, among = np.random.RandomState(random_state), plan.n_targets is None
    pairs = _sample(plan, SAMPLE + JUDGED, random)
    target = _full_logits(scorer, pairs)
    n_fit = max(len(pairs) - JUDGED, len(pairs) // 2)
    A, B = _components(scorer, pairs, random)
    module = _fit(A, B, pairs[:n_fit], target[:n_fit], among, random)
    with torch.inference_mode():
        vectors = [
            np.column_stack([v.numpy() for v in module.vectors(X, side)]) for side, X in enumerate((A, B))
        ]
    judged, full = pairs[n_fit:], target[n_fit:]
    thresholds = [_thresholds(vectors, side, random) for side in ((0, 1) if among else (0,))]
    scores = _pair_scores(vectors[0][judged[:, 0]], vectors[1][judged[:, 1]])
    for choice in range(len(SHARES)):  # from strict to generous: the last one that does not keep too many
        passed = np.any(
            [scores >= found[judged[:, side], choice] for side, found in enumerate(thresholds)], axis=0
        )
        if choice and passed.mean() > share:
            break
        kept, lowest = passed, [found[:, choice] for found in thresholds]
    best = full >= np.quantile(full, 1 - TOP)
    caught, n_best = int((kept & best).sum()), int(best.sum())
    low = beta.ppf(0.025, caught, n_best - caught + 1) if caught else 0.0
    high = beta.ppf(0.975, caught + 1, n_best - caught) if caught < n_best else 1.0
    said = {
        "share": share,
        "kept_of_sample": float(kept.mean()),
        "n_sampled": len(judged),
        "n_best": n_best,
        "recall_of_best": caught / n_best,
        "interval_95": [float(low), float(high)],
        "best": f"the {TOP:.0%} of sampled pairs with the highest score of the full model",
    }
    with write_atomically(report) as unfinished:
        unfinished.write_text(json.dumps(said, indent=1))
    return Prefilter(vectors, lowest)


def _sample(plan, n, random):
    """Random pairs of the screen, each once at most."""
    n_targets = plan.n_queries if plan.n_targets is None else plan.n_targets
    a = random.randint(plan.n_queries, size=4 * n)
    b = random.randint(n_targets, size=4 * n)
    if plan.n_targets is None:
        a, b = np.minimum(a, b), np.maximum(a, b)
        there = a + (0 if plan.include_self else 1) <= b
        a, b = a[there], b[there]
    found = np.unique(np.column_stack([a, b]), axis=0)
    return found[random.permutation(len(found))[:n]]


def _full_logits(scorer, pairs):
    """The full model's log-odds of sampled pairs, asked for about the features of their proteins."""
    a, rows_a = np.unique(pairs[:, 0], return_inverse=True)
    b, rows_b = np.unique(pairs[:, 1], return_inverse=True)
    index = np.column_stack([rows_a, rows_b + len(a)])
    probability = scorer.probability_of(scorer.query_features[a], scorer.target_features[b], index)
    return logit(np.clip(np.asarray(probability, dtype=np.float64), 1e-7, 1 - 1e-7))


def _components(scorer, pairs, random):
    """Principal components of the features of all proteins of both sides, those of the sampled proteins, scaled."""
    known = np.asarray(scorer.query_features[np.unique(pairs[:, 0])], dtype=np.float32)
    n_components = min(COMPONENTS, *known.shape)
    reducer = make_pipeline(
        StandardScaler(), PCA(n_components, random_state=random, svd_solver="randomized"), StandardScaler()
    ).fit(known)

    def reduced(features):
        parts = (features[start : start + 4096] for start in range(0, len(features), 4096))
        return torch.from_numpy(
            np.concatenate([reducer.transform(np.asarray(part, np.float32)) for part in parts])
        )

    A = reduced(scorer.query_features)
    return A, A if scorer.target_features is scorer.query_features else reduced(scorer.target_features)


def _fit(A, B, pairs, target, among, random):
    y = torch.from_numpy(target.astype(np.float32))
    shift, scale = y.mean(), y.std().clamp_min(1e-6)
    y = (y - shift) / scale
    with seeded(random.randint(2**31 - 1), "cpu"):
        module = _Factors(A.shape[1], different_sides=not among)
        optimizer = torch.optim.AdamW(module.parameters(), lr=2e-3, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
        index = torch.from_numpy(pairs)
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(y)).split(BATCH):
                a, b = index[rows].T
                loss = nn.functional.mse_loss(module(A[a], B[b]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            schedule.step()
    return module.eval()


def _thresholds(vectors, side, random):
    """For each protein of a side, the scores that the best shares of its partners reach, by ``SHARES``."""
    partners = vectors[1 - side]
    partners = partners[random.permutation(len(partners))[:PARTNERS]]
    found = [
        np.quantile(_all_scores(some, partners), 1 - SHARES, axis=1).T
        for some in np.array_split(vectors[side], max(len(vectors[side]) // 1024, 1))
    ]
    return np.concatenate(found).astype(np.float32)
