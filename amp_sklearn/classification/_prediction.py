"""Logits of many pairs: without autograd, and each protein's own part of the network computed once."""

import numpy as np
import torch

from ..nn.device import autocast
from ..nn.parallel import side_by_side, workers_on

PART_BYTES = {"cpu": 2**28, "cuda": 2**31}
"""Memory for what is computed once per protein; with more proteins the pairs are predicted in groups."""

BATCH_BYTES = 2**22
"""Pairs are predicted in batches of this size at least; small matrices leave processors idle."""

CPU_PAIRS = 64
"""Pairs of a batch at most on a CPU, unless they are smaller than that: batches run side by side there."""


def predict_logits(net, rows, batch_size, symmetric=False):
    """Logits of all rows, without drawing a random number.

    Parameters
    ----------
    net : PairNet
    rows : Rows
    batch_size : int
        Rows per forward pass.
    symmetric : bool, default=False
        Mean over both orders of the proteins.

    Returns
    -------
    ndarray of shape (n,) or (n, n_classes)
    """
    predictor = Predictor(net, rows, batch_size, symmetric)
    if rows.has_both_proteins:
        return predictor.pairs()
    return predictor.rows_as_they_are()


class Predictor:
    """Logits of rows, batch by batch and side by side on a CPU.

    Parameters
    ----------
    net, rows, batch_size, symmetric
        As of `predict_logits`.
    """

    def __init__(self, net, rows, batch_size, symmetric):
        self.net, self.rows, self.batch_size, self.symmetric = net, rows, batch_size, symmetric
        self.module = net.module_.eval()

    def each(self, function, batches):
        """``function(batch)`` of each batch, in order, each without autograd and in the net's precision."""

        def compute(batch):
            with torch.inference_mode(), autocast(self.net.precision, self.net.device):
                return function(batch)

        sizes = [len(batch) for batch in batches]
        return list(side_by_side(compute, batches, sizes, workers_on(self.rows.device)))

    def rows_as_they_are(self):
        """Logits by the whole module."""

        def logits(batch):
            found = self.module(self.rows.batch(batch))
            if self.symmetric:
                found = (found + self.module(self.rows.batch(batch, swap=True))) / 2
            return found.to(self.rows.dtype)

        found = self.each(logits, torch.arange(len(self.rows)).split(self.batch_size))
        return torch.cat(found).cpu().numpy()

    def pairs(self):
        """Logits of pairs of proteins, each protein's own part computed once."""
        index, on_cpu = self.rows.X.index, self.rows.device.type == "cpu"
        symmetric = (
            self.symmetric and not self.module.permutation_invariant
        )  # else the other order has the same logit
        probe = self.each(
            lambda row: self.module.protein_part(self.rows.proteins(row), side=0), [index[0, :1]]
        )
        n_bytes = sum(part.numel() * part.element_size() for part in probe[0])
        n_proteins = max(PART_BYTES.get(self.rows.device.type, PART_BYTES["cpu"]) // n_bytes, 2)
        together = min(self.batch_size, CPU_PAIRS) if on_cpu else self.batch_size
        together = max(together, BATCH_BYTES // (2 * n_bytes))
        groups, results = protein_groups(index, n_proteins), []
        for group in groups:
            parts = ProteinParts(self, index[group], together, symmetric)

            def logits(pairs, parts=parts):
                a, b = pairs.T
                found = self.module.pair_part(parts(a, 0), parts(b, 1))
                if symmetric:
                    found = (found + self.module.pair_part(parts(b, 0), parts(a, 1))) / 2
                return found.to(self.rows.dtype)

            results += self.each(logits, _split(index[group], together))
        found = torch.cat(results).cpu().numpy()
        in_order = np.empty_like(found)
        in_order[np.concatenate(groups)] = found
        return in_order


class ProteinParts:
    """Parts of the proteins of some pairs, each computed once.

    Parameters
    ----------
    predictor : Predictor
    pairs : ndarray of int of shape (n_pairs, 2)
    batch_size : int
        Proteins computed together are twice as many: each holds half the features of a pair.
    either_side : bool
        Whether each protein is needed both as protein A and as protein B.
    """

    def __init__(self, predictor, pairs, batch_size, either_side):
        module, rows = predictor.module, predictor.rows
        self.device = rows.device
        self.side_matters = module.side_matters
        self.proteins, self.parts = [], []
        for side in (0, 1) if self.side_matters else (0,):
            proteins = np.unique(pairs[:, side] if self.side_matters and not either_side else pairs)
            found = predictor.each(
                lambda some, side=side: module.protein_part(rows.proteins(some), side),
                _split(proteins, 2 * batch_size),
            )
            self.proteins.append(proteins)
            self.parts.append([torch.cat(part) for part in zip(*found, strict=True)])

    def __call__(self, proteins, side):
        """Parts of the given proteins on the given side, one row for each."""
        kept = side if self.side_matters else 0
        rows = torch.from_numpy(np.searchsorted(self.proteins[kept], proteins)).to(self.device)
        return tuple(part.index_select(0, rows) for part in self.parts[kept])


def _split(array, size):
    """Consecutive parts of an array."""
    return [array[start : start + size] for start in range(0, len(array), size)]


def protein_groups(index, n_proteins):
    """Rows of the pairs in groups, each of which is about a limited number of proteins.

    Parameters
    ----------
    index : ndarray of int of shape (n_pairs, 2)
    n_proteins : int
        Different proteins in a group at most; at least 2.

    Returns
    -------
    list of ndarray of int
        Row numbers; every row is in one group.
    """
    used = np.unique(index)
    if len(used) <= n_proteins:
        return [np.arange(len(index))]
    block = np.searchsorted(used, index) // (n_proteins // 2)
    order = np.lexsort((block[:, 1], block[:, 0]))
    changes = np.flatnonzero((np.diff(block[order], axis=0) != 0).any(axis=1)) + 1
    return np.split(order, changes)
