"""Logits of many pairs: without autograd, and each protein's own part of the network computed once."""

import numpy as np
import torch

from ..nn.runtime import autocast

PART_BYTES = {"cpu": 2**28, "cuda": 2**31}
"""Memory for what is computed once per protein; with more proteins the pairs are predicted in groups."""

BATCH_BYTES = 2**22
"""Pairs are predicted in batches of this size at least; small matrices leave processors idle."""


def predict_logits(net, rows, batch_size, symmetric=False):
    """Logits of all rows, without drawing a random number.

    Parameters
    ----------
    net : PairNet
    rows : Rows
    batch_size : int
        Rows per forward pass at least.
    symmetric : bool, default=False
        Mean over both orders of the proteins.

    Returns
    -------
    ndarray of shape (n,) or (n, n_classes)
    """
    module = net.module_.eval()
    with torch.inference_mode(), autocast(net.precision, net.device):
        if rows.has_both_proteins:
            return _predict_pairs(module, rows, batch_size, symmetric)
        results = []
        for batch in torch.arange(len(rows)).split(batch_size):
            logits = module(rows.batch(batch))
            if symmetric:
                logits = (logits + module(rows.batch(batch, swap=True))) / 2
            results.append(logits.to(rows.dtype))
        return torch.cat(results).cpu().numpy()


def _predict_pairs(module, rows, batch_size, symmetric):
    symmetric = symmetric and not module.order_blind  # else the other order has the same logit
    probe = module.protein_part(rows.proteins(rows.X.index[0, :1]), side=0)
    n_bytes = sum(part.numel() * part.element_size() for part in probe)
    n_proteins = max(PART_BYTES.get(rows.device.type, PART_BYTES["cpu"]) // n_bytes, 2)
    batch_size = max(
        batch_size, BATCH_BYTES // (2 * n_bytes)
    )  # where little is left of a pair, many at a time
    groups, results = protein_groups(rows.X.index, n_proteins), []
    for group in groups:
        pairs = rows.X.index[group]
        parts = ProteinParts(module, rows, pairs, batch_size, symmetric)
        for start in range(0, len(pairs), batch_size):
            a, b = pairs[start : start + batch_size].T
            logits = module.pair_part(parts(a, 0), parts(b, 1))
            if symmetric:
                logits = (logits + module.pair_part(parts(b, 0), parts(a, 1))) / 2
            results.append(logits.to(rows.dtype))
    found = torch.cat(results).cpu().numpy()
    in_order = np.empty_like(found)
    in_order[np.concatenate(groups)] = found
    return in_order


class ProteinParts:
    """Parts of the proteins of some pairs, each computed once.

    Parameters
    ----------
    module : PairModule
    rows : Rows
    pairs : ndarray of int of shape (n_pairs, 2)
    batch_size : int
        Proteins computed together are twice as many: each holds half the features of a pair.
    either_side : bool
        Whether each protein is needed both as protein A and as protein B.
    """

    def __init__(self, module, rows, pairs, batch_size, either_side):
        self.device = rows.device
        self.side_matters = module.side_matters
        self.proteins, self.parts = [], []
        for side in (0, 1) if self.side_matters else (0,):
            proteins = np.unique(pairs[:, side] if self.side_matters and not either_side else pairs)
            found = [
                module.protein_part(rows.proteins(proteins[start : start + 2 * batch_size]), side)
                for start in range(0, len(proteins), 2 * batch_size)
            ]
            self.proteins.append(proteins)
            self.parts.append([torch.cat(part) for part in zip(*found, strict=True)])

    def __call__(self, proteins, side):
        """Parts of the given proteins on the given side, one row for each."""
        kept = side if self.side_matters else 0
        rows = torch.from_numpy(np.searchsorted(self.proteins[kept], proteins)).to(self.device)
        return tuple(part.index_select(0, rows) for part in self.parts[kept])


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
