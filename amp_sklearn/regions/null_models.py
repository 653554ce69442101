"""Null models of coverage: the selected segments are moved, each protein's regions stay as they are."""

from typing import Any

import numpy as np

_CHUNK = 20_000_000  # numbers drawn at a time


def rotations(selection, values):
    """Sum of values under the selection, for every rotation of the selection along the protein.

    Parameters
    ----------
    selection : ndarray of shape (..., n)
        How often each of the ``n`` segments or residues was selected.
    values : ndarray of shape (..., n, n_types)
        Coverage of each.

    Returns
    -------
    ndarray of shape (..., n, n_types)
        Entry ``s`` is the sum after moving every pick by ``s`` places, around the end; entry 0 is what was
        observed.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.regions.null_models import rotations
    >>> rotations(np.array([2, 0, 0]), np.array([[0.0], [50.0], [100.0]])).round(9).ravel().tolist()
    [0.0, 100.0, 200.0]
    """
    n = selection.shape[-1]
    spectrum = np.conj(np.fft.rfft(selection, axis=-1))[..., None] * np.fft.rfft(values, axis=-2)
    return np.fft.irfft(spectrum, n=n, axis=-2)


class RotationNull:
    """Each protein's selected segments are moved together by a random number of places along the protein, around its end.

    Every place is equally likely for each pick, so the expected value is the mean coverage of all segments
    (or residues) of the protein. What a protein's selection share stays shared: the same protein occurs in many
    pairs and its selection resemble each other, and neighbours tend to be selected together, as neighbours tend to
    be annotated together. All rotations of a protein are enumerated; mean and variance of the sum over
    proteins are exact, and its distribution is sampled.

    Parameters
    ----------
    selection : list of ndarray of shape (n_i,)
        For each protein, how often each segment or residue was selected.
    values : list of ndarray of shape (n_i, n_types)
        For each protein, coverage of each segment or residue in percent.

    Attributes
    ----------
    observed, expected : ndarray of shape (n_proteins, n_types)
        Sum of coverage over the selection of each protein: as selected, and on average over all rotations.
    variance : ndarray of shape (n_types,)
        Variance of the sum over all proteins.
    """

    def __init__(self, selection, values):
        placed = [rotations(p, v) for p, v in zip(selection, values, strict=True)]
        # summed directly, not taken from the Fourier transform, so that nothing covered is exactly 0
        self.observed = np.stack([p @ v for p, v in zip(selection, values, strict=True)])
        self.expected = np.stack([p.sum() * v.mean(axis=0) for p, v in zip(selection, values, strict=True)])
        self.variance = sum(p.var(axis=0) for p in placed)
        moving = [p for p in placed if np.ptp(p, axis=0).max() > 1e-9]  # the others add a constant
        self._sizes = np.array([len(p) for p in moving], dtype=np.int64)
        self._offsets = np.concatenate([[0], np.cumsum(self._sizes)])[:-1].astype(np.int64)
        self._placed = np.concatenate([p - p.mean(axis=0) for p in moving]) if moving else None

    def draw(self, n_draws, rng):
        """Sum over proteins, less its expectation, in random rotations.

        Parameters
        ----------
        n_draws : int
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of shape (n_draws, n_types)
        """
        sums = np.zeros((n_draws, self.observed.shape[1]))
        if self._placed is None:
            return sums
        step = max(1, _CHUNK // (len(self._sizes) * sums.shape[1]))
        for start in range(0, n_draws, step):
            shape = (min(step, n_draws - start), len(self._sizes))
            rows = self._offsets + (rng.random(shape) * self._sizes).astype(np.int64)
            sums[start : start + step] = self._placed[rows].sum(axis=1)
        return sums


class PositionNull:
    """Each protein gets the selection of another protein, at the same relative positions.

    Segment 0 holds other regions than segment 5 in most proteins, and a model may prefer some positions
    whatever is there. This null keeps that preference: only the link between a protein's selection and its own
    regions is cut.

    Parameters
    ----------
    selection : list of ndarray of shape (10,)
    values : list of ndarray of shape (10, n_types)

    Attributes
    ----------
    observed, expected : ndarray of shape (n_proteins, n_types)
    variance : ndarray of shape (n_types,)

    Raises
    ------
    ValueError
        If proteins have different numbers of places, as residues have.
    """

    def __init__(self, selection, values):
        if len({len(p) for p in selection}) > 1:
            raise ValueError("null='position' compares relative positions and needs unit='segment'")
        counts, values = np.array(selection, dtype=float), np.array(values, dtype=float)
        total = counts.sum(axis=1, keepdims=True)
        self._profiles = counts / total
        self._weighted = total[..., None] * values
        self.observed = np.einsum("pn,pnt->pt", counts, values)
        self.expected = np.einsum("n,pnt->pt", self._profiles.mean(axis=0), self._weighted)
        # variance of a sum over a random matching of profiles to proteins (Hoeffding 1951)
        profiles = self._profiles - self._profiles.mean(axis=0)
        weighted = self._weighted - self._weighted.mean(axis=0)
        products = np.einsum("nm,pnt,pmt->t", profiles.T @ profiles, weighted, weighted, optimize=True)
        self.variance = products / max(len(counts) - 1, 1)

    def draw(self, n_draws, rng):
        """As ``RotationNull.draw``."""
        flat = self._weighted.reshape(-1, self._weighted.shape[-1])
        sums = [self._profiles[rng.permutation(len(self._profiles))].ravel() @ flat for _ in range(n_draws)]
        return np.array(sums).reshape(n_draws, -1) - self.expected.sum(axis=0)


NULL_MODELS: dict[str, Any] = {"rotation": RotationNull, "position": PositionNull}
"""Null models by name."""
