"""Rows of X as tensors, one batch at a time, whether X is an ordinary array or a PairMatrix."""

import numpy as np
import torch

from ..data import PairMatrix
from ..data.layout import combine_proteins


def fits_on(device, n_bytes):
    """Whether data of this size may live on the device: at most half of what is free there."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes <= free // 2


def is_a_tensor(array, dtype, device):
    """Whether the array can be used as a tensor on the device as it is, without a copy."""
    return (
        device.type == "cpu"
        and array.flags.writeable  # torch has no read-only tensors
        and all(stride > 0 for stride in array.strides)
        and torch.from_numpy(array[:0]).dtype == dtype
    )


class Rows:
    """Batches of the rows of X on a device.

    On a CUDA device with room for it the data are moved there once (of a PairMatrix the proteins, not the
    pairs) and each batch is gathered there; the CPU gathers from the arrays themselves where they have the right
    type. Otherwise a batch is gathered in memory and then moved.

    Parameters
    ----------
    X : ndarray or PairMatrix of shape (n, n_features)
    dtype : torch.dtype
    device : torch.device
    layout : FeatureLayout, default=None
        Meaning of the columns of an ordinary array; None takes the first half for protein A, the second for
        B.
    resident : bool, default=None
        Whether the data live on the device; None decides by `fits_on`.
    """

    def __init__(self, X, dtype, device, layout=None, resident=None):
        self.X, self.dtype, self.device = X, dtype, device
        self.blocks = ("A", "B") if layout is None else layout.blocks
        self.pairs = isinstance(X, PairMatrix)
        source = X.features if self.pairs else X
        if resident is None:
            resident = fits_on(device, source.size * dtype.itemsize) or is_a_tensor(source, dtype, device)
        self.data = self._tensor(source) if resident else None
        self.index = None
        if resident and self.pairs:
            self.index = torch.from_numpy(np.array(X.index)).to(device)

    def __len__(self):
        return self.X.shape[0]

    @property
    def has_both_proteins(self):
        """Whether a row is the features of protein A, then those of protein B, of a known pair."""
        return self.pairs and self.X.layout.blocks == ("A", "B")

    def proteins(self, numbers):
        """Features of single proteins of a PairMatrix, ``(n, n_features / 2)``.

        Parameters
        ----------
        numbers : ndarray of int of shape (n,)
        """
        if self.data is None:
            return self._tensor(self.X.features[numbers])
        return self.data.index_select(0, torch.from_numpy(np.array(numbers)).to(self.device))

    def _tensor(self, array):
        # A copy where numpy may not write: torch has no read-only tensors, and workers receive read-only
        # memory maps.
        array = np.asarray(array)
        if not array.flags.writeable:
            array = array.copy()
        return torch.from_numpy(array).to(self.device, self.dtype)

    def batch(self, rows, swap=False):
        """The given rows, ``(n_rows, n_features)``; with ``swap`` as if protein A and B had changed places.

        Parameters
        ----------
        rows : torch.Tensor of int of shape (n_rows,)
        swap : bool, default=False
        """
        if self.data is None:
            rows = rows.numpy()
            if self.pairs:
                X = self.X[rows]
                return self._tensor(np.asarray(X.swapped() if swap else X))
            return self._swapped(self._tensor(self.X[rows])) if swap else self._tensor(self.X[rows])
        rows = rows.to(self.device)
        if not self.pairs:
            return self._swapped(self.data[rows]) if swap else self.data[rows]
        assert self.index is not None  # pairs on the device have their index there
        pairs = self.index[rows].flip(1) if swap else self.index[rows]
        if self.has_both_proteins:  # both in one copy
            return self.data.index_select(0, pairs.flatten()).view(len(rows), -1)
        a, b = self.data[pairs[:, 0]], self.data[pairs[:, 1]]
        return torch.cat(combine_proteins(a, b, self.X.layout.blocks), dim=1)

    def _swapped(self, batch):
        """Columns as if the proteins had changed places: block A for block B, combinations as they are."""
        if batch.shape[1] % len(self.blocks):
            raise ValueError(
                "symmetric=True needs an even number of features (protein A, then protein B), "
                f"got {batch.shape[1]}"
            )
        parts = dict(zip(self.blocks, batch.chunk(len(self.blocks), dim=1), strict=True))
        exchanged = [{"A": "B", "B": "A"}.get(block, block) for block in self.blocks]
        missing = sorted(set(exchanged) - set(parts))
        if missing:
            raise ValueError(
                f"symmetric=True needs the features of both proteins, got blocks {list(self.blocks)} without "
                f"{missing[0]}"
            )
        return torch.cat([parts[block] for block in exchanged], dim=1)


class ShuffledBatches:
    """Training batches ``(X, (y, weight))`` in a new order at every pass.

    The order comes from a generator of its own, so that the same seed gives the same batches whatever the
    model draws.
    """

    def __init__(self, rows, y, weight, batch_size, seed):
        self.rows, self.batch_size = rows, batch_size
        self.y = torch.from_numpy(y).to(rows.device)
        self.weight = torch.from_numpy(weight).to(rows.device)
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self):
        order = torch.randperm(len(self.rows), generator=self.generator)
        there = order.to(self.y.device)  # once per pass: a copy per batch would wait for the device each time
        rows = order if self.rows.data is None else there
        for start in range(0, len(order), self.batch_size):
            batch = slice(start, start + self.batch_size)
            yield self.rows.batch(rows[batch]), (self.y[there[batch]], self.weight[there[batch]])
