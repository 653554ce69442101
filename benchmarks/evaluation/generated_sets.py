"""Sets of pairs that are made here: scale-free, of two kinds of protein, with many negatives for each positive pair."""

import numpy as np
import pandas as pd

RESIDUES = np.array(list("ACDEFGHIKLMNPQRSTVWY"))


def scale_free_set(n_proteins=900, n_positives=2000, ratio=10, *, exponent=2.5, within=0.5, seed=0):
    """Positive pairs of a scale-free graph with modules, and negatives drawn uniformly from all other pairs.

    A protein of weight w takes part in a positive pair with a probability that grows with w (the static model of Goh,
    Kahng and Kim, 2001, doi 10.1103/PhysRevLett.87.278701); the weights follow a power law, and half of the pairs stay
    within one of thirty modules. The residues of a protein depend on its weight and its module, so that composition
    tells something of both the hubs and the pairs.

    Returns
    -------
    X : DataFrame of shape (n_positives * (ratio + 1), 2)
    y : ndarray of int
    """
    rng = np.random.default_rng(seed)
    weight = (1.0 + np.arange(n_proteins)) ** (-1 / (exponent - 1))
    rng.shuffle(weight)
    module = _modules(rng, n_proteins)
    positives = _distinct(n_positives, lambda: _attached(rng, weight, module, within), {})
    taken = set(positives)
    negatives = _distinct(n_positives * ratio, lambda: _uniform(rng, n_proteins), taken)
    return _table(positives, negatives, _sequences(rng, weight, module), rng)


def two_sided_set(n_viral=40, n_host=900, n_positives=1500, ratio=10, *, exponent=2.5, seed=0):
    """Positive pairs of viral and host proteins, both of power-law degrees, and negatives across the sides."""
    rng = np.random.default_rng(seed)
    weights = [(1.0 + rng.permutation(n)) ** (-1 / (exponent - 1)) for n in (n_viral, n_host)]
    chances = [weight / weight.sum() for weight in weights]

    def across(p, q):
        def draw(size=4096):
            return np.column_stack([rng.choice(n_viral, size, p=p), n_viral + rng.choice(n_host, size, p=q)])

        return draw

    positives = _distinct(n_positives, across(*chances), {})
    negatives = _distinct(n_positives * ratio, across(None, None), set(positives))
    weight = np.concatenate(weights)
    module = np.concatenate([np.full(n_viral, 30), _modules(rng, n_host)])
    return _table(positives, negatives, _sequences(rng, weight, module), rng)


def _attached(rng, weight, module, within, size=4096):
    """Pairs drawn by weight, half of them within a module."""
    pairs = rng.choice(len(weight), (size, 2), p=weight / weight.sum())
    same = module[pairs[:, 0]] == module[pairs[:, 1]]
    return pairs[same | (rng.random(size) < same.mean() / (1 - same.mean()) * (1 - within) / within)]


def _modules(rng, n, n_modules=30):
    """Module of each protein; their sizes fall as 1, 1/2, 1/3 ..."""
    share = 1 / np.arange(1, n_modules + 1)
    return rng.choice(n_modules, n, p=share / share.sum())


def _uniform(rng, n_proteins, size=65536):
    return rng.integers(0, n_proteins, (size, 2))


def _distinct(n, draw, taken):
    """So many distinct pairs, the smaller number first, none of those taken."""
    found = {}
    while len(found) < n:
        for a, b in draw().tolist():
            pair = (min(a, b), max(a, b))
            if a != b and pair not in taken:
                found[pair] = None
    return list(found)[:n]


def _sequences(rng, weight, module):
    """A sequence for each protein; hubs are rich in lysine and glutamate, modules differ a little in all residues."""
    hub = np.log(weight / weight.min()) / np.log(weight.max() / weight.min())
    of_module = rng.normal(0, 0.15, (module.max() + 1, len(RESIDUES)))
    sequences = []
    for of_protein, own in zip(hub, module, strict=True):
        tilt = of_module[own] + rng.normal(0, 0.2, len(RESIDUES))
        tilt[[3, 8]] += 0.8 * of_protein
        chance = np.exp(tilt) / np.exp(tilt).sum()
        sequences.append("".join(rng.choice(RESIDUES, int(rng.integers(120, 400)), p=chance)))
    return sequences


def _table(positives, negatives, sequences, rng):
    pairs = np.array(positives + negatives)
    y = np.repeat([1, 0], [len(positives), len(negatives)])
    order = rng.permutation(len(y))
    pairs, y = pairs[order], y[order]
    ids = [f"P{number:05d}" for number in range(len(sequences))]
    index = pd.MultiIndex.from_arrays(np.array(ids)[pairs].T, names=["protein_a", "protein_b"])
    cells = np.array(sequences, dtype=object)[pairs]
    return pd.DataFrame(cells, columns=["sequence_a", "sequence_b"], index=index), y
